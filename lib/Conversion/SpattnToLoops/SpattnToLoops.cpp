//===- SpattnToLoops.cpp - Attention to loops over its tiles --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/SpattnToLoops/SpattnToLoops.h"

#include "RowLoops.h"
#include "TileLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "spattn/Dialect/Spattn/IR/KnownOperands.h"
#include "spattn/Dialect/Spattn/Transforms/TileShape.h"
#include "spattn/Support/StructOptionsPass.h"

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNTOLOOPS
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {
template <class Op>
struct AttentionLowering : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (isa<RankedTensorType>(op.getQuery().getType()))
      return rewriter.notifyMatchFailure(op, "operands are not in buffers");
    if (auto error = findScalarError(op))
      return rewriter.notifyMatchFailure(op, *error);
    lowerToLoops(op, getTileShapeAttr(op), rewriter);
    rewriter.eraseOp(op);
    return success();
  }
};

template <class Op>
struct RowsLowering : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (isa<RankedTensorType>(op->getOperand(0).getType()))
      return rewriter.notifyMatchFailure(op, "operands are not in buffers");
    lowerToLoops(op, rewriter);
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void spattn::populateSpattnToLoopsPatterns(RewritePatternSet &patterns) {
  patterns.add<AttentionLowering<AttentionOp>,
               AttentionLowering<AttentionBackwardOp>, RowsLowering<MergeOp>,
               RowsLowering<MergeBackwardOp>, RowsLowering<GatherRowsOp>,
               RowsLowering<SumRowsOp>, RowsLowering<HashRowsOp>>(
      patterns.getContext());
}

namespace {

struct ConvertSpattnToLoopsPass
    : public StructOptionsPass<
          spattn::impl::ConvertSpattnToLoopsBase<ConvertSpattnToLoopsPass>,
          LoopOptions> {
  using StructOptionsPass::StructOptionsPass;

  void runOnOperation() override {
    WalkResult result = getOperation()->walk([&](KernelOpInterface kernel) {
      Value first = kernel.getKernelArrays().front().value;
      if (isa<RankedTensorType>(first.getType())) {
        kernel->emitOpError("expected operands in buffers; run "
                            "'spattn-bufferize' before "
                            "'convert-spattn-to-loops'");
        return WalkResult::interrupt();
      }
      ++numKernels;
      auto op = dyn_cast<AttentionOpInterface>(*kernel);
      if (!op)
        return WalkResult::advance();
      if (failed(
              checkKnownOperands(op, getOperandsWithPages(), "code for a CPU")))
        return WalkResult::interrupt();
      if (auto error = findScalarError(op)) {
        op->emitOpError(*error);
        return WalkResult::interrupt();
      }
      countTiles(op);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    populateSpattnToLoopsPatterns(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }

  /// Statistics and remarks, where the lengths are known. Counting visits every
  /// tile row, so it is done only on demand.
  void countTiles(AttentionOpInterface op) {
    if (!getOptions().remarks || op.hasSequences() || op.hasTileLists())
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

std::unique_ptr<Pass>
spattn::createConvertSpattnToLoops(const LoopOptions &options) {
  return std::make_unique<ConvertSpattnToLoopsPass>(options);
}
