//===- BackwardItems.cpp - Work of the main gradient kernel ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BackwardItems.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

/// Heads whose key tiles are under way at once. With few, what they read and
/// add to stays in the L2 cache, where there is room for more without sums;
/// with one, measured, all wait for the same.
static int64_t headsTogether(const BackwardShape &shape) {
  return shape.deterministic ? 16 : 8;
}

/// Masked tiles of which an item says whether a warpgroup needs them.
static constexpr int64_t kTilesWithBit = 16;

BackwardLayout::BackwardLayout(const BackwardShape &shape) {
  int64_t next = 0;
  auto take = [&](int64_t &offset, int64_t bytes) {
    offset = next;
    next += bytes;
  };
  take(key, shape.keyStages * shape.keyTile() * shape.headDim * 2);
  take(value, shape.valueStages * shape.keyTile() * shape.valueDim * 2);
  take(query, shape.queryStages * shape.queryTile * shape.headDim * 2);
  take(dout, shape.queryStages * shape.queryTile * shape.valueDim * 2);
  take(dscores, shape.deterministic
                    ? 0
                    : kScoreBuffers * shape.keyTile() * shape.queryTile * 2);
  take(sums, shape.sumsAreStaged() ? shape.consumers * kSumsBytes : 0);
  take(lse, shape.queryStages * shape.queryTile * 4);
  take(delta, shape.queryStages * shape.queryTile * 4);
  take(barriers, llvm::alignTo(8 * BackwardBarriers(shape).count, 16));
  take(items, shape.itemStages * shape.item.bytes());
  total = next;
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

BackwardItems::BackwardItems(OpBuilder &builder, AttentionBackwardOp op,
                             StringRef name, const BackwardShape &shape)
    : KernelBuilder(builder, op.getLoc(),
                    cast<ShapedType>(op.getQuery().getType()).getElementType()),
      op(op), shape(shape), layout(shape), numbers(shape),
      heads(op.getHeadStructures()) {
  barrierOffset = layout.barriers;
  queue = {shape.itemStages, layout.items, numbers.fullItem, numbers.emptyItem,
           shape.item};
  declare(name);
  readArguments();
}

void BackwardItems::declare(StringRef name) {
  begin(name, argumentTypes(/*pointers=*/Batch, NumArguments), /*maps=*/Dkey,
        shape.threads(), shape.blocks);
  allocate({layout.key, layout.value, layout.query, layout.dout, layout.dscores,
            layout.sums, layout.lse, layout.delta, layout.barriers,
            layout.items},
           /*words=*/layout.sums, layout.total);
}

void BackwardItems::readArguments() {
  for (int i = DkeyBatchStride; i < NumArguments; ++i)
    args[i] = asIndex(args[i]);
  // Base-2 logits.
  scale2 = arith::MulFOp::create(b, args[Scale], f32(kLog2E));
  inverseScale = arith::DivFOp::create(b, f32(1), args[Scale]);
  paddedRows = ops.materialize(
      ops.mul(ops.ceilDiv(ops.wrap(args[QueryLength]), shape.queryTile),
              ops.constant(shape.queryTile)));
}

void BackwardItems::countItems() {
  tiles = ops.materialize(
      ops.ceilDiv(ops.wrap(again(args[KeyLength])), shape.keyTile()));
  rowHeads = mul(again(args[Batch]), index(op.getNumKeyHeads()));
}

Value BackwardItems::again(Value number) {
  return shape.grouped ? spattn_gpu::WarpBroadcastOp::create(b, number)
                       : number;
}

//===----------------------------------------------------------------------===//
// Finding items
//===----------------------------------------------------------------------===//

WorkItem BackwardItems::decode(Value number, Value headOfGroup) {
  WorkItem item;
  Value most = index(headsTogether(shape));
  Value ofGroup = mul(tiles, most);
  Value firstHead = mul(arith::DivUIOp::create(b, number, ofGroup), most);
  Value together = arith::MinSIOp::create(b, sub(rowHeads, firstHead), most);
  Value inGroup = arith::RemUIOp::create(b, number, ofGroup);
  Value tile = arith::DivUIOp::create(b, inGroup, together);
  Value rest = add(firstHead, arith::RemUIOp::create(b, inGroup, together));
  item.keyHead = arith::DivUIOp::create(b, rest, args[Batch]);
  item.batch = arith::RemUIOp::create(b, rest, args[Batch]);
  item.head = item.keyHead;
  if (shape.grouped)
    item.head = add(mul(item.keyHead, index(op.getGroupSize())), headOfGroup);
  Lengths<Index> lengths{ops.wrap(args[QueryLength]),
                         ops.wrap(again(args[KeyLength]))};
  item.form = normalForm(ops, heads, ops.wrap(item.head), lengths,
                         op.getAlgebraAlignment());
  item.first = ops.mul(ops.wrap(tile), ops.constant(shape.keyTile()));
  Index end = ops.add(item.first, ops.constant(shape.keyTile()));
  auto ranges = queryTiles(ops, item.form, item.first, end, shape.queryTile);
  item.masked = maskedSequence(ops, ranges);
  item.full = fullSequence(ops, ranges);
  item.visited = ops.materialize(ops.add(item.masked.count, item.full.count));
  // Keys past the end are zeros, whose probabilities may overflow: there
  // every tile is masked.
  item.maskedCount =
      ops.materialize(ops.select(ops.lt(ops.wrap(args[KeyLength]), end),
                                 ops.wrap(item.visited), item.masked.count));
  return item;
}

void BackwardItems::emitScheduler() {
  SmallVector<Value> end = emitWhile(
      {block, index(0), index(0)},
      [&](ValueRange carried) {
        countItems();
        return compare(arith::CmpIPredicate::slt, carried[0],
                       mul(tiles, rowHeads));
      },
      [&](ValueRange carried, Block *body) -> SmallVector<Value> {
        countItems();
        return shape.grouped
                   ? emitGroup(carried[0], carried[1], carried[2])
                   : emitTile(carried[0], carried[1], carried[2], body);
      });
  postEnd(end[1]);
}

Value BackwardItems::fetchNumber() {
  Value ticket = spattn_gpu::AtomicIncOp::create(b, args[Counter]);
  return add(blocks, spattn_gpu::WarpBroadcastOp::create(b, ticket));
}

SmallVector<Value> BackwardItems::emitTile(Value number, Value count,
                                           Value posted, Block *body) {
  awaitRoomForTables(count);
  WorkItem item = decode(number, index(0));
  Value any = isVisited(item), one = asNumber(any);
  // A value of this block, so that it is posted.
  item.extra = {mul(one, index(Both)), add(posted, index(0))};
  addSkipped(item);
  setPosted(item, body, count);
  auto ifAny = scf::IfOp::create(b, any, /*withElseRegion=*/true);
  in(ifAny.thenBlock(), [&] {
    awaitRoomForNumbers(count);
    post(count, words.getArrayRef());
  });
  in(ifAny.elseBlock(), [&] { emitEmptyKeys(item); });
  return {fetchNumber(), add(count, one), add(posted, one)};
}

SmallVector<Value> BackwardItems::emitGroup(Value number, Value count,
                                            Value posted) {
  if (queue.layout.hasTables())
    return emitGroupInOneLoop(number, count, posted);
  Value size = index(op.getGroupSize()), none = index(-1), zero = index(0);
  auto search = scf::ForOp::create(b, zero, size, index(1), none);
  in(search.getBody(), [&] {
    Value head = search.getInductionVar();
    Value any = isVisited(decode(again(number), head));
    scf::YieldOp::create(b, ValueRange{arith::SelectOp::create(
                                b, any, head, search.getRegionIterArg(0))});
  });
  Value last = search.getResult(0);
  auto posts = scf::ForOp::create(b, zero, size, index(1),
                                  ValueRange{count, index(First)});
  in(posts.getBody(), [&] {
    Value head = posts.getInductionVar();
    Value own = posts.getRegionIterArg(0);
    Value firstBit = posts.getRegionIterArg(1);
    WorkItem item = decode(number, head);
    Value any = isVisited(item);
    setEnds(item, firstBit, compare(arith::CmpIPredicate::eq, head, last),
            posted);
    addSkipped(item);
    setPosted(item, posts.getBody(), own);
    when(any, [&] {
      awaitRoom(own);
      post(own, words.getArrayRef());
    });
    scf::YieldOp::create(
        b, ValueRange{add(own, asNumber(any)),
                      arith::SelectOp::create(b, any, zero, firstBit)});
  });
  return endGroup(number, posts.getResult(0), posted, last);
}

/// Heads come twice: first to find the last one that has work, then to be
/// posted. So there is one copy of the code that decodes an item, which is long
/// where items have tables.
SmallVector<Value> BackwardItems::emitGroupInOneLoop(Value number, Value count,
                                                     Value posted) {
  Value size = index(op.getGroupSize()), none = index(-1), zero = index(0);
  auto loop =
      scf::ForOp::create(b, zero, index(2 * op.getGroupSize()), index(1),
                         ValueRange{none, count, index(First)});
  in(loop.getBody(), [&] {
    Value turn = loop.getInductionVar();
    Value last = loop.getRegionIterArg(0), own = loop.getRegionIterArg(1);
    Value firstBit = loop.getRegionIterArg(2);
    Value isSecond = compare(arith::CmpIPredicate::sge, turn, size);
    Value head = arith::SelectOp::create(b, isSecond, sub(turn, size), turn);
    awaitRoom(own);
    WorkItem item = decode(number, head);
    Value any = isVisited(item);
    setEnds(item, firstBit, compare(arith::CmpIPredicate::eq, head, last),
            posted);
    setPosted(item, loop.getBody(), own);
    Value isPosted = arith::AndIOp::create(b, any, isSecond);
    when(isPosted, [&] { post(own, words.getArrayRef()); });
    Value isFound =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, any, isSecond);
    scf::YieldOp::create(
        b, ValueRange{arith::SelectOp::create(b, isFound, head, last),
                      add(own, asNumber(isPosted)),
                      arith::SelectOp::create(b, isPosted, zero, firstBit)});
  });
  return endGroup(number, loop.getResult(1), posted, loop.getResult(0));
}

