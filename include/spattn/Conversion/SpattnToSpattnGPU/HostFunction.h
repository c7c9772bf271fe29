//===- HostFunction.h - Functions that become kernels ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels for a GPU take the place of a function. Nothing of it may be lost: it
// consists of one attention or merge, or the gradients of one, on its
// arguments.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_SPATTNTOSPATTNGPU_HOSTFUNCTION_H
#define SPATTN_CONVERSION_SPATTNTOSPATTNGPU_HOSTFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include <optional>
#include <string>
#include <vector>

namespace spattn {

/// A number that kernels are launched with: an argument of the function, or
/// else a constant.
struct HostScalar {
  std::string name;
  std::optional<unsigned> argument;
  double constant = 0;
};

/// A function that becomes kernels, and where their operands come from.
struct HostFunction {
  KernelOpInterface op;
  /// The argument of each operand, by the name of its buffer.
  std::vector<std::pair<std::string, unsigned>> operands;
  /// Each scalar operand, by its name in launches.
  std::vector<HostScalar> scalars;
  /// The argument that each result is.
  std::vector<unsigned> results;

  /// Whether there is what becomes kernels in a function, also inside of other
  /// operations.
  static bool hasKernels(mlir::func::FuncOp function);

  /// Reads a function that has. If it holds what a kernel would not do,
  /// that is an error at the operation that would be lost.
  static mlir::FailureOr<HostFunction> get(mlir::func::FuncOp function);
};

} // namespace spattn

#endif // SPATTN_CONVERSION_SPATTNTOSPATTNGPU_HOSTFUNCTION_H
