//===- GpuPipeline.h - From attention to LLVM for a GPU --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each stage ends at a level that an embedder may stop at. Code is made of the
// last one by Target/Artifact.h.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_PIPELINES_GPUPIPELINE_H
#define SPATTN_PIPELINES_GPUPIPELINE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "spattn/Conversion/GpuTarget/GpuTarget.h"

namespace spattn {

/// Options of the GPU pipelines: those of convert-spattn-to-spattn-gpu.
struct GpuPipelineOptions
    : public mlir::PassPipelineOptions<GpuPipelineOptions> {
  Option<std::string> target{
      *this, "target",
      llvm::cl::desc(
          "The GPU that operations are lowered for: sm_90a, or sm_80 "
          "or later"),
      llvm::cl::init("sm_90a")};
  Option<int64_t> keyTile{
      *this, "key-tile",
      llvm::cl::desc("Keys in a tile, a multiple of 16 from 16 to 256; 0 "
                     "chooses"),
      llvm::cl::init(0)};
  Option<int64_t> expectedLength{
      *this, "expected-length",
      llvm::cl::desc("Length that tile shapes are chosen for where it is not "
                     "known; 0 stands for a long one"),
      llvm::cl::init(0)};
  Option<int64_t> stages{
      *this, "stages",
      llvm::cl::desc("Tiles of keys, and of values, that are under way, 1 to "
                     "8; 0 chooses"),
      llvm::cl::init(0)};
  Option<Choice> deterministic{
      *this, "deterministic",
      llvm::cl::desc("Gradients have the same bits in every run, for seven "
                     "products instead of five"),
      llvm::cl::init(Choice::Auto),
      llvm::cl::values(clEnumValN(Choice::Auto, "auto", "where that is faster"),
                       clEnumValN(Choice::Yes, "true", "the same bits"),
                       clEnumValN(Choice::No, "false", "five products"))};
  Option<int64_t> queryStages{
      *this, "query-stages",
      llvm::cl::desc("Tiles of queries that are under way, 2 to 8, or 1 "
                     "without intra-warpgroup-overlap; 0 chooses"),
      llvm::cl::init(0)};
  Option<int64_t> mmaWarpgroups{
      *this, "mma-warpgroups",
      llvm::cl::desc("Warpgroups of a CTA that compute, 64 queries each: 1 "
                     "to 4; 0 chooses"),
      llvm::cl::init(0)};
  Option<int64_t> ctasPerSM{
      *this, "ctas-per-sm",
      llvm::cl::desc("CTAs that an SM holds at once: 1 to 4; 0 chooses"),
      llvm::cl::init(0)};
  Option<Choice> intraWarpgroupOverlap{
      *this, "intra-warpgroup-overlap",
      llvm::cl::desc("Have two products under way at once"),
      llvm::cl::init(Choice::Auto),
      llvm::cl::values(clEnumValN(Choice::Auto, "auto", "as the target can"),
                       clEnumValN(Choice::Yes, "true", "at once"),
                       clEnumValN(Choice::No, "false", "one at a time"))};
  Option<bool> pingpong{
      *this, "pingpong",
      llvm::cl::desc(
          "With intra-warpgroup-overlap, let the warpgroups of a CTA "
          "start their products in turn"),
      llvm::cl::init(true)};
  Option<Scheduler> scheduler{
      *this, "scheduler", llvm::cl::desc("How CTAs get their work tiles"),
      llvm::cl::init(Scheduler::Auto),
      llvm::cl::values(
          clEnumValN(Scheduler::Auto, "auto", "as the structure asks for"),
          clEnumValN(Scheduler::Static, "static", "in rounds"),
          clEnumValN(Scheduler::Dynamic, "dynamic",
                     "one by one, from a counter in memory"))};
  Option<int64_t> sharedMemory{
      *this, "shared-memory",
      llvm::cl::desc("Bytes of shared memory that the CTAs of an SM may use; "
                     "0: what the target has"),
      llvm::cl::init(0)};

  /// Lowers for the chip that code is made for, unless `target` was given: code
  /// for an earlier target runs on the chip too.
  void setChip(llvm::StringRef chip) {
    if (!target.hasValue())
      target = chip.str();
  }
};

/// Attention on tensors -> kernels in tile form (tile, scf, arith, math).
void buildGpuKernelsPipeline(mlir::OpPassManager &pm,
                             const GpuPipelineOptions &options);

/// Kernels in tile form -> the LLVM and NVVM dialects.
void buildGpuLLVMPipeline(mlir::OpPassManager &pm,
                          const GpuPipelineOptions &options);

/// All of it.
void buildGpuPipeline(mlir::OpPassManager &pm,
                      const GpuPipelineOptions &options);

/// Runs the stages that a module needs to be in the LLVM dialect: all of them
/// if there is attention in it, none if it is there already.
mlir::LogicalResult lowerToLLVM(mlir::ModuleOp module,
                                const GpuPipelineOptions &options);

/// Registers the above as `spattn-gpu-kernels`, `spattn-gpu-llvm` and
/// `spattn-gpu`.
void registerGpuPipelines();

} // namespace spattn

#endif // SPATTN_PIPELINES_GPUPIPELINE_H
