//===- KeyTileScheduler.cpp - The scheduler warp of the key kernel --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyTileScheduler.h"

#include "../Parts/TileLists.h"
#include "../Parts/WorkScheduler.h"

using namespace mlir;
using namespace spattn;

using Index = KernelBuilder::Index;

llvm::SmallVector<Value>
KeyTileExtra::startWith(KernelBuilder &b, const WorkTile &tile,
                        ValueRange before,
                        llvm::function_ref<llvm::SmallVector<Value>()> none) {
  if (before.empty())
    return none();
  Value isFirst = isEnd(b, tile, First);
  auto ifFirst = scf::IfOp::create(b, before.getTypes(), isFirst,
                                   /*withElseRegion=*/true);
  b.in(ifFirst.thenBlock(), [&] { scf::YieldOp::create(b, none()); });
  b.in(ifFirst.elseBlock(), [&] { scf::YieldOp::create(b, before); });
  return llvm::SmallVector<Value>(ifFirst.getResults());
}

Value KeyTileScheduler::tilesOfHead(KernelBuilder &b,
                                    const BackwardConfig &config,
                                    const SequenceInfo &sequence) {
  if (sequence.sequences)
    return sequence.keyTiles(b, config.keyTile());
  return b.ops.materialize(
      b.ops.ceilDiv(b.ops.wrap(sequence.keyLength), config.keyTile()));
}

void KeyTileScheduler::countTiles() {
  SequenceInfo lengths = sequence;
  lengths.keyLength = again(sequence.keyLength);
  tiles = tilesOfHead(b, config, lengths);
  Value keyHeads = b.i32(op.getNumKeyHeads());
  rowHeads = b.mul(again(sequence.batches), keyHeads);
}

Value KeyTileScheduler::countHeadsTogether() {
  Value most = limitHeadsTogether();
  if (!config.inPairs)
    return most;
  // Groups that are counted from either end have to be the same, or pairs are
  // not of opposite heads.
  Value heads = b.mul(sequence.batches, b.i32(op.getNumKeyHeads()));
  return groupHeads(b, heads, [&](Value count) {
    return b.compare(arith::CmpIPredicate::sle, count, most);
  });
}

Value KeyTileScheduler::limitHeadsTogether() {
  Value most = b.i32(config.headsTogether);
  if (config.rowsInL2 == 0)
    return most;
  IndexOps &ops = b.ops;
  Lengths<Index> lengths{ops.wrap(sequence.queryLength),
                         ops.wrap(sequence.keyLength)};
  auto rows = countDistances(ops, heads, lengths, op.getAlignment());
  if (!rows)
    return most;
  Value some = ops.materialize(ops.max(*rows, ops.constant(1)));
  Value room = b.i32(config.rowsInL2), one = b.i32(1);
  Value fitting = arith::DivUIOp::create(b, room, some);
  Value fewer = arith::MinSIOp::create(b, most, fitting);
  return arith::MaxSIOp::create(b, one, fewer);
}

Value KeyTileScheduler::again(Value number) {
  return config.grouped ? spattn_gpu::WarpBroadcastOp::create(b, number)
                        : number;
}

SequenceTile KeyTileScheduler::locate(Value batch, Value slot) {
  IndexOps &ops = b.ops;
  SequenceTile tile = sequence.sequences->locate(Sequences::Side::Keys, batch,
                                                 slot, config.keyTile());
  // What scratch has of its first query.
  Index querySlot = sequence.sequences->firstSlot(
      tile.queriesBefore, tile.sequence, config.queryTile);
  tile.scratchRow = ops.mul(querySlot, ops.constant(config.queryTile));
  return tile;
}

