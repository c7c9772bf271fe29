//===- CpuPipeline.h - From attention to LLVM for a CPU --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each stage ends at a level that an embedder may stop at.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_PIPELINES_CPUPIPELINE_H
#define SPATTN_PIPELINES_CPUPIPELINE_H

#include "mlir/Pass/PassManager.h"
#include "spattn/Pipelines/CpuOptions.h"

namespace spattn {

/// Attention on tensors or buffers -> loops over tiles (scf, memref and
/// spattn_cpu).
void buildCpuLoopsPipeline(mlir::OpPassManager &pm, const CpuOptions &options);

/// Loops over tiles -> vector code (scf, memref, vector, arith, math).
void buildCpuVectorPipeline(mlir::OpPassManager &pm, const CpuOptions &options);

/// Vector code -> the LLVM dialect.
void buildCpuLLVMPipeline(mlir::OpPassManager &pm, const CpuOptions &options);

/// All of it.
void buildCpuPipeline(mlir::OpPassManager &pm, const CpuOptions &options);

/// Registers the above as `spattn-cpu-loops`, `spattn-cpu-vector`,
/// `spattn-cpu-llvm` and `spattn-cpu`.
void registerCpuPipelines();

} // namespace spattn

#endif // SPATTN_PIPELINES_CPUPIPELINE_H
