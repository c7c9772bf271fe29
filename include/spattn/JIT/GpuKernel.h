//===- GpuKernel.h - Compiles functions for a GPU --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_JIT_GPUKERNEL_H
#define SPATTN_JIT_GPUKERNEL_H

#include "mlir/IR/BuiltinOps.h"
#include "spattn/Conversion/SpattnToSpattnGPU/GpuOptions.h"
#include "spattn/JIT/KernelCall.h"
#include "spattn/Runtime/RuntimeContext.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <string_view>

namespace spattn {

/// How to compile for a GPU.
struct GpuCompileOptions {
  /// The architecture; see getChip() for that of a device.
  std::string chip = "sm_90a";
  /// The newest CUDA of the driver, such as 12080; 0 if it is not known.
  int driverVersion = 0;
  /// How the kernels are built; for `chip` unless they name a target.
  GpuOptions pipeline;
  /// Make spills and warnings of ptxas errors.
  bool strict = false;
  /// Folder to which the IR after each stage and the code are written; none if
  /// empty. Nothing is written where a kernel comes from a cache.
  std::string dumpFolder;
};

/// Milliseconds that the steps of a compilation took; 0 where they did not
/// happen.
struct GpuCompileTimes {
  double total = 0, passes = 0, ptx = 0, ptxas = 0;
  /// From memory or the folder of the cache, or loaded from bytes.
  bool fromCache = false;
};

/// The architecture to compile for.
llvm::Expected<std::string> getChip(const runtime::DeviceInfo &device);

/// A function compiled for a GPU. It needs neither the module nor the MLIR
/// context that it was compiled from, and holds on to the context that it was
/// compiled in. Launching is thread-safe.
class GpuKernel {
public:
  ~GpuKernel();

  /// Compiles the function `entry` of a module with the ptxas of `context`, or
  /// takes it from the cache of that. It needs no GPU, and no driver. The
  /// function consists of one attention or merge, or the gradients of one,
  /// whose operands and destinations are arguments, each destination one of its
  /// own. Errors have also been reported as diagnostics where they have a
  /// location.
  static llvm::Expected<std::unique_ptr<GpuKernel>>
  compile(mlir::ModuleOp module, llvm::StringRef entry,
          const RuntimeContext &context, const GpuCompileOptions &options = {});

  /// A kernel of the bytes that `serialize` gave, which are not trusted.
  static runtime::Result<std::unique_ptr<GpuKernel>>
  load(std::string_view bytes, const RuntimeContext &context);

  /// The artifact, with what `load` needs to know of the function.
  runtime::Result<std::string> serialize() const;

  /// What of the arguments does not fit the function's type; data is not looked
  /// at.
  llvm::Error check(llvm::ArrayRef<KernelArgument> arguments) const;

  /// A call with arguments of these types, sizes and strides, in the calling
  /// thread's current context or, without one, in the primary context of device
  /// `ordinal`. Buffers may have no data yet, and numbers are not looked at.
  /// Runs ask the driver where buffers are if `checkAddresses`.
  runtime::Result<std::unique_ptr<KernelCall>>
  prepare(const runtime::Driver &driver,
          llvm::ArrayRef<KernelArgument> arguments, int ordinal = 0,
          bool checkAddresses = true) const;

  /// How such calls see the function.
  const CallForm &getCallForm() const;

  /// Launches the kernels in a stream of the calling thread's current context
  /// or, without one, of the primary context of device `ordinal`, and returns
  /// without waiting for it. Buffers are memory of that device. Arguments are
  /// checked against the function's type and against what the kernel can do:
  /// sizes, strides, alignment, lengths, scale, and where the memory is.
  /// Scratch is allocated and freed in the order of the stream.
  llvm::Error launch(const runtime::Driver &driver,
                     llvm::ArrayRef<KernelArgument> arguments,
                     runtime::cuda::Stream stream = nullptr,
                     int ordinal = 0) const;

  /// The argument that each result of the function is.
  llvm::ArrayRef<unsigned> getResults() const;

  /// The type of the function.
  const CallSignature &getSignature() const;

  /// What is launched, without compiler or IR.
  const std::shared_ptr<runtime::Program> &getProgram() const;

  /// What getting the kernel took.
  const GpuCompileTimes &getTimes() const;

  struct Impl;

private:
  explicit GpuKernel(const RuntimeContext &context);
  std::unique_ptr<Impl> impl;
};

} // namespace spattn

#endif // SPATTN_JIT_GPUKERNEL_H
