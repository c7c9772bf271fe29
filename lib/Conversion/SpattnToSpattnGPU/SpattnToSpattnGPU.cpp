//===- SpattnToSpattnGPU.cpp - Attention to GPU kernels -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/Passes.h"

#include "Backward/BackwardKernels.h"
#include "Forward/ForwardKernel.h"
#include "KernelConfig.h"
#include "KernelLimits.h"
#include "Merge/MergeKernels.h"
#include "Parts/ScoreModifier.h"
#include "Rows/RowsKernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "spattn/Conversion/SpattnToSpattnGPU/HostFunction.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "spattn/Support/StructOptionsPass.h"

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNTOSPATTNGPU
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {
struct ConvertSpattnToSpattnGPUPass
    : public StructOptionsPass<spattn::impl::ConvertSpattnToSpattnGPUBase<
                                   ConvertSpattnToSpattnGPUPass>,
                               GpuOptions> {
  using StructOptionsPass::StructOptionsPass;

  LogicalResult readOptions() {
    options = getOptions();
    if (failed(report(options.check())))
      return failure();
    target = *TargetCapabilities::of(options.getTarget());
    if (options.sharedMemory != 0)
      target.sharedMemory = options.sharedMemory;
    llvm::Expected<Tuning> numbers = Tuning::of(target, options.tuning);
    if (!numbers)
      return report(numbers.takeError());
    tuning = *numbers;
    return success();
  }

  void runOnOperation() override {
    if (failed(readOptions()))
      return signalPassFailure();
    // A module, or one for a GPU.
    if (!getOperation()->hasTrait<OpTrait::SymbolTable>()) {
      getOperation()->emitOpError("is no module of functions");
      return signalPassFailure();
    }
    for (auto function : llvm::make_early_inc_range(
             getOperation()->getRegion(0).getOps<func::FuncOp>()))
      if (failed(convert(function)))
        return signalPassFailure();
  }

  LogicalResult convert(func::FuncOp function) {
    if (!HostFunction::hasKernels(function))
      return success();
    FailureOr<HostFunction> host = HostFunction::get(function);
    if (failed(host))
      return failure();
    if (isa<MergeOp, MergeBackwardOp>(*host->op))
      return convertRows(function, host->op, checkMergeKernel,
                         buildMergeKernel);
    if (isa<GatherRowsOp, SumRowsOp>(*host->op))
      return convertRows(function, host->op, checkRowsKernel, buildRowsKernel);
    if (auto hash = dyn_cast<HashRowsOp>(*host->op)) {
      if (failed(checkHashKernel(hash, target)))
        return failure();
      OpBuilder builder(function);
      KernelProgram program(host->op, target);
      buildHashKernel(builder, hash, takeName(function), program, target);
      program.describeLaunches();
      function.erase();
      return success();
    }
    auto op = dyn_cast<AttentionOpInterface>(*host->op);
    if (!op)
      return host->op->emitOpError("has no kernel for a GPU");
    if (failed(checkTypes(op)) || failed(checkScalars(op)))
      return failure();
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

  /// What is masked is -inf. Scalars that are no constants are checked at the
  /// launch.
  static LogicalResult checkScalars(AttentionOpInterface op) {
    FloatAttr constant;
    for (const AttentionOperand &scalar : op.getScalarOperands()) {
      if (!scalar->isPositiveOnGpu ||
          !matchPattern(scalar.value, m_Constant(&constant)))
        continue;
      APFloat value = constant.getValue();
      bool isAny = scalar->kind == OperandKind::Scale && takesAnyScale(op);
      if (!value.isFinite() ||
          (!isAny && (value.isNegative() || value.isZero())))
        return op->emitOpError("expected a ")
               << scalar->name << " that is "
               << (isAny ? "finite" : "positive and finite")
               << " for a kernel on a GPU, got " << constant;
    }
    return success();
  }

  /// Frees the function's name for its kernel.
  static std::string takeName(func::FuncOp function) {
    std::string name = function.getName().str();
    function.setName(name + "_host");
    return name;
  }

  LogicalResult convertForward(func::FuncOp function, AttentionOp op) {
    FailureOr<ForwardConfig> config =
        chooseKernelConfig(op, target, tuning, options);
    if (failed(config))
      return failure();
    if (!config->parts.areCut() && !storesThroughShared(op, *config) &&
        op.getValueDim() % 64 != 0)
      return op.emitOpError("expected a head dimension of values that is a "
                            "multiple of 64 for an output of another element "
                            "type, got ")
             << op.getValueDim();
    OpBuilder builder(function);
    KernelProgram program(op, target, config->queryTile(), config->keyTile,
                          tuning.scarceRegisters);
    if (op.hasScoreRegion())
      program.limitPositions();
    std::string name = takeName(function);
    buildForwardKernel(builder, op, name, *config, program);
    if (config->parts.areCut())
      buildCombineKernel(builder, op, name + "_combine", *config, program);
    program.describeLaunches();
    return success();
  }

  /// The kernels copy whole tiles of all of them.
  static LogicalResult checkElements(AttentionBackwardOp op) {
    auto element = [](Value value) {
      return cast<ShapedType>(value.getType()).getElementType();
    };
    for (const AttentionOperand &operand : op.getAttentionOperands())
      if (operand->elements != ElementKind::F32 &&
          operand->elements != ElementKind::I32 &&
          element(operand.value) != element(op.getQuery()))
        return op.emitOpError("expected '")
               << operand->name << "' to have elements of type "
               << element(op.getQuery())
               << ", as 'query' has, for gradients on a GPU, got "
               << element(operand.value);
    return success();
  }

  LogicalResult convertBackward(func::FuncOp function, AttentionBackwardOp op) {
    if (failed(checkElements(op)))
      return failure();
    FailureOr<BackwardConfig> config =
        chooseKernelConfig(op, target, tuning, options);
    if (failed(config))
      return failure();
    if (options.deterministic == Choice::Yes && op.getDdistanceBias())
      return op.emitOpError("expected gradients without 'ddistance_bias' for "
                            "'deterministic', since its sums have no order on "
                            "a GPU");
    OpBuilder builder(function);
    KernelProgram program(op, target, config->queryTile, config->keyTile(),
                          tuning.scarceRegisters);
    if (op.hasScoreRegion())
      program.limitPositions();
    buildBackwardKernels(builder, op, takeName(function), *config, program);
    program.describeLaunches();
    return success();
  }

  /// An operation on rows: a check, and a kernel.
  LogicalResult convertRows(func::FuncOp function, KernelOpInterface op,
                            LogicalResult (*check)(KernelOpInterface),
                            void (*build)(OpBuilder &, KernelOpInterface,
                                          StringRef, KernelProgram &)) {
    if (failed(check(op)))
      return failure();
    OpBuilder builder(function);
    KernelProgram program(op, target);
    build(builder, op, takeName(function), program);
    program.describeLaunches();
    function.erase();
    return success();
  }

  GpuOptions options;
  TargetCapabilities target;
  Tuning tuning;
};
} // namespace

std::unique_ptr<Pass>
spattn::createConvertSpattnToSpattnGPU(const GpuOptions &options) {
  return std::make_unique<ConvertSpattnToSpattnGPUPass>(options);
}
