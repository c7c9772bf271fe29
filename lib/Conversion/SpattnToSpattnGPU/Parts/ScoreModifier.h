//===- ScoreModifier.h - What happens to scores before the softmax -*- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SCOREMODIFIER_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SCOREMODIFIER_H

#include "KernelBuilder.h"

namespace spattn {

/// What happens to a score `s = q . k` before the softmax, and what its
/// derivative is: today it is multiplied by a positive scale, which is folded
/// into the exponentials, `exp(scale s - x) = exp2(scale log2(e) s - x')`, and
/// into the gradients of queries and keys. The one place that knows.
class ScoreModifier {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;

  /// At the top level of a kernel.
  ScoreModifier(KernelBuilder &b, Value scale);

  //===--------------------------------------------------------------------===//
  // Forward: rows keep the maximum of raw scores
  //===--------------------------------------------------------------------===//

  /// A raw maximum in base-2 logits, plus `above`.
  Value logits(Value rows, float above);
  /// What exponentials subtract: a raw maximum in base-2 logits, or 0 for a row
  /// that has seen no key.
  Value shift(Value max);
  /// `exp2(logit(score) - shift)` of each element; `shift` as above.
  Value exponential(Value scores, Value shift);
  /// The log-sum-exp of rows, to the base e, by the raw maximum and the sum of
  /// exponentials relative to it; -inf where the sum is 0.
  Value logSumExp(Value max, Value sum);

  //===--------------------------------------------------------------------===//
  // Forward: a sink, a logit to the base e that has no key and no scale
  //===--------------------------------------------------------------------===//

  /// The larger of rows' maxima and the sink, in base-2 logits: what to
  /// subtract from both. 0 where neither is above -inf.
  Value shiftWithSink(Value max, Value sink);
  /// Sums of exponentials relative to `max`, which `correction` makes relative
  /// to `shift`, and the sink's exponential.
  Value addSink(Value sum, Value correction, Value sink, Value shift);
  /// The log-sum-exp, to the base e, by a shift and the sum relative to it.
  Value logSumExpAt(Value shift, Value sum);

  //===--------------------------------------------------------------------===//
  // Gradients: probabilities by the log-sum-exp
  //===--------------------------------------------------------------------===//

  /// What accumulators of scores start from, so that `probability` finds the
  /// log-sum-exp subtracted: `-lse / scale`, for columns or rows of `-lse`.
  Value scoreStart(Value negatedLse, mlir::Type type);
  /// `exp2` of base-2 logits of scores that started from `scoreStart`.
  Value probability(Value scores);
  /// The other way round, where rows of `-lse` are at hand later: base-2 logits
  /// of scores that started from 0, with the log-sum-exp subtracted by adding
  /// `logitStart` of `-lse`. Their exp2 is the probability.
  Value logitStart(Value negatedLse);
  Value logitsFrom(Value scores, Value start);
  /// Gradients by raw scores, summed up, to gradients by queries or keys.
  Value chain(Value gradients);

private:
  KernelBuilder &b;
  Value scale, log2Scale, inverseScale;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SCOREMODIFIER_H
