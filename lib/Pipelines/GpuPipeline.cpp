//===- GpuPipeline.cpp - From attention to LLVM for a GPU -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Pipelines/GpuPipeline.h"

#include "RegisterPipeline.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "spattn/Conversion/Passes.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"

using namespace mlir;
using namespace spattn;

void spattn::buildGpuKernelsPipeline(OpPassManager &pm,
                                     const GpuOptions &options) {
  pm.addPass(createSpattnNormalize());
  pm.addPass(createConvertSpattnToSpattnGPU(options));
  pm.addPass(createCSEPass());
}

void spattn::buildGpuLLVMPipeline(OpPassManager &pm,
                                  const GpuOptions &options) {
  ConvertSpattnGPUToNVVMOptions nvvm;
  nvvm.targetName = options.getTarget().str();
  pm.addPass(createConvertSpattnGPUToNVVM(nvvm));
  // What fails is not used any more, so conversions need not remember how to
  // undo what they have done.
  SCFToControlFlowPassOptions blocks;
  blocks.allowPatternRollback = false;
  ConvertToLLVMPassOptions llvm;
  llvm.allowPatternRollback = false;
  // Kernels only: other functions of the module are for somebody else.
  OpPassManager &kernels = pm.nest<LLVM::LLVMFuncOp>();
  kernels.addPass(createCSEPass());
  kernels.addPass(createSCFToControlFlowPass(blocks));
  kernels.addPass(createConvertToLLVMPass(std::move(llvm)));
  // LLVM simplifies the rest: the same passes here change no code.
  kernels.addPass(createReconcileUnrealizedCastsPass());
}

void spattn::buildGpuPipeline(OpPassManager &pm, const GpuOptions &options) {
  buildGpuKernelsPipeline(pm, options);
  buildGpuLLVMPipeline(pm, options);
}

LogicalResult spattn::lowerToLLVM(ModuleOp module, const GpuOptions &options) {
  bool hasKernelOps = false, isLowered = true;
  auto *llvmDialect =
      module->getContext()->getLoadedDialect<LLVM::LLVMDialect>();
  module.walk([&](Operation *op) {
    hasKernelOps |= isa<KernelOpInterface>(op);
    if (op != module)
      isLowered &= op->getDialect() == llvmDialect ||
                   isa_and_nonnull<NVVM::NVVMDialect>(op->getDialect());
  });
  if (!hasKernelOps && isLowered)
    return success();
  PassManager pm(module.getContext());
  // Not after each pass, which takes a third as long as the passes.
  pm.enableVerifier(false);
  if (hasKernelOps)
    buildGpuKernelsPipeline(pm, options);
  buildGpuLLVMPipeline(pm, options);
  return success(succeeded(verify(module)) && succeeded(pm.run(module)) &&
                 succeeded(verify(module)));
}

void spattn::registerGpuPipelines() {
  registerPipeline("spattn-gpu-kernels",
                   "Attention on tensors to GPU kernels (spattn_gpu)",
                   buildGpuKernelsPipeline);
  registerPipeline("spattn-gpu-llvm",
                   "GPU kernels (spattn_gpu) to the LLVM dialect",
                   buildGpuLLVMPipeline);
  registerPipeline("spattn-gpu",
                   "Attention on tensors to the LLVM dialect for a GPU",
                   buildGpuPipeline);
}
