//===- SpattnGPUToNVVM.cpp - Tile operations to NVVM and inline PTX -------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/SpattnGPUToNVVM/SpattnGPUToNVVM.h"

#include "Lowering.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"

#include <optional>

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNGPUTONVVM
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn::spattn_gpu;

void spattn::populateSpattnGPUToNVVMPatterns(const GPUTypeConverter &types,
                                             const TargetCapabilities &target,
                                             RewritePatternSet &patterns,
                                             ConversionTarget &legality) {
  legality.addLegalDialect<arith::ArithDialect, LLVM::LLVMDialect,
                           NVVM::NVVMDialect>();
  legality.addIllegalDialect<SpattnGPUDialect>();
  legality.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  scf::populateSCFStructuralTypeConversionsAndLegality(types, patterns,
                                                       legality);
  populateCommonPatterns(types, patterns);
  populateResidueMaskPatterns(types, patterns);
  populateMemoryPatterns(types, patterns);
  if (isSm90a(target))
    populateSm90Patterns(types, patterns);
  else
    populateSm80Patterns(types, patterns);
  legality.addIllegalOp<math::ExpOp, math::LogOp, math::Log2Op, math::TanhOp>();
  // Bodies of maps and masks go with their operation.
  legality.addLegalOp<spattn::spattn_gpu::YieldOp>();
}

void spattn::declareSharedMemory(Operation *module) {
  if (SymbolTable::lookupSymbolIn(module, kSharedMemory))
    return;
  ImplicitLocOpBuilder b(module->getLoc(), module->getRegion(0));
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), 0);
  LLVM::GlobalOp::create(b, type, /*isConstant=*/false, LLVM::Linkage::External,
                         kSharedMemory, Attribute(),
                         /*alignment=*/1024, kSharedSpace);
}

namespace {
struct ConvertSpattnGPUToNVVMPass
    : public spattn::impl::ConvertSpattnGPUToNVVMBase<
          ConvertSpattnGPUToNVVMPass> {
  using ConvertSpattnGPUToNVVMBase::ConvertSpattnGPUToNVVMBase;

  void runOnOperation() override {
    std::optional<spattn::TargetCapabilities> gpu =
        spattn::TargetCapabilities::of(targetName);
    if (!gpu) {
      emitError(UnknownLoc::get(&getContext()),
                "expected 'target' to be sm_90a, or sm_80 or later, got '")
          << targetName << "'";
      return signalPassFailure();
    }
    // A module, or one for a GPU.
    if (!getOperation()->hasTrait<OpTrait::SymbolTable>()) {
      getOperation()->emitOpError("is no module of functions");
      return signalPassFailure();
    }
    if (failed(checkMaps(*gpu)))
      return signalPassFailure();
    spattn::declareSharedMemory(getOperation());
    GPUTypeConverter types(getOperation(), *gpu);
    RewritePatternSet patterns(&getContext());
    ConversionTarget legality(getContext());
    spattn::populateSpattnGPUToNVVMPatterns(types, *gpu, patterns, legality);
    // No pattern fails after it has changed something.
    ConversionConfig config;
    config.allowPatternRollback = false;
    if (failed(applyPartialConversion(getOperation(), legality,
                                      std::move(patterns), config)))
      signalPassFailure();
  }

  /// A kernel and its launch must agree on the form of tensor maps.
  LogicalResult checkMaps(const spattn::TargetCapabilities &gpu) {
    for (auto function :
         getOperation()->getRegion(0).getOps<LLVM::LLVMFuncOp>())
      if (LaunchAttr launch = LaunchAttr::of(function))
        for (TensorMapAttr map : launch.getMaps())
          if (map.getSoftware() == gpu.hardwareTensorMaps)
            return function.emitError("kernel '")
                   << function.getName() << "' is launched with "
                   << (map.getSoftware() ? "software" : "hardware")
                   << " tensor maps, but code for 'target' " << targetName
                   << " reads the other ones";
    return success();
  }
};
} // namespace
