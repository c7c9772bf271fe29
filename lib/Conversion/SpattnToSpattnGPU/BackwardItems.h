//===- BackwardItems.h - Work of the main gradient kernel -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDITEMS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDITEMS_H

#include "BackwardKernel.h"
#include "KernelBuilder.h"

namespace spattn {

/// Buffers for gradients of scores: one is written while another is read.
inline constexpr int64_t kScoreBuffers = 2;

/// A warpgroup's sums of a query tile's gradient, 64x64 f32.
inline constexpr int64_t kSumsWords = kRowsOfGroup * kRowsOfGroup;
inline constexpr int64_t kSumsBytes = 4 * kSumsWords;

/// Numbers of the main kernel's barriers.
struct BackwardBarriers {
  explicit BackwardBarriers(const BackwardShape &shape) {
    int64_t next = 0;
    for (int64_t *number : {&fullKey, &fullOutput, &emptyKey}) {
      *number = next;
      next += shape.keyStages;
    }
    for (int64_t *number : {&fullValue, &emptyValue}) {
      *number = next;
      next += shape.valueStages;
    }
    for (int64_t *number : {&fullQuery, &fullDout, &emptyQuery, &emptyDout}) {
      *number = next;
      next += shape.queryStages;
    }
    for (int64_t *number : {&fullItem, &emptyItem}) {
      *number = next;
      next += shape.itemStages;
    }
    for (int64_t *number : {&fullScores, &emptyScores}) {
      *number = next;
      next += shape.sumsAreStaged() ? kScoreBuffers : 0;
    }
    for (int64_t *number : {&fullSums, &emptySums}) {
      *number = next;
      next += shape.sumsAreStaged() ? shape.consumers : 0;
    }
    count = next;
  }
  int64_t fullKey, fullOutput, emptyKey, fullValue, emptyValue;
  int64_t fullQuery, fullDout, emptyQuery, emptyDout;
  int64_t fullItem, emptyItem;
  /// Of the buffers for gradients of scores, and of the warpgroups' sums.
  int64_t fullScores, emptyScores, fullSums, emptySums, count;
};

/// What the main gradient kernel is given, where it has what, and how its work
/// is found.
class BackwardItems : protected KernelBuilder {
protected:
  BackwardItems(mlir::OpBuilder &builder, AttentionBackwardOp op,
                llvm::StringRef name, const BackwardShape &shape);

  /// Arguments of the kernel, in order.
  enum Argument {
    MapQuery,
    MapKey,
    MapValue,
    MapDout,
    MapDkey,
    MapDvalue,
    Dkey,
    Dvalue,
    Lse,
    Delta,
    Dquery,
    Counter,
    Batch,
    QueryLength,
    KeyLength,
    Scale,
    DkeyBatchStride,
    DkeyHeadStride,
    DkeyRowStride,
    DvalueBatchStride,
    DvalueHeadStride,
    DvalueRowStride,
    NumArguments
  };

  /// What is posted with an item, the part of a key tile's work that one query
  /// head has: whether it is the tile's first or last, how many tiles came
  /// before, and for each warpgroup which query tiles none of its keys is seen
  /// by.
  enum Extra { Ends, KeyNumber, Skipped };
  enum { First = 1, Last = 2, Both = First | Last };
  /// Whether an item is the first of its key tile, or the last.
  Value isEnd(const WorkItem &item, int64_t end) {
    Value bit = mlir::arith::AndIOp::create(b, item.extra[Ends], index(end));
    return compare(mlir::arith::CmpIPredicate::ne, bit, index(0));
  }

  /// Finds the items, ahead of everyone else, and posts them; earlier keys
  /// first, which are seen by the most queries. A block's first key tile has
  /// the block's number; the others are fetched when there is room for them, as
  /// some take much longer than others.
  void emitScheduler();

