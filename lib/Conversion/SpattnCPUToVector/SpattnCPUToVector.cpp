//===- SpattnCPUToVector.cpp - Tile operations to vector loops ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/SpattnCPUToVector/SpattnCPUToVector.h"

#include "Lowering.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "spattn/Support/StructOptionsPass.h"

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNCPUTOVECTOR
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_cpu;

/// The operation of a step's regions that keeps them from being evaluated for
/// vectors, if there is one.
static Operation *findUnvectorizable(Operation *op) {
  if (!isa<OnlineStepOp, QueryGradientStepOp, KeyGradientStepOp>(op))
    return nullptr;
  for (Region &region : op->getRegions())
    if (Operation *found = spattn_cpu::findUnvectorizable(region))
      return found;
  return nullptr;
}

namespace {
/// Emits the loops of an operation in its place.
template <class Op>
struct TileLowering : OpRewritePattern<Op> {
  TileLowering(MLIRContext *context, const RegisterBlock &block)
      : OpRewritePattern<Op>(context), block(block) {}

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (::findUnvectorizable(op))
      return rewriter.notifyMatchFailure(
          op, "an operation of a region is neither elementwise nor a load");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    VectorTile t(b, block);
    if (failed(lower(op, t)))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }

private:
  RegisterBlock block;
};
} // namespace

void spattn::populateSpattnCPUToVectorPatterns(RewritePatternSet &patterns,
                                               const RegisterBlock &block) {
  patterns.add<TileLowering<LoadQueryOp>, TileLowering<StageOp>,
               TileLowering<StoreOp>, TileLowering<ClearOp>,
               TileLowering<OnlineInitOp>, TileLowering<OnlineStepOp>,
               TileLowering<OnlineFinishOp>, TileLowering<LoadStatisticsOp>,
               TileLowering<SinkGradientOp>, TileLowering<QueryGradientStepOp>,
               TileLowering<KeyGradientStepOp>>(patterns.getContext(), block);
}

namespace {
struct ConvertSpattnCPUToVectorPass
    : public StructOptionsPass<spattn::impl::ConvertSpattnCPUToVectorBase<
                                   ConvertSpattnCPUToVectorPass>,
                               RegisterOptions> {
  using StructOptionsPass::StructOptionsPass;

  void runOnOperation() override {
    RegisterOptions options = getOptions();
    if (failed(report(checkRanges(options))))
      return signalPassFailure();
    bool isValid = true;
    getOperation()->walk([&](Operation *op) {
      if (Operation *found = ::findUnvectorizable(op)) {
        found->emitOpError("cannot be vectorized in a ")
            << (isa<YieldOp>(found->getBlock()->getTerminator()) ? "mask"
                                                                 : "score")
            << " region: expected an elementwise operation, or "
               "a load";
        isValid = false;
      }
    });
    if (!isValid)
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    populateSpattnCPUToVectorPatterns(patterns, options.getBlock());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    // LLVM has no vectors of it.
    RewritePatternSet tanh(&getContext());
    populatePolynomialApproximateTanhPattern(tanh);
    walkAndApplyPatterns(getOperation(), std::move(tanh));
  }
};
} // namespace

std::unique_ptr<Pass>
spattn::createConvertSpattnCPUToVector(const RegisterOptions &options) {
  return std::make_unique<ConvertSpattnCPUToVectorPass>(options);
}
