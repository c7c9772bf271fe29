//===- WorkScheduler.cpp - Which work tile a CTA does next ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WorkScheduler.h"

#include "spattn/Conversion/SpattnToSpattnGPU/KernelPlan.h"

using namespace mlir;
using namespace spattn;

using Index = KernelBuilder::Index;

//===----------------------------------------------------------------------===//
// Schedulers
//===----------------------------------------------------------------------===//

Value spattn::groupHeads(KernelBuilder &b, Value heads,
                         function_ref<Value(Value)> fits) {
  llvm::SmallVector<Value> end = b.emitWhile(
      {b.i32(1)},
      [&](ValueRange carried) -> Value {
        Value next = b.add(carried[0], carried[0]);
        Value isAllowed = fits(next);
        Value rest = arith::AndIOp::create(b, heads, b.sub(next, b.i32(1)));
        return arith::AndIOp::create(
            b, isAllowed, b.compare(arith::CmpIPredicate::eq, rest, b.i32(0)));
      },
      [&](ValueRange carried) -> llvm::SmallVector<Value> {
        return {b.add(carried[0], carried[0])};
      });
  return end[0];
}

Value spattn::takeNumber(KernelBuilder &b, Value counter) {
  Value ticket = spattn_gpu::AtomicIncOp::create(b, counter);
  return b.add(b.ctas, spattn_gpu::WarpBroadcastOp::create(b, ticket));
}

/// Work tiles are dealt to CTAs in rounds, of a pair for each CTA: one as far
/// from the last as the other one is from the first. Where many rows see no
/// key, those are the first of many heads, and the last of others have as much
/// more to do: pairs are alike, and rows without keys are written beside the
/// other work instead of after it. Some are not, and a CTA's place in a round
/// moves on by a part of it that rounds and groups of heads hardly have in
/// common, or some CTAs would be dealt all of those.
void WorkScheduler::emitStatic(const ScheduledWork &work) {
  Value zero = b.i32(0);
  Pairs pairs = getPairs(work);
  // The golden section.
  Value whole = b.i32(256);
  Value move = arith::DivUIOp::create(b, b.mul(b.ctas, b.i32(98)), whole);
  llvm::SmallVector<Value> end = b.emitWhile(
      {zero, zero, b.cta, zero},
      [&](ValueRange carried) {
        return b.compare(arith::CmpIPredicate::slt, carried[1], pairs.count);
      },
      [&](ValueRange carried) -> llvm::SmallVector<Value> {
        Value count = carried[0], round = carried[1], place = carried[2],
              side = carried[3];
        queue.acquireForTables(count);
        Value pair = b.add(round, place);
        Value isSecond = b.compare(arith::CmpIPredicate::ne, side, zero);
        Value next = emitOfPair(work, pairs, pair, isSecond, count,
                                [&] { queue.acquireForWords(count); });
        auto onSecond = [&](Value then, Value otherwise) -> Value {
          return arith::SelectOp::create(b, isSecond, then, otherwise);
        };
        Value moved = arith::RemUIOp::create(b, b.add(place, move), b.ctas);
        return {next, onSecond(b.add(round, b.ctas), round),
                onSecond(moved, place),
                arith::XOrIOp::create(b, side, b.i32(1))};
      });
  queue.postEnd(end[0]);
}

WorkScheduler::Pairs WorkScheduler::getPairs(const ScheduledWork &work) {
  Pairs pairs;
  pairs.last = b.sub(work.count, b.i32(1));
  pairs.seconds = arith::DivUIOp::create(b, work.count, b.i32(2));
  pairs.count = b.sub(work.count, pairs.seconds);
  return pairs;
}

Value WorkScheduler::emitOfPair(const ScheduledWork &work, const Pairs &pairs,
                                Value pair, Value isSecond, Value count,
                                function_ref<void()> acquire) {
  Value zero = b.i32(0);
  Value number =
      arith::SelectOp::create(b, isSecond, pair, b.sub(pairs.last, pair));
  queue.declare(work.decode(number), count);
  const WorkTile &tile = queue.declared();
  // The last round may be a part of one, and the work tile in the middle has
  // no other.
  Value exists = b.compare(
      arith::CmpIPredicate::slt, pair,
      arith::SelectOp::create(b, isSecond, pairs.seconds, pairs.count));
  auto existsAnd = [&](arith::CmpIPredicate predicate) -> Value {
    return arith::AndIOp::create(b, exists,
                                 b.compare(predicate, tile.visited, zero));
  };
  Value any = existsAnd(arith::CmpIPredicate::sgt);
  Value isEmpty = existsAnd(arith::CmpIPredicate::sle);
  b.when(any, [&] {
    acquire();
    queue.post(count);
  });
  b.when(isEmpty, [&] { work.emitEmpty(tile); });
  return b.add(count, b.asNumber(any));
}

