//===- KeyMainloop.h - dK and dV of key tiles -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYMAINLOOP_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYMAINLOOP_H

#include "../Parts/Positions.h"
#include "DqAccumulator.h"
#include "KeyMmas.h"
#include "KeyTileScheduler.h"

namespace spattn {

/// The code of an MMA warpgroup of a key kernel: for each work tile, dK and dV
/// of its 64 keys over the query tiles that it visits, or one of them.
class KeyMainloop {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Values = llvm::SmallVector<Value>;

  KeyMainloop(KernelBuilder &b, const BackwardConfig &config,
              const KeyKernelLayout &layout, WorkTileQueue &workTiles,
              ScoreModifier &modifier, Positions &positions,
              SkippedTiles &skipped, DqAccumulator &accumulator);

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
  /// A work tile's n-th query tile.
  struct Step {
    Value n;
    Mask::When masked;
    /// The tile whose scores are started beside the last MMA, if there is one.
    Value next = Value();
    /// Whether the warpgroup's keys need a mask, if that is known.
    Value isMasked = Value();
    /// Gradients are complete behind it.
    bool isLast = false;
  };
  /// A tile whose scores have been started. State: the gradients and the
  /// scores.
  Values step(const Context &context, const Step &step, ValueRange state);
  /// The same, with a part of the tile's dQ, or without.
  Values emitStep(const Context &context, const Step &step, ValueRange state,
                  bool hasPart);
  /// A masked tile. State: its number among the work tile's as well.
  Values maskedStep(const Context &context, const NeededTiles &needed,
                    ValueRange state);
  /// What a step has when its dS is there.
  struct Started {
    /// The tile's number in the CTA, and the stage of its queries.
    Value count, queryStage;
    /// The MMA of dK is under way.
    Value dv, dk, dsOperand, scores;
  };
  /// The rest of a step: a part of dQ, if it has one, and the next scores.
  Values endStep(const Context &context, const Started &step, Value next,
                 bool hasPart);

  /// The end of a step of a kernel for dV alone, whose MMA has been started,
  /// with its operand; no other scores have.
  Values endWithoutDk(const PipelineState &own, const PipelineState &ownDo,
                      ValueRange started, Value scores);
  /// The stage of the CTA's `count`-th tile of dO, that of its queries being
  /// `own`.
  PipelineState doState(const PipelineState &own, Value count) {
    return config.doStages == config.queryStages ? own : dos.state(count);
  }

  Value startScores(const Context &context, Value count, Value lse) {
    return mmas.startScores(context.keyStage, context.group, count, lse);
  }
  Value firstScores(const Context &context, Value count) {
    Value lse = mmas.awaitQuery(count);
    return b.wait(0, startScores(context, count, lse)).front();
  }
  Value startDp(const Context &context, Value stage) {
    return mmas.startDp(context.valueStage, context.group, stage);
  }
  /// Waits for a work tile's values.
  void awaitValues(const WorkTile &tile);
  /// The positions of a work tile's n-th tile.
  Positions::Fragment loadPositions(const WorkTile &tile, Value group, Value n);
  /// Lets new tiles into the stages of the CTA's tiles [begin, end), which this
  /// warpgroup does not need.
  void skipTiles(const Context &context, Value begin, Value end);

  /// Of those of dV and dK that there are.
  Values gradients(Value dv, Value dk);
  Values noGradients();
  /// The epilogue: scales and writes dK and dV to where keys and values were.
  /// dV may have been written before.
  void emitOutput(const Context &context, ValueRange gradients);
  void emitDv(const Context &context, Value dv);
  void emitDk(const Context &context, Value dk);
  /// Writes a warpgroup's rows of a tile that will be stored.
  void write(const Context &context, Value gradient, Value tile);

  KernelBuilder &b;
  const BackwardConfig &config;
  const KeyKernelLayout &layout;
  WorkTileQueue &workTiles;
  ScoreModifier &modifier;
  Positions &positions;
  SkippedTiles &skipped;
  DqAccumulator &accumulator;
  KeyMmas mmas;
  bool hasDv, hasDk;
  Pipeline keys, values, queries, dos;
  TileWalk walk;
  Mask mask;
  /// What makes logits of scores in steps without a part of dQ: a copy that
  /// LLVM takes for another number. Else it may move the products of both
  /// branches of a step ahead of them, where no MMA is under way.
  Value scaleBetweenTurns;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYMAINLOOP_H