WorkTile KeyTileScheduler::decode(Value number, Value headOfGroup) {
  IndexOps &ops = b.ops;
  WorkTile item;
  Value most = headsTogether;
  Value ofGroup = b.mul(tiles, most);
  Value firstHead = b.mul(arith::DivUIOp::create(b, number, ofGroup), most);
  Value together = arith::MinSIOp::create(b, b.sub(rowHeads, firstHead), most);
  Value inGroup = arith::RemUIOp::create(b, number, ofGroup);
  Value tile = arith::DivUIOp::create(b, inGroup, together);
  const TileLists *lists = workTiles.getLists();
  if (lists)
    tile = takeFromEnds(b, tile, tiles, /*fromEnd=*/false);
  Value rest = b.add(firstHead, arith::RemUIOp::create(b, inGroup, together));
  item.keyHead = arith::DivUIOp::create(b, rest, sequence.batches);
  item.batch = arith::RemUIOp::create(b, rest, sequence.batches);
  item.head = item.keyHead;
  if (config.grouped)
    item.head =
        b.add(b.mul(item.keyHead, b.i32(op.getGroupSize())), headOfGroup);
  Lengths<Index> lengths{ops.wrap(sequence.queryLength),
                         ops.wrap(again(sequence.keyLength))};
  if (sequence.sequences) {
    item.place = locate(item.batch, tile);
    lengths = item.place->lengths;
  }
  item.form =
      normalForm(ops, heads, ops.wrap(item.head), lengths, op.getAlignment());
  item.first = item.place
                   ? item.place->first
                   : ops.mul(ops.wrap(tile), ops.constant(config.keyTile()));
  Index end = ops.add(item.first, ops.constant(config.keyTile()));
  auto ranges = queryTiles(ops, item.form, item.first, end, config.queryTile);
  item.masked = maskedSequence(ops, ranges);
  item.full = fullSequence(ops, ranges);
  item.visited = ops.materialize(ops.add(item.masked.count, item.full.count));
  Index maskedCount = item.masked.count;
  if (lists) {
    auto form = normalForm(ops, op.getTileListMasks(), ops.wrap(item.head),
                           lengths, op.getAlignment());
    auto seen = queryTiles(ops, form, item.first, end, lists->getOtherRows());
    auto taken =
        queryTiles(ops, item.form, item.first, end, lists->getOtherRows());
    lists->add(item, form, seen, taken);
    maskedCount = ops.wrap(item.maskedCount);
  }
  // Keys past the end are zero-filled, and exp2 can overflow on them: every
  // tile of a ragged key tile is masked.
  Index keys =
      item.place ? item.place->lengths.keys : ops.wrap(sequence.keyLength);
  item.maskedCount = ops.materialize(
      ops.select(ops.lt(keys, end), ops.wrap(item.visited), maskedCount));
  return item;
}

Value KeyTileScheduler::countAll() {
  countTiles();
  return b.mul(tiles, rowHeads);
}

void KeyTileScheduler::emit() {
  headsTogether = countHeadsTogether();
  if (config.inPairs)
    return emitPairs();
  llvm::SmallVector<Value> end = b.emitWhile(
      {firstNumber(), b.i32(0), b.i32(0)},
      [&](ValueRange carried) {
        return b.compare(arith::CmpIPredicate::slt, carried[0], countAll());
      },
      [&](ValueRange carried) -> llvm::SmallVector<Value> {
        countTiles();
        Progress next = emitKeyTile(carried[0], {carried[1], carried[2]});
        // As late as possible.
        return {nextNumber(spattn_gpu::AtomicIncOp::create(b, counter)),
                next.count, next.posted};
      });
  workTiles.postEnd(end[1]);
}

Value KeyTileScheduler::nextNumber(Value ticket) {
  Value number = spattn_gpu::WarpBroadcastOp::create(b, ticket);
  return config.roundsDq ? number : b.add(b.ctas, number);
}

Value KeyTileScheduler::firstNumber() {
  return config.roundsDq
             ? nextNumber(spattn_gpu::AtomicIncOp::create(b, counter))
             : b.cta;
}