/// A CTA's first work tile is as far from the last as the CTA's number; the
/// others are taken when there is room for them, as some take much longer than
/// others. Each is asked for a work tile ahead, since that has a high latency.
void WorkScheduler::emitDynamic(const ScheduledWork &work, Value counter) {
  Value ticket = spattn_gpu::AtomicIncOp::create(b, counter);
  Value first = b.sub(b.sub(work.count, b.i32(1)), b.cta);
  Value rest = b.sub(b.sub(work.count, b.i32(1)), b.ctas);
  llvm::SmallVector<Value> end = b.emitWhile(
      {b.i32(0), first, ticket},
      [&](ValueRange carried) {
        return b.compare(arith::CmpIPredicate::sge, carried[1], b.i32(0));
      },
      [&](ValueRange carried) -> llvm::SmallVector<Value> {
        Value count = carried[0];
        queue.acquire(count);
        queue.declare(work.decode(carried[1]), count);
        const WorkTile &tile = queue.declared();
        Value any = tile.isVisited(b);
        b.when(any, [&] { queue.post(count); }, [&] { work.emitEmpty(tile); });
        Value number =
            b.sub(rest, spattn_gpu::WarpBroadcastOp::create(b, carried[2]));
        Value next = spattn_gpu::AtomicIncOp::create(b, counter);
        return {b.add(count, b.asNumber(any)), number, next};
      });
  queue.postEnd(end[0]);
}

/// A pair is taken as soon as both work tiles of the one before are posted or
/// written, and its first is decoded before there is room for it: work tiles
/// may be so short that otherwise their queries come late.
void WorkScheduler::emitDynamicPairs(const ScheduledWork &work, Value counter) {
  Value zero = b.i32(0);
  Pairs pairs = getPairs(work);
  llvm::SmallVector<Value> end = b.emitWhile(
      {zero, b.cta, zero},
      [&](ValueRange carried) {
        return b.compare(arith::CmpIPredicate::slt, carried[1], pairs.count);
      },
      [&](ValueRange carried) -> llvm::SmallVector<Value> {
        Value count = carried[0], pair = carried[1], side = carried[2];
        queue.acquireForTables(count);
        Value isSecond = b.compare(arith::CmpIPredicate::ne, side, zero);
        Value next = emitOfPair(work, pairs, pair, isSecond, count,
                                [&] { queue.acquireForWords(count); });
        auto taken = scf::IfOp::create(b, TypeRange{pair.getType()}, isSecond,
                                       /*withElseRegion=*/true);
        b.in(taken.thenBlock(),
             [&] { scf::YieldOp::create(b, takeNumber(b, counter)); });
        b.in(taken.elseBlock(), [&] { scf::YieldOp::create(b, pair); });
        return {next, taken.getResult(0),
                arith::XOrIOp::create(b, side, b.i32(1))};
      });
  queue.postEnd(end[0]);
}

//===----------------------------------------------------------------------===//
// Tiles of queries
//===----------------------------------------------------------------------===//

RowTiles::RowTiles(KernelBuilder &b, AttentionOpInterface op,
                   const SequenceInfo &sequence, Value tileRows,
                   const RowTileShape &shape)
    : b(b), op(op), heads(op.getHeadStructures()), sequence(sequence),
      tileRows(tileRows),
      rowHeads(b.mul(sequence.batches,
                     b.i32(op.getNumQueryHeads() / shape.layout.heads))),
      groupedHeads(rowHeads), shape(shape) {}

void RowTiles::groupHeads(int64_t bytes) {
  int64_t most =
      bytes / getKeyBytes(op) * op.getGroupSize() / shape.layout.heads;
  groupedHeads = spattn::groupHeads(b, rowHeads, [&](Value count) {
    Value limit = b.i32(most);
    return b.compare(arith::CmpIPredicate::ule,
                     b.mul(count, sequence.keyLength), limit);
  });
}

