//===- WorkScheduler.h - Which work tile a CTA does next --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WORKSCHEDULER_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WORKSCHEDULER_H

#include "KeyParts.h"
#include "TileLists.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include <functional>

namespace spattn {

/// The work of a persistent grid, as numbered work tiles.
struct ScheduledWork {
  mlir::Value count;
  std::function<WorkTile(mlir::Value number)> decode;
  /// Writes the results of a work tile that visits nothing.
  std::function<void(const WorkTile &)> emitEmpty;
};

/// The number of what a CTA does next, by the counter that all take numbers
/// from. A CTA's first number is its own.
mlir::Value takeNumber(KernelBuilder &b, mlir::Value counter);

/// How many of `heads` are done together: the largest power of two that divides
/// their number and that `fits` allows; 1 always is allowed.
mlir::Value groupHeads(KernelBuilder &b, mlir::Value heads,
                       llvm::function_ref<mlir::Value(mlir::Value count)> fits);

/// The code of the scheduler warp: finds the CTA's work tiles ahead of all
/// other warps, since to decode one takes as long as some MMAs, and posts them.
/// Work tiles that visit nothing are not posted; their results are written
/// beside everything else.
class WorkScheduler {
public:
  using Value = mlir::Value;

  WorkScheduler(KernelBuilder &b, WorkTileQueue &queue) : b(b), queue(queue) {}

  /// The static persistent scheduler: work tiles are dealt to CTAs in rounds.
  void emitStatic(const ScheduledWork &work);
  /// The dynamic persistent scheduler: CTAs take work tiles from the last one
  /// on, through a counter in global memory that starts at 0.
  void emitDynamic(const ScheduledWork &work, Value counter);
  /// The same with pairs as the static scheduler deals them.
  void emitDynamicPairs(const ScheduledWork &work, Value counter);

private:
  /// Numbers of work tiles in pairs: the n-th from the last, and the n-th if
  /// there are as many.
  struct Pairs {
    Value last, seconds, count;
  };
  Pairs getPairs(const ScheduledWork &work);
  /// Posts one of a pair as the `count`-th work tile once `acquire` has got its
  /// slot, or writes its results. Returns how many have been posted then.
  Value emitOfPair(const ScheduledWork &work, const Pairs &pairs, Value pair,
                   Value isSecond, Value count,
                   llvm::function_ref<void()> acquire);

  KernelBuilder &b;
  WorkTileQueue &queue;
};

/// The shape of work tiles that are tiles of queries.
struct RowTileShape {
  /// They visit tiles of `keyTile` keys.
  int64_t queryTile, keyTile;
  /// Slots of sequences are tiles of so many queries, a multiple of
  /// `queryTile`.
  int64_t slotTile;
  /// A tile's heads are those of its rows.
  RowLayout layout;
  /// Whether its key tiles are counted from the first key that it sees.
  bool fromFirstKey = false;
};

/// Work tiles that are tiles of queries, numbered so that later rows, which
/// have the most keys, come last.
class RowTiles {
public:
  using Value = mlir::Value;

  /// `tileRows` tiles of each head, or heads, of each batch entry.
  RowTiles(KernelBuilder &b, AttentionOpInterface op,
           const SequenceInfo &sequence, Value tileRows,
           const RowTileShape &shape);

  /// Adds the tiles that lists have, which may be null.
  void setLists(const TileLists *given) { lists = given; }
  /// Cuts the walks of tiles; null if they are whole. A work tile is a part of
  /// one then.
  void setParts(const KeyParts *given) { parts = given; }
  /// Does the work of some heads before that of others, so that their keys and
  /// values stay in the L2 cache: of the largest power of two of heads that
  /// divides their number and whose keys and values have at most `bytes`.
  void groupHeads(int64_t bytes);
  Value count();
  WorkTile decode(Value number);

private:
  /// The tile of a number, and which of the heads of batch entries it is of.
  std::pair<Value, Value> locate(Value number);
  /// The sequence of tile `place` of a head of a batch entry.
  SequenceTile locate(Value batch, Value place);

  KernelBuilder &b;
  AttentionOpInterface op;
  HeadStructures heads;
  SequenceInfo sequence;
  /// Tiles of a head, heads of all batch entries, and those of a group.
  Value tileRows, rowHeads, groupedHeads;
  RowTileShape shape;
  const TileLists *lists = nullptr;
  const KeyParts *parts = nullptr;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WORKSCHEDULER_H
