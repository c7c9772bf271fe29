//===- SharedMemory.cpp - Shared memory of a CTA --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedMemory.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

/// Of f16 and bf16.
static constexpr int64_t kElementBytes = 2;
static constexpr int64_t kBarrierBytes = 8;
/// What the swizzle of tiles asks for.
static constexpr int64_t kTileAlignment = 1024;

//===----------------------------------------------------------------------===//
// Allocations
//===----------------------------------------------------------------------===//

SharedRegion SharedLayout::take(int64_t bytes, int64_t alignment) {
  allocations.push_back({bytes, alignment, /*ofBarriers=*/false});
  return {unsigned(allocations.size() - 1), 0};
}

TileRing SharedLayout::tiles(int64_t stages, int64_t rows, int64_t columns) {
  return {take(stages * rows * columns * kElementBytes, kTileAlignment), rows,
          columns};
}

BarrierArray SharedLayout::barriers(int64_t stages, int64_t arrivals,
                                    bool loads) {
  if (allocations.empty() || !allocations.back().ofBarriers)
    allocations.push_back({0, 16, /*ofBarriers=*/true});
  Allocation &allocation = allocations.back();
  SharedRegion region{unsigned(allocations.size() - 1), allocation.bytes};
  allocation.bytes += stages * kBarrierBytes;
  return {region, stages, arrivals, loads};
}

int64_t SharedLayout::total() const {
  int64_t next = 0;
  for (const Allocation &allocation : allocations)
    if (allocation.bytes > 0)
      next = llvm::alignTo(next, allocation.alignment) + allocation.bytes;
  return next;
}

void SharedLayout::allocate(KernelBuilder &b, bool overlaid) const {
  b.allocations.clear();
  for (const Allocation &allocation : allocations) {
    if (allocation.bytes == 0) {
      b.allocations.push_back(Value());
      continue;
    }
    b.allocations.push_back(spattn_gpu::AllocOp::create(
        b, allocation.bytes, allocation.alignment, overlaid));
    overlaid = false;
  }
}

//===----------------------------------------------------------------------===//
// Tiles, words and barriers
//===----------------------------------------------------------------------===//

/// The tile of a stage, where stages are `stride` bytes apart.
static Value sharedTile(KernelBuilder &b, const SharedRegion &region,
                        int64_t rows, int64_t columns, Value stage,
                        int64_t stride) {
  auto type =
      spattn_gpu::SharedType::get(b.getContext(), rows, columns, b.element);
  IntegerAttr apart;
  if (stage && stride != rows * columns * kElementBytes)
    apart = b.getI64IntegerAttr(stride);
  return spattn_gpu::SharedOp::create(
      b, type, region.memory(b), stage ? b.asIndex(stage) : Value(), apart);
}

Value TileRing::at(KernelBuilder &b, Value stage) const {
  return narrowed(b, stage, columns);
}

Value TileRing::narrowed(KernelBuilder &b, Value stage, int64_t narrow) const {
  return sharedTile(b, region, rows, narrow, stage,
                    rows * columns * kElementBytes);
}

Value TileRing::chunk(KernelBuilder &b, Value stage, Value chunk) const {
  constexpr int64_t width = spattn_gpu::kChunkColumns;
  Value number = b.add(b.mul(stage, b.i32(columns / width)), chunk);
  return sharedTile(b, region, rows, width, number,
                    rows * width * kElementBytes);
}

void WordRing::load(KernelBuilder &b, Value source, Value stage,
                    Value full) const {
  spattn_gpu::LoadWordsOp::create(b, words, source, region.memory(b),
                                  b.asIndex(stage), 4 * words, full);
}

Value WordRing::columns(KernelBuilder &b, Value stage) const {
  auto type = spattn_gpu::ColumnsType::get(b.getContext(), words);
  return spattn_gpu::ReadColumnsOp::create(b, type, region.memory(b),
                                           b.asIndex(stage), 4 * words);
}

Value BarrierArray::at(KernelBuilder &b, Value stage) const {
  return spattn_gpu::BarrierOp::create(
      b, spattn_gpu::BarrierType::get(b.getContext()), region.memory(b),
      stage ? b.asIndex(stage) : Value(), region.offset);
}

void BarrierArray::init(KernelBuilder &b) const {
  for (int64_t stage = 0; stage < stages; ++stage)
    spattn_gpu::BarrierInitOp::create(b, at(b, b.i32(stage)), arrivals, loads);
}

void spattn::initBarriers(KernelBuilder &b, ArrayRef<BarrierArray> arrays,
                          int64_t threads) {
  b.when(b.isFirstThread(), [&] {
    for (const BarrierArray &array : arrays)
      array.init(b);
    spattn_gpu::BarrierFenceOp::create(b);
  });
  b.syncThreads(threads);
}
