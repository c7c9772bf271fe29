//===- Mask.h - Structures, pair by pair -----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The oracle's half of structures: the definitions of SpattnAttrs.td, written
// down once more and as plainly as can be. It reads the bounds of attributes as
// they were parsed (Bound.h, Interval), and shares nothing else with the
// algebra (Structure/), which is tested against it.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_REFERENCE_MASK_H
#define SPATTN_REFERENCE_MASK_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "llvm/Support/Error.h"

namespace spattn {

/// Fails if a structure, or a part of it, is an attribute that the oracle has
/// no definition of, which those of other dialects are.
llvm::Error checkStructure(mlir::Attribute structure);

/// Whether query `i` of head `head` may use key `j`. `structure` is verified
/// and known to the oracle (`checkStructure`): a structure for all `numHeads`
/// query heads, or `#spattn.heads` of as many. Pairs outside `[0, queryLength)
/// x [0, keyLength)` and heads outside
/// `[0, numHeads)` are never allowed. Lengths are at most 2^31. The `N` of
/// bounds is `boundLength`, or `keyLength`.
bool isAllowed(mlir::Attribute structure, int64_t head, int64_t numHeads,
               int64_t i, int64_t j, int64_t queryLength, int64_t keyLength,
               Alignment alignment,
               std::optional<int64_t> boundLength = std::nullopt);

} // namespace spattn

#endif // SPATTN_REFERENCE_MASK_H
