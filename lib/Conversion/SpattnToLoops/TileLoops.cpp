//===- TileLoops.cpp - What loops over tiles are made of ------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileLoops.h"

#include "WorkOrder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_cpu;

using Index = TileLoops::Index;

TileLoops::TileLoops(AttentionOpInterface op, TileShapeAttr tileShape,
                     const OpBuilder &builder)
    : op(op), b(op.getLoc(), builder), ops(b),
      queryTile(tileShape.getQueryTile()), keyTile(tileShape.getKeyTile()),
      heads(op.getHeadStructures()), scores(op, b, ops) {
  batch = sizeOf(op.getQuery(), Dim::Batch);
  queries = sizeOf(op.getQuery(), Dim::Length);
  keys = countKeys();
  if (!op.hasSequences())
    return;
  Value count;
  for (const AttentionOperand &operand : op.getAttentionOperands())
    if (!count && operand->getExtent(Dim::Length) == Extent::Sequences)
      count = memref::DimOp::create(b, operand.value,
                                    op.getDim(*operand.info, Dim::Length));
  auto load = [this](OperandKind kind, Value element, Value s) -> Value {
    Value array = this->op.getOperandValues()[kind];
    Value indices[] = {element, s};
    if (this->op.getDim(getOperandInfo(kind), Dim::Length) == 0)
      std::swap(indices[0], indices[1]);
    Value number = memref::LoadOp::create(b, array, indices);
    return arith::IndexCastOp::create(b, b.getIndexType(), number);
  };
  sequences.emplace(b, ops, op, ops.wrap(queries), ops.wrap(keys),
                    ops.wrap(count), load);
}

Value TileLoops::countKeys() {
  auto [operand, dim] = op.getKeyLengthDim();
  int64_t size = cast<MemRefType>(operand.getType()).getDimSize(dim);
  if (!ShapedType::isDynamic(size))
    return index(size * op.getPageSize());
  Value count = memref::DimOp::create(b, operand, dim);
  if (!op.hasPages())
    return count;
  return arith::MulIOp::create(b, count, index(op.getPageSize()));
}

Value TileLoops::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

Value TileLoops::sizeOf(Value buffer, Dim name) {
  unsigned dim = op.getDim(name);
  int64_t size = cast<MemRefType>(buffer.getType()).getDimSize(dim);
  if (!ShapedType::isDynamic(size))
    return index(size);
  return memref::DimOp::create(b, buffer, dim);
}

Value TileLoops::loadSinkLogit(Value head,
                               const std::optional<SequenceTile> &place) {
  Value logits = op.getOperandValues()[OperandKind::SinkLogits];
  if (!logits)
    return Value();
  Value logit = memref::LoadOp::create(b, logits, ValueRange{head});
  if (!place)
    return logit;
  Value none = arith::ConstantOp::create(
      b, b.getF32FloatAttr(-std::numeric_limits<float>::infinity()));
  Value isSequence = ops.materialize(place->isSequence);
  return arith::SelectOp::create(b, isSequence, logit, none);
}