/// The next pair if the one under way `isDone`, and the ticket for the pair
/// after it: as a ticket has a high latency, it is asked for a pair ahead.
llvm::SmallVector<Value> KeyTileScheduler::takePair(Value isDone, Value pair,
                                                    Value ticket) {
  llvm::SmallVector<Value> same{pair, ticket};
  auto next = scf::IfOp::create(b, ValueRange(same).getTypes(), isDone,
                                /*withElseRegion=*/true);
  b.in(next.thenBlock(), [&] {
    Value taken = nextNumber(ticket);
    Value ahead = spattn_gpu::AtomicIncOp::create(b, counter);
    scf::YieldOp::create(b, ValueRange{taken, ahead});
  });
  b.in(next.elseBlock(), [&] { scf::YieldOp::create(b, same); });
  return llvm::SmallVector<Value>(next.getResults());
}

void KeyTileScheduler::emitPairs() {
  Value zero = b.i32(0);
  Value first = firstNumber();
  Value ticket = spattn_gpu::AtomicIncOp::create(b, counter);
  llvm::SmallVector<Value> end = b.emitWhile(
      {first, ticket, zero, zero, zero},
      [&](ValueRange carried) {
        Value one = b.i32(1);
        Value pairs = arith::ShRUIOp::create(b, b.add(countAll(), one), one);
        return b.compare(arith::CmpIPredicate::slt, carried[0], pairs);
      },
      [&](ValueRange carried) -> llvm::SmallVector<Value> {
        Value pair = carried[0], side = carried[4], one = b.i32(1);
        Value isSecond = b.compare(arith::CmpIPredicate::ne, side, b.i32(0));
        Value other = b.sub(b.sub(countAll(), one), pair);
        Value number = arith::SelectOp::create(b, isSecond, other, pair);
        Progress progress = emitKeyTile(number, {carried[2], carried[3]});
        // The key tile in the middle has no other.
        Value seconds = arith::ShRUIOp::create(b, countAll(), one);
        Value isAlone = b.compare(arith::CmpIPredicate::sge, pair, seconds);
        Value isDone = arith::OrIOp::create(b, isAlone, isSecond);
        llvm::SmallVector<Value> next = takePair(isDone, pair, carried[1]);
        Value isFirst = arith::XOrIOp::create(b, b.asNumber(isDone), one);
        next.append({progress.count, progress.posted, isFirst});
        return next;
      });
  workTiles.postEnd(end[2]);
}

KeyTileScheduler::Progress
KeyTileScheduler::emitKeyTile(Value number, const Progress &progress) {
  return config.grouped ? emitGroup(number, progress)
                        : emitTile(number, progress);
}

KeyTileScheduler::Progress
KeyTileScheduler::emitTile(Value number, const Progress &progress) {
  // There are as many as key tiles that have work.
  Value count = progress.count;
  workTiles.acquireForTables(count);
  WorkTile item = decode(number, b.i32(0));
  item.extra = {b.i32(KeyTileExtra::Both), count};
  llvm::append_range(item.extra, skipped.find(item));
  workTiles.declare(item, count);
  Value any = item.isVisited(b);
  b.when(
      any,
      [&] {
        workTiles.acquireForWords(count);
        workTiles.post(count);
      },
      [&] { emitEmptyKeys(item); });
  Value next = b.add(count, b.asNumber(any));
  return {next, next};
}

