//===- KernelPlan.cpp - What tools may know of a kernel -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/SpattnToSpattnGPU/KernelPlan.h"

#include "ExpectedLengths.h"
#include "KernelConfig.h"
#include "KernelLimits.h"

using namespace mlir;
using namespace spattn;

/// The candidate that a configuration is, if it is one.
static const ForwardCandidate *findCandidate(const ForwardConfig &config,
                                             const Tuning &tuning) {
  int64_t dim = std::max(config.headDim, config.valueDim), widest = 0;
  for (const ForwardCandidate &candidate :
       config.rows.isPacked() ? tuning.packed : tuning.forward) {
    if (candidate.widestHead < dim ||
        (widest && candidate.widestHead != widest))
      continue;
    widest = candidate.widestHead;
    if (candidate.mmaWarpgroups == config.mmaWarpgroups &&
        candidate.ctasPerSM == config.ctasPerSM &&
        candidate.keyTile == config.keyTile)
      return &candidate;
  }
  return nullptr;
}

static FailureOr<KernelPlan> planForward(AttentionOp op, KernelPlan plan,
                                         const TargetCapabilities &target,
                                         const Tuning &tuning,
                                         const GpuOptions &options) {
  FailureOr<ForwardConfig> config =
      chooseKernelConfig(op, target, tuning, options);
  if (failed(config))
    return failure();
  plan.tile = {config->queryTile(), config->keyTile};
  plan.packedHeads = config->rows.heads;
  plan.mmaWarpgroups = config->mmaWarpgroups;
  plan.ctasPerSM = config->ctasPerSM;
  plan.keyStages = config->stages;
  plan.queryStages = config->queryStages;
  plan.isDynamic = config->dynamicScheduler;
  plan.inPairs = config->inPairs || !plan.isDynamic;
  plan.fromFirstKey = config->fromFirstKey();
  plan.sectionBytes = config->sectionBytes;
  if (const ForwardCandidate *measured = findCandidate(*config, tuning)) {
    plan.workTileClocks = measured->workTileClocks;
    plan.keyTileClocks = measured->keyTileClocks;
  }
  return plan;
}

static FailureOr<KernelPlan> planBackward(AttentionBackwardOp op,
                                          KernelPlan plan,
                                          const TargetCapabilities &target,
                                          const Tuning &tuning,
                                          const GpuOptions &options) {
  FailureOr<BackwardConfig> config =
      chooseKernelConfig(op, target, tuning, options);
  if (failed(config))
    return failure();
  plan.tile = {config->queryTile, config->keyTile()};
  plan.mmaWarpgroups = config->mmaWarpgroups;
  plan.ctasPerSM = config->ctasPerSM;
  plan.keyStages = config->keyStages;
  plan.queryStages = config->queryStages;
  plan.isDynamic = true;
  plan.inPairs = config->inPairs;
  plan.headsTogether = config->headsTogether;
  return plan;
}

FailureOr<KernelPlan> spattn::planKernel(AttentionOpInterface op,
                                         const GpuOptions &options) {
  std::optional<TargetCapabilities> target =
      TargetCapabilities::of(options.getTarget());
  if (!target)
    return op->emitOpError("unknown target '")
           << options.getTarget()
           << "'; expected sm_80 or a later one, such as sm_90a";
  if (failed(checkTypes(op)))
    return failure();
  if (options.sharedMemory)
    target->sharedMemory = options.sharedMemory;
  llvm::Expected<Tuning> tuning = Tuning::of(*target, options.tuning);
  if (!tuning)
    return op->emitOpError("'tuning': ") << llvm::toString(tuning.takeError());
  KernelPlan plan;
  plan.card = tuning->card.str();
  plan.chip = options.getTarget().str();
  plan.areLengthsKnown =
      ExpectedLengths(op, options.expectedLength, tuning->assumedLength,
                      options.expectedQueries)
          .areKnown;
  if (auto backward = dyn_cast<AttentionBackwardOp>(*op))
    return planBackward(backward, plan, *target, *tuning, options);
  return planForward(cast<AttentionOp>(*op), plan, *target, *tuning, options);
}