void BackwardItems::setEnds(WorkItem &item, Value firstBit, Value isLast,
                            Value posted) {
  Value zero = index(0);
  Value lastBit = arith::SelectOp::create(b, isLast, index(Last), zero);
  // A value of this block, so that it is posted.
  item.extra = {arith::OrIOp::create(b, firstBit, lastBit), add(posted, zero)};
}

SmallVector<Value> BackwardItems::endGroup(Value number, Value count,
                                           Value posted, Value last) {
  Value zero = index(0);
  Value isEmpty = compare(arith::CmpIPredicate::slt, last, zero);
  Value any = compare(arith::CmpIPredicate::sge, last, zero);
  when(isEmpty, [&] { emitEmptyKeys(decode(number, zero)); });
  return {fetchNumber(), count, add(posted, asNumber(any))};
}

void BackwardItems::addSkipped(WorkItem &item) {
  if (!shape.skipsTiles())
    return;
  Value own = lane();
  Value half = arith::DivUIOp::create(b, own, index(kTilesWithBit));
  Index number = ops.wrap(arith::RemUIOp::create(b, own, index(kTilesWithBit)));
  Index tile = item.masked.nth(ops, number);
  Value all = index(-1);
  for (int64_t group = 0; group < shape.consumers; group += 2) {
    Index rows =
        ops.mul(ops.wrap(add(half, index(group))), ops.constant(kRowsOfGroup));
    Index begin = ops.add(item.first, rows);
    Index end = ops.add(begin, ops.constant(kRowsOfGroup));
    IndexOps::Bool isSeen = ops.constantBool(false);
    for (const auto &range :
         queryTiles(ops, item.form, begin, end, shape.queryTile))
      isSeen = ops.orB(
          isSeen, ops.andB(ops.le(range.begin, tile), ops.lt(tile, range.end)));
    IndexOps::Bool isSkipped =
        ops.andB(ops.notB(isSeen), ops.lt(number, item.masked.count));
    item.extra.push_back(NVVM::VoteSyncOp::create(b, b.getI32Type(), all,
                                                  ops.materialize(isSkipped),
                                                  NVVM::VoteSyncKind::ballot));
  }
}

