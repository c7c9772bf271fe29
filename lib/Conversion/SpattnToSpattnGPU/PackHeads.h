//===- PackHeads.h - Query heads that share tiles ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PACKHEADS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PACKHEADS_H

#include "Tuning.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Structure/Host.h"

namespace spattn {

/// How many query heads may share the rows of a tile, at most: a power of two
/// that divides those of a group, of which each run sees the same; 1 where
/// rows are of one head.
int64_t mostPackedHeads(AttentionOp op, const TargetCapabilities &target);

/// Fails with a diagnostic at the operation where so many cannot.
mlir::LogicalResult checkPackedHeads(AttentionOp op,
                                     const TargetCapabilities &target,
                                     int64_t heads);

/// The candidate for a head dimension with which tiles of so many packed heads
/// take least time at the algebra's lengths, if that is enough less than the
/// least without packing, or if it `isAsked` for: fewer queries in a tile
/// together see fewer keys, if tiles of those are counted `fromFirstKey`.
/// `spans` is how many spans of keys a row may see.
std::optional<ForwardCandidate>
choosePacked(const HostAlgebra &algebra, int64_t heads, int64_t dim,
             int64_t spans, const TargetCapabilities &target,
             const Tuning &tuning, bool isAsked, bool fromFirstKey);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PACKHEADS_H