OpFoldResult TileLoops::rowCount(Index first, int64_t tile, Value length) {
  return getAsOpFoldResult(ops.materialize(
      ops.min(ops.constant(tile), ops.sub(ops.wrap(length), first))));
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

NormalForm<Index>
TileLoops::emitNormalForm(Value head,
                          const std::optional<SequenceTile> &place) {
  Lengths<Index> lengths{ops.wrap(queries), ops.wrap(keys)};
  if (place)
    lengths = place->lengths;
  return normalForm(ops, heads, ops.wrap(head), lengths, op.getAlignment());
}

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

Value TileLoops::countTiles(Sequences::Side side) {
  bool ofQueries = side == Sequences::Side::Queries;
  int64_t tile = ofQueries ? queryTile : keyTile;
  if (sequences)
    return ops.materialize(sequences->slots(side, tile));
  return ops.materialize(
      ops.ceilDiv(ops.wrap(ofQueries ? queries : keys), tile));
}

std::optional<SequenceTile> TileLoops::locate(Sequences::Side side,
                                              int64_t numHeads, Value tileRows,
                                              Value &element, Value &row) {
  if (!sequences)
    return std::nullopt;
  Value ofElement = arith::MulIOp::create(b, tileRows, index(numHeads));
  element = arith::DivUIOp::create(b, row, ofElement);
  row = arith::RemUIOp::create(b, row, ofElement);
  Value slot = arith::RemUIOp::create(b, row, tileRows);
  bool ofQueries = side == Sequences::Side::Queries;
  return sequences->locate(side, element, slot,
                           ofQueries ? queryTile : keyTile);
}

void TileLoops::emitIfRows(const std::optional<SequenceTile> &place,
                           function_ref<void()> body) {
  if (!place)
    return body();
  emitIfVisited(place->rowsLeft, body);
}

Value TileLoops::lengthOf(Sequences::Side side,
                          const std::optional<SequenceTile> &place) {
  bool ofQueries = side == Sequences::Side::Queries;
  if (!place)
    return ofQueries ? queries : keys;
  return ops.materialize(ofQueries ? place->lengths.queries
                                   : place->lengths.keys);
}

Value TileLoops::rowOf(Sequences::Side side,
                       const std::optional<SequenceTile> &place, Index first) {
  if (!place)
    return ops.materialize(first);
  return ops.materialize(ops.add(first, side == Sequences::Side::Queries
                                            ? place->queriesBefore
                                            : place->keysBefore));
}

void TileLoops::emitItems(Value rows, Value maxCost,
                          function_ref<Value(Value)> cost,
                          function_ref<void(Value, Value)> item) {
  if (sequences)
    rows = arith::MulIOp::create(b, rows, batch);
  Value order = emitWorkOrder(b, rows, maxCost, cost);
  Value elements = sequences ? index(1) : batch;
  Value items = arith::MulIOp::create(b, rows, elements);
  emitTasks(items, [&](Value number) {
    // The same row of all batch elements, then the next cheaper one.
    Value position = arith::DivUIOp::create(b, number, elements);
    Value element = arith::RemUIOp::create(b, number, elements);
    Value row = memref::LoadOp::create(b, order, ValueRange{position});
    emitScope([&] { item(element, row); });
  });
  memref::DeallocOp::create(b, order);
}

void TileLoops::emitTasks(Value count, function_ref<void(Value)> task) {
  auto forall = scf::ForallOp::create(
      b, SmallVector<OpFoldResult>{b.getIndexAttr(0)},
      SmallVector<OpFoldResult>{count},
      SmallVector<OpFoldResult>{b.getIndexAttr(1)}, ValueRange(), std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forall.getBody());
  task(forall.getInductionVar(0));
}

void TileLoops::emitScope(function_ref<void()> body) {
  auto scope = memref::AllocaScopeOp::create(b, TypeRange());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(&scope.getBodyRegion());
  body();
  memref::AllocaScopeReturnOp::create(b, ValueRange());
}

TileLoops::QueryRow TileLoops::emitQueryRow(Value row, Value tileRows) {
  QueryRow result;
  result.place = locate(Sequences::Side::Queries, op.getNumQueryHeads(),
                        tileRows, result.element, row);
  result.head = arith::DivUIOp::create(b, row, tileRows);
  Value tile = arith::RemUIOp::create(b, row, tileRows);
  result.visited.form = emitNormalForm(result.head, result.place);
  result.firstQuery = result.place
                          ? result.place->first
                          : ops.mul(ops.wrap(tile), ops.constant(queryTile));
  Index end = ops.add(result.firstQuery, ops.constant(queryTile));
  VisitedTiles &visited = result.visited;
  visited.ranges = keyTiles(ops, visited.form, result.firstQuery, end, keyTile);
  return result;
}

void TileLoops::emitQueryRow(QueryRow &row, function_ref<void()> item) {
  row.keyHead = row.head;
  if (op.getGroupSize() > 1)
    row.keyHead = arith::DivUIOp::create(b, row.head, index(op.getGroupSize()));
  row.first = rowOf(Sequences::Side::Queries, row.place, row.firstQuery);
  if ((row.visited.listForm = emitListForm(row.head)))
    row.visited.listRanges =
        keyTiles(ops, *row.visited.listForm, row.firstQuery,
                 ops.add(row.firstQuery, ops.constant(queryTile)), keyTile);
  emitIfRows(row.place, [&] {
    row.count = rowCount(row.firstQuery, queryTile,
                         lengthOf(Sequences::Side::Queries, row.place));
    item();
  });
}

void TileLoops::emitQueryRows(
    function_ref<void(Value, const QueryRow &)> item) {
  Value tileRows = countTiles(Sequences::Side::Queries);
  Value rows = arith::MulIOp::create(b, tileRows, index(op.getNumQueryHeads()));
  Value maxCost = ops.materialize(ops.ceilDiv(ops.wrap(keys), keyTile));
  emitItems(
      rows, maxCost,
      [&](Value number) {
        QueryRow row = emitQueryRow(number, tileRows);
        return ops.materialize(visitedTiles(ops, row.visited.ranges));
      },
      [&](Value element, Value number) {
        QueryRow row = emitQueryRow(number, tileRows);
        emitQueryRow(row,
                     [&] { item(row.element ? row.element : element, row); });
      });
}

void TileLoops::emitIfVisited(Index visited, function_ref<void()> body) {
  Value any = ops.materialize(ops.lt(ops.constant(0), visited));
  auto ifAny = scf::IfOp::create(b, any, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifAny.thenBlock());
  body();
}

void TileLoops::emitTiles(const Ranges &ranges, TileBody body) {
  for (TileKind kind : {TileKind::Full, TileKind::Masked}) {
    TileSequence<Index> tiles = kind == TileKind::Masked
                                    ? maskedSequence(ops, ranges)
                                    : fullSequence(ops, ranges);
    emitLoop(tiles.count, [&](Index n) { body(tiles.nth(ops, n), kind); });
  }
}

void TileLoops::emitLoop(Index count, function_ref<void(Index)> body) {
  if (ops.knownValue(count) == std::optional<int64_t>(0))
    return;
  Value step = index(1);
  Value end = ops.materialize(count);
  auto loop = scf::ForOp::create(b, index(0), end, step);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(ops.wrap(loop.getInductionVar()));
}

Value TileLoops::emitSum(Value count, Value zero,
                         function_ref<Value(Value)> term) {
  Value step = index(1);
  auto loop = scf::ForOp::create(b, index(0), count, step, ValueRange{zero});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value own = term(loop.getInductionVar());
  Value before = loop.getRegionIterArg(0);
  Value sum = isa<FloatType>(zero.getType())
                  ? Value(arith::AddFOp::create(b, before, own))
                  : Value(arith::AddIOp::create(b, before, own));
  scf::YieldOp::create(b, sum);
  return loop.getResult(0);
}

TileLoops::TilePositions
TileLoops::slicePositions(Value element, Value head, Value keyHead,
                          Value firstQuery, OpFoldResult queries,
                          Value firstKey, OpFoldResult keys) {
  if (!op.hasPositions())
    return {};
  OperandValues operands = op.getOperandValues();
  Value ofQueries = sliceRowNumbers(operands[OperandKind::QueryPositions],
                                    element, head, firstQuery, queries);
  return {ofQueries, sliceRowNumbers(operands[OperandKind::KeyPositions],
                                     element, keyHead, firstKey, keys)};
}

void TileLoops::emitMask(Region &region, const VisitedTiles &visited,
                         TileKind kind, Index firstQuery, Index firstKey,
                         const TilePositions &positions) {
  bool isMasked = kind != TileKind::Full;
  if (!isMasked && !op.getCausalPositions())
    return;
  OpBuilder::InsertionGuard guard(b);
  Block *block =
      b.createBlock(&region, {}, {b.getIndexType(), b.getIndexType()},
                    {b.getLoc(), b.getLoc()});
  Value result;
  if (isMasked) {
    Index query = ops.add(firstQuery, ops.wrap(block->getArgument(0)));
    Index key = ops.add(firstKey, ops.wrap(block->getArgument(1)));
    IndexOps::Bool isAllowed = allowed(ops, visited.form, query, key);
    // What the structure allows has been counted.
    if (kind == TileKind::Listed) {
      IndexOps::Bool isOther = ops.notB(isAllowed);
      isAllowed =
          ops.andB(allowed(ops, *visited.listForm, query, key), isOther);
    }
    result = ops.materialize(isAllowed);
  }
  if (op.getCausalPositions()) {
    Value ordered =
        scores.compare(positions, arith::CmpIPredicate::sge,
                       block->getArgument(0), block->getArgument(1));
    result = result ? arith::AndIOp::create(b, result, ordered) : ordered;
  }
  spattn_cpu::YieldOp::create(b, result);
}
