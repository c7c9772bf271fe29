//===- MergeLoops.cpp - What merges of rows are made of -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MergeLoops.h"

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

MergeLoops::MergeLoops(KernelOpInterface op, const OpBuilder &builder)
    : b(op.getLoc(), builder), order(op.getDimOrder()),
      model(op.getKernelArrays().front()) {}

Value MergeLoops::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

Value MergeLoops::f32(float value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}

VectorType MergeLoops::vectorType(int64_t width) {
  return VectorType::get(width, b.getF32Type());
}

Value MergeLoops::splat(Value number, int64_t width) {
  return vector::BroadcastOp::create(b, vectorType(width), number);
}

Value MergeLoops::zeros(int64_t width) {
  return arith::ConstantOp::create(
      b, cast<TypedAttr>(b.getZeroAttr(vectorType(width))));
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Value MergeLoops::sizeOf(Dim dim) {
  unsigned position = order.getDim(dim);
  int64_t size = cast<MemRefType>(model.value.getType()).getDimSize(position);
  if (!ShapedType::isDynamic(size))
    return index(size);
  return memref::DimOp::create(b, model.value, position);
}

void MergeLoops::emitRows(function_ref<void(const Row &)> body) {
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

SmallVector<Value> MergeLoops::emitColumns(
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

SmallVector<Value> MergeLoops::indices(const Row &row, Value column) {
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

Value MergeLoops::loadNumber(Value buffer, const Row &row) {
  return memref::LoadOp::create(b, buffer, indices(row));
}

void MergeLoops::storeNumber(Value number, Value buffer, const Row &row) {
  memref::StoreOp::create(b, number, buffer, indices(row));
}

/// Whether the columns of a row follow each other.
static bool hasUnitColumns(Value buffer, const Layout &order) {
  return order.getDims().back() == Dim::Width &&
         cast<MemRefType>(buffer.getType()).isLastDimUnitStride();
}

Value MergeLoops::load(Value buffer, const Row &row, Value column,
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

void MergeLoops::store(Value vector, Value buffer, const Row &row,
                       Value column) {
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

MergeLoops::Weights MergeLoops::emitWeights(ValueRange lses, const Row &row) {
  Weights result;
  Value negInf = f32(-std::numeric_limits<float>::infinity()), zero = f32(0);
  auto isEqual = [&](Value value, Value number) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, value, number);
  };
  SmallVector<Value> loaded;
  Value max;
  for (Value buffer : lses) {
    Value lse = loadNumber(buffer, row);
    loaded.push_back(lse);
    result.isEmpty.push_back(isEqual(lse, negInf));
    max = max ? arith::MaximumFOp::create(b, max, lse).getResult() : lse;
  }
  // Differences of infinities are no numbers.
  Value shift = arith::SelectOp::create(b, isEqual(max, negInf), zero, max);
  Value sum = zero;
  for (Value lse : loaded) {
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
