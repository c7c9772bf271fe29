//===- MergeKernels.cpp - The kernels of merges ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MergeKernels.h"

#include "../Parts/RowLanes.h"

using namespace mlir;
using namespace spattn;

/// What there are registers for.
static constexpr size_t kMostParts = 16;
static constexpr size_t kPartsAtOnce = 4;

/// Parts of each row: of the arrays that have them, or of one with rows.
static size_t countParts(KernelOpInterface op) {
  if (auto gradients = dyn_cast<MergeBackwardOp>(*op))
    return gradients.getParts().size();
  auto merge = cast<MergeOp>(*op);
  if (!merge.getRows())
    return merge.getParts().size();
  return cast<ShapedType>(merge.getRows().getType())
      .getDimSize(op.getDimOrder().getDim(Dim::Width));
}

LogicalResult spattn::checkMergeKernel(KernelOpInterface op) {
  if (size_t count = countParts(op); count > kMostParts)
    return op->emitOpError("expected at most ")
           << kMostParts
           << " parts for a kernel on a GPU; merge them in groups, got "
           << count;
  return RowLanes::check(op);
}

void spattn::buildMergeKernel(OpBuilder &builder, KernelOpInterface op,
                              StringRef name, KernelProgram &program) {
  if (auto merge = dyn_cast<MergeOp>(*op))
    buildMergeKernel(builder, merge, name, program);
  else
    buildMergeKernel(builder, cast<MergeBackwardOp>(*op), name, program);
}

void spattn::buildMergeKernel(OpBuilder &builder, MergeOp op, StringRef name,
                              KernelProgram &program) {
  KernelBuilder b(builder, op.getLoc(), builder.getF32Type());
  RowLanes rows(b, op, program);
  int64_t terms = op.getRows() ? countParts(op) : 0;
  // Log-sum-exps need registers, too.
  rows.begin(name, terms + terms / 8);
  ArrayRef<RowArray> arrays = rows.getArrays();
  size_t count = countParts(op), given = op.getParts().size();
  SmallVector<RowArray> parts(arrays.take_front(given));
  SmallVector<Value> lses, isRow;
  if (op.getRows()) {
    const RowArray part = arrays[0], lse = arrays[1];
    parts.clear();
    SmallVector<RowArray> ofParts;
    for (size_t i = 0; i < count; ++i) {
      Value number = rows.loadRowNumber(arrays[2], i);
      isRow.push_back(rows.isRow(number));
      parts.push_back(rows.at(part, number, isRow.back()));
      ofParts.push_back(rows.at(lse, number, isRow.back()));
    }
    lses = rows.loadNumbers(ofParts);
    // What is no row is an empty part.
    for (auto [number, isRow] : llvm::zip_equal(lses, isRow))
      number = arith::SelectOp::create(b, isRow, number, b.f32(kNegInf));
  } else {
    lses = rows.loadNumbers(arrays.slice(given, given));
  }
  const RowArray &out = arrays[2 * given + !!op.getRows()];

  RowLanes::Weights weights = rows.emitWeights(lses);
  for (auto [part, isEmpty] : llvm::zip_equal(parts, weights.isEmpty))
    rows.leaveOut(part, isEmpty);
  SmallVector<Value> sums;
  rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
    Value sum = rows.zeros();
    // Loads of some parts are under way at once, which there are registers for.
    for (size_t first = 0; first < count; first += kPartsAtOnce) {
      SmallVector<Value> loaded;
      for (const RowArray &part :
           ArrayRef(parts).slice(first, std::min(kPartsAtOnce, count - first)))
        loaded.push_back(rows.load(part, chunk));
      for (auto [i, columns] : llvm::enumerate(loaded)) {
        Value kept = rows.zeroIf(weights.isEmpty[first + i], columns);
        Value weight = rows.splat(weights.weights[first + i]);
        sum = b.fma(weight, kept, sum);
      }
    }
    sums.push_back(sum);
  });
  // Loads are not moved ahead of stores, which may be to the same memory.
  size_t next = 0;
  rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
    rows.store(sums[next++], out, chunk);
  });
  if (op.getLse())
    rows.storeNumber(rows.emitLse(weights), arrays.back());
  rows.end();
}

void spattn::buildMergeKernel(OpBuilder &builder, MergeBackwardOp op,
                              StringRef name, KernelProgram &program) {
  KernelBuilder b(builder, op.getLoc(), builder.getF32Type());
  RowLanes rows(b, op, program);
  rows.begin(name);
  MutableArrayRef<RowArray> arrays = rows.getArrays();
  size_t count = op.getParts().size();
  MutableArrayRef<RowArray> parts = arrays.take_front(count);
  ArrayRef<RowArray> lses = arrays.slice(count, count);
  const RowArray &dout = arrays[2 * count];
  ArrayRef<RowArray> dparts = arrays.take_back(2 * count).take_front(count);
  ArrayRef<RowArray> dlses = arrays.take_back(count);

  RowLanes::Weights weights = rows.emitWeights(rows.loadNumbers(lses));
  for (auto [part, isEmpty] : llvm::zip_equal(parts, weights.isEmpty))
    rows.leaveOut(part, isEmpty);
  SmallVector<Value> gradients;
  SmallVector<Value> products(count, b.f32(0));
  rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
    Value gradient = rows.load(dout, chunk);
    gradients.push_back(gradient);
    for (size_t i = 0; i < count; ++i) {
      Value part = rows.load(parts[i], chunk);
      products[i] = rows.addProducts(part, gradient, products[i], chunk);
    }
  });
  // `dout . out` is the mean of the products.
  Value mean = b.f32(0);
  for (size_t i = 0; i < count; ++i) {
    products[i] = rows.zeroIf(weights.isEmpty[i], rows.sumOfRow(products[i]));
    mean = b.fma(weights.weights[i], products[i], mean);
  }
  Value shift = arith::NegFOp::create(b, mean);
  if (op.getDlse())
    shift =
        arith::AddFOp::create(b, rows.loadNumber(arrays[2 * count + 1]), shift);
  for (size_t i = 0; i < count; ++i) {
    Value above = arith::AddFOp::create(b, products[i], shift);
    Value gradient = arith::MulFOp::create(b, weights.weights[i], above);
    rows.storeNumber(rows.zeroIf(weights.isEmpty[i], gradient), dlses[i]);
  }
  size_t next = 0;
  rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
    Value gradient = gradients[next++];
    for (size_t i = 0; i < count; ++i) {
      Value weighted =
          arith::MulFOp::create(b, rows.splat(weights.weights[i]), gradient);
      rows.store(rows.zeroIf(weights.isEmpty[i], weighted), dparts[i], chunk);
    }
  });
  rows.end();
}
