//===- Options.h - What tools that run functions ask ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_OPTIONS_H
#define SPATTN_TOOLS_COMMON_OPTIONS_H

#include "mlir/Support/LLVM.h"
#include "spattn/Conversion/SpattnToSpattnGPU/GpuOptions.h"
#include "spattn/Pipelines/CpuOptions.h"
#include "spattn/Runtime/RuntimeContext.h"
#include "spattn/Support/StructOptions.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/CommandLine.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spattn::tool {

enum class Device { Cpu, Cuda, Reference };

/// An argument and what the command line says of it: `q:1x16x?x128`.
struct ArgumentOption {
  std::string argument;
  /// Of `--shape`.
  llvm::SmallVector<int64_t, 4> sizes;
  /// Of `--scalar`.
  double number = 0;
  /// As written.
  std::string text;
};

/// Which functions run, and on what.
struct EntryOptions {
  std::string file;
  std::vector<std::string> entries, inputs, outputs;
  std::vector<ArgumentOption> shapes, scalars;
  /// Sizes of an attention's operands. Keys that are not known are as many as
  /// the queries.
  std::optional<int64_t> batch, queries, keys;
};

/// How functions are compiled.
struct KernelOptions {
  Device device = Device::Cpu;
  /// Options of spattn-cpu, and of spattn-gpu.
  spattn::CpuOptions cpu;
  spattn::GpuOptions gpu;
  std::string dumpFolder;
  /// Whether a kernel for a GPU is compiled though a cache has it.
  bool recompile = false;
};

/// An option that StructOptions makes of a field.
template <class T>
struct ToolOption : llvm::cl::opt<T> {
  template <class... Modifiers>
  ToolOption(llvm::cl::OptionCategory &category, llvm::StringRef name,
             const Modifiers &...modifiers)
      : llvm::cl::opt<T>(name, modifiers..., llvm::cl::cat(category)) {}
};

/// The options that all these tools have. They are made when the command line
/// is parsed rather than at start-up, so that nothing runs before main.
struct CommonCommandLine {
  explicit CommonCommandLine(llvm::cl::OptionCategory &category);

  /// Checks them. Prints what is wrong.
  mlir::LogicalResult read(Device device, EntryOptions &entries,
                           KernelOptions &kernel) const;

  llvm::cl::list<std::string> entries, shapes, scalars;
  llvm::cl::opt<uint64_t> seed;
  spattn::StructOptions<spattn::CpuOptions, ToolOption> cpuOptions;
  llvm::cl::opt<std::string> gpuOptions;
};

/// Reads `q:1x16x4096x128`. Prints what is wrong.
mlir::LogicalResult parseShape(llvm::StringRef text, ArgumentOption &result);

/// Reads the value of `--gpu-options`. Prints what is wrong.
mlir::LogicalResult parseGpuOptions(llvm::StringRef text,
                                    spattn::GpuOptions &result);

/// Fails unless a number is in [least, most].
mlir::LogicalResult checkRange(llvm::StringRef option, int64_t value,
                               int64_t least, int64_t most);

/// The name that `error` puts in front; a literal.
void setToolName(const char *name);

/// What the tool runs kernels with: what the environment asks for. The first
/// call warns of what cannot be used.
const RuntimeContext &getRuntime();

/// Prints an error that has no place in the IR.
mlir::LogicalResult error(const llvm::Twine &message);

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_OPTIONS_H
