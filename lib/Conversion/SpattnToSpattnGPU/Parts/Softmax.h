//===- Softmax.h - The online softmax ---------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SOFTMAX_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SOFTMAX_H

#include "ScoreModifier.h"

namespace spattn {

/// The online softmax of the rows of an MMA warpgroup: the maximum and the sum
/// of exponentials so far, the latter as partial sums of the threads that share
/// a row.
class Softmax {
public:
  using Value = mlir::Value;

  Softmax(KernelBuilder &b, ScoreModifier &modifier)
      : b(b), modifier(modifier) {}

  /// The state of rows after a tile, and the tile's probabilities.
  struct State {
    /// As an accumulator or, after an optimistic step, as an MMA's operand.
    Value probabilities;
    /// What is subtracted from a row's scores, and the sum of probabilities.
    /// The first need not be the maximum, but only near enough.
    Value max, sum;
    /// What the output so far is multiplied by, and whether it has to be.
    Value correction, grew;
  };

  /// Takes the scores of a tile. What is subtracted changes if some score of
  /// the warp's is more than a factor of 2^8 above it, which is rare after a
  /// work tile's first tile. Otherwise threads need not even tell each other
  /// their maxima.
  State step(Value scores, Value oldMax, Value oldSum);
  /// The same without maxima: takes it that what is subtracted still will do,
  /// and looks at the sums afterwards. If one is out of range, which is rare,
  /// it computes the maxima and then the probabilities again: the scores stay
  /// alive beside the probabilities until then.
  State stepOptimistically(Value scores, Value oldMax, Value oldSum);
  /// Rescales the output of the tiles before to a new state.
  Value rescale(Value output, const State &next);
  /// The sum of each row over the threads that share it.
  Value total(Value sum);
  /// Divides the output by the sums; 0 where a row has seen no key.
  /// `correction` is a factor for each row besides.
  Value normalize(Value output, Value total, Value correction = Value());

  /// What rows end with if their head has a sink: a logit besides those of the
  /// keys, without a value.
  struct SinkState {
    /// What the output so far is multiplied by, the sum of all exponentials and
    /// the log-sum-exp.
    Value correction, total, logSumExp;
  };
  SinkState addSink(Value max, Value total, Value sink);

private:
  /// Replaces what is subtracted by the maximum of `partial`, that of a
  /// thread's scores, and of the old one over the threads of a row.
  /// Probabilities are left to the caller, and the sum is that of earlier
  /// tiles.
  State rebase(Value partial, Value oldMax, Value oldSum);

  KernelBuilder &b;
  ScoreModifier &modifier;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SOFTMAX_H
