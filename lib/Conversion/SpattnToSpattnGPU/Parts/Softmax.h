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
    Value probabilities, max, sum;
    /// What the output so far is multiplied by, and whether it has to be.
    Value correction, grew;
  };

  /// Takes the scores of a tile. What is subtracted need not be the maximum,
  /// but only not much less: it changes if some score of the warp's is more
  /// than a factor of 2^8 above it, which is rare after a work tile's first
  /// tile. Otherwise threads need not even tell each other their maxima.
  State step(Value scores, Value oldMax, Value oldSum);
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
  KernelBuilder &b;
  ScoreModifier &modifier;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SOFTMAX_H
