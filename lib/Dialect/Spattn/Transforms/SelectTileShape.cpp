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

namespace spattn {
#define GEN_PASS_DEF_SPATTNSELECTTILESHAPE
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {
struct SpattnSelectTileShapePass
    : public spattn::impl::SpattnSelectTileShapeBase<
          SpattnSelectTileShapePass> {
  using SpattnSelectTileShapeBase::SpattnSelectTileShapeBase;

  void runOnOperation() override {
    for (auto [tile, name] : {std::pair(queryTile.getValue(), "query-tile"),
                              std::pair(keyTile.getValue(), "key-tile")})
      if (tile < 0 || tile > 4096) {
        emitError(UnknownLoc::get(&getContext()), "expected '")
            << name << "' from 1 to 4096, or 0 to choose, got " << tile;
        return signalPassFailure();
      }
    WalkResult result = getOperation()->walk([&](AttentionOpInterface op) {
      if (op.getTileShapeAttr())
        return WalkResult::advance();
      TileShapeAttr chosen = chooseTileShape(op);
      op.setTileShapeAttr(TileShapeAttr::get(
          &getContext(), queryTile ? queryTile : chosen.getQueryTile(),
          keyTile ? keyTile : chosen.getKeyTile()));
      return WalkResult(mlir::verify(op, /*verifyRecursively=*/false));
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
