//===- Check.h - Sampled rows against the oracle ----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_CHECK_H
#define SPATTN_TOOLS_COMMON_CHECK_H

#include "common/Entry.h"
#include "spattn/Reference/Gradients.h"
#include "spattn/Reference/Interpreter.h"

namespace spattn::tool {

/// How far the rows of one array are from the oracle's.
struct ArrayError {
  /// As the operand is called in messages.
  std::string name;
  /// ||out - ref|| / ||ref|| over the rows together; infinite if `ref` is 0 and
  /// `out` is not, or if a row without allowed pairs is not 0; NaN if a NaN is
  /// where none should be.
  double relative = 0;
  double maxAbsolute = 0;
  /// Rows without allowed pairs that are not 0.
  int64_t notZero = 0;
  /// The greatest `relative` that the element type allows. It is larger where
  /// `ref` is nearly 0 as a sum of numbers that are not.
  double allowed = 0;
};

/// How far rows are from the oracle's.
struct ErrorReport {
  int64_t rows = 0;
  /// Those of the worst array.
  double relative = 0;
  double maxAbsolute = 0;
  /// `out`, or each gradient.
  std::vector<ArrayError> arrays;
  /// Of the log-sum-exp, if there is one: the greatest of
  /// |lse - ref| / max(1, |ref|).
  std::optional<double> lse;
  /// The greatest `lse` that rounding leaves.
  double allowedLse = 0;

  /// What is wrong with the errors, in words that follow the name of what was
  /// computed; empty if nothing is. `limit` is for each of them, instead of
  /// what the element type allows; nothing exceeds an infinite one.
  std::string findExcess(std::optional<double> limit) const;
};

/// The arrays that an entry's attention reads, which are arguments.
OperandArrays collectInputs(Entry &entry,
                            llvm::ArrayRef<ReferenceValue> arguments);

/// What the oracle needs to know of an entry's attention. Scalars are those of
/// the arguments, as the kernel gets them.
AttentionProblem getProblem(Entry &entry);

/// Why an entry cannot be checked; empty if it can.
std::string whyUncheckable(Entry &entry);

/// Compares sampled rows of what an entry has computed with the oracle: all
/// rows if they are not more than `rows`. They are spread over the heads, drawn
/// by the seed otherwise.
mlir::FailureOr<ErrorReport> checkRows(Entry &entry,
                                       llvm::ArrayRef<ReferenceValue> arguments,
                                       llvm::ArrayRef<BufferView> results,
                                       int64_t rows, uint64_t seed);

/// NaNs in a contiguous array of floats.
int64_t countNans(const BufferView &view);

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_CHECK_H
