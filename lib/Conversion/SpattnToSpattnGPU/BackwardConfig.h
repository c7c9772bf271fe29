//===- BackwardConfig.h - The tile shape of gradient kernels ---*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDCONFIG_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDCONFIG_H

#include "Backward/BackwardKernels.h"
#include "spattn/Conversion/GpuTarget/GpuTarget.h"

namespace spattn {

/// Whether gradients of queries are faster computed by a kernel of their own:
/// where queries see few keys, adding them up in memory takes longer than two
/// more products. Lengths that are not known are `expectedLength`; if that is
/// 0, nothing is known, and the answer is no.
bool areQueriesFasterAlone(AttentionBackwardOp op, const GpuTarget &target,
                           int64_t expectedLength);

/// The shape of kernels for a target: the tiles of the operation's tile shape,
/// or those of the table for its head dimension. How sums start depends on how
/// many keys queries see, at `expectedLength` where lengths are not known, or
/// if that is 0 either, at a long one. Fails with a diagnostic for head
/// dimensions and tile shapes that no kernel has.
mlir::FailureOr<BackwardShape> chooseBackwardShape(AttentionBackwardOp op,
                                                   const GpuTarget &target,
                                                   bool deterministic,
                                                   int64_t expectedLength);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDCONFIG_H