  /// The query tiles of an item that a warpgroup goes through: from `first` to
  /// `last`, without those of which a bit of `skipped` says that none of its
  /// keys is seen by them. Those from `firstFull` on but for the last are not
  /// masked.
  struct SeenTiles {
    Value skipped, first, last, firstFull;
  };
  /// Those of warpgroup `group`. If there are none, it goes through the first
  /// tile.
  SeenTiles seenTiles(const WorkItem &item, Value group);
  /// The tile after the n-th, or after one that is skipped: never two, so that
  /// with three stages a tile is there while the one before is in use.
  Value nextSeen(const SeenTiles &seen, Value n);

  //===--------------------------------------------------------------------===//
  // Shared memory
  //===--------------------------------------------------------------------===//

  Value keyTile(Value stage) {
    return sharedTile(shape.keyTile(), shape.headDim, stage, layout.key);
  }
  /// The chunk of 64 columns of a key tile.
  Value keyChunk(Value stage, Value chunk) {
    Value number = add(mul(stage, index(shape.headDim / 64)), chunk);
    return sharedTile(shape.keyTile(), 64, number, layout.key);
  }
  Value valueTile(Value stage) {
    return sharedTile(shape.keyTile(), shape.valueDim, stage, layout.value);
  }
  Value queryTile(Value stage) {
    return sharedTile(shape.queryTile, shape.headDim, stage, layout.query);
  }
  Value doutTile(Value stage) {
    return sharedTile(shape.queryTile, shape.valueDim, stage, layout.dout);
  }
  Value dscoresTile(Value stage) {
    return sharedTile(shape.keyTile(), shape.queryTile, stage, layout.dscores);
  }
  std::pair<Value, Value> stageOfQuery(Value count) {
    return stageOf(count, shape.queryStages);
  }
  std::pair<Value, Value> stageOfKey(const WorkItem &item) {
    return stageOf(item.extra[KeyNumber], shape.keyStages);
  }
  std::pair<Value, Value> stageOfValue(const WorkItem &item) {
    return stageOf(item.extra[KeyNumber], shape.valueStages);
  }

  AttentionBackwardOp op;
  BackwardShape shape;
  BackwardLayout layout;
  BackwardBarriers numbers;
  HeadStructures heads;
  /// The scale for base-2 logits, and one over that of the caller.
  Value scale2, inverseScale;
  /// Queries of a head that scratch has room for.
  Value paddedRows;

private:
  void declare(llvm::StringRef name);
  void readArguments();
  /// Sets of how many tiles and heads there are items.
  void countItems();
  /// A number of the warp that finds items, from which others are computed anew
  /// rather than kept: where heads share keys, it has too few registers.
  Value again(Value number);
  WorkItem decode(Value number, Value headOfGroup);
  /// The number of the next key tile. To be fetched as late as possible.
  Value fetchNumber();
  /// Posts the only item of a key tile, in `body`. Returns the number of the
  /// next tile, and how many items and key tiles have been posted.
  SmallVector<Value> emitTile(Value number, Value count, Value posted,
                              mlir::Block *body);
  /// Posts the items of a key tile, one for each head of the group that has
  /// work. Returns as emitTile.
  SmallVector<Value> emitGroup(Value number, Value count, Value posted);
  SmallVector<Value> emitGroupInOneLoop(Value number, Value count,
                                        Value posted);
  /// Whether an item is the first or the last of its key tile.
  void setEnds(WorkItem &item, Value firstBit, Value isLast, Value posted);
  /// Writes the gradients of a key tile if no head, `last` being the last one,
  /// has work. Returns as emitTile.
  SmallVector<Value> endGroup(Value number, Value count, Value posted,
                              Value last);
  /// Adds to an item which of its first masked tiles see none of a warpgroup's
  /// keys, a bit each: a word for every two warpgroups.
  void addSkipped(WorkItem &item);
  /// Writes the gradients of keys that no query sees.
  void emitEmptyKeys(const WorkItem &item);

  /// Key tiles of a head, and key heads of all batch elements.
  Value tiles, rowHeads;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDITEMS_H
