//===- ForwardConfig.h - The tile shape of a forward kernel ----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARDCONFIG_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARDCONFIG_H

#include "Forward/ForwardKernel.h"
#include "spattn/Conversion/GpuTarget/GpuTarget.h"

namespace spattn {

/// The shape of a kernel for a target. Its tiles are what the operation's
/// schedule says. Else, on sm_90a, they are the ones of those measured for its
/// head dimension that take least time by `estimateClocks` at the operation's
/// lengths, or at `expectedLength` where they are not known; with neither, the
/// ones for wide structures. On other targets they are the largest that fit
/// shared memory and registers. Fails with a diagnostic if the tile shape asks
/// for what no kernel does.
mlir::FailureOr<ForwardShape> chooseForwardShape(AttentionOp op,
                                                 const GpuTarget &target,
                                                 int64_t expectedLength);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARDCONFIG_H
