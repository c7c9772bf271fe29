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
#include "mlir/Pass/PassOptions.h"

namespace spattn {

/// Options of the CPU pipelines.
struct CpuPipelineOptions
    : public mlir::PassPipelineOptions<CpuPipelineOptions> {
  Option<int64_t> queryTile{
      *this, "query-tile",
      llvm::cl::desc("Rows of queries in a tile, 1 to 4096; 0 chooses"),
      llvm::cl::init(0)};
  Option<int64_t> keyTile{
      *this, "key-tile",
      llvm::cl::desc("Rows of keys in a tile, 1 to 4096; 0 chooses"),
      llvm::cl::init(0)};
  Option<int64_t> vectorWidth{
      *this, "vector-width",
      llvm::cl::desc("Elements of f32 in a vector register, a power of two up "
                     "to 64"),
      llvm::cl::init(16)};
  Option<int64_t> registerRows{
      *this, "register-rows",
      llvm::cl::desc("Rows of a block of accumulators, 1 to 16"),
      llvm::cl::init(4)};
  Option<int64_t> registerVectors{
      *this, "register-vectors",
      llvm::cl::desc("Vectors in a row of a block of accumulators, 1 to 8"),
      llvm::cl::init(4)};
  Option<bool> parallel{
      *this, "parallel",
      llvm::cl::desc("Run tile rows as tasks of the runtime's thread pool; "
                     "otherwise one after the other, without a runtime"),
      llvm::cl::init(true)};
  Option<bool> remarks{
      *this, "remarks",
      llvm::cl::desc("Emit a remark with the tiles of each attention whose "
                     "lengths are static"),
      llvm::cl::init(false)};
};

/// Attention on tensors or buffers -> loops over tiles (scf, memref and
/// spattn_cpu).
void buildCpuLoopsPipeline(mlir::OpPassManager &pm,
                           const CpuPipelineOptions &options);

/// Loops over tiles -> vector code (scf, memref, vector, arith, math).
void buildCpuVectorPipeline(mlir::OpPassManager &pm,
                            const CpuPipelineOptions &options);

/// Vector code -> the LLVM dialect.
void buildCpuLLVMPipeline(mlir::OpPassManager &pm,
                          const CpuPipelineOptions &options);

/// All of it.
void buildCpuPipeline(mlir::OpPassManager &pm,
                      const CpuPipelineOptions &options);

/// Registers the above as `spattn-cpu-loops`, `spattn-cpu-vector`,
/// `spattn-cpu-llvm` and `spattn-cpu`.
void registerCpuPipelines();

} // namespace spattn

#endif // SPATTN_PIPELINES_CPUPIPELINE_H
