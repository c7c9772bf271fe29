//===- SplitKeyMainloop.h - dK and dV by a warpgroup each -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_SPLITKEYMAINLOOP_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_SPLITKEYMAINLOOP_H

#include "../Parts/Positions.h"
#include "DqAccumulator.h"
#include "KeyMmas.h"
#include "KeyTileScheduler.h"

namespace spattn {

/// The code of the two MMA warpgroups of a key kernel whose registers do not
/// hold both dK and dV: one of them is for each. Both have the same 64 keys.
///
///   dK: dP = V dO^T, dS = P (dP - delta), dK += dS Q
///   dV: P = exp(K Q^T - lse), dV += P dO
///
/// P goes through shared memory, rounded as for the MMA, and dS takes its
/// place there for the MMAs of dQ, of which both warpgroups have a part. Where
/// scores are modified, it is P times the derivative of that.
class SplitKeyMainloop {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Values = llvm::SmallVector<Value>;

  SplitKeyMainloop(KernelBuilder &b, const BackwardConfig &config,
                   const KeyKernelLayout &layout, WorkTileQueue &workTiles,
                   ScoreModifier &modifier, Positions &positions,
                   DqAccumulator &accumulator)
      : b(b), config(config), layout(layout), workTiles(workTiles),
        modifier(modifier), positions(positions), accumulator(accumulator),
        mmas(b, config, layout, modifier), keys(b, layout.keys),
        values(b, layout.values), queries(b, layout.queries),
        dos(b, layout.dos), exchange(b, layout.scores),
        walk(b, workTiles, config.queryTile),
        mask(b, workTiles, walk, Mask::Orientation::KeysByQueries,
             config.queryTile) {}

  /// All work tiles of warpgroup `group`.
  void emit(Value group);

private:
  /// The number of the warpgroup of each gradient.
  enum Role : int64_t { Dk, Dv };
  /// What the steps of a work tile share.
  struct Context {
    const WorkTile &tile;
    Value keyStage, valueStage, tilesBefore;
    /// For P only.
    ScoreModifier::Head scores;
  };

  void emitWorkTiles(Role role);
  /// The query tiles of a work tile.
  Value emitDkTiles(const Context &context, Value dk);
  Value emitDvTiles(const Context &context, Value dv);
  /// The n-th query tile, whose dP is there; starts that of the next one. The
  /// last one starts no other. State: dK and dP.
  Values dkStep(const Context &context, Value n, bool startsNext,
                ValueRange state);
  /// The n-th query tile's scores and P, and dV of the one before. State: dV,
  /// and P for its MMA.
  Values dvStep(const Context &context, Value n, Mask::When masked,
                ValueRange state);
  /// Starts dV of the CTA's `count`-th query tile.
  Value startDv(Value count, Value operand, Value dv);
  /// Lets the next dO in as far as dV is concerned, and computes the parts of
  /// dQ.
  void endDv(const Context &context, Value count);
  /// Gives P of a work tile's n-th query tile to the other warpgroup, times the
  /// derivative of modified scores, and returns P for the MMA of dV. The scores
  /// are there.
  Value shareProbabilities(const Context &context, Value n, Mask::When masked,
                           Value scores);
  /// The positions of a work tile's n-th tile.
  Positions::Fragment loadPositions(const WorkTile &tile, Value n);
  /// Starts dP of the CTA's `count`-th query tile, from `-delta`.
  Value startDp(const Context &context, Value count);
  /// Waits for it, and lets the next dO in as far as dK is concerned.
  Value awaitDp(Value count, Value dp);
  /// Starts scores of the CTA's `count`-th query tile, from `-lse / scale` or
  /// from 0, if they are modified.
  Value startScores(const Context &context, Value count);
  /// A warpgroup's parts of dQ of the CTA's `count`-th query tile, the first of
  /// which has been started.
  Value startDq(Role role, const Context &context, Value count);
  void stageDq(Role role, const Context &context, Value count, Value dq);
  /// The epilogue: writes the gradient to where keys or values were.
  void emitOutput(Role role, const Context &context, Value gradient);

  int64_t columns(Role role) const {
    return role == Dk ? config.headDim : config.valueDim;
  }

  KernelBuilder &b;
  const BackwardConfig &config;
  const KeyKernelLayout &layout;
  WorkTileQueue &workTiles;
  ScoreModifier &modifier;
  Positions &positions;
  DqAccumulator &accumulator;
  KeyMmas mmas;
  Pipeline keys, values, queries, dos;
  /// The tiles of P and then dS: empty when all have used dS.
  Pipeline exchange;
  TileWalk walk;
  Mask mask;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_SPLITKEYMAINLOOP_H
