//===- SpattnGPUToNVVM.cpp - Tile operations to NVVM and inline PTX
//------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/Passes.h"

#include "Lowering.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"

#include <optional>

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNGPUTONVVM
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn::spattn_gpu;

namespace {
struct ConvertSpattnGPUToNVVMPass
    : public spattn::impl::ConvertSpattnGPUToNVVMBase<
          ConvertSpattnGPUToNVVMPass> {
  using ConvertSpattnGPUToNVVMBase::ConvertSpattnGPUToNVVMBase;

  void runOnOperation() override {
    std::optional<spattn::GpuTarget> gpu = spattn::GpuTarget::parse(targetName);
    if (!gpu) {
      emitError(UnknownLoc::get(&getContext()),
                "expected 'target' to be sm_90a, or sm_80 or later, got '")
          << targetName << "'";
      return signalPassFailure();
    }
    if (failed(checkMaps(*gpu)))
      return signalPassFailure();
    MLIRContext *context = &getContext();
    declareSharedMemory();
    bool isSm90a = gpu->family == spattn::GpuTarget::Family::Sm90a;
    GPUTypeConverter types(context, findFewRegisters(isSm90a), layOutMemory(),
                           /*fragmentWidth=*/isSm90a ? 4 : 1);
    RewritePatternSet patterns(context);
    ConversionTarget target(*context);
    target.addLegalDialect<arith::ArithDialect, LLVM::LLVMDialect,
                           NVVM::NVVMDialect>();
    target.addIllegalDialect<SpattnGPUDialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    scf::populateSCFStructuralTypeConversionsAndLegality(types, patterns,
                                                         target);
    populateCommonPatterns(types, patterns);
    populateMemoryPatterns(types, patterns);
    if (isSm90a)
      populateSm90Patterns(types, patterns);
    else
      populateSm80Patterns(types, patterns);
    target.addIllegalOp<math::Log2Op>();
    // Bodies of maps and masks go with their operation.
    target.addLegalOp<spattn::spattn_gpu::YieldOp>();
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }

  /// Kernels in which registers are few: all where the warps that load cannot
  /// give theirs to those that compute, elsewhere those with many warpgroups.
  llvm::SmallPtrSet<Operation *, 4> findFewRegisters(bool canMove) {
    constexpr int32_t few = 160;
    llvm::SmallPtrSet<Operation *, 4> found;
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      bool isFew = !canMove;
      function.walk([&](SetMaxRegistersOp op) {
        isFew |= op.getIncrease() && op.getCount() <= few;
      });
      if (isFew)
        found.insert(function);
    }
    return found;
  }

  GPUTypeConverter::MemoryOffsets layOutMemory() {
    GPUTypeConverter::MemoryOffsets offsets;
    getOperation().walk([&](FunctionOpInterface kernel) {
      AllocOp::layOut(kernel, [&](AllocOp alloc, int64_t offset) {
        offsets[alloc] = offset;
      });
    });
    return offsets;
  }

  /// A kernel and its launch must agree on the form of tensor maps.
  LogicalResult checkMaps(const spattn::GpuTarget &gpu) {
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (LaunchAttr launch = LaunchAttr::of(function))
        for (TensorMapAttr map : launch.getMaps())
          if (map.getSoftware() == gpu.hasHardwareMaps())
            return function.emitError("kernel '")
                   << function.getName() << "' is launched with "
                   << (map.getSoftware() ? "software" : "hardware")
                   << " tensor maps, but code for 'target' " << targetName
                   << " reads the other ones";
    return success();
  }

  void declareSharedMemory() {
    ModuleOp module = getOperation();
    if (module.lookupSymbol(kSharedMemory))
      return;
    ImplicitLocOpBuilder b(module.getLoc(), module.getBodyRegion());
    auto type = LLVM::LLVMArrayType::get(b.getI8Type(), 0);
    LLVM::GlobalOp::create(b, type, /*isConstant=*/false,
                           LLVM::Linkage::External, kSharedMemory, Attribute(),
                           /*alignment=*/1024, kSharedSpace);
  }
};
} // namespace
