//===- KeyTileScheduler.h - The scheduler warp of the key kernel -*- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYTILESCHEDULER_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYTILESCHEDULER_H

#include "SkippedTiles.h"

namespace spattn {

/// What is posted with a work tile of the key kernel, the part of a key tile's
/// work that one query head has: whether it is the tile's first or last, how
/// many key tiles came before, and the words of SkippedTiles.
struct KeyTileExtra {
  enum End { First = 1, Last = 2, Both = First | Last };

  static mlir::Value isEnd(KernelBuilder &b, const WorkTile &tile, End end) {
    mlir::Value bit = mlir::arith::AndIOp::create(b, tile.extra[0], b.i32(end));
    return b.compare(mlir::arith::CmpIPredicate::ne, bit, b.i32(0));
  }
  /// The gradients that a work tile starts with: `none`, or those of the heads
  /// before it.
  static llvm::SmallVector<mlir::Value>
  startWith(KernelBuilder &b, const WorkTile &tile, mlir::ValueRange before,
            llvm::function_ref<llvm::SmallVector<mlir::Value>()> none);
  static mlir::Value keyNumber(const WorkTile &tile) { return tile.extra[1]; }
  static mlir::ValueRange skipped(const WorkTile &tile) {
    return mlir::ValueRange(tile.extra).drop_front(2);
  }
};

/// Finds the work tiles of the key kernel, ahead of all other warps, and posts
/// them; earlier keys first, which are seen by the most queries. They are taken
/// from a counter when there is room for them, as some take much longer than
/// others. A CTA's first one has the CTA's number, unless CTAs wait for others'
/// key tiles to round dQ. Where many keys are seen by no query, CTAs take
/// pairs: a key tile as far from the first as the other one is from the last.
class KeyTileScheduler {
public:
  using Value = mlir::Value;

  KeyTileScheduler(KernelBuilder &b, AttentionBackwardOp op,
                   const BackwardConfig &config, const SequenceInfo &sequence,
                   WorkTileQueue &workTiles, SkippedTiles &skipped,
                   Value counter,
                   std::function<void(const WorkTile &)> emitEmptyKeys)
      : b(b), op(op), config(config), sequence(sequence), workTiles(workTiles),
        skipped(skipped), counter(counter),
        emitEmptyKeys(std::move(emitEmptyKeys)), heads(op.getHeadStructures()) {
  }

  void emit();
  /// Key tiles of a head.
  static Value tilesOfHead(KernelBuilder &b, const BackwardConfig &config,
                           const SequenceInfo &sequence);

private:
  /// How many work tiles and key tiles have been posted.
  struct Progress {
    Value count, posted;
  };

  void emitPairs();
  /// The number of a ticket. A CTA's first number is its own, unless CTAs wait
  /// for others, which may not be running yet: those have no number then.
  Value nextNumber(Value ticket);
  Value firstNumber();
  llvm::SmallVector<Value> takePair(Value isDone, Value pair, Value ticket);
  /// Sets of how many key tiles and heads there are work tiles.
  void countTiles();
  /// The same, and returns the number of key tiles of all heads.
  Value countAll();
  /// A number of the scheduler warp from which others are computed anew rather
  /// than kept: where heads share keys, it has too few registers.
  Value again(Value number);
  /// Heads whose key tiles are under way at once.
  Value countHeadsTogether();
  /// The most of them, by what the L2 cache holds.
  Value limitHeadsTogether();
  WorkTile decode(Value number, Value headOfGroup);
  /// The sequence of tile `slot` of a head of a batch entry.
  SequenceTile locate(Value batch, Value slot);
  /// Posts the work tiles of a key tile, or zero-fills its gradients.
  Progress emitKeyTile(Value number, const Progress &progress);
  /// Posts the only work tile of a key tile.
  Progress emitTile(Value number, const Progress &progress);
  /// Posts the work tiles of a key tile, one for each head of the group that
  /// has work.
  Progress emitGroup(Value number, const Progress &progress);
  Progress emitGroupInOneLoop(Value number, const Progress &progress);
  /// Says whether a work tile is the first or the last of its key tile.
  void setEnds(WorkTile &tile, Value firstBit, Value isLast, Value posted);
  /// Writes dK and dV of a key tile if no head, `last` being the last one, has
  /// work.
  Progress endGroup(Value number, const Progress &progress, Value count,
                    Value last);

  KernelBuilder &b;
  AttentionBackwardOp op;
  const BackwardConfig &config;
  SequenceInfo sequence;
  WorkTileQueue &workTiles;
  SkippedTiles &skipped;
  Value counter;
  std::function<void(const WorkTile &)> emitEmptyKeys;
  HeadStructures heads;
  /// Key tiles of a head, key heads of all batch entries, and how many of these
  /// are together.
  Value tiles, rowHeads, headsTogether;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_KEYTILESCHEDULER_H
