//===- KeyMainloop.h - dK and dV of key tiles -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYMAINLOOP_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYMAINLOOP_H

#include "../Parts/Mask.h"
#include "../Parts/ScoreModifier.h"
#include "DqAccumulator.h"
#include "KeyTileScheduler.h"

namespace spattn {

/// The code of an MMA warpgroup of the key kernel: for each work tile, dK and
/// dV of its 64 keys over the query tiles that it visits.
class KeyMainloop {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Values = llvm::SmallVector<Value>;

  KeyMainloop(KernelBuilder &b, const BackwardConfig &config,
              const KeyKernelLayout &layout, WorkTileQueue &workTiles,
              ScoreModifier &modifier, SkippedTiles &skipped,
              DqAccumulator &accumulator)
      : b(b), config(config), layout(layout), workTiles(workTiles),
        modifier(modifier), skipped(skipped), accumulator(accumulator),
        keys(b, layout.keys), values(b, layout.values),
        queries(b, layout.queries), dos(b, layout.dos),
        walk(b, workTiles, config.queryTile),
        mask(b, workTiles, walk, Mask::Orientation::KeysByQueries,
             config.queryTile) {}

  /// All work tiles of warpgroup `group`.
  void emit(Value group);

private:
  /// What the steps of a work tile share.
  struct Context {
    const WorkTile &tile;
    Value group, keyStage, valueStage, tilesBefore;
    ScoreModifier::Head scores;
  };

  /// The query tiles of a work tile: masked ones first; the last one, which
  /// starts no other, for itself.
  Values emitTiles(const Context &context, ValueRange before);
  /// One MMA after the other, where they end before the next instruction:
  /// registers for one tile only.
  Values emitTilesInOrder(const Context &context, ValueRange before);
  /// The n-th query tile, whose scores have been started; starts those of the
  /// tile `next`, if there is one, beside the last MMA. State: dV, dK, and the
  /// scores.
  Values step(const Context &context, Value n, Mask::When masked, Value next,
              ValueRange state);

  /// Waits for the CTA's `count`-th query tile, and reads its log-sum-exp if
  /// its scores start from that.
  Value awaitQuery(Value count);
  Value startScores(const Context &context, Value count, Value lse);
  Value firstScores(const Context &context, Value count);
  /// Starts dP of a tile, from `-delta`.
  Value startDp(const Context &context, Value stage);
  /// Lets new tiles into the stages of the CTA's tiles [begin, end), which this
  /// warpgroup does not need.
  void skipTiles(Value begin, Value end);

  Values noGradients();
  /// The gradients that a work tile starts with: those of the heads before it.
  Values startingWith(const WorkTile &tile, ValueRange before);
  /// The epilogue: scales and writes dK and dV to where keys and values were.
  void emitOutput(const Context &context, Value dv, Value dk);

  KernelBuilder &b;
  const BackwardConfig &config;
  const KeyKernelLayout &layout;
  WorkTileQueue &workTiles;
  ScoreModifier &modifier;
  SkippedTiles &skipped;
  DqAccumulator &accumulator;
  Pipeline keys, values, queries, dos;
  TileWalk walk;
  Mask mask;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYMAINLOOP_H
