//===- DqAccumulator.h - Adds up dQ -----------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_DQACCUMULATOR_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_DQACCUMULATOR_H

#include "../Parts/TileWalk.h"
#include "BackwardKernels.h"
#include "llvm/Support/MathExtras.h"

namespace spattn {

/// What the semaphore of a query tile of the dQ accumulator counts: the CTAs
/// that have come to add to it, and this once the first of them has written it.
inline constexpr int64_t kPublished = int64_t(1) << 30;
/// The semaphore of a query tile, behind the ticket counter.
mlir::Value getSemaphore(KernelBuilder &b, mlir::Value counter,
                         mlir::Value tile);

/// Adds a work tile's part of dQ to the accumulator in scratch memory. MMA
/// warpgroups multiply each other's dS, which they share through shared memory,
/// by parts of the keys. The parts of dQ go through shared memory too, from
/// where the warp that stores adds them with bulk reductions; or where there
/// are none, MMA warpgroups add them from registers.
class DqAccumulator {
public:
  using Value = mlir::Value;

  DqAccumulator(KernelBuilder &b, AttentionBackwardOp op,
                const BackwardConfig &config, const KeyKernelLayout &layout,
                WorkTileQueue &workTiles, Value sums, Value counter,
                Value paddedRows)
      : b(b), op(op), config(config), layout(layout), workTiles(workTiles),
        walk(b, workTiles, config.queryTile), scores(b, layout.scores),
        parts(b, layout.sumParts), sums(sums), counter(counter),
        paddedRows(paddedRows) {}

  //===--------------------------------------------------------------------===//
  // The warp that stores
  //===--------------------------------------------------------------------===//

  /// Adds all parts of the dQ of a work tile's n-th query tile.
  void emitReduction(const WorkTile &tile, Value n, Value tilesBefore);

  //===--------------------------------------------------------------------===//
  // MMA warpgroups, with bulk reductions
  //===--------------------------------------------------------------------===//

  /// Shares a warpgroup's dS of the CTA's `count`-th query tile.
  void shareScores(Value group, Value count, Value ds);
  /// Waits for those of all warpgroups, and starts the first part of dQ.
  Value start(Value group, Value keyStage, Value count);
  /// Stages a warpgroup's parts, so many for each query tile. The first has
  /// been started, and the next `scores` behind it, if there are any; they are
  /// returned when they are there, ahead of the fence, which waits until
  /// everything is written.
  Value stageParts(Value group, int64_t uses, Value keyStage, Value count,
                   Value dq, Value scores);
  /// How often a warpgroup stages a part of a query tile's dQ.
  int64_t usesPerTile(int64_t group) const {
    if (config.rotatesParts())
      return 1;
    return llvm::divideCeil(config.parts() - group, config.mmaWarpgroups);
  }
  /// Whether a warpgroup stages the dQ of the CTA's `count`-th query tile,
  /// where they take turns.
  Value isTurnOf(Value group, Value count);
  /// Of a warpgroup without parts: says that it does not need the dS of the
  /// CTA's `count`-th query tile.
  void releaseScores(Value count) { scores.consumerRelease(bufferOf(count)); }

  //===--------------------------------------------------------------------===//
  // MMA warpgroups, without
  //===--------------------------------------------------------------------===//

  /// Computes and adds a warpgroup's parts of the n-th tile at once.
  void addParts(const WorkTile &tile, Value group, Value keyStage, Value count,
                Value n, Value ds);
  /// All MMA warpgroups meet.
  void meet();

private:
  Value bufferOf(Value count) {
    return PipelineState(b, count, kScoreBuffers).stage;
  }
  /// The number of the `own`-th of `uses` times for the CTA's `count`-th query
  /// tile.
  Value useOf(Value count, int64_t uses, int64_t own);
  /// Where a warpgroup stages it.
  PipelineState partState(Value group, Value count, int64_t uses, int64_t own);
  /// Starts the dQ of 64 queries, or 64 columns of it.
  Value startPart(Value keyStage, Value buffer, Value part);
  /// The number of a work tile's n-th query tile among all of the accumulator.
  Value tileNumber(const WorkTile &tile, Value n);
  /// Where a query tile's sums start.
  Value startOf(Value tile);
  Value partPointer(Value start, Value part);
  /// Whether a query tile has yet to be written, which the caller has to do
  /// then. Else it is there. A waiting CTA never holds a claim, so at least one
  /// CTA always makes progress.
  Value claim(Value tile);
  /// Adds the parts of the CTA's `count`-th query tile to what starts there, or
  /// writes them and releases the semaphore, if there is one.
  void emitParts(Value count, Value start, Value semaphore = Value());

  KernelBuilder &b;
  AttentionBackwardOp op;
  const BackwardConfig &config;
  const KeyKernelLayout &layout;
  WorkTileQueue &workTiles;
  TileWalk walk;
  Pipeline scores, parts;
  Value sums, counter, paddedRows;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_DQACCUMULATOR_H
