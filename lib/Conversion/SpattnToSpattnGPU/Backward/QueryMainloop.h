//===- QueryMainloop.h - dQ of query tiles ----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_QUERYMAINLOOP_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_QUERYMAINLOOP_H

#include "../Parts/Positions.h"
#include "BiasSums.h"
#include "QueryRows.h"

namespace spattn {

/// The code of the MMA warpgroup of the query kernel: for each work tile, dQ of
/// its 64 queries over the key tiles that it visits, and what the key kernel
/// starts from.
class QueryMainloop {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;

  /// Arrays: those of the caller, and scratch for its log-sum-exp and delta.
  struct Arrays {
    LseArrays caller;
    Value lse, delta;
  };

  QueryMainloop(KernelBuilder &b, AttentionBackwardOp op,
                const BackwardConfig &config, const QueryKernelLayout &layout,
                WorkTileQueue &workTiles, ScoreModifier &modifier,
                Positions &positions, const SequenceInfo &sequence,
                const Arrays &arrays, BiasSums *sums)
      : b(b), config(config), layout(layout), workTiles(workTiles),
        modifier(modifier), positions(positions), arrays(arrays), sums(sums),
        scratch(b, op, config, sequence),
        walk(b, workTiles, QueryKernelLayout::kKeyTile),
        mask(b, workTiles, walk, Mask::Orientation::QueriesByKeys,
             QueryKernelLayout::kKeyTile),
        query(b, layout.query), dO(b, layout.dO), gradient(b, layout.gradient),
        keys(b, layout.keys), values(b, layout.values) {}

  /// All work tiles.
  void emit();
  /// The stage of a work tile's n-th tile of values: its output came first.
  static PipelineState stateOfValue(KernelBuilder &b, Pipeline &values,
                                    const WorkTile &tile, Value tilesBefore,
                                    Value n) {
    Value ofTile = b.add(n, b.i32(1));
    return values.state(b.add(b.add(tilesBefore, tile.number), ofTile));
  }

private:
  /// What the steps of a work tile share.
  struct Context {
    const WorkTile &tile;
    Value tilesBefore, lse, delta;
    ScoreModifier::Head scores;
    /// Where the biases of the head are added up.
    Value biases;
  };

  void emitTile(const WorkTile &tile, Value tilesBefore);
  /// Starts the scores of the CTA's `count`-th key tile.
  Value startScores(Value count);
  /// Adds what a work tile's n-th key tile gives, whose scores are there;
  /// starts those of the next one behind the last MMA. State: dQ and scores.
  llvm::SmallVector<Value> step(const Context &context, Value n,
                                Mask::When masked, bool startsNext,
                                ValueRange state);
  /// The positions of a work tile's n-th tile.
  Positions::Fragment loadPositions(const WorkTile &tile, Value n);
  /// The epilogue: scales dQ and hands it to the warp that stores.
  void emitOutput(const PipelineState &own, Value dq);

  KernelBuilder &b;
  const BackwardConfig &config;
  const QueryKernelLayout &layout;
  WorkTileQueue &workTiles;
  ScoreModifier &modifier;
  Positions &positions;
  Arrays arrays;
  /// Null where there are no gradients by slopes or biases.
  BiasSums *sums;
  QueryRows scratch;
  TileWalk walk;
  Mask mask;
  Pipeline query, dO, gradient, keys, values;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_QUERYMAINLOOP_H
