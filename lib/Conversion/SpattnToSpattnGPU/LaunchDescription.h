//===- LaunchDescription.h - How attention kernels are launched -*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_LAUNCHDESCRIPTION_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_LAUNCHDESCRIPTION_H

#include "BackwardKernel.h"
#include "ForwardKernel.h"
#include "spattn/Conversion/GpuTarget/GpuTarget.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

namespace spattn {

/// The launch of the kernel that buildForwardKernel makes: the order of its
/// arguments is that of `Argument` there.
spattn_gpu::LaunchAttr describeForwardLaunch(AttentionOp op,
                                             const ForwardShape &shape,
                                             const GpuTarget &target);

/// The launches of the kernels of gradients, in order; see BackwardKernel.h.
struct BackwardLaunches {
  /// The first one prepares, or computes gradients of queries. Then there is no
  /// third.
  spattn_gpu::LaunchAttr first, main, finish;
};
BackwardLaunches describeBackwardLaunches(AttentionBackwardOp op,
                                          const BackwardShape &shape,
                                          const GpuTarget &target);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_LAUNCHDESCRIPTION_H
