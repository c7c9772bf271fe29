//===- BiasSums.h - Gradients by slopes and biases --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_BIASSUMS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_BIASSUMS_H

#include "QueryRows.h"

namespace spattn {

/// Scratch for the gradients by slopes and biases. Rows have a number each of
/// what they add to the gradient by a slope, with the opposite sign, and to
/// those by the first and the last bias, which all pairs take that are far
/// apart. Other biases have a sum each, to which all add.
class BiasScratch {
public:
  using Argument = KernelSignature::Argument;

  BiasScratch(KernelSignature &signature, AttentionBackwardOp op);

  /// Describes it to launches: zeroed, as not all rows are written.
  static void add(KernelProgram &program, AttentionBackwardOp op,
                  spattn_gpu::FormulaAttr bytesOfRows);

  std::optional<Argument> slopes, first, last, sums;
};

/// Adds up the gradients by slopes and biases of query tiles.
class BiasSums {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;

  BiasSums(KernelBuilder &b, ScoreModifier &modifier,
           const KernelSignature &signature, const BiasScratch &scratch)
      : b(b), modifier(modifier), signature(signature), scratch(scratch) {}

  /// Where the biases of a head are added up; null without biases.
  Value ofHead(Value head);
  /// Numbers of rows that are carried from tile to tile.
  llvm::SmallVector<Value> initial();
  /// Adds the tile whose probabilities, times the derivative by a bias, and dP
  /// are there. Rows without a log-sum-exp, `-lse` being -inf, add nothing,
  /// whatever they hold.
  llvm::SmallVector<Value> add(Value biases, Value probabilities, Value dp,
                               Value negatedLse, Value delta, Value distances,
                               ValueRange carried);
  /// Leaves the numbers of rows in scratch.
  void store(QueryRows &rows, ValueRange carried);

private:
  KernelBuilder &b;
  ScoreModifier &modifier;
  const KernelSignature &signature;
  const BiasScratch &scratch;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_BIASSUMS_H
