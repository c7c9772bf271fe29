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
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "spattn/Support/StructOptionsPass.h"
#include "llvm/ADT/TypeSwitch.h"

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNCPUTOVECTOR
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_cpu;

/// Masks of the steps that have one.
static Region *getMask(Operation *op) {
  return llvm::TypeSwitch<Operation *, Region *>(op)
      .Case<OnlineStepOp, QueryGradientStepOp, KeyGradientStepOp>(
          [](auto step) { return &step.getMask(); })
      .Default([](Operation *) { return nullptr; });
}

namespace {
/// Emits the loops of an operation in its place.
template <class Op>
struct TileLowering : OpRewritePattern<Op> {
  TileLowering(MLIRContext *context, const RegisterBlock &block)
      : OpRewritePattern<Op>(context), block(block) {}

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (Region *mask = getMask(op); mask && findUnvectorizable(*mask))
      return rewriter.notifyMatchFailure(
          op, "an operation of the mask region is not elementwise");
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
      Region *mask = getMask(op);
      if (Operation *found = mask ? findUnvectorizable(*mask) : nullptr) {
        found->emitOpError("cannot be vectorized in a mask region: expected an "
                           "elementwise operation");
        isValid = false;
      }
    });
    if (!isValid)
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    populateSpattnCPUToVectorPatterns(patterns, options.getBlock());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace

std::unique_ptr<Pass>
spattn::createConvertSpattnCPUToVector(const RegisterOptions &options) {
  return std::make_unique<ConvertSpattnCPUToVectorPass>(options);
}
