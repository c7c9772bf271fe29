//===- KernelLimits.cpp - What a kernel needs of an SM -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelLimits.h"

#include "spattn/Dialect/Spattn/IR/KnownOperands.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

using namespace mlir;
using namespace spattn;

/// Warpgroups have 64 rows.
static LogicalResult checkTileLists(AttentionOpInterface op) {
  TileListsAttr lists = op.getTileListsAttr();
  if (!lists)
    return success();
  for (int64_t tile : {lists.getQueryTile(), lists.getKeyTile()})
    if (tile % 64 != 0)
      return op->emitOpError("expected 'tile_lists' of multiples of 64 "
                             "queries and keys for a kernel on a GPU, got ")
             << tile;
  return success();
}

LogicalResult spattn::checkTypes(AttentionOpInterface op) {
  if (failed(
          checkKnownOperands(op, getOperandsWithPages(), "kernel for a GPU")) ||
      failed(checkTileLists(op)))
    return failure();
  Type element = cast<ShapedType>(op.getQuery().getType()).getElementType();
  if (!element.isF16() && !element.isBF16())
    return op->emitOpError("expected elements of type f16 or bf16 for a "
                           "kernel on a GPU, got ")
           << element;
  for (int64_t dim : {op.getHeadDim(), op.getValueDim()})
    if (dim > 256 || dim % 8 != 0)
      return op->emitOpError("expected a head dimension that is a multiple "
                             "of 8 up to 256 for a kernel on a GPU, got ")
             << dim;
  return success();
}

/// Shared memory that each CTA takes beside its own. The most that a CTA can
/// have is as much less than what an SM has.
static constexpr int64_t kReservedShared = 1024;

int64_t spattn::sharedOfCTAs(int64_t bytes, int64_t ctas) {
  return bytes * ctas + kReservedShared * (ctas - 1);
}

/// `3 CTAs of 640 threads`.
static std::string toText(const KernelNeeds &needs) {
  return std::to_string(needs.ctas) + (needs.ctas == 1 ? " CTA" : " CTAs") +
         " of " + std::to_string(needs.threads) + " threads";
}

LogicalResult spattn::checkNeeds(Operation *op, const KernelNeeds &needs,
                                 const TargetCapabilities &target) {
  int64_t threads = needs.threads * needs.ctas;
  if (threads > target.threads)
    return op->emitOpError("needs ")
           << threads << " threads an SM, for " << toText(needs)
           << ", more than the " << target.threads
           << " there are: expected fewer 'ctas-per-sm' or 'mma-warpgroups'";
  int64_t shared = sharedOfCTAs(needs.shared, needs.ctas);
  if (shared > target.sharedMemory)
    return op->emitOpError("needs ")
           << shared << " bytes of shared memory, more than the "
           << target.sharedMemory << " there are";
  int64_t launched = launchedRegisters(target, needs.threads, needs.ctas);
  if (target.registerReallocation && needs.producerRegisters > launched)
    return op->emitOpError("needs ")
           << needs.producerRegisters << " registers for a thread that loads, "
           << "more than the " << launched << " that each thread of "
           << toText(needs)
           << " has: expected fewer 'ctas-per-sm' or 'mma-warpgroups'";
  return success();
}

LogicalResult spattn::checkLimits(AttentionOp op, const ForwardConfig &config) {
  return checkNeeds(op,
                    {config.threads(), ForwardLayout(config).shared.total(),
                     config.ctasPerSM, config.producerRegisters},
                    config.target);
}

LogicalResult spattn::checkLimits(AttentionBackwardOp op,
                                  const BackwardConfig &config) {
  auto check = [&](const KernelNeeds &needs) {
    return checkNeeds(op, needs, config.target);
  };
  for (KeyPart part : keyParts(config))
    if (failed(check({config.threads(),
                      KeyKernelLayout(config, part).shared.total(),
                      config.ctasPerSM, config.producerRegisters})))
      return failure();
  using Queries = QueryKernelLayout;
  if (config.deterministic)
    return check({Queries::kThreads, Queries(config).shared.total(),
                  config.queryCtasPerSM, config.queryProducerRegisters});
  constexpr int64_t threads = spattn_gpu::kWarpgroupThreads;
  if (failed(check(
          {threads, PreprocessLayout(config).shared.total(), /*ctas=*/1})))
    return failure();
  return check({threads, PostprocessLayout(config).shared.total(), /*ctas=*/1});
}
