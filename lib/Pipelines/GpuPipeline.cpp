//===- GpuPipeline.cpp - From attention to LLVM for a GPU -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Pipelines/GpuPipeline.h"

#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "spattn/Conversion/Passes.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"

using namespace mlir;
using namespace spattn;

void spattn::buildGpuKernelsPipeline(OpPassManager &pm,
                                     const GpuPipelineOptions &options) {
  ConvertSpattnToSpattnGPUOptions tile;
  tile.targetName = options.target;
  tile.keyTile = options.keyTile;
  tile.expectedLength = options.expectedLength;
  tile.stages = options.stages;
  tile.intraWarpgroupOverlap = options.intraWarpgroupOverlap;
  tile.pingpong = options.pingpong;
  tile.scheduler = options.scheduler;
  tile.mmaWarpgroups = options.mmaWarpgroups;
  tile.ctasPerSM = options.ctasPerSM;
  tile.queryStages = options.queryStages;
  tile.deterministic = options.deterministic;
  tile.sharedMemory = options.sharedMemory;
  pm.addPass(createSpattnNormalize());
  pm.addPass(createConvertSpattnToSpattnGPU(tile));
  pm.addPass(createCSEPass());
}

void spattn::buildGpuLLVMPipeline(OpPassManager &pm,
                                  const GpuPipelineOptions &options) {
  ConvertSpattnGPUToNVVMOptions nvvm;
  nvvm.targetName = options.target;
  pm.addPass(createConvertSpattnGPUToNVVM(nvvm));
  // Kernels only: other functions of the module are for somebody else.
  OpPassManager &kernels = pm.nest<LLVM::LLVMFuncOp>();
  kernels.addPass(createCSEPass());
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(createConvertToLLVMPass());
  kernels.addPass(createReconcileUnrealizedCastsPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

void spattn::buildGpuPipeline(OpPassManager &pm,
                              const GpuPipelineOptions &options) {
  buildGpuKernelsPipeline(pm, options);
  buildGpuLLVMPipeline(pm, options);
}

LogicalResult spattn::lowerToLLVM(ModuleOp module,
                                  const GpuPipelineOptions &options) {
  bool hasAttention = false, isLowered = true;
  auto *llvmDialect =
      module->getContext()->getLoadedDialect<LLVM::LLVMDialect>();
  module.walk([&](Operation *op) {
    hasAttention |= isa<AttentionOpInterface>(op);
    if (op != module)
      isLowered &= op->getDialect() == llvmDialect ||
                   isa_and_nonnull<NVVM::NVVMDialect>(op->getDialect());
  });
  PassManager pm(module.getContext());
  if (hasAttention)
    buildGpuKernelsPipeline(pm, options);
  if (hasAttention || !isLowered)
    buildGpuLLVMPipeline(pm, options);
  return pm.run(module);
}

void spattn::registerGpuPipelines() {
  PassPipelineRegistration<GpuPipelineOptions>(
      "spattn-gpu-kernels", "Attention on tensors to GPU kernels in tile form",
      buildGpuKernelsPipeline);
  PassPipelineRegistration<GpuPipelineOptions>(
      "spattn-gpu-llvm", "Kernels in tile form to the LLVM dialect",
      buildGpuLLVMPipeline);
  PassPipelineRegistration<GpuPipelineOptions>(
      "spattn-gpu", "Attention on tensors to the LLVM dialect for a GPU",
      buildGpuPipeline);
}
