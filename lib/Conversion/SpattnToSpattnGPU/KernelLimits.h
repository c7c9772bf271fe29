//===- KernelLimits.h - What a kernel needs of an SM -----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_KERNELLIMITS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_KERNELLIMITS_H

#include "Backward/BackwardKernels.h"
#include "Forward/ForwardKernel.h"
#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"

namespace spattn {

/// Fails unless operands, element types, head dimensions and lists of tiles are
/// some that there are kernels for. No configuration is chosen for others.
mlir::LogicalResult checkTypes(AttentionOpInterface op);

/// What a kernel asks of an SM.
struct KernelNeeds {
  /// Threads and bytes of shared memory of a CTA, and CTAs at once.
  int64_t threads, shared, ctas;
  /// Registers of a thread that loads, where those that compute take over what
  /// is left. 0 where all threads are alike.
  int64_t producerRegisters = 0;
};

/// The shared memory of an SM that so many CTAs take at once, each of so many
/// bytes.
int64_t sharedOfCTAs(int64_t bytes, int64_t ctas);

/// Fails, with an error at `op`, if an SM has less than a kernel needs: a
/// launch would fail, or wait forever.
mlir::LogicalResult checkNeeds(mlir::Operation *op, const KernelNeeds &needs,
                               const TargetCapabilities &target);

/// The same of all kernels of an attention, or of its gradients.
mlir::LogicalResult checkLimits(AttentionOp op, const ForwardConfig &config);
mlir::LogicalResult checkLimits(AttentionBackwardOp op,
                                const BackwardConfig &config);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_KERNELLIMITS_H
