//===- RowLoops.cpp - What operations on rows are made of -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace spattn;

/// Rows of a task, and columns of a vector, which targets with shorter vectors
/// take apart.
static constexpr int64_t kRowsOfTask = 64, kColumns = 16;

RowLoops::RowLoops(KernelOpInterface op, const OpBuilder &builder)
    : b(op.getLoc(), builder), order(op.getDimOrder()),
      model(getRowModel(op.getKernelArrays())) {}

Value RowLoops::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

Value RowLoops::f32(float value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}

VectorType RowLoops::vectorType(int64_t width) {
  return VectorType::get(width, b.getF32Type());
}

Value RowLoops::splat(Value number, int64_t width) {
  return vector::BroadcastOp::create(b, vectorType(width), number);
}

Value RowLoops::zeros(int64_t width) {
  return arith::ConstantOp::create(
      b, cast<TypedAttr>(b.getZeroAttr(vectorType(width))));
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Value RowLoops::sizeOf(Dim dim) {
  unsigned position = order.getDim(dim);
  int64_t size = cast<MemRefType>(model.value.getType()).getDimSize(position);
  if (!ShapedType::isDynamic(size))
    return index(size);
  return memref::DimOp::create(b, model.value, position);
}

void RowLoops::emitRows(function_ref<void(const Row &)> body) {
  Value batch = sizeOf(Dim::Batch), heads = sizeOf(Dim::Head),
        length = sizeOf(Dim::Length), rows = index(kRowsOfTask);
  Value blocks = arith::CeilDivUIOp::create(b, length, rows);
  Value ofBatch = arith::MulIOp::create(b, heads, blocks);
  Value tasks = arith::MulIOp::create(b, batch, ofBatch);
  auto forall = scf::ForallOp::create(
      b, SmallVector<OpFoldResult>{b.getIndexAttr(0)},
      SmallVector<OpFoldResult>{tasks},
      SmallVector<OpFoldResult>{b.getIndexAttr(1)}, ValueRange(), std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forall.getBody());
  Value number = forall.getInductionVar(0);
  Row row;
  row.batch = arith::DivUIOp::create(b, number, ofBatch);
  Value inBatch = arith::RemUIOp::create(b, number, ofBatch);
  row.head = arith::DivUIOp::create(b, inBatch, blocks);
  Value block = arith::RemUIOp::create(b, inBatch, blocks);
  Value first = arith::MulIOp::create(b, block, rows);
  Value after = arith::AddIOp::create(b, first, rows);
  Value end = arith::MinUIOp::create(b, after, length);
  auto loop = scf::ForOp::create(b, first, end, index(1));
  b.setInsertionPointToStart(loop.getBody());
  row.position = loop.getInductionVar();
  body(row);
}

SmallVector<Value> RowLoops::emitColumns(
    ValueRange initial,
    function_ref<SmallVector<Value>(Value, int64_t, ValueRange)> body) {
  int64_t columns = cast<MemRefType>(model.value.getType())
                        .getDimSize(order.getDim(Dim::Width));
  int64_t whole = columns / kColumns * kColumns;
  SmallVector<Value> carried(initial);
  if (whole > 0) {
    Value first = index(0), end = index(whole), step = index(kColumns);
    auto loop = scf::ForOp::create(b, first, end, step, initial);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> next =
        body(loop.getInductionVar(), kColumns, loop.getRegionIterArgs());
    // A loop that carries nothing has its end already.
    if (!initial.empty())
      scf::YieldOp::create(b, next);
    carried.assign(loop.getResults().begin(), loop.getResults().end());
  }
  if (columns > whole)
    carried = body(index(whole), columns - whole, carried);
  return carried;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

SmallVector<Value> RowLoops::indices(const Row &row, Value column) {
  SmallVector<Value> result;
  for (Dim dim : order.getDims())
    switch (dim) {
    case Dim::Batch:
      result.push_back(row.batch);
      break;
    case Dim::Head:
      result.push_back(row.head);
      break;
    case Dim::Length:
      result.push_back(row.position);
      break;
    case Dim::Width:
      if (column)
        result.push_back(column);
      break;
    }
  return result;
}

Value RowLoops::loadNumber(Value buffer, const Row &row) {
  return memref::LoadOp::create(b, buffer, indices(row));
}

void RowLoops::storeNumber(Value number, Value buffer, const Row &row) {
  memref::StoreOp::create(b, number, buffer, indices(row));
}

RowLoops::Source RowLoops::loadSource(Value source, Value rows, const Row &row,
                                      Value term) {
  Value loaded = memref::LoadOp::create(b, rows, indices(row, term));
  Value number = arith::IndexCastOp::create(b, b.getIndexType(), loaded);
  Value length = memref::DimOp::create(
      b, source,
      order.getDim(cast<MemRefType>(source.getType()).getRank() == 4
                       ? kSourceRows
                       : kSourceNumbers,
                   Dim::Length));
  // Negative ones are large.
  Value isRow =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ult, number, length);
  return {{row.batch, row.head, number}, isRow};
}

Value RowLoops::loadIf(const Source &source, Value otherwise,
                       function_ref<Value(const Row &)> load) {
  auto ifOp = scf::IfOp::create(b, otherwise.getType(), source.isRow,
                                /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifOp.thenBlock());
  scf::YieldOp::create(b, load(source.row));
  b.setInsertionPointToStart(ifOp.elseBlock());
  scf::YieldOp::create(b, otherwise);
  return ifOp.getResult(0);
}

/// Whether the columns of a row follow each other.
static bool hasUnitColumns(Value buffer, const Layout &order) {
  return order.getDims().back() == Dim::Width &&
         cast<MemRefType>(buffer.getType()).isLastDimUnitStride();
}

Value RowLoops::load(Value buffer, const Row &row, Value column,
                     int64_t width) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  auto type = VectorType::get(width, element);
  Value loaded;
  if (hasUnitColumns(buffer, order)) {
    loaded = vector::LoadOp::create(b, type, buffer, indices(row, column));
  } else {
    SmallVector<Value> elements;
    for (int64_t i = 0; i < width; ++i) {
      Value next = arith::AddIOp::create(b, column, index(i));
      elements.push_back(memref::LoadOp::create(b, buffer, indices(row, next)));
    }
    loaded = vector::FromElementsOp::create(b, type, elements);
  }
  if (element.isF32())
    return loaded;
  return arith::ExtFOp::create(b, vectorType(width), loaded);
}

