//===- Numbers.h - Numbers of a program, as doubles -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_NUMBERS_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_NUMBERS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

#include <optional>
#include <vector>

namespace spattn {

/// What a number becomes in a type: floats are rounded, integers go round, as
/// signed ones, and a bit is 0 or 1. None where an integer is too large for a
/// double to be exact, and for other types. NaN stays NaN: it also stands for
/// numbers that do not exist.
std::optional<double> fitTo(mlir::Type type, double number);

/// Whether all numbers up to 2^22 are exact in a type.
bool holdsIndices(mlir::Type type);

/// What an operation of `arith` makes of numbers, before that is fitted to its
/// type. None for operations that are not known.
std::optional<double> computeScalar(mlir::Operation *op,
                                    llvm::ArrayRef<double> args);

/// A comparison of integers; unsigned ones as signed ones, so that neither
/// number may be negative.
bool compareNumbers(double a, mlir::arith::CmpIPredicate predicate, double b);

/// The elements of a constant tensor, in order; none if it is no constant, or
/// of another type than integers and floats.
std::vector<double> readConstant(mlir::Value tensor);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_NUMBERS_H
