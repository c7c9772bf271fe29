//===- RowsKernels.cpp - The kernels of rows by number --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowsKernels.h"

#include "../Parts/RowLanes.h"

using namespace mlir;
using namespace spattn;

/// What there are registers for.
static constexpr size_t kMostSources = 8;
static constexpr int64_t kMostTerms = 32;
static constexpr size_t kSourcesAtOnce = 4;
static constexpr int64_t kTermsAtOnce = 4;

static int64_t countTerms(SumRowsOp op) {
  Layout order = cast<KernelOpInterface>(*op).getDimOrder();
  return cast<ShapedType>(op.getRows().getType())
      .getDimSize(order.getDim(Dim::Width));
}

LogicalResult spattn::checkRowsKernel(KernelOpInterface op) {
  if (auto gather = dyn_cast<GatherRowsOp>(*op))
    if (size_t count = gather.getSources().size(); count > kMostSources)
      return gather.emitOpError("expected at most ")
             << kMostSources << " sources for a kernel on a GPU, got " << count;
  if (auto sum = dyn_cast<SumRowsOp>(*op))
    if (int64_t count = countTerms(sum); count > kMostTerms)
      return sum.emitOpError("expected at most ")
             << kMostTerms << " terms for a kernel on a GPU, got " << count;
  return RowLanes::check(op);
}

void spattn::buildRowsKernel(OpBuilder &builder, KernelOpInterface op,
                             StringRef name, KernelProgram &program) {
  if (auto gather = dyn_cast<GatherRowsOp>(*op))
    buildRowsKernel(builder, gather, name, program);
  else
    buildRowsKernel(builder, cast<SumRowsOp>(*op), name, program);
}

//===----------------------------------------------------------------------===//
// Gathers
//===----------------------------------------------------------------------===//

/// Stores what was loaded of a row, divided by its root mean square.
static void storeUnitRms(KernelBuilder &b, RowLanes &rows,
                         ArrayRef<Value> columns, const RowArray &out,
                         float epsilon) {
  SmallVector<Value> wide;
  Value squares = b.f32(0);
  size_t next = 0;
  rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
    wide.push_back(rows.widen(columns[next++]));
    squares = rows.addProducts(wide.back(), wide.back(), squares, chunk);
  });
  Value factor = rows.inverseRms(rows.sumOfRow(squares), epsilon);
  next = 0;
  rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
    Value scaled = arith::MulFOp::create(b, wide[next++], rows.splat(factor));
    rows.store(scaled, out, chunk);
  });
}

void spattn::buildRowsKernel(OpBuilder &builder, GatherRowsOp op,
                             StringRef name, KernelProgram &program) {
  KernelBuilder b(builder, op.getLoc(), builder.getF32Type());
  RowLanes rows(b, op, program);
  size_t count = op.getSources().size();
  rows.begin(name, std::min(count, kSourcesAtOnce) * rows.wordsOfColumns());
  ArrayRef<RowArray> arrays = rows.getArrays();
  ArrayRef<RowArray> outs = arrays.take_back(count);
  ArrayRef<bool> marks = op.getUnitRms().value_or(ArrayRef<bool>());
  float epsilon = op.getEpsilon().convertToFloat();
  Value number = rows.loadRowNumber(arrays[count], 0);
  Value isRow = rows.isRow(number);
  Value isNone = arith::XOrIOp::create(
      b, isRow, arith::ConstantIntOp::create(b, 1, /*width=*/1));
  for (size_t first = 0; first < count; first += kSourcesAtOnce) {
    size_t end = std::min(count, first + kSourcesAtOnce);
    // Loads are not moved ahead of stores, which may be to the same memory.
    SmallVector<SmallVector<Value>> loaded;
    for (size_t i = first; i < end; ++i) {
      RowArray source = rows.at(arrays[i], number, isRow);
      SmallVector<Value> &columns = loaded.emplace_back();
      rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
        columns.push_back(rows.loadElements(source, chunk));
      });
    }
    for (size_t i = first; i < end; ++i) {
      SmallVector<Value> &columns = loaded[i - first];
      for (Value &value : columns)
        value = rows.zeroIf(isNone, value);
      if (!marks.empty() && marks[i]) {
        storeUnitRms(b, rows, columns, outs[i], epsilon);
        continue;
      }
      size_t next = 0;
      rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
        rows.storeElements(columns[next++], outs[i], chunk);
      });
    }
  }
  rows.end();
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// Turns gradients by a row of unit root mean square into those by the row that
/// it was made of, `array`.
static void emitGradients(KernelBuilder &b, RowLanes &rows,
                          SmallVectorImpl<Value> &gradients,
                          const RowArray &array, float epsilon) {
  SmallVector<Value> columns;
  Value squares = b.f32(0), products = b.f32(0);
  size_t next = 0;
  rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
    Value x = columns.emplace_back(rows.load(array, chunk));
    squares = rows.addProducts(x, x, squares, chunk);
    products = rows.addProducts(x, gradients[next++], products, chunk);
  });
  Value factor = rows.inverseRms(rows.sumOfRow(squares), epsilon);
  Value mean = rows.meanOf(rows.sumOfRow(products));
  // -r^2 mean(x g)
  Value scaled = arith::MulFOp::create(b, factor, mean);
  Value share =
      arith::NegFOp::create(b, arith::MulFOp::create(b, factor, scaled));
  for (auto [x, gradient] : llvm::zip_equal(columns, gradients)) {
    Value above = b.fma(rows.splat(share), x, gradient);
    gradient = arith::MulFOp::create(b, rows.splat(factor), above);
  }
}

void spattn::buildRowsKernel(OpBuilder &builder, SumRowsOp op, StringRef name,
                             KernelProgram &program) {
  KernelBuilder b(builder, op.getLoc(), builder.getF32Type());
  RowLanes rows(b, op, program);
  int64_t count = countTerms(op);
  rows.begin(name, count + 2 * (rows.wordsOfColumns() - 1));
  ArrayRef<RowArray> arrays = rows.getArrays();
  SmallVector<RowArray> terms;
  SmallVector<Value> isNone;
  for (int64_t i = 0; i < count; ++i) {
    Value number = rows.loadRowNumber(arrays[1], i);
    Value isRow = rows.isRow(number);
    terms.push_back(rows.at(arrays[0], number, isRow));
    isNone.push_back(arith::XOrIOp::create(
        b, isRow, arith::ConstantIntOp::create(b, 1, /*width=*/1)));
  }
  SmallVector<Value> sums;
  rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
    Value sum;
    for (int64_t first = 0; first < count; first += kTermsAtOnce) {
      int64_t end = std::min(count, first + kTermsAtOnce);
      SmallVector<Value> loaded;
      for (int64_t i = first; i < end; ++i)
        loaded.push_back(rows.load(terms[i], chunk));
      for (int64_t i = first; i < end; ++i) {
        Value term = rows.zeroIf(isNone[i], loaded[i - first]);
        sum = sum ? arith::AddFOp::create(b, sum, term).getResult() : term;
      }
    }
    sums.push_back(sum);
  });
  if (op.getUnitRmsOf())
    emitGradients(b, rows, sums, arrays[2], op.getEpsilon().convertToFloat());
  if (op.getAdd()) {
    const RowArray &added = arrays[op.getUnitRmsOf() ? 3 : 2];
    size_t next = 0;
    rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
      Value &sum = sums[next++];
      sum = arith::AddFOp::create(b, sum, rows.load(added, chunk));
    });
  }
  size_t next = 0;
  rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
    rows.store(sums[next++], arrays.back(), chunk);
  });
  rows.end();
}
