//===- KeyMmas.cpp - The MMAs that gradients of keys start from -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyMmas.h"

using namespace mlir;
using namespace spattn;

Value KeyMmas::awaitQuery(Value count) {
  PipelineState state = queries.state(count);
  queries.consumerWait(state);
  return modifier.startsFromLse() ? layout.lse.columns(b, state.stage)
                                  : Value();
}

/// From `-lse / scale`. The division is left to this place: ptxas would make
/// accumulators of numbers alone as soon as they are read, and run out of
/// registers.
Value KeyMmas::startScores(Value keyStage, Value rowBlock, Value count,
                           Value lse) {
  Value stage = queries.state(count).stage;
  Value start =
      lse ? modifier.scoreStart(lse, b.accType(config.queryTile)) : Value();
  b.fence();
  Value query = layout.queryTiles.at(b, stage);
  Value scores = b.mma(layout.key(b, keyStage), rowBlock, query, start,
                       /*transposed=*/true, config.queryTile);
  b.commit();
  return scores;
}

Value KeyMmas::startDp(Value valueStage, Value rowBlock, Value stage) {
  Value delta =
      b.map(layout.delta.columns(b, stage), b.accType(config.queryTile),
            [](ValueRange x) { return x[0]; });
  b.fence();
  Value dO = layout.doTiles.at(b, stage);
  Value dp = b.mma(layout.valueTiles.at(b, valueStage), rowBlock, dO, delta,
                   /*transposed=*/true, config.queryTile);
  b.commit();
  return dp;
}
