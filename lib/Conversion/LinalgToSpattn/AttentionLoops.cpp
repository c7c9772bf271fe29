//===- AttentionLoops.cpp - Batch and heads -------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"

using namespace mlir;
using namespace spattn;

bool spattn::addOuterLoops(LoopSpace &space, AttentionLoops &loops,
                           ArrayRef<int64_t> sizes, int64_t mergedHeads,
                           SmallVectorImpl<AffineExpr> &indices) {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  int64_t batch = sizes.empty() ? 1 : sizes[0];
  int64_t heads = sizes.size() < 2 ? 1 : sizes[1];
  int64_t inner = sizes.size() < 3 ? 1 : sizes[2];
  if (sizes.size() == 1) {
    heads = mergedHeads;
    if (batch != dynamic) {
      if (heads < 1 || batch % heads != 0)
        return false;
      batch /= heads;
    }
  }
  if (sizes.size() > 3 || heads == dynamic || inner == dynamic ||
      heads * inner < 1)
    return false;
  loops.batch = space.add(batch);
  loops.head = space.add(heads * inner);
  if (sizes.size() == 1) {
    indices.push_back(loops.batch * heads + loops.head);
  } else if (sizes.size() > 1) {
    indices.push_back(loops.batch);
    indices.push_back(loops.head.floorDiv(inner));
  }
  if (sizes.size() == 3)
    indices.push_back(loops.head % inner);
  for (AffineExpr &index : indices)
    index = space.simplify(index);
  return true;
}
