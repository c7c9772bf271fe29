//===- BackwardConfig.cpp - The tile shape of gradient kernels ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BackwardConfig.h"

#include "ExpectedLengths.h"
#include "spattn/Dialect/Spattn/Transforms/TileShape.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <optional>

using namespace mlir;
using namespace spattn;

namespace {
/// The shape for head dimensions up to `widest` of a family of targets, where
/// nothing is said of `deterministic`, in both modes.
struct Candidate {
  GpuTarget::Family family;
  std::optional<bool> deterministic;
  int64_t widest, leastMemory;
  int64_t queryTile, consumers, blocks, keyStages, valueStages, queryStages;
};
} // namespace

static constexpr Candidate kCandidates[] = {
    {GpuTarget::Family::Sm90a, {}, 64, 0, 64, 1, 2, 2, 2, 2},
    // Sums that are staged leave less room for tiles.
    {GpuTarget::Family::Sm90a, false, 128, 0, 64, 2, 1, 2, 1, 2},
    {GpuTarget::Family::Sm90a, true, 128, 0, 64, 2, 1, 2, 2, 3},
    // A warpgroup that computes alone has 255 registers for each thread.
    {GpuTarget::Family::Sm80, {}, 64, 0, 64, 1, 1, 2, 2, 2},
    {GpuTarget::Family::Sm80, {}, 128, 163 * 1024, 64, 1, 1, 2, 2, 2},
    {GpuTarget::Family::Sm80, {}, 128, 0, 64, 1, 1, 1, 1, 1},
};

/// Whether queries that see any key see fewer than `most` on average.
static bool seeFewKeys(AttentionBackwardOp op, const ExpectedLengths &lengths,
                       int64_t most) {
  HostAlgebra algebra = getAlgebra(op, lengths.queries, lengths.keys);
  int64_t pairs = 0, rows = 0;
  for (int64_t head = 0; head < algebra.numHeads(); ++head) {
    pairs += algebra.pairs(head);
    rows += kRowsOfGroup *
            llvm::count_if(
                algebra.rowTiles(head, TileShape{kRowsOfGroup, kRowsOfGroup}),
                [](int64_t visited) { return visited > 0; });
  }
  return pairs < rows * most;
}

// Numbers of keys below were measured on an H200 (docs/Gradients.md).

bool spattn::areQueriesFasterAlone(AttentionBackwardOp op,
                                   const GpuTarget &target,
                                   int64_t expectedLength) {
  if (target.family != GpuTarget::Family::Sm90a)
    return false;
  ExpectedLengths lengths(op, expectedLength);
  bool isWide = std::max(op.getHeadDim(), op.getValueDim()) > 64;
  return lengths.areKnown && seeFewKeys(op, lengths, isWide ? 1000 : 300);
}

/// Whether clearing sums takes longer than asking, for each tile, who is first.
static bool shouldClaimSums(AttentionBackwardOp op, const BackwardShape &shape,
                            int64_t expectedLength) {
  constexpr int64_t mostKeys = 3000;
  return shape.sumsAreStaged() && shape.headDim > 64 &&
         seeFewKeys(op, ExpectedLengths(op, expectedLength), mostKeys);
}

FailureOr<BackwardShape> spattn::chooseBackwardShape(AttentionBackwardOp op,
                                                     const GpuTarget &target,
                                                     bool deterministic,
                                                     int64_t expectedLength) {
  BackwardShape shape;
  shape.deterministic = deterministic;
  shape.grouped = op.getGroupSize() > 1;
  shape.headDim = llvm::alignTo(op.getHeadDim(), kRowsOfGroup);
  shape.valueDim = llvm::alignTo(op.getValueDim(), kRowsOfGroup);
  int64_t dim = std::max(shape.headDim, shape.valueDim);
  const Candidate *fitting =
      llvm::find_if(kCandidates, [&](const Candidate &candidate) {
        return candidate.family == target.family &&
               candidate.deterministic.value_or(deterministic) ==
                   deterministic &&
               dim <= candidate.widest &&
               target.sharedMemory >= candidate.leastMemory;
      });
  if (fitting == std::end(kCandidates))
    return op.emitOpError("has no kernel on a GPU for head dimensions above "
                          "128, got ")
           << std::max(op.getHeadDim(), op.getValueDim());
  shape.overlap = target.family == GpuTarget::Family::Sm90a;
  shape.queryBlocks = shape.overlap ? 2 : 1;
  shape.queryTile = fitting->queryTile;
  // With narrow queries and wide values there may be no work for all of them.
  shape.consumers = std::min(fitting->consumers, shape.fragments());
  shape.blocks = fitting->blocks;
  shape.keyStages = fitting->keyStages;
  shape.valueStages = fitting->valueStages;
  shape.queryStages = fitting->queryStages;
  shape.claimsSums = shouldClaimSums(op, shape, expectedLength);
  if (TileShapeAttr tileShape = op.getTileShapeAttr()) {
    int64_t queries = tileShape.getQueryTile(), keys = tileShape.getKeyTile();
    if ((queries != 64 && queries != 128) || keys % 64 != 0 || keys > 256)
      return op.emitOpError(
                 "expected a tile shape of 64 or 128 queries and 64, "
                 "128, 192 or 256 keys for gradients on a GPU, got ")
             << queries << " and " << keys;
    shape.queryTile = queries;
    shape.consumers = keys / kRowsOfGroup;
    shape.blocks = 1;
  }
  return shape;
}
