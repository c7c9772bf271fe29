//===- GpuPipeline.h - From attention to LLVM for a GPU --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each stage ends at a level that an embedder may stop at. Code is made of the
// last one by Target/EmitArtifact.h.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_PIPELINES_GPUPIPELINE_H
#define SPATTN_PIPELINES_GPUPIPELINE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "spattn/Conversion/SpattnToSpattnGPU/GpuOptions.h"

namespace spattn {

/// Attention on tensors -> kernels (spattn_gpu, scf, arith, math).
void buildGpuKernelsPipeline(mlir::OpPassManager &pm,
                             const GpuOptions &options);

/// Kernels in spattn_gpu -> the LLVM and NVVM dialects.
void buildGpuLLVMPipeline(mlir::OpPassManager &pm, const GpuOptions &options);

/// All of it.
void buildGpuPipeline(mlir::OpPassManager &pm, const GpuOptions &options);

/// Runs the stages that a module needs to be in the LLVM dialect: all of them
/// if there is attention in it, none if it is there already. The module is
/// verified before the first stage and after the last one.
mlir::LogicalResult lowerToLLVM(mlir::ModuleOp module,
                                const GpuOptions &options);

/// Registers the above as `spattn-gpu-kernels`, `spattn-gpu-llvm` and
/// `spattn-gpu`.
void registerGpuPipelines();

} // namespace spattn

#endif // SPATTN_PIPELINES_GPUPIPELINE_H
