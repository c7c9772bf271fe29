//===- GpuProgramPipeline.cpp - Programs with attention on a GPU ----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Pipelines/GpuProgramPipeline.h"

#include "RegisterPipeline.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "spattn/Conversion/Passes.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "spattn/Pipelines/CpuPipeline.h"

using namespace mlir;
using namespace spattn;

namespace {
/// Runs passes on the modules that spattn-outline-kernels made, wherever they
/// are, and on no others.
struct LowerOutlinedPass
    : public PassWrapper<LowerOutlinedPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerOutlinedPass)

  explicit LowerOutlinedPass(OpPassManager passes)
      : passes(std::move(passes)) {}

  StringRef getName() const override { return "LowerOutlined"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    passes.getDependentDialects(registry);
  }

  void runOnOperation() override {
    SmallVector<gpu::GPUModuleOp> modules;
    getOperation()->walk([&](gpu::GPUModuleOp module) {
      ArrayAttr targets = module.getTargetsAttr();
      if (targets &&
          llvm::any_of(targets, llvm::IsaPred<spattn_gpu::TargetAttr>))
        modules.push_back(module);
    });
    for (gpu::GPUModuleOp module : modules)
      if (failed(runPipeline(passes, module)))
        return signalPassFailure();
  }

  OpPassManager passes;
};
} // namespace

void spattn::buildGpuOutlinePipeline(OpPassManager &pm,
                                     const GpuProgramOptions &options) {
  GpuOptions kernels = options.kernels;
  if (kernels.target.empty())
    kernels.target = options.chip;
  SpattnOutlineKernelsOptions outline;
  outline.chip = options.chip;
  outline.optLevel = options.optLevel;
  outline.ptxVersion = options.ptxVersion;
  outline.strict = options.strict;
  // Equal structures have one form then.
  pm.addPass(createSpattnNormalize());
  pm.addPass(createSpattnOutlineKernels(outline));
  OpPassManager passes(gpu::GPUModuleOp::getOperationName());
  buildGpuPipeline(passes, kernels);
  pm.addPass(std::make_unique<LowerOutlinedPass>(std::move(passes)));
}

void spattn::buildGpuSerializePipeline(OpPassManager &pm,
                                       const GpuProgramOptions &options) {
  SpattnSerializeKernelsOptions serialize;
  serialize.format = options.format;
  serialize.toolkit = options.toolkit;
  pm.addPass(createSpattnSerializeKernels(serialize));
}

void spattn::buildGpuHostPipeline(OpPassManager &pm,
                                  const GpuProgramOptions &options) {
  CpuOptions host;
  host.parallel = options.parallel;
  buildCpuLoopsPipeline(pm, host);
  buildCpuVectorPipeline(pm, host);
  // What is left of 16-bit floats are conversions, and those of bf16 are
  // spelled out: older compilers have no functions for them to link.
  math::MathExtendToSupportedTypesOptions math;
  math.targetTypeStr = "f32";
  pm.addPass(math::createMathExtendToSupportedTypes(math));
  arith::ArithEmulateUnsupportedFloatsOptions emulate;
  emulate.sourceTypeStrs.push_back("bf16");
  emulate.targetTypeStr = "f32";
  pm.addPass(arith::createArithEmulateUnsupportedFloats(emulate));
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  pm.addPass(arith::createArithExpandOpsPass(expand));
  buildCpuLLVMPipeline(pm, host);
}

void spattn::buildGpuProgramPipeline(OpPassManager &pm,
                                     const GpuProgramOptions &options) {
  buildGpuOutlinePipeline(pm, options);
  buildGpuSerializePipeline(pm, options);
  buildGpuHostPipeline(pm, options);
}

void spattn::registerGpuProgramPipelines() {
  registerPipeline("spattn-gpu-outline",
                   "Attention in a program to launches and modules for the GPU",
                   buildGpuOutlinePipeline);
  registerPipeline("spattn-gpu-serialize", "Modules for the GPU to artifacts",
                   buildGpuSerializePipeline);
  registerPipeline(
      "spattn-gpu-host",
      "A program with launches to the LLVM dialect, with calls of the runtime",
      buildGpuHostPipeline);
  registerPipeline(
      "spattn-gpu-program",
      "A program with attention, which runs on a GPU, to the LLVM dialect",
      buildGpuProgramPipeline);
}
