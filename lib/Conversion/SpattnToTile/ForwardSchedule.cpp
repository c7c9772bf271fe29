//===- ForwardSchedule.cpp - The tile shape of a forward kernel -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForwardSchedule.h"

#include "spattn/Dialect/Spattn/Transforms/Schedule.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

namespace {
/// A tile shape for head dimensions up to `widest`, and clocks of a
/// multiprocessor for an item and for a tile of it, as measured on an H200 with
/// exclusive bands of 256 and 1,024 (docs/Hopper.md). Where there is one shape,
/// nothing is compared.
struct Candidate {
  int64_t widest, consumers, blocks, keyTile;
  int64_t itemClocks, tileClocks;
};
} // namespace

static constexpr Candidate kCandidates[] = {
    {64, 2, 1, 128, 5800, 2100},  {64, 1, 2, 64, 1900, 694},
    {128, 2, 1, 128, 7500, 2600}, {128, 1, 2, 64, 3320, 852},
    {192, 2, 1, 80, 0, 0},        {256, 2, 1, 48, 0, 0},
};

namespace {
/// The shape for head dimensions up to `widest` and shared memory from
/// `leastMemory` on, one product at a time: the largest tiles that compile
/// without spills. Nothing of this has been measured.
struct InOrderShape {
  int64_t widest, leastMemory;
  int64_t consumers, keyTile, stages, queryStages;
};
} // namespace

static constexpr InOrderShape kInOrderShapes[] = {
    {64, 163 * 1024, 2, 96, 3, 2},
    {64, 0, 2, 96, 2, 2},
    {128, 163 * 1024, 2, 64, 3, 2},
    {128, 0, 2, 64, 2, 1},
    // A warpgroup that computes alone has 255 registers for each thread.
    {192, 163 * 1024, 1, 64, 2, 2},
    {192, 0, 1, 48, 2, 1},
    {256, 163 * 1024, 1, 48, 2, 2},
    {256, 0, 1, 32, 2, 1},
};

/// Clocks for one batch element, over all multiprocessors.
static int64_t estimateClocks(const HostAlgebra &algebra,
                              const Candidate &candidate) {
  TileShape tile{64 * candidate.consumers, candidate.keyTile};
  int64_t clocks = 0;
  for (int64_t head = 0; head < algebra.numHeads(); ++head)
    for (int64_t visited : algebra.rowTiles(head, tile))
      if (visited > 0)
        clocks += candidate.itemClocks + visited * candidate.tileClocks;
  return clocks;
}

FailureOr<ForwardShape> spattn::chooseForwardShape(AttentionOp op,
                                                   const GpuTarget &target,
                                                   int64_t expectedLength) {
  ForwardShape shape;
  // Columns come in chunks of 64; what is past the head dimension is zero.
  shape.headDim = llvm::alignTo(op.getHeadDim(), 64);
  shape.valueDim = llvm::alignTo(op.getValueDim(), 64);
  int64_t dim = std::max(shape.headDim, shape.valueDim);
  bool isInOrder = target.family != GpuTarget::Family::Sm90a;
  if (isInOrder) {
    const InOrderShape *fitting =
        llvm::find_if(kInOrderShapes, [&](const InOrderShape &candidate) {
          return dim <= candidate.widest &&
                 target.sharedMemory >= candidate.leastMemory;
        });
    assert(fitting != std::end(kInOrderShapes) &&
           "there is a shape for every head dimension that is allowed");
    shape.overlap = false;
    shape.consumers = fitting->consumers;
    shape.keyTile = fitting->keyTile;
    shape.stages = fitting->stages;
    shape.queryStages = fitting->queryStages;
  }
  if (ScheduleAttr schedule = op.getScheduleAttr()) {
    if (schedule.getQueryTile() % 64 != 0 || schedule.getQueryTile() > 256)
      return op.emitOpError(
                 "expected a schedule of 64, 128, 192 or 256 queries "
                 "for a kernel on a GPU, got ")
             << schedule.getQueryTile();
    shape.consumers = schedule.getQueryTile() / 64;
    shape.keyTile = schedule.getKeyTile();
    return shape;
  }
  if (isInOrder)
    return shape;
  auto lengthOf = [&](int64_t known) {
    return ShapedType::isDynamic(known) ? expectedLength : known;
  };
  int64_t queries = lengthOf(op.getStaticQueryLength());
  int64_t keys = lengthOf(op.getStaticKeyLength());
  const Candidate *best = nullptr;
  int64_t bestClocks = 0;
  for (const Candidate &candidate : kCandidates) {
    bool isFirstOfDim = !best || best->widest != candidate.widest;
    if (candidate.widest < dim || (best && isFirstOfDim))
      continue;
    int64_t clocks = 0;
    if (queries > 0 && keys > 0)
      clocks = estimateClocks(getAlgebra(op, queries, keys), candidate);
    if (!best || clocks < bestClocks) {
      best = &candidate;
      bestClocks = clocks;
    }
  }
  assert(best && "there is a shape for every head dimension that is allowed");
  shape.consumers = best->consumers;
  shape.blocks = best->blocks;
  shape.keyTile = best->keyTile;
  return shape;
}
