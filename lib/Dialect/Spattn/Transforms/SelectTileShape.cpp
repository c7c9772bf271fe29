//===- SelectTileShape.cpp - Gives each attention a tile shape ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Verifier.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/Dialect/Spattn/Transforms/TileShape.h"
#include "spattn/Support/StructOptionsPass.h"

namespace spattn {
#define GEN_PASS_DEF_SPATTNSELECTTILESHAPE
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {
struct SpattnSelectTileShapePass
    : public StructOptionsPass<
          spattn::impl::SpattnSelectTileShapeBase<SpattnSelectTileShapePass>,
          TileShapeOptions> {
  using StructOptionsPass::StructOptionsPass;

  void runOnOperation() override {
    TileShapeOptions options = getOptions();
    if (failed(report(checkRanges(options))))
      return signalPassFailure();
    WalkResult result = getOperation()->walk([&](AttentionOpInterface op) {
      if (op.getTileShapeAttr())
        return WalkResult::advance();
      TileShapeAttr chosen = chooseTileShape(op);
      op.setTileShapeAttr(TileShapeAttr::get(
          &getContext(),
          options.queryTile ? options.queryTile : chosen.getQueryTile(),
          options.keyTile ? options.keyTile : chosen.getKeyTile()));
      return WalkResult(mlir::verify(op, /*verifyRecursively=*/false));
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace

std::unique_ptr<Pass>
spattn::createSpattnSelectTileShape(const TileShapeOptions &options) {
  return std::make_unique<SpattnSelectTileShapePass>(options);
}
