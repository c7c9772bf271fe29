//===- KernelLimits.cpp - What a kernel needs of a multiprocessor ---------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelLimits.h"

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

using namespace mlir;
using namespace spattn;

/// Shared memory that each block takes beside its own. The most that a block
/// can have is as much less than what a multiprocessor has.
static constexpr int64_t kReservedShared = 1024;

int64_t spattn::sharedOfBlocks(int64_t bytes, int64_t blocks) {
  return bytes * blocks + kReservedShared * (blocks - 1);
}

/// `3 blocks of 640 threads`.
static std::string toText(const KernelNeeds &needs) {
  return std::to_string(needs.blocks) +
         (needs.blocks == 1 ? " block" : " blocks") + " of " +
         std::to_string(needs.threads) + " threads";
}

LogicalResult spattn::checkNeeds(Operation *op, const KernelNeeds &needs,
                                 const GpuTarget &target) {
  int64_t threads = needs.threads * needs.blocks;
  if (threads > target.threads)
    return op->emitOpError("needs ")
           << threads << " threads a multiprocessor, for " << toText(needs)
           << ", more than the " << target.threads
           << " there are: expected fewer 'ctas-per-sm' or 'mma-warpgroups'";
  int64_t shared = sharedOfBlocks(needs.shared, needs.blocks);
  if (shared > target.sharedMemory)
    return op->emitOpError("needs ")
           << shared << " bytes of shared memory, more than the "
           << target.sharedMemory << " there are";
  int64_t launched = launchedRegisters(needs.threads, needs.blocks);
  if (target.family == GpuTarget::Family::Sm90a &&
      needs.producerRegisters > launched)
    return op->emitOpError("needs ")
           << needs.producerRegisters << " registers for a thread that loads, "
           << "more than the " << launched << " that each thread of "
           << toText(needs)
           << " has: expected fewer 'ctas-per-sm' or 'mma-warpgroups'";
  return success();
}

LogicalResult spattn::checkLimits(AttentionOp op, const ForwardShape &shape,
                                  const GpuTarget &target) {
  return checkNeeds(op,
                    {shape.threads(), ForwardLayout(shape).shared.total(),
                     shape.blocks, shape.producerRegisters()},
                    target);
}

LogicalResult spattn::checkLimits(AttentionBackwardOp op,
                                  const BackwardShape &shape, bool queriesAlone,
                                  const GpuTarget &target) {
  if (failed(checkNeeds(op,
                        {shape.threads(), KeyKernelLayout(shape).shared.total(),
                         shape.blocks, shape.producerRegisters()},
                        target)))
    return failure();
  using Queries = QueryKernelLayout;
  if (queriesAlone)
    return checkNeeds(op,
                      {Queries::kThreads, Queries(shape).shared.total(),
                       shape.queryBlocks, Queries::kProducerRegisters},
                      target);
  if (failed(checkNeeds(op,
                        {spattn_gpu::kWarpgroupThreads,
                         PreprocessLayout(shape).shared.total(), /*blocks=*/1},
                        target)))
    return failure();
  return checkNeeds(op,
                    {spattn_gpu::kWarpgroupThreads,
                     PostprocessLayout(shape).shared.total(), /*blocks=*/1},
                    target);
}
