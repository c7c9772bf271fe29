//===- MergeKernels.cpp - The kernels of merges ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MergeKernels.h"

#include "MergeRows.h"

using namespace mlir;
using namespace spattn;

/// What there are registers for.
static constexpr size_t kMostParts = 16;
static constexpr int64_t kMostColumns = 512;
static constexpr size_t kPartsAtOnce = 4;

LogicalResult spattn::checkMergeKernel(KernelOpInterface op) {
  auto parts = isa<MergeOp>(*op) ? cast<MergeOp>(*op).getParts()
                                 : cast<MergeBackwardOp>(*op).getParts();
  if (parts.size() > kMostParts)
    return op->emitOpError("expected at most ")
           << kMostParts
           << " parts for a kernel on a GPU; merge them in groups, got "
           << parts.size();
  int64_t columns = cast<ShapedType>(parts.front().getType())
                        .getDimSize(op.getDimOrder().getDim(Dim::Width));
  if (columns % kColumnsOfLane != 0 || columns > kMostColumns)
    return op->emitOpError("expected a head dimension that is a multiple of ")
           << kColumnsOfLane << " up to " << kMostColumns
           << " for a kernel on a GPU, got " << columns;
  return success();
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
  MergeRows rows(b, op, program);
  rows.begin(name);
  MutableArrayRef<MergeArray> arrays = rows.getArrays();
  size_t count = op.getParts().size();
  MutableArrayRef<MergeArray> parts = arrays.take_front(count);
  ArrayRef<MergeArray> lses = arrays.slice(count, count);
  const MergeArray &out = arrays[2 * count];

  MergeRows::Weights weights = rows.emitWeights(lses);
  for (auto [part, isEmpty] : llvm::zip_equal(parts, weights.isEmpty))
    rows.leaveOut(part, isEmpty);
  SmallVector<Value> sums;
  rows.forEachChunk([&](const MergeRows::Chunk &chunk) {
    Value sum = rows.zeros();
    // Loads of some parts are under way at once, which there are registers for.
    for (size_t first = 0; first < count; first += kPartsAtOnce) {
      SmallVector<Value> loaded;
      for (const MergeArray &part :
           parts.slice(first, std::min(kPartsAtOnce, count - first)))
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
  rows.forEachChunk([&](const MergeRows::Chunk &chunk) {
    rows.store(sums[next++], out, chunk);
  });
  if (op.getLse())
    rows.storeNumber(rows.emitLse(weights), arrays.back());
  rows.end();
}

void spattn::buildMergeKernel(OpBuilder &builder, MergeBackwardOp op,
                              StringRef name, KernelProgram &program) {
  KernelBuilder b(builder, op.getLoc(), builder.getF32Type());
  MergeRows rows(b, op, program);
  rows.begin(name);
  MutableArrayRef<MergeArray> arrays = rows.getArrays();
  size_t count = op.getParts().size();
  MutableArrayRef<MergeArray> parts = arrays.take_front(count);
  ArrayRef<MergeArray> lses = arrays.slice(count, count);
  const MergeArray &dout = arrays[2 * count];
  ArrayRef<MergeArray> dparts = arrays.take_back(2 * count).take_front(count);
  ArrayRef<MergeArray> dlses = arrays.take_back(count);

  MergeRows::Weights weights = rows.emitWeights(lses);
  for (auto [part, isEmpty] : llvm::zip_equal(parts, weights.isEmpty))
    rows.leaveOut(part, isEmpty);
  SmallVector<Value> gradients;
  SmallVector<Value> products(count, b.f32(0));
  rows.forEachChunk([&](const MergeRows::Chunk &chunk) {
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
  rows.forEachChunk([&](const MergeRows::Chunk &chunk) {
    Value gradient = gradients[next++];
    for (size_t i = 0; i < count; ++i) {
      Value weighted =
          arith::MulFOp::create(b, rows.splat(weights.weights[i]), gradient);
      rows.store(rows.zeroIf(weights.isEmpty[i], weighted), dparts[i], chunk);
    }
  });
  rows.end();
}
