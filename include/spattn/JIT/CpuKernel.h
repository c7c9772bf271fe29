//===- CpuKernel.h - Compiles functions for the host CPU -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_JIT_CPUKERNEL_H
#define SPATTN_JIT_CPUKERNEL_H

#include "mlir/IR/BuiltinOps.h"
#include "spattn/JIT/KernelCall.h"
#include "spattn/Pipelines/CpuOptions.h"
#include "spattn/Runtime/RuntimeContext.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <optional>
#include <string>

namespace spattn {

/// A buffer that a kernel returned: either one of its arguments', or one that
/// the results share that are in it, and that the last of them frees.
class KernelResult {
public:
  KernelResult(BufferView view, std::shared_ptr<void> owned)
      : buffer(view), owned(std::move(owned)) {}

  const BufferView &view() const { return buffer; }

private:
  BufferView buffer;
  std::shared_ptr<void> owned;
};

/// How to compile for the host: the options of the pipelines, with a vector
/// width of 0 for what the host has, and of the JIT itself.
struct CpuCompileOptions : CpuOptions {
  /// Optimization of LLVM IR, 0 to 3. Kernels of attention alone leave it
  /// nothing to find: they are as fast at 0, and compile in half the time.
  unsigned optLevel = 0;
  /// Folder to which the IR after each stage is written; none if empty.
  std::string dumpFolder;
};

/// A function compiled for the host. It needs neither the module nor the MLIR
/// context that it was compiled from, and holds on to the context that it runs
/// in. Results need not outlive it.
///
/// Running is thread-safe: a kernel may be run from many threads at once.
class CpuKernel {
public:
  ~CpuKernel();

  /// Compiles a copy of `module` for its function `entry`: attention and
  /// whatever else One-Shot Bufferize and the upstream conversions to LLVM
  /// take. The module is verified first. Argument and result types are ranked
  /// tensors or memrefs of f16, bf16, f32, f64, i8, i16, i32, i64 or index;
  /// arguments may also be scalars of f32, i64 and index. Functions without a
  /// body are those of this process. Loops run on the thread pool of `context`.
  /// Errors have also been reported as diagnostics, with their location.
  static llvm::Expected<std::unique_ptr<CpuKernel>>
  compile(mlir::ModuleOp module, llvm::StringRef entry,
          const RuntimeContext &context, const CpuCompileOptions &options = {});

  /// Runs the function. Arguments are checked against its type: their number,
  /// element types, ranks and static sizes, dynamic sizes of attention operands
  /// among each other, and the unit stride of the innermost dimension.
  llvm::Expected<std::vector<KernelResult>>
  run(llvm::ArrayRef<KernelArgument> arguments) const;

  /// A call in destination style with arguments of these types, sizes and
  /// strides, which are checked as by `run`, and whose data and numbers are not
  /// looked at.
  llvm::Expected<std::unique_ptr<KernelCall>>
  prepare(llvm::ArrayRef<KernelArgument> arguments) const;

  /// How such calls see the function.
  const CallForm &getCallForm() const;

  /// The type of the function as written, with its tensors.
  const CallSignature &getSignature() const;

  /// What the compilation took, in milliseconds: from IR to a callable
  /// function.
  double getCompileTime() const;

  struct Impl;

private:
  explicit CpuKernel(const RuntimeContext &context);
  std::shared_ptr<Impl> impl;
};

/// Elements of f32 in the widest vector register of the host.
int64_t getHostVectorWidth();

/// What the host is: "x86_64, AVX-512".
std::string getHostName();

} // namespace spattn

#endif // SPATTN_JIT_CPUKERNEL_H
