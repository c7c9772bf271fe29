//===- Options.h - The command line -----------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_RUN_OPTIONS_H
#define SPATTN_TOOLS_SPATTN_RUN_OPTIONS_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spattn::run {

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

/// The command line, checked.
struct Options {
  std::string file;
  std::vector<std::string> entries, inputs, outputs;
  std::vector<ArgumentOption> shapes, scalars;
  uint64_t seed = 0;
  int64_t repeat = 1, warmup = 0, checkRows = 64;
  std::optional<double> maxError;
  Device device = Device::Cpu;
  int64_t queryTile = 0, keyTile = 0, vectorWidth = 0;
  bool perHead = true;
  std::string dumpFolder, jsonFile;
  /// Options of spattn-gpu.
  std::string gpuOptions;
};

/// Reads the command line. Prints what is wrong with it; does not return for
/// `--help`, `--version` and options that do not exist.
mlir::FailureOr<Options> parseOptions(int argc, char **argv);

/// Prints an error that has no place in the IR.
mlir::LogicalResult error(const llvm::Twine &message);

} // namespace spattn::run

#endif // SPATTN_TOOLS_SPATTN_RUN_OPTIONS_H
