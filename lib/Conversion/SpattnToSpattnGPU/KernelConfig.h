//===- KernelConfig.h - Chooses how kernels are built -----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_KERNELCONFIG_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_KERNELCONFIG_H

#include "BackwardConfig.h"
#include "ForwardConfig.h"
#include "Tuning.h"
#include "spattn/Conversion/SpattnToSpattnGPU/GpuOptions.h"
#include "spattn/Structure/Host.h"

namespace spattn {

/// Spans of keys that a row may see.
int64_t countSpans(const HostAlgebra &algebra);

/// Whether many tiles are empty: of 128 queries or of 128 keys, whichever
/// `tilesOf` (HostAlgebra::rowTiles, columnTiles) lists for a head.
bool areManyEmpty(
    const HostAlgebra &algebra, const Tuning &tuning,
    llvm::function_ref<std::vector<int64_t>(int64_t head, TileShape tile)>
        tilesOf);

/// The configuration of an attention's kernel. Tiles are those of the options,
/// else of the operation's tile shape, else of the candidate of its head
/// dimension that takes least time by the measured clocks at the operation's
/// lengths, or at the expected ones; with neither, of the one for wide
/// structures. Fails with a diagnostic at the operation where that is no
/// kernel, or one that an SM has no room for.
mlir::FailureOr<ForwardConfig>
chooseKernelConfig(AttentionOp op, const TargetCapabilities &target,
                   const Tuning &tuning, const GpuOptions &options);

/// The same of its gradients' kernels. Whether gradients of queries have a
/// kernel of their own, and how sums start, depends on how many keys queries
/// see.
mlir::FailureOr<BackwardConfig>
chooseKernelConfig(AttentionBackwardOp op, const TargetCapabilities &target,
                   const Tuning &tuning, const GpuOptions &options);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_KERNELCONFIG_H