KeyTileScheduler::Progress
KeyTileScheduler::emitGroup(Value number, const Progress &progress) {
  if (workTiles.hasTables())
    return emitGroupInOneLoop(number, progress);
  auto [count, posted] = progress;
  Value size = b.i32(op.getGroupSize()), none = b.i32(-1), zero = b.i32(0);
  auto search = scf::ForOp::create(b, zero, size, b.i32(1), none);
  b.in(search.getBody(), [&] {
    Value head = search.getInductionVar();
    Value any = decode(again(number), head).isVisited(b);
    scf::YieldOp::create(b, ValueRange{arith::SelectOp::create(
                                b, any, head, search.getRegionIterArg(0))});
  });
  Value last = search.getResult(0);
  Value isFirst = b.i32(KeyTileExtra::First);
  auto posts =
      scf::ForOp::create(b, zero, size, b.i32(1), ValueRange{count, isFirst});
  b.in(posts.getBody(), [&, posted = posted] {
    Value head = posts.getInductionVar();
    Value own = posts.getRegionIterArg(0);
    Value firstBit = posts.getRegionIterArg(1);
    WorkTile item = decode(number, head);
    Value any = item.isVisited(b);
    setEnds(item, firstBit, b.compare(arith::CmpIPredicate::eq, head, last),
            posted);
    llvm::append_range(item.extra, skipped.find(item));
    workTiles.declare(item, own);
    b.when(any, [&] {
      workTiles.acquire(own);
      workTiles.post(own);
    });
    scf::YieldOp::create(
        b, ValueRange{b.add(own, b.asNumber(any)),
                      arith::SelectOp::create(b, any, zero, firstBit)});
  });
  return endGroup(number, progress, posts.getResult(0), last);
}

/// Heads come twice: first to find the last one that has work, then to be
/// posted. So there is one copy of the code that decodes a work tile, which is
/// long where work tiles have tables.
KeyTileScheduler::Progress
KeyTileScheduler::emitGroupInOneLoop(Value number, const Progress &progress) {
  auto [count, posted] = progress;
  Value size = b.i32(op.getGroupSize()), none = b.i32(-1), zero = b.i32(0);
  Value isFirst = b.i32(KeyTileExtra::First);
  Value step = b.i32(1);
  auto loop = scf::ForOp::create(b, zero, b.i32(2 * op.getGroupSize()), step,
                                 ValueRange{none, count, isFirst});
  b.in(loop.getBody(), [&, posted = posted] {
    Value turn = loop.getInductionVar();
    Value last = loop.getRegionIterArg(0), own = loop.getRegionIterArg(1);
    Value firstBit = loop.getRegionIterArg(2);
    Value isSecond = b.compare(arith::CmpIPredicate::sge, turn, size);
    Value head = arith::SelectOp::create(b, isSecond, b.sub(turn, size), turn);
    workTiles.acquire(own);
    WorkTile item = decode(number, head);
    Value any = item.isVisited(b);
    setEnds(item, firstBit, b.compare(arith::CmpIPredicate::eq, head, last),
            posted);
    workTiles.declare(item, own);
    Value isPosted = arith::AndIOp::create(b, any, isSecond);
    b.when(isPosted, [&] { workTiles.post(own); });
    Value isFound =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, any, isSecond);
    scf::YieldOp::create(
        b, ValueRange{arith::SelectOp::create(b, isFound, head, last),
                      b.add(own, b.asNumber(isPosted)),
                      arith::SelectOp::create(b, isPosted, zero, firstBit)});
  });
  return endGroup(number, progress, loop.getResult(1), loop.getResult(0));
}

void KeyTileScheduler::setEnds(WorkTile &item, Value firstBit, Value isLast,
                               Value posted) {
  Value zero = b.i32(0);
  Value lastBit =
      arith::SelectOp::create(b, isLast, b.i32(KeyTileExtra::Last), zero);
  item.extra = {arith::OrIOp::create(b, firstBit, lastBit), posted};
}

KeyTileScheduler::Progress KeyTileScheduler::endGroup(Value number,
                                                      const Progress &progress,
                                                      Value count, Value last) {
  Value zero = b.i32(0);
  Value isEmpty = b.compare(arith::CmpIPredicate::slt, last, zero);
  Value any = b.compare(arith::CmpIPredicate::sge, last, zero);
  b.when(isEmpty, [&] { emitEmptyKeys(decode(number, zero)); });
  return {count, b.add(progress.posted, b.asNumber(any))};
}
