//===- Sequences.cpp - Sequences of batch entries -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/Transforms/Sequences.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace spattn;

using Index = Sequences::Index;

Index Sequences::slots(Side side, int64_t tile) {
  Index spans = ops.add(ops.add(count, count), ops.constant(1));
  return ops.add(ops.ceilDiv(lengthOf(side), tile), spans);
}

IndexOps::Bool Sequences::isOdd(Index number) {
  Index twice = ops.mul(half(number), ops.constant(2));
  return ops.lt(twice, number);
}

Value Sequences::loadEnd(OperandKind kind, Value element, Index s, Index least,
                         Index most) {
  bool isStart =
      kind == OperandKind::QueryStarts || kind == OperandKind::KeyStarts;
  if (!op.getOperandValues()[kind])
    return ops.materialize(isStart ? least : most);
  Index given = ops.wrap(load(kind, element, ops.materialize(s)));
  return ops.materialize(ops.min(ops.max(given, least), most));
}

Sequences::Span
Sequences::findSpan(Side side, Value element,
                    function_ref<IndexOps::Bool(Index, Index)> reached) {
  Index first = ops.constant(0), one = ops.constant(1);
  SmallVector<Value> initial;
  for (Index value :
       {first, ops.add(ops.add(count, count), one), first, lengthOf(side)})
    initial.push_back(ops.materialize(value));
  SmallVector<Type> types(initial.size(), initial.front().getType());
  SmallVector<Location> locs(initial.size(), b.getLoc());
  auto loop = scf::WhileOp::create(b, types, initial);
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, locs);
  auto at = [&](Block *block, unsigned i) {
    return ops.wrap(block->getArgument(i));
  };
  Value more =
      ops.materialize(ops.lt(ops.add(at(before, 0), one), at(before, 1)));
  scf::ConditionOp::create(b, more, before->getArguments());

  Block *after = b.createBlock(&loop.getAfter(), {}, types, locs);
  Index lower = at(after, 0), upper = at(after, 1);
  Index begin = at(after, 2), end = at(after, 3);
  Index middle = half(ops.add(lower, upper));
  Index s = half(ops.sub(middle, one));
  Value isStart = ops.materialize(isOdd(middle));
  auto ifStart = scf::IfOp::create(b, types.front(), isStart,
                                   /*withElseRegion=*/true);
  auto [starts, ends] = endsOf(side);
  for (auto [block, kind] : {std::pair(ifStart.thenBlock(), starts),
                             std::pair(ifStart.elseBlock(), ends)}) {
    b.setInsertionPointToStart(block);
    scf::YieldOp::create(b, loadEnd(kind, element, s, begin, end));
  }
  b.setInsertionPointAfter(ifStart);
  Index found = ops.wrap(ifStart.getResult(0));
  IndexOps::Bool isReached = reached(middle, found);
  SmallVector<Value> next;
  for (auto [then, otherwise] :
       {std::pair(middle, lower), std::pair(upper, middle),
        std::pair(found, begin), std::pair(end, found)})
    next.push_back(ops.materialize(ops.select(isReached, then, otherwise)));
  scf::YieldOp::create(b, next);
  return {ops.wrap(loop.getResult(0)), ops.wrap(loop.getResult(2)),
          ops.wrap(loop.getResult(3))};
}

std::pair<Index, Index> Sequences::loadRows(Side side, Value element, Index s) {
  auto [starts, ends] = endsOf(side);
  Index length = lengthOf(side);
  Index begin = ops.wrap(loadEnd(starts, element, s, ops.constant(0), length));
  Index end = ops.wrap(loadEnd(ends, element, s, begin, length));
  return {begin, ops.sub(end, begin)};
}

Index Sequences::firstSlot(Index first, Index sequence, int64_t tile) {
  Index number = ops.add(ops.add(sequence, sequence), ops.constant(1));
  return ops.add(ops.floorDiv(first, tile), number);
}

SequenceTile Sequences::locate(Side side, Value element, Value slot,
                               int64_t tile) {
  Index number = ops.wrap(slot);
  auto base = [&](Index span, Index begin) {
    return ops.add(ops.floorDiv(begin, tile), span);
  };
  Span span = findSpan(side, element, [&](Index span, Index begin) {
    return ops.le(base(span, begin), number);
  });
  SequenceTile result;
  result.isSequence = isOdd(span.number);
  Value isSequence = ops.materialize(result.isSequence);
  Type type = slot.getType();
  auto other = scf::IfOp::create(b, TypeRange{type, type, type}, isSequence,
                                 /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(other.thenBlock());
    Index s = half(span.number);
    auto [before, rows] = loadRows(
        side == Side::Queries ? Side::Keys : Side::Queries, element, s);
    SmallVector<Value> values{ops.materialize(before)};
    values.push_back(ops.materialize(rows));
    values.push_back(ops.materialize(s));
    scf::YieldOp::create(b, values);
    b.setInsertionPointToStart(other.elseBlock());
    SmallVector<Value> none(3, ops.materialize(ops.constant(0)));
    scf::YieldOp::create(b, none);
  }
  Index otherBefore = ops.wrap(other.getResult(0));
  Index otherRows = ops.wrap(other.getResult(1));
  Index ownRows = ops.sub(span.end, span.begin);
  bool ofQueries = side == Side::Queries;
  result.queriesBefore = ofQueries ? span.begin : otherBefore;
  result.keysBefore = ofQueries ? otherBefore : span.begin;
  result.lengths = {ofQueries ? ownRows : otherRows,
                    ofQueries ? otherRows : ownRows};
  if (op.getBoundLength() == BoundLength::Pack)
    result.lengths.pack = keys;
  result.sequence = ops.wrap(other.getResult(2));
  Index inSpan = ops.sub(number, base(span.number, span.begin));
  result.first = ops.mul(inSpan, ops.constant(tile));
  result.rowsLeft = ops.sub(ownRows, result.first);
  result.scratchRow = ops.mul(number, ops.constant(tile));
  return result;
}

std::pair<Index, Index> Sequences::slotOf(Side side, Value element, Value row,
                                          int64_t tile) {
  Index position = ops.wrap(row);
  Span span = findSpan(side, element, [&](Index, Index begin) {
    return ops.le(begin, position);
  });
  Index inSpan = ops.sub(position, span.begin);
  Index number = ops.floorDiv(inSpan, tile);
  Index slot =
      ops.add(ops.add(ops.floorDiv(span.begin, tile), span.number), number);
  return {slot, ops.sub(inSpan, ops.mul(number, ops.constant(tile)))};
}
