//===- CpuKernelImpl.h - A function compiled for the host -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_JIT_CPUKERNELIMPL_H
#define SPATTN_LIB_JIT_CPUKERNELIMPL_H

#include "OperandChecks.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "spattn/Dialect/Spattn/IR/Operands.h"
#include "spattn/JIT/CpuKernel.h"

#include <memory>
#include <utility>
#include <vector>

namespace spattn {

/// Dimensions of two arguments that an attention needs to be the same.
struct SharedDim {
  unsigned argument, dim, otherArgument, otherDim;
  llvm::StringRef what;
};

struct CpuKernel::Impl {
  explicit Impl(const RuntimeContext &context) : context(context) {}

  RuntimeContext context;
  CallSignature signature;
  CallForm form;
  /// The argument whose buffer each result is, or -1 if it is returned.
  std::vector<int64_t> results;
  std::vector<SharedDim> sharedDims;
  /// Arguments that are scalar operands of an attention, and what they are.
  std::vector<std::pair<unsigned, const OperandInfo *>> scalars;
  std::vector<OperandCheck> checks;
  std::unique_ptr<mlir::ExecutionEngine> engine;
  void (*entry)(void **) = nullptr;
  double compileTime = 0;
};

} // namespace spattn

#endif // SPATTN_LIB_JIT_CPUKERNELIMPL_H