void RowLoops::store(Value vector, Value buffer, const Row &row, Value column) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  int64_t width = cast<VectorType>(vector.getType()).getNumElements();
  if (!element.isF32())
    vector =
        arith::TruncFOp::create(b, VectorType::get(width, element), vector);
  if (hasUnitColumns(buffer, order)) {
    vector::StoreOp::create(b, vector, buffer, indices(row, column));
    return;
  }
  for (int64_t i = 0; i < width; ++i) {
    Value next = arith::AddIOp::create(b, column, index(i));
    Value number = vector::ExtractOp::create(b, vector, i);
    memref::StoreOp::create(b, number, buffer, indices(row, next));
  }
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Value RowLoops::meanOf(Value sumOfColumns) {
  int64_t columns = cast<MemRefType>(model.value.getType())
                        .getDimSize(order.getDim(Dim::Width));
  return arith::DivFOp::create(b, sumOfColumns, f32(columns));
}

Value RowLoops::inverseRms(Value sumOfSquares, float epsilon) {
  Value mean = arith::AddFOp::create(b, meanOf(sumOfSquares), f32(epsilon));
  Value rms = math::SqrtOp::create(b, mean);
  return arith::DivFOp::create(b, f32(1), rms);
}

Value RowLoops::addProducts(Value lhs, Value rhs, Value sum) {
  return vector::ReductionOp::create(b, vector::CombiningKind::ADD,
                                     arith::MulFOp::create(b, lhs, rhs), sum,
                                     arith::FastMathFlags::reassoc);
}

RowLoops::Weights RowLoops::emitWeights(ValueRange lses) {
  Weights result;
  Value negInf = f32(-std::numeric_limits<float>::infinity()), zero = f32(0);
  auto isEqual = [&](Value value, Value number) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, value, number);
  };
  Value max;
  for (Value lse : lses) {
    result.isEmpty.push_back(isEqual(lse, negInf));
    max = max ? arith::MaximumFOp::create(b, max, lse).getResult() : lse;
  }
  // Differences of infinities are no numbers.
  Value shift = arith::SelectOp::create(b, isEqual(max, negInf), zero, max);
  Value sum = zero;
  for (Value lse : lses) {
    Value difference = arith::SubFOp::create(b, lse, shift);
    Value weight = math::ExpOp::create(b, difference);
    result.weights.push_back(weight);
    sum = arith::AddFOp::create(b, sum, weight);
  }
  Value one = f32(1);
  Value divisor = arith::SelectOp::create(b, isEqual(sum, zero), one, sum);
  for (Value &weight : result.weights)
    weight = arith::DivFOp::create(b, weight, divisor);
  Value log = math::LogOp::create(b, sum);
  result.lse = arith::AddFOp::create(b, shift, log);
  return result;
}
