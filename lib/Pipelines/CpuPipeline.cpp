//===- CpuPipeline.cpp - From attention to LLVM for a CPU -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Pipelines/CpuPipeline.h"

#include "RegisterPipeline.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/BufferizationToMemRef/BufferizationToMemRef.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "spattn/Conversion/Passes.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"

using namespace mlir;
using namespace spattn;

void spattn::buildCpuLoopsPipeline(OpPassManager &pm,
                                   const CpuOptions &options) {
  pm.addPass(createSpattnNormalize());
  pm.addPass(createSpattnSelectTileShape(options));
  // What stands around attention: arithmetic on tensors is linalg's business.
  pm.addPass(createConvertElementwiseToLinalgPass());
  pm.addPass(createSpattnBufferize());
  // Before loops: what those allocate, they free.
  bufferization::BufferDeallocationPipelineOptions deallocation;
  bufferization::buildBufferDeallocationPipeline(pm, deallocation);
  pm.addPass(createSpattnLowerClones());
  pm.addPass(createConvertBufferizationToMemRefPass());
  pm.addPass(createConvertLinalgToLoopsPass());
  pm.addPass(createConvertSpattnToLoops(options));
  pm.addPass(createCSEPass());
}

void spattn::buildCpuVectorPipeline(OpPassManager &pm,
                                    const CpuOptions &options) {
  pm.addPass(createConvertSpattnCPUToVector(options));
}

void spattn::buildCpuLLVMPipeline(OpPassManager &pm,
                                  const CpuOptions &options) {
  pm.addPass(createConvertForallToTasks({/*sequential=*/!options.parallel}));
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createSpattnCheckLowered());
}

void spattn::buildCpuPipeline(OpPassManager &pm, const CpuOptions &options) {
  buildCpuLoopsPipeline(pm, options);
  buildCpuVectorPipeline(pm, options);
  buildCpuLLVMPipeline(pm, options);
}

void spattn::registerCpuPipelines() {
  registerPipeline(
      "spattn-cpu-loops",
      "Attention on tensors or buffers to loops over tiles that visit no empty "
      "tile",
      buildCpuLoopsPipeline);
  registerPipeline("spattn-cpu-vector",
                   "Loops over tiles to register-tiled vector code",
                   buildCpuVectorPipeline);
  registerPipeline("spattn-cpu-llvm", "Vector code to the LLVM dialect",
                   buildCpuLLVMPipeline);
  registerPipeline("spattn-cpu", "Attention to the LLVM dialect for a CPU",
                   buildCpuPipeline);
}
