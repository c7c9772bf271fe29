//===- PackHeads.cpp - Query heads that share tiles -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PackHeads.h"

#include "Parts/RowLayout.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "spattn/Structure/Simplify.h"

using namespace mlir;
using namespace spattn;

int64_t spattn::mostPackedHeads(AttentionOp op,
                                const TargetCapabilities &target) {
  // Rows of several heads are copied by boxes of TMA; biases by distance are
  // those of one.
  if (!target.hardwareTensorMaps || op.getDistanceBias())
    return 1;
  HeadStructures heads =
      simplify(op.getHeadStructures(), /*lengths=*/{}, op.getAlignment());
  // Lists are of one head, or of some that follow each other.
  int64_t ofLists = op.hasTileLists() ? op.getNumQueryHeads() /
                                            op.getExtentSize(Extent::ListHeads)
                                      : op.getGroupSize();
  int64_t most = 1;
  while (2 * most <= spattn_gpu::kFragmentRows &&
         op.getGroupSize() % (2 * most) == 0 && ofLists % (2 * most) == 0 &&
         heads.areAlike(2 * most))
    most *= 2;
  return most;
}

LogicalResult spattn::checkPackedHeads(AttentionOp op,
                                       const TargetCapabilities &target,
                                       int64_t heads) {
  if (heads <= 1)
    return success();
  int64_t most = mostPackedHeads(op, target);
  if (most % heads == 0)
    return success();
  return op.emitOpError("expected 'packed-heads' to divide the ")
         << most << " query heads of a group that can share a tile, got "
         << heads;
}

/// Clocks for one batch element, over all SMs. Where none were measured, as
/// many as keys are visited, and two tiles for a work tile.
static double estimateClocks(const HostAlgebra &algebra,
                             const ForwardCandidate &candidate, int64_t heads,
                             bool fromFirstKey) {
  RowLayout rows{heads};
  TileShape tile{rows.queriesOf(64 * candidate.mmaWarpgroups),
                 candidate.keyTile};
  bool isMeasured = candidate.keyTileClocks > 0;
  double ofTile = isMeasured ? candidate.keyTileClocks : candidate.keyTile;
  double ofWork = isMeasured ? candidate.workTileClocks : 2 * ofTile;
  // What a CTA has at once counts.
  if (!isMeasured)
    ofTile *= candidate.mmaWarpgroups, ofWork *= candidate.mmaWarpgroups;
  double clocks = 0;
  for (int64_t head = 0; head < algebra.numHeads(); head += heads)
    for (int64_t visited :
         algebra.rowTiles(head, tile, fromFirstKey && rows.isPacked()))
      if (visited > 0)
        clocks += ofWork + visited * ofTile;
  return clocks;
}

/// The candidate that takes least time, and how many clocks; null if none is
/// for the head dimension.
static std::pair<const ForwardCandidate *, double>
findBest(llvm::ArrayRef<ForwardCandidate> candidates,
         const HostAlgebra &algebra, int64_t heads, int64_t dim, int64_t spans,
         const TargetCapabilities &target, bool fromFirstKey) {
  std::pair<const ForwardCandidate *, double> best{nullptr, 0};
  for (const ForwardCandidate &candidate : candidates) {
    bool isForOtherDim =
        best.first && best.first->widestHead != candidate.widestHead;
    if (candidate.widestHead < dim || isForOtherDim ||
        target.sharedMemory < candidate.leastSharedMemory ||
        (candidate.oneSpan && spans > 1))
      continue;
    double clocks = estimateClocks(algebra, candidate, heads, fromFirstKey);
    if (!best.first || clocks < best.second)
      best = {&candidate, clocks};
  }
  return best;
}

std::optional<ForwardCandidate>
spattn::choosePacked(const HostAlgebra &algebra, int64_t heads, int64_t dim,
                     int64_t spans, const TargetCapabilities &target,
                     const Tuning &tuning, bool isAsked, bool fromFirstKey) {
  auto [packed, clocks] =
      findBest(tuning.packed, algebra, heads, dim, spans, target, fromFirstKey);
  double without = findBest(tuning.forward, algebra, /*heads=*/1, dim, spans,
                            target, fromFirstKey)
                       .second;
  bool pays = clocks * 100 < without * double(tuning.packedClocks);
  if (!packed || !(pays || isAsked))
    return std::nullopt;
  return *packed;
}
