//===- SelectSchedule.cpp - Gives each attention a tile shape -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Verifier.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/Dialect/Spattn/Transforms/Schedule.h"

namespace spattn {
#define GEN_PASS_DEF_SPATTNSELECTSCHEDULE
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {
struct SpattnSelectSchedulePass
    : public spattn::impl::SpattnSelectScheduleBase<SpattnSelectSchedulePass> {
  using SpattnSelectScheduleBase::SpattnSelectScheduleBase;

  void runOnOperation() override {
    for (auto [tile, name] : {std::pair(queryTile.getValue(), "query-tile"),
                              std::pair(keyTile.getValue(), "key-tile")})
      if (tile < 0 || tile > 4096) {
        emitError(UnknownLoc::get(&getContext()), "expected '")
            << name << "' from 1 to 4096, or 0 to choose, got " << tile;
        return signalPassFailure();
      }
    WalkResult result = getOperation()->walk([&](AttentionOpInterface op) {
      if (op.getScheduleAttr())
        return WalkResult::advance();
      ScheduleAttr chosen = chooseSchedule(op);
      op.setScheduleAttr(ScheduleAttr::get(
          &getContext(), queryTile ? queryTile : chosen.getQueryTile(),
          keyTile ? keyTile : chosen.getKeyTile()));
      return WalkResult(mlir::verify(op, /*verifyRecursively=*/false));
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
