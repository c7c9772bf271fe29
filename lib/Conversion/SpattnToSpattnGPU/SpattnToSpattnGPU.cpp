//===- SpattnToSpattnGPU.cpp - Attention to GPU kernels in tile form
//-----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/Passes.h"

#include "Backward/BackwardKernels.h"
#include "BackwardConfig.h"
#include "Forward/ForwardKernel.h"
#include "ForwardConfig.h"
#include "KernelLimits.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "spattn/Conversion/SpattnToSpattnGPU/HostFunction.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNTOSPATTNGPU
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {
struct ConvertSpattnToSpattnGPUPass
    : public spattn::impl::ConvertSpattnToSpattnGPUBase<
          ConvertSpattnToSpattnGPUPass> {
  using ConvertSpattnToSpattnGPUBase::ConvertSpattnToSpattnGPUBase;

  LogicalResult checkOptions() {
    target = GpuTarget::parse(targetName);
    if (!target)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'target' to be sm_90a, or sm_80 or later, "
                       "got '")
             << targetName << "'";
    if (sharedMemory < 0)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'shared-memory' to be 0 or more, got ")
             << sharedMemory.getValue();
    if (sharedMemory != 0)
      target->sharedMemory = sharedMemory;
    if (keyTile != 0 && (keyTile < 16 || keyTile > 256 || keyTile % 16 != 0))
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'key-tile' to be 0, or a multiple of 16 from "
                       "16 to 256, got ")
             << keyTile.getValue();
    if (stages < 0 || stages > 8 || queryStages < 0 || queryStages > 8)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'stages' and 'query-stages' from 0 to 8, got ")
             << stages.getValue() << " and " << queryStages.getValue();
    if (mmaWarpgroups < 0 || mmaWarpgroups > 4 || ctasPerSM < 0 ||
        ctasPerSM > 4)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'mma-warpgroups' and 'ctas-per-sm' from 0 to "
                       "4, got ")
             << mmaWarpgroups.getValue() << " and " << ctasPerSM.getValue();
    if (expectedLength < 0 || expectedLength >= int64_t(1) << 30)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'expected-length' to be at least 0 and less "
                       "than 2^30, got ")
             << expectedLength.getValue();
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
    if (!HostFunction::hasAttention(function))
      return success();
    FailureOr<HostFunction> host = HostFunction::get(function);
    if (failed(host))
      return failure();
    AttentionOpInterface op = host->attention;
    Type element = cast<ShapedType>(op.getQuery().getType()).getElementType();
    if (!element.isF16() && !element.isBF16())
      return op->emitOpError("expected elements of type f16 or bf16 for a "
                             "kernel on a GPU, got ")
             << element;
    for (int64_t dim : {op.getHeadDim(), op.getValueDim()})
      if (dim > 256 || dim % 8 != 0)
        return op->emitOpError("expected a head dimension that is a multiple "
                               "of 8 up to 256 for a kernel on a GPU, got ")
               << dim;
    // The maximum is taken before the scale is applied, and what is masked is
    // -inf. Other scales are refused at the launch.
    FloatAttr scale;
    if (op.getScale() && matchPattern(op.getScale(), m_Constant(&scale)))
      if (APFloat value = scale.getValue();
          !value.isFinite() || value.isNegative() || value.isZero())
        return op->emitOpError("expected a scale that is positive and finite "
                               "for a kernel on a GPU, got ")
               << scale;
    if (auto forward = dyn_cast<AttentionOp>(*op)) {
      if (failed(convertForward(function, forward)))
        return failure();
    } else if (failed(
                   convertBackward(function, cast<AttentionBackwardOp>(*op)))) {
      return failure();
    }
    function.erase();
    return success();
  }

  /// Frees the function's name for its kernel.
  static std::string takeName(func::FuncOp function) {
    std::string name = function.getName().str();
    function.setName(name + "_host");
    return name;
  }

  LogicalResult convertForward(func::FuncOp function, AttentionOp op) {
    if (!storesThroughShared(op) && op.getValueDim() % 64 != 0)
      return op.emitOpError("expected a head dimension of values that is a "
                            "multiple of 64 for an output of another element "
                            "type, got ")
             << op.getValueDim();
    FailureOr<ForwardShape> chosen =
        chooseForwardShape(op, *target, expectedLength);
    if (failed(chosen))
      return failure();
    ForwardShape shape = *chosen;
    if (keyTile)
      shape.keyTile = keyTile;
    if (mmaWarpgroups)
      shape.consumers = mmaWarpgroups;
    if (ctasPerSM)
      shape.blocks = ctasPerSM;
    if (stages)
      shape.stages = stages;
    if (queryStages)
      shape.queryStages = queryStages;
    if (intraWarpgroupOverlap != Choice::Auto)
      shape.overlap = intraWarpgroupOverlap == Choice::Yes;
    shape.takeTurns = pingpong;
    // With more than two warpgroups that compute, registers would be spilled if
    // items were dealt.
    shape.fetch |= shape.consumers > 2;
    if (scheduler != Scheduler::Auto)
      shape.fetch = scheduler == Scheduler::Dynamic;
    if (shape.overlap && shape.queryStages < 2)
      return op.emitOpError("needs 2 'query-stages' or more with "
                            "'intra-warpgroup-overlap', since a stage of "
                            "queries is free only when the next item has been "
                            "started; got ")
             << shape.queryStages;
    if (shape.keyTile < 16 || shape.keyTile > 256 || shape.keyTile % 16 != 0)
      return op.emitOpError(
                 "expected a tile shape of a multiple of 16 keys from "
                 "16 to 256 for a kernel on a GPU, got ")
             << shape.keyTile;
    shape.item = layoutOfRowTiles(op, shape.queryTile(), shape.keyTile);
    auto fits = [&] {
      return sharedOfBlocks(ForwardLayout(shape).shared.total(),
                            shape.blocks) <= target->sharedMemory;
    };
    while (!fits() && shape.mostItemStages > 1)
      --shape.mostItemStages;
    if (failed(checkLimits(op, shape, *target)))
      return failure();
    OpBuilder builder(function);
    KernelProgram program(op, *target, shape.queryTile(), shape.keyTile);
    buildForwardKernel(builder, op, takeName(function), shape, program);
    program.describeLaunches();
    return success();
  }

  /// The kernels copy whole tiles of all of them.
  static LogicalResult checkElements(AttentionBackwardOp op) {
    auto element = [](Value value) {
      return cast<ShapedType>(value.getType()).getElementType();
    };
    for (const AttentionOperand &operand : op.getAttentionOperands())
      if (operand.hasWidth() &&
          element(operand.value) != element(op.getQuery()))
        return op.emitOpError("expected '")
               << operand.name << "' to have elements of type "
               << element(op.getQuery())
               << ", as 'query' has, for gradients on a GPU, got "
               << element(operand.value);
    return success();
  }

  LogicalResult convertBackward(func::FuncOp function, AttentionBackwardOp op) {
    if (failed(checkElements(op)))
      return failure();
    bool queriesAlone = deterministic == Choice::Auto
                            ? areQueriesFasterAlone(op, *target, expectedLength)
                            : deterministic == Choice::Yes;
    FailureOr<BackwardShape> chosen =
        chooseBackwardShape(op, *target, queriesAlone, expectedLength);
    if (failed(chosen))
      return failure();
    BackwardShape shape = *chosen;
    if (keyTile && keyTile % kRowsOfGroup != 0)
      return op.emitOpError("expected a 'key-tile' of a multiple of 64 for "
                            "gradients, got ")
             << keyTile.getValue();
    if (keyTile)
      shape.consumers = keyTile / kRowsOfGroup;
    if (mmaWarpgroups)
      shape.consumers = mmaWarpgroups;
    if (ctasPerSM)
      shape.blocks = ctasPerSM;
    if (stages)
      shape.keyStages = shape.valueStages = stages;
    if (queryStages)
      shape.queryStages = queryStages;
    if (shape.overlap && shape.queryStages < 2)
      return op.emitOpError("needs 2 'query-stages' or more for gradients "
                            "where products are asynchronous, since a stage "
                            "of queries is free only when the next has been "
                            "awaited; got ")
             << shape.queryStages;
    // Each warpgroup computes as many parts of a query tile's gradients.
    if (shape.fragments() % shape.consumers != 0)
      return op.emitOpError(
                 "expected the number of warpgroups, one for 64 keys "
                 "of a tile, to divide that of 64x64 blocks in a "
                 "tile of queries for gradients on a GPU, got ")
             << shape.consumers << " and " << shape.fragments();
    shape.item = layoutOfColumnTiles(op, shape.keyTile(), shape.queryTile);
    shape.queryItem =
        layoutOfRowTiles(op, kRowsOfGroup, QueryKernelLayout::kKeyTile);
    auto fits = [&](int64_t bytes, int64_t blocks) {
      return sharedOfBlocks(bytes, blocks) <= target->sharedMemory;
    };
    auto mainFits = [&] {
      return fits(KeyKernelLayout(shape).shared.total(), shape.blocks);
    };
    if (!mainFits())
      shape.itemStages = 1;
    // Room for large tables, unless stages were asked for.
    if (!queryStages && shape.item.hasTables() && !mainFits())
      shape.queryStages = std::min<int64_t>(shape.queryStages, 2);
    if (!stages && shape.item.hasTables() && !mainFits())
      shape.valueStages = 1;
    auto queriesFit = [&] {
      return fits(QueryKernelLayout(shape).shared.total(), shape.queryBlocks);
    };
    if (!queriesFit())
      shape.queryBlocks = 1;
    if (!queriesFit())
      shape.queryValueStages = 1;
    if (failed(checkLimits(op, shape, queriesAlone, *target)))
      return failure();
    OpBuilder builder(function);
    KernelProgram program(op, *target, shape.queryTile, shape.keyTile());
    buildBackwardKernels(builder, op, takeName(function), shape, program);
    program.describeLaunches();
    return success();
  }

  std::optional<GpuTarget> target;
};
} // namespace
