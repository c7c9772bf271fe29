//===- SpattnToTile.cpp - Attention to GPU kernels in tile form -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/Passes.h"

#include "ForwardKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "spattn/Dialect/Tile/IR/Tile.h"

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNTOTILE
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {
struct ConvertSpattnToTilePass
    : public spattn::impl::ConvertSpattnToTileBase<ConvertSpattnToTilePass> {
  using ConvertSpattnToTileBase::ConvertSpattnToTileBase;

  LogicalResult checkOptions() {
    if (keyTile < 16 || keyTile > 256 || keyTile % 16 != 0)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'key-tile' to be a multiple of 16 from 16 to "
                       "256, got ")
             << keyTile.getValue();
    if (stages < 1 || stages > 8 || queryStages < 1 || queryStages > 8)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'stages' and 'query-stages' from 1 to 8, got ")
             << stages.getValue() << " and " << queryStages.getValue();
    if (consumers < 1 || consumers > 2 || blocks < 1 || blocks > 2)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'consumers' and 'blocks' to be 1 or 2, got ")
             << consumers.getValue() << " and " << blocks.getValue();
    if (takeTurns && !overlap)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'take-turns' with 'overlap' only");
    if (loadWarps != 1 && loadWarps != 4)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'load-warps' to be 1 or 4, got ")
             << loadWarps.getValue();
    return success();
  }

  void runOnOperation() override {
    if (failed(checkOptions()))
      return signalPassFailure();
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (failed(convert(function)))
        return signalPassFailure();
  }

  LogicalResult convert(func::FuncOp function) {
    SmallVector<AttentionOp> attentions(function.getOps<AttentionOp>());
    if (attentions.size() != 1)
      return function.emitOpError("expected one attention in the function of a "
                                  "kernel, got ")
             << attentions.size();
    AttentionOp op = attentions.front();
    Type element = cast<ShapedType>(op.getQuery().getType()).getElementType();
    if (!element.isF16() && !element.isBF16())
      return op.emitOpError("expected elements of type f16 or bf16 for a "
                            "kernel on a GPU, got ")
             << element;
    for (int64_t dim : {op.getHeadDim(), op.getValueDim()})
      if (dim != 64 && dim != 128)
        return op.emitOpError("expected a head dimension of 64 or 128 for a "
                              "kernel on a GPU, got ")
               << dim;
    ForwardShape shape;
    shape.headDim = op.getHeadDim();
    shape.valueDim = op.getValueDim();
    shape.keyTile = keyTile;
    shape.stages = stages;
    shape.queryStages = queryStages;
    shape.takeTurns = takeTurns;
    shape.consumers = consumers;
    shape.blocks = blocks;
    shape.loadWarps = loadWarps;
    shape.overlap = overlap;
    if (ForwardLayout(shape).total * shape.blocks > sharedMemory)
      return op.emitOpError("needs ")
             << ForwardLayout(shape).total * shape.blocks
             << " bytes of shared memory, more than the "
             << sharedMemory.getValue() << " there are";
    OpBuilder builder(function);
    std::string name = function.getName().str();
    function.setName(name + "_host");
    buildForwardKernel(builder, op, name, shape);
    function.erase();
    return success();
  }
};
} // namespace
