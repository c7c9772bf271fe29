//===- KeyMmas.h - The MMAs that gradients of keys start from ---*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYMMAS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYMMAS_H

#include "../Parts/ScoreModifier.h"
#include "BackwardKernels.h"

namespace spattn {

/// The first MMAs of each query tile in a key kernel, those of scores and of
/// dP. Rows are the 64 keys of row block `rowBlock`, columns the queries.
class KeyMmas {
public:
  using Value = mlir::Value;

  KeyMmas(KernelBuilder &b, const BackwardConfig &config,
          const KeyKernelLayout &layout, ScoreModifier &modifier)
      : b(b), config(config), layout(layout), modifier(modifier),
        queries(b, layout.queries) {}

  /// Waits for the CTA's `count`-th query tile, and reads its log-sum-exp if
  /// its scores start from that.
  Value awaitQuery(Value count);
  /// Starts the scores of the CTA's `count`-th query tile, which is there, from
  /// its log-sum-exp or, without one, from 0.
  Value startScores(Value keyStage, Value rowBlock, Value count, Value lse);
  /// Starts dP of the tile of dO in `stage`, which is there, from `-delta`.
  Value startDp(Value valueStage, Value rowBlock, Value stage);

private:
  KernelBuilder &b;
  const BackwardConfig &config;
  const KeyKernelLayout &layout;
  ScoreModifier &modifier;
  Pipeline queries;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYMMAS_H
