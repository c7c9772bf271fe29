//===- SpattnToLoops.cpp - Attention to loops over its tiles --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/Passes.h"

#include "TileLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "spattn/Dialect/Spattn/Transforms/TileShape.h"
#include "llvm/ADT/TypeSwitch.h"

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNTOLOOPS
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {

struct ConvertSpattnToLoopsPass
    : public spattn::impl::ConvertSpattnToLoopsBase<ConvertSpattnToLoopsPass> {
  using ConvertSpattnToLoopsBase::ConvertSpattnToLoopsBase;

  void runOnOperation() override {
    SmallVector<AttentionOpInterface> attentions;
    getOperation()->walk(
        [&](AttentionOpInterface op) { attentions.push_back(op); });
    for (AttentionOpInterface op : attentions) {
      if (isa<RankedTensorType>(op.getQuery().getType())) {
        op->emitOpError("expected operands in buffers; run 'spattn-bufferize' "
                        "before 'convert-spattn-to-loops'");
        return signalPassFailure();
      }
      if (FloatAttr scale; op.getScale() &&
                           matchPattern(op.getScale(), m_Constant(&scale)) &&
                           !scale.getValue().isFinite()) {
        op->emitOpError("expected a finite scale, got ") << scale;
        return signalPassFailure();
      }
      ++numKernels;
      report(op);
      llvm::TypeSwitch<Operation *>(op).Case<AttentionOp, AttentionBackwardOp>(
          [&](auto op) { lowerToLoops(op, getTileShapeAttr(op)); });
    }
  }

  /// Statistics and remarks, where the lengths are known. Counting visits every
  /// tile row, so it is done only on demand.
  void report(AttentionOpInterface op) {
    if (!remarks)
      return;
    int64_t queryLength = op.getStaticQueryLength();
    int64_t keyLength = op.getStaticKeyLength();
    if (ShapedType::isDynamic(queryLength) || ShapedType::isDynamic(keyLength))
      return;
    TileCounts counts = getAlgebra(op, queryLength, keyLength)
                            .tiles(getTileShape(getTileShapeAttr(op)));
    numVisited += counts.visited;
    numMasked += counts.masked;
    numSkipped += counts.skipped;
    op->emitRemark("tiles of a batch element: ")
        << counts.visited << " visited, " << counts.full << " full, "
        << counts.masked << " masked, " << counts.skipped << " skipped";
  }
};

} // namespace
