//===- FindMask.cpp - The structures of masks in IR -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/LinalgToSpattn/FindMask.h"

#include "Mask.h"

using namespace mlir;
using namespace spattn;

std::optional<HeadStructures> spattn::findMaskStructures(Value mask,
                                                         MaskRefusal &refusal) {
  auto type = dyn_cast<RankedTensorType>(mask.getType());
  if (!type || type.getRank() != 4 || !type.getElementType().isInteger(1)) {
    refusal = {mask.getDefiningOp(),
               "is no mask of batch entries, heads, queries and keys, such as "
               "tensor<?x8x?x?xi1>"};
    return std::nullopt;
  }
  int64_t numHeads = type.getDimSize(1);
  if (numHeads < 1 || numHeads > HeadStructures::maxHeads) {
    refusal = {mask.getDefiningOp(),
               "is a mask of a number of heads that is not from 1 to " +
                   std::to_string(HeadStructures::maxHeads)};
    return std::nullopt;
  }
  LoopSpace space(type.getContext());
  SmallVector<AffineExpr> indices;
  for (int64_t size : type.getShape())
    indices.push_back(space.add(size));
  MaskLoops loops{indices[0], indices[1], indices[2], indices[3]};
  ExprGraph graph(space, loops.key);
  Mask own{graph.read(mask, indices), /*isAdded=*/false};
  Refusal why;
  std::optional<MaskedHeads> found =
      findStructures(graph, space, loops, own, numHeads, why, Alignment::Start);
  if (!found) {
    refusal = {why.op, why.reason};
    return std::nullopt;
  }
  return found->heads;
}
