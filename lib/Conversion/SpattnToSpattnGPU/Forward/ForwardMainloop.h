//===- ForwardMainloop.h - Scores, softmax and output of work tiles -*- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDMAINLOOP_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDMAINLOOP_H

#include "../Parts/PingPong.h"
#include "../Parts/Positions.h"
#include "ForwardEpilogue.h"

namespace spattn {

/// The code of an MMA warpgroup: for each work tile, the online softmax over
/// the key tiles it visits.
///
/// Where MMAs are asynchronous, those of a step overlap its softmax: while one
/// step's probabilities multiply the values, the next step's scores are under
/// way, also from one work tile to the next. Elsewhere one MMA follows the
/// other.
class ForwardMainloop {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;

  ForwardMainloop(KernelBuilder &b, const ForwardConfig &config,
                  const ForwardLayout &layout, WorkTileQueue &workTiles,
                  ScoreModifier &modifier, Positions &positions,
                  Softmax &softmax, ForwardEpilogue &epilogue)
      : b(b), config(config), layout(layout), workTiles(workTiles),
        modifier(modifier), positions(positions), softmax(softmax),
        epilogue(epilogue), queries(b, layout.queries), keys(b, layout.keys),
        values(b, layout.values), walk(b, workTiles, config.keyTile),
        mask(b, workTiles, walk, Mask::Orientation::QueriesByKeys,
             config.keyTile, config.rows),
        pingPong(b, config.mmaWarpgroups,
                 config.intraWarpgroupOverlap && config.pingpong) {}

  /// All work tiles of warpgroup `group`.
  void emit(Value group);

private:
  void emitOverlapped(Value group);
  void emitInOrder(Value group);
  /// The key tiles of a work tile, up to its last probabilities. Ends the work
  /// tile before meanwhile: its last MMA runs beside the first scores and the
  /// softmax of this one.
  PendingOutput emitTile(const WorkTile &tile, Value group, Value tilesBefore,
                         const PendingOutput &before);
  /// All of a work tile.
  void emitTileAlone(const WorkTile &tile, Value group, Value tilesBefore);
  /// The key tiles of a work tile after the first, after which the softmax has
  /// `state`. Returns what is pending.
  llvm::SmallVector<Value> emitOtherTiles(const WorkTile &tile, Value group,
                                          Value query, Value tilesBefore,
                                          const Softmax::State &state);
  void emitLastOutput(PendingOutput &pending, Value group, Value tiles,
                      Value count);
  /// The scores of a work tile's n-th key tile, the CTA's `count`-th, and the
  /// output of the key tile before it. State: output, maximum, sum,
  /// probabilities.
  llvm::SmallVector<Value> step(const WorkTile &tile, Value group, Value query,
                                Value count, Value n, bool masked,
                                ValueRange state);

  /// Waits for the queries of a work tile.
  Value awaitQueries(const WorkTile &tile);
  Value startScores(Value query, Value group, Value stage);
  Value startOutput(Value probabilities, Value stage, Value acc);
  /// The scores of a work tile's n-th key tile as the softmax takes them.
  Value modify(const WorkTile &tile, Value group, Value n, Value scores,
               const Positions::Fragment &places);
  /// The positions of that tile.
  Positions::Fragment loadPositions(const WorkTile &tile, Value group, Value n);
  Value allowedKeys(const WorkTile &tile, Value group, Value n);
  /// The softmax of the scores of a work tile's first key tile.
  Softmax::State firstSoftmax(const WorkTile &tile, Value group, Value scores,
                              Value allowed, const Positions::Fragment &places);
  /// The first of a warpgroup's rows, in its work tile.
  Value rowsBefore(Value group) {
    return b.mul(group, b.i32(spattn_gpu::kFragmentRows));
  }
  /// Notes the row of a work tile, if something is stored from registers.
  void setRow(PendingOutput &pending, const WorkTile &tile, Value group);

  KernelBuilder &b;
  const ForwardConfig &config;
  const ForwardLayout &layout;
  WorkTileQueue &workTiles;
  ScoreModifier &modifier;
  Positions &positions;
  Softmax &softmax;
  ForwardEpilogue &epilogue;
  Pipeline queries, keys, values;
  TileWalk walk;
  Mask mask;
  PingPong pingPong;
  /// What the scores of the work tile take that is being emitted.
  ScoreModifier::Head scoresOfHead;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDMAINLOOP_H
