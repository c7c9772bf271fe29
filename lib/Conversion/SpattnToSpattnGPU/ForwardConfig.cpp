//===- ForwardConfig.cpp - The tile shape of a forward kernel -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForwardConfig.h"

#include "ExpectedLengths.h"
#include "spattn/Dialect/Spattn/Transforms/TileShape.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

namespace {
/// A tile shape for head dimensions up to `widest`, on a family of targets with
/// shared memory from `leastMemory` on.
struct Candidate {
  GpuTarget::Family family;
  int64_t widest, leastMemory;
  int64_t consumers, blocks, keyTile, stages, queryStages;
  /// Clocks of a multiprocessor for an item and for a tile of it, as measured
  /// on an H200 with exclusive bands and causal ones (docs/Hopper.md). Where
  /// there is one shape, nothing is compared.
  int64_t itemClocks, tileClocks;
  /// Registers are so few that some would be spilled for rows that see more
  /// than one span of keys.
  bool oneSpan = false;
};
} // namespace

/// The first one of those that fit is for wide structures.
static constexpr Candidate kCandidates[] = {
    {GpuTarget::Family::Sm90a, 64, 0, 3, 1, 128, 2, 2, 10360, 2460, true},
    {GpuTarget::Family::Sm90a, 64, 0, 2, 1, 128, 2, 2, 3770, 2090},
    {GpuTarget::Family::Sm90a, 64, 0, 1, 3, 64, 2, 2, 1930, 518},
    {GpuTarget::Family::Sm90a, 64, 0, 1, 2, 64, 2, 2, 2050, 586},
    {GpuTarget::Family::Sm90a, 128, 0, 2, 1, 128, 2, 2, 5420, 2700},
    {GpuTarget::Family::Sm90a, 128, 0, 1, 2, 64, 2, 2, 3760, 810},
    {GpuTarget::Family::Sm90a, 192, 0, 2, 1, 80, 2, 2, 0, 0},
    {GpuTarget::Family::Sm90a, 256, 0, 2, 1, 48, 2, 2, 0, 0},
    // One product at a time: the largest tiles that compile without spills.
    // Nothing of this has been measured.
    {GpuTarget::Family::Sm80, 64, 163 * 1024, 2, 1, 96, 3, 2, 0, 0},
    {GpuTarget::Family::Sm80, 64, 0, 2, 1, 96, 2, 2, 0, 0},
    {GpuTarget::Family::Sm80, 128, 163 * 1024, 2, 1, 64, 3, 2, 0, 0},
    {GpuTarget::Family::Sm80, 128, 0, 2, 1, 64, 2, 1, 0, 0},
    // A warpgroup that computes alone has 255 registers for each thread.
    {GpuTarget::Family::Sm80, 192, 163 * 1024, 1, 1, 64, 2, 2, 0, 0},
    {GpuTarget::Family::Sm80, 192, 0, 1, 1, 48, 2, 1, 0, 0},
    {GpuTarget::Family::Sm80, 256, 163 * 1024, 1, 1, 48, 2, 2, 0, 0},
    {GpuTarget::Family::Sm80, 256, 0, 1, 1, 32, 2, 1, 0, 0},
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

/// Spans of keys that a row may see.
static size_t countSpans(const HostAlgebra &algebra) {
  size_t most = 0;
  for (int64_t head = 0; head < algebra.numHeads(); ++head) {
    size_t spans = 0;
    for (const auto &segment : algebra.normalForm(head).segments)
      spans += segment.intervals.size();
    most = std::max(most, spans);
  }
  return most;
}

/// Whether hardly any tile of rows is empty. To fetch items takes longer than
/// an empty one does, and evens out what takes long.
static bool shouldFetch(const HostAlgebra &algebra) {
  constexpr TileShape tile{128, 128};
  size_t rows = 0, empty = 0;
  for (int64_t head = 0; head < algebra.numHeads(); ++head) {
    std::vector<int64_t> visited = algebra.rowTiles(head, tile);
    rows += visited.size();
    empty += size_t(llvm::count(visited, 0));
  }
  return empty * 8 < rows;
}

FailureOr<ForwardShape> spattn::chooseForwardShape(AttentionOp op,
                                                   const GpuTarget &target,
                                                   int64_t expectedLength) {
  ForwardShape shape;
  // Columns come in chunks of 64; what is past the head dimension is zero.
  shape.headDim = llvm::alignTo(op.getHeadDim(), 64);
  shape.valueDim = llvm::alignTo(op.getValueDim(), 64);
  shape.overlap = target.family == GpuTarget::Family::Sm90a;
  int64_t dim = std::max(shape.headDim, shape.valueDim);
  ExpectedLengths lengths(op, expectedLength);
  HostAlgebra algebra = getAlgebra(op, lengths.queries, lengths.keys);
  size_t spans = countSpans(algebra);

  const Candidate *best = nullptr;
  int64_t bestClocks = 0;
  for (const Candidate &candidate : kCandidates) {
    bool isFirstOfDim = !best || best->widest != candidate.widest;
    if (candidate.family != target.family || candidate.widest < dim ||
        target.sharedMemory < candidate.leastMemory || (best && isFirstOfDim))
      continue;
    if (candidate.oneSpan && spans > 1)
      continue;
    int64_t clocks = lengths.areKnown ? estimateClocks(algebra, candidate) : 0;
    if (!best || clocks < bestClocks) {
      best = &candidate;
      bestClocks = clocks;
    }
  }
  assert(best && "there is a shape for every head dimension that is allowed");
  shape.fetch = shouldFetch(algebra);
  shape.consumers = best->consumers;
  shape.blocks = best->blocks;
  shape.keyTile = best->keyTile;
  shape.stages = best->stages;
  shape.queryStages = best->queryStages;
  if (TileShapeAttr tileShape = op.getTileShapeAttr()) {
    if (tileShape.getQueryTile() % 64 != 0 || tileShape.getQueryTile() > 256)
      return op.emitOpError(
                 "expected a tile shape of 64, 128, 192 or 256 queries "
                 "for a kernel on a GPU, got ")
             << tileShape.getQueryTile();
    shape.consumers = tileShape.getQueryTile() / 64;
    shape.keyTile = tileShape.getKeyTile();
    shape.blocks = 1;
  }
  return shape;
}