BackwardItems::SeenTiles BackwardItems::seenTiles(const WorkItem &item,
                                                  Value group) {
  Value last = sub(item.visited, index(1));
  SeenTiles result{Value(), index(0), last,
                   arith::MinSIOp::create(b, item.maskedCount, last)};
  ValueRange words = ValueRange(item.extra).drop_front(Skipped);
  if (words.empty())
    return result;
  Value word = words[0];
  for (size_t i = 1; i < words.size(); ++i)
    word = arith::SelectOp::create(
        b, compare(arith::CmpIPredicate::sge, group, index(2 * i)), words[i],
        word);
  Value half =
      mul(arith::AndIOp::create(b, group, index(1)), index(kTilesWithBit));
  Value every = index((int64_t(1) << kTilesWithBit) - 1);
  result.skipped =
      arith::AndIOp::create(b, every, arith::ShRUIOp::create(b, word, half));
  Value most = index(kTilesWithBit);
  Value seen = arith::XOrIOp::create(b, result.skipped, every);
  // The last one of those with a bit, unless there are more.
  Value withBit = arith::MinSIOp::create(b, item.visited, most);
  Value exist = arith::AndIOp::create(
      b, seen, arith::ShRUIOp::create(b, every, sub(most, withBit)));
  Value lastSeen = arith::MaxSIOp::create(
      b, sub(index(31), math::CountLeadingZerosOp::create(b, exist)), index(0));
  Value hasMore = compare(arith::CmpIPredicate::sgt, item.visited, most);
  result.last = arith::SelectOp::create(b, hasMore, result.last, lastSeen);
  Value firstSeen = math::CountTrailingZerosOp::create(
      b, arith::OrIOp::create(b, seen, index(int64_t(1) << kTilesWithBit)));
  result.first = arith::MinSIOp::create(b, firstSeen, result.last);
  result.firstFull = arith::MinSIOp::create(b, item.maskedCount, result.last);
  return result;
}

Value BackwardItems::nextSeen(const SeenTiles &seen, Value n) {
  Value one = index(1), after = add(n, one);
  if (!seen.skipped)
    return after;
  Value bit = arith::ShRUIOp::create(
      b, seen.skipped, arith::MinSIOp::create(b, after, index(31)));
  return add(after, arith::AndIOp::create(b, bit, one));
}

void BackwardItems::emitEmptyKeys(const WorkItem &item) {
  Value first = ops.materialize(item.first);
  Value rest = sub(args[KeyLength], first);
  Value count =
      asIndex(arith::MinSIOp::create(b, rest, index(shape.keyTile())));
  Value zero = arith::ConstantOp::create(b, b.getFloatAttr(element, 0.0));
  for (bool ofValue : {false, true}) {
    int stride = ofValue ? DvalueBatchStride : DkeyBatchStride;
    Value target = rowPointer(ofValue ? Dvalue : Dkey, stride, item.batch,
                              item.keyHead, first, element);
    spattn_gpu::StoreFillOp::create(b, zero, target, args[stride + 2], count,
                                    ofValue ? op.getValueDim()
                                            : op.getHeadDim());
  }
}
