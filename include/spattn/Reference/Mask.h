//===- Mask.h - Structures, pair by pair -----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The oracle's half of structures: the definitions of SpattnAttrs.td, written
// down once more and as plainly as can be. It shares no code with the algebra
// (Structure/), which is tested against it.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_REFERENCE_MASK_H
#define SPATTN_REFERENCE_MASK_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// Whether query `i` of head `head` may use key `j`. `structure` is verified: a
/// structure for all `numHeads` query heads, or `#spattn.heads` of as many.
/// Pairs outside `[0, queryLength) x [0, keyLength)` and heads outside
/// `[0, numHeads)` are never allowed. Lengths are at most 2^31.
bool isAllowed(mlir::Attribute structure, int64_t head, int64_t numHeads,
               int64_t i, int64_t j, int64_t queryLength, int64_t keyLength,
               AlignmentKind alignment);

} // namespace spattn

#endif // SPATTN_REFERENCE_MASK_H
