//===- Merge.h - Merges in float64, row by row ------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The oracle of `spattn.merge` and `spattn.merge_backward`: their definitions,
// in float64, for arrays of any float type and any strides.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_REFERENCE_MERGE_H
#define SPATTN_REFERENCE_MERGE_H

#include "spattn/Reference/Attention.h"

namespace spattn {

/// Arrays of a merge, in `layout`. `rows` and `lse` may be left out.
struct MergeArrays {
  Layout layout;
  llvm::SmallVector<BufferView, 4> parts, lses;
  BufferView rows, out, lse;
};

/// Computes a merge; fails on arrays that do not fit one another.
llvm::Error evaluate(const MergeArrays &arrays);

/// Arrays of the gradients of a merge. `dlse` may be left out.
struct MergeGradientArrays {
  Layout layout;
  llvm::SmallVector<BufferView, 4> parts, lses;
  BufferView dout, dlse;
  llvm::SmallVector<BufferView, 4> dparts, dlses;
};

/// Computes the gradients; fails on arrays that do not fit one another.
llvm::Error evaluateGradients(const MergeGradientArrays &arrays);

} // namespace spattn

#endif // SPATTN_REFERENCE_MERGE_H
