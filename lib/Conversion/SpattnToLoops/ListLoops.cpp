//===- ListLoops.cpp - Loops over listed tiles ----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lists have been checked where the JIT calls the code; whoever else does may
// pass any, of which no row outside of the operands is ever read.
//
//===----------------------------------------------------------------------===//

#include "TileLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace spattn;

using Index = TileLoops::Index;

std::optional<NormalForm<Index>> TileLoops::emitListForm(Value head) {
  if (!op.hasTileLists())
    return std::nullopt;
  Lengths<Index> lengths{ops.wrap(queries), ops.wrap(keys)};
  return normalForm(ops, op.getTileListMasks(), ops.wrap(head), lengths,
                    op.getAlignment());
}

Value TileLoops::loadOfList(OperandKind kind, Value element, Value head,
                            Index row, Value entry) {
  const OperandInfo &info = getOperandInfo(kind);
  // Lists may be of several heads, or of all batch elements.
  int64_t heads = op.getExtentSize(Extent::ListHeads);
  Index group = ops.floorDiv(ops.wrap(head), op.getNumQueryHeads() / heads);
  if (op.getExtentSize(Extent::ListBatch) == 1)
    element = index(0);
  SmallVector<Value> indices(info.getRank());
  indices[op.getDim(info, Dim::Batch)] = element;
  indices[op.getDim(info, Dim::Head)] = ops.materialize(group);
  indices[op.getDim(info, Dim::Length)] = ops.materialize(row);
  if (entry)
    indices[op.getDim(info, Dim::Width)] = entry;
  Value number =
      memref::LoadOp::create(b, op.getOperandValues()[kind], indices);
  return arith::IndexCastOp::create(b, b.getIndexType(), number);
}

Index TileLoops::listCount(Value element, Value head, Index row) {
  Index count =
      ops.wrap(loadOfList(OperandKind::TileCounts, element, head, row));
  Value indices = op.getOperandValues()[OperandKind::TileIndices];
  Index room = ops.wrap(sizeOf(indices, Dim::Width));
  return ops.min(ops.max(count, ops.constant(0)), room);
}

Index TileLoops::countVisited(Value element, const QueryRow &row) {
  Index visited = visitedTiles(ops, row.visited.ranges);
  if (!row.visited.listForm)
    return visited;
  Index list =
      ops.floorDiv(row.firstQuery, op.getTileListsAttr().getQueryTile());
  return ops.add(visited, listCount(element, row.head, list));
}

void TileLoops::emitIf(IndexOps::Bool condition, function_ref<void()> then,
                       function_ref<void()> otherwise) {
  if (std::optional<bool> known = ops.known(condition)) {
    if (*known)
      then();
    else if (otherwise)
      otherwise();
    return;
  }
  auto ifOp = scf::IfOp::create(b, ops.materialize(condition),
                                /*withElseRegion=*/bool(otherwise));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifOp.thenBlock());
  then();
  if (!otherwise)
    return;
  b.setInsertionPointToStart(ifOp.elseBlock());
  otherwise();
}

void TileLoops::emitListedTile(const VisitedTiles &visited, Index tile,
                               TileBody body) {
  auto isIn = [&](Index begin, Index end) {
    IndexOps::Bool isBeforeEnd = ops.lt(tile, end);
    return ops.andB(ops.le(begin, tile), isBeforeEnd);
  };
  IndexOps::Bool isSeen = ops.constantBool(false), isFull = isSeen,
                 isInStructure = isSeen;
  for (const TileRange<Index> &range : visited.listRanges) {
    isSeen = ops.orB(isSeen, isIn(range.begin, range.end));
    isFull = ops.orB(isFull, isIn(range.fullBegin, range.fullEnd));
  }
  for (const TileRange<Index> &range : visited.ranges)
    isInStructure = ops.orB(isInStructure, isIn(range.begin, range.end));
  emitIf(isSeen, [&] {
    emitIf(
        ops.andB(isFull, ops.notB(isInStructure)),
        [&] { body(tile, TileKind::Full); },
        [&] { body(tile, TileKind::Listed); });
  });
}

void TileLoops::emitTiles(const QueryRow &row, Value element, TileBody body) {
  emitTiles(row.visited.ranges, body);
  if (!row.visited.listForm)
    return;
  TileListsAttr lists = op.getTileListsAttr();
  Index list = ops.floorDiv(row.firstQuery, lists.getQueryTile());
  int64_t parts = lists.getKeyTile() / keyTile;
  Index tiles = ops.ceilDiv(ops.wrap(keys), lists.getKeyTile());
  emitLoop(listCount(element, row.head, list), [&](Index n) {
    Value entry = ops.materialize(n);
    Index listed = ops.wrap(
        loadOfList(OperandKind::TileIndices, element, row.head, list, entry));
    IndexOps::Bool isBeforeEnd = ops.lt(listed, tiles);
    emitIf(ops.andB(ops.le(ops.constant(0), listed), isBeforeEnd), [&] {
      Index first = ops.mul(listed, ops.constant(parts));
      emitLoop(ops.constant(parts), [&](Index part) {
        emitListedTile(row.visited, ops.add(first, part), body);
      });
    });
  });
}

IndexOps::Bool TileLoops::isListed(Value element, Value head, Index row,
                                   Index tile) {
  Value no = arith::ConstantOp::create(b, b.getBoolAttr(false));
  Value step = index(1), first = index(0);
  Value count = ops.materialize(listCount(element, head, row));
  auto loop = scf::ForOp::create(b, first, count, step, ValueRange{no});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value own = loadOfList(OperandKind::TileIndices, element, head, row,
                         loop.getInductionVar());
  Value isOwn = ops.materialize(ops.eq(ops.wrap(own), tile));
  Value found = arith::OrIOp::create(b, loop.getRegionIterArg(0), isOwn);
  scf::YieldOp::create(b, found);
  return {std::nullopt, loop.getResult(0)};
}

/// A tile of keys has no list, but is looked for in those of all queries.
void TileLoops::emitTiles(const VisitedTiles &visited, Value element,
                          Value head, Index firstKey, TileBody body) {
  emitTiles(visited.ranges, body);
  if (!visited.listForm)
    return;
  TileListsAttr lists = op.getTileListsAttr();
  Index listed = ops.floorDiv(firstKey, lists.getKeyTile());
  int64_t parts = lists.getQueryTile() / queryTile;
  Value indices = op.getOperandValues()[OperandKind::TileIndices];
  emitLoop(ops.wrap(sizeOf(indices, Dim::Length)), [&](Index row) {
    emitIf(isListed(element, head, row, listed), [&] {
      Index first = ops.mul(row, ops.constant(parts));
      emitLoop(ops.constant(parts), [&](Index part) {
        emitListedTile(visited, ops.add(first, part), body);
      });
    });
  });
}