Value RowTiles::count() {
  Value tiles = b.mul(tileRows, rowHeads);
  return parts ? b.mul(tiles, parts->count()) : tiles;
}

std::pair<Value, Value> RowTiles::locate(Value number) {
  Value inGroup = number, before = b.i32(0);
  if (groupedHeads != rowHeads) {
    Value groupTiles = b.mul(tileRows, groupedHeads);
    Value group = arith::DivUIOp::create(b, number, groupTiles);
    inGroup = arith::RemUIOp::create(b, number, groupTiles);
    before = b.mul(group, groupedHeads);
  }
  Value tile = arith::DivUIOp::create(b, inGroup, groupedHeads);
  if (lists) {
    Value rank = b.sub(b.sub(tileRows, b.i32(1)), tile);
    tile = takeFromEnds(b, rank, tileRows, /*fromEnd=*/true);
  }
  // Heads ascend as rows descend. The other way round, where later heads see
  // later rows only, some CTAs would be dealt nothing but empty work tiles.
  Value fromEnd = arith::RemUIOp::create(b, inGroup, groupedHeads);
  return {tile, b.add(before, b.sub(b.sub(groupedHeads, b.i32(1)), fromEnd))};
}

SequenceTile RowTiles::locate(Value batch, Value place) {
  Value slot = place, inSlot = b.i32(0);
  if (shape.slotTile != shape.queryTile) {
    Value tiles = b.i32(shape.slotTile / shape.queryTile);
    slot = arith::DivUIOp::create(b, place, tiles);
    inSlot = arith::RemUIOp::create(b, place, tiles);
  }
  SequenceTile tile = sequence.sequences->locate(Sequences::Side::Queries,
                                                 batch, slot, shape.slotTile);
  Index rows = b.ops.mul(b.ops.wrap(inSlot), b.ops.constant(shape.queryTile));
  tile.first = b.ops.add(tile.first, rows);
  tile.rowsLeft = b.ops.sub(tile.rowsLeft, rows);
  tile.scratchRow = b.ops.add(tile.scratchRow, rows);
  return tile;
}

WorkTile RowTiles::decode(Value number) {
  IndexOps &ops = b.ops;
  WorkTile tile;
  Value part;
  // Parts of a walk follow each other, so that CTAs find those that are empty
  // between others, while they compute.
  if (parts) {
    part = arith::RemUIOp::create(b, number, parts->count());
    number = arith::DivUIOp::create(b, number, parts->count());
  }
  auto [place, rest] = locate(number);
  tile.head = arith::DivUIOp::create(b, rest, sequence.batches);
  tile.batch = arith::RemUIOp::create(b, rest, sequence.batches);
  tile.head = shape.layout.rowsOf(b, tile.head);
  tile.keyHead = tile.head;
  if (op.getGroupSize() > 1)
    tile.keyHead =
        arith::DivUIOp::create(b, tile.head, b.i32(op.getGroupSize()));
  Lengths<Index> lengths = sequence.lengths(b);
  if (sequence.sequences) {
    tile.place = locate(tile.batch, place);
    lengths = tile.place->lengths;
  }
  tile.form =
      normalForm(ops, heads, ops.wrap(tile.head), lengths, op.getAlignment());
  tile.first = tile.place
                   ? tile.place->first
                   : ops.mul(ops.wrap(place), ops.constant(shape.queryTile));
  Index end = ops.add(tile.first, ops.constant(shape.queryTile));
  if (shape.fromFirstKey)
    tile.origin = firstKey(ops, tile.form, tile.first, end);
  auto ranges = keyTiles(ops, tile.form, tile.first, end, shape.keyTile,
                         tile.origin ? *tile.origin : ops.constant(0));
  tile.masked = maskedSequence(ops, ranges);
  tile.full = fullSequence(ops, ranges);
  tile.maskedCount = ops.materialize(tile.masked.count);
  tile.visited = ops.materialize(ops.add(tile.masked.count, tile.full.count));
  if (lists) {
    auto form = normalForm(ops, op.getTileListMasks(), ops.wrap(tile.head),
                           lengths, op.getAlignment());
    auto seen = keyTiles(ops, form, tile.first, end, lists->getOtherRows());
    auto taken =
        keyTiles(ops, tile.form, tile.first, end, lists->getOtherRows());
    lists->add(tile, form, seen, taken);
  }
  if (parts)
    parts->take(b, tile, part);
  return tile;
}
