//===- SpattnCPUToVector.cpp - Tile operations to vector loops
//---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/Passes.h"

#include "Lowering.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNCPUTOVECTOR
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_cpu;

namespace {
struct ConvertSpattnCPUToVectorPass
    : public spattn::impl::ConvertSpattnCPUToVectorBase<
          ConvertSpattnCPUToVectorPass> {
  using ConvertSpattnCPUToVectorBase::ConvertSpattnCPUToVectorBase;

  LogicalResult checkOptions() {
    if (vectorWidth < 1 || vectorWidth > 64 ||
        !llvm::isPowerOf2_64(vectorWidth))
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'vector-width' to be a power of two from 1 to "
                       "64, got ")
             << vectorWidth.getValue();
    if (registerRows < 1 || registerRows > 16)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'register-rows' from 1 to 16, got ")
             << registerRows.getValue();
    if (registerVectors < 1 || registerVectors > 8)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'register-vectors' from 1 to 8, got ")
             << registerVectors.getValue();
    return success();
  }

  void runOnOperation() override {
    if (failed(checkOptions()))
      return signalPassFailure();
    RegisterBlock block{vectorWidth, registerRows, registerVectors};
    WalkResult result = getOperation()->walk([&](Operation *op) {
      ImplicitLocOpBuilder b(op->getLoc(), op);
      VectorTile t(b, block);
      bool lowered = true;
      LogicalResult result =
          llvm::TypeSwitch<Operation *, LogicalResult>(op)
              .Case<LoadQueryOp, StageOp, StoreOp, ClearOp, OnlineInitOp,
                    OnlineStepOp, OnlineFinishOp, LoadStatisticsOp,
                    QueryGradientStepOp, KeyGradientStepOp>(
                  [&](auto tileOp) { return lower(tileOp, t); })
              .Default([&](Operation *) {
                lowered = false;
                return success();
              });
      if (failed(result))
        return WalkResult::interrupt();
      if (lowered)
        op->erase();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
