//===- SplitKeys.h - Keys that are split over CTAs --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_SPLITKEYS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_SPLITKEYS_H

#include "ForwardConfig.h"
#include "Tuning.h"
#include "spattn/Conversion/SpattnToSpattnGPU/GpuOptions.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// Fails with a diagnostic at the operation where walks over its key tiles
/// cannot be cut into up to so many parts.
mlir::LogicalResult checkSplitKeys(AttentionOp op, int64_t parts);

/// How walks over key tiles are cut for tiles of a configuration: as the
/// options ask for, or else where few queries are expected, whose work tiles
/// leave SMs idle, and parts take enough less than the longest walk.
KeyPartSizes chooseKeyParts(AttentionOp op, const ForwardConfig &config,
                            const Tuning &tuning, const GpuOptions &options);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_SPLITKEYS_H
