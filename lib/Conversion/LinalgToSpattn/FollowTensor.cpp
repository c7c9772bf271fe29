//===- FollowTensor.cpp - Where elements of tensors go --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarExpr.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spattn;

AffineExpr spattn::linearize(ArrayRef<AffineExpr> indices,
                             ArrayRef<int64_t> sizes) {
  AffineExpr sum = getAffineConstantExpr(0, indices[0].getContext());
  for (auto [index, size] : llvm::zip_equal(indices, sizes)) {
    bool isZero = sum == 0;
    if (!isZero && ShapedType::isDynamic(size))
      return nullptr;
    sum = isZero ? index : sum * size + index;
  }
  return sum;
}

bool spattn::delinearize(const LoopSpace &space, AffineExpr place,
                         ArrayRef<int64_t> sizes,
                         SmallVectorImpl<AffineExpr> &indices) {
  SmallVector<AffineExpr> found(sizes.size(), space.constant(0));
  unsigned left = llvm::count_if(sizes, [](int64_t size) { return size != 1; });
  for (unsigned i = sizes.size(); i-- > 0;) {
    if (sizes[i] == 1)
      continue;
    if (--left == 0) {
      found[i] = place;
      break;
    }
    if (ShapedType::isDynamic(sizes[i]) || sizes[i] == 0)
      return false;
    found[i] = space.simplify(place % sizes[i]);
    place = space.simplify(place.floorDiv(sizes[i]));
  }
  indices.append(found);
  return true;
}

bool ExprGraph::findLoops(AffineMap map, ArrayRef<AffineExpr> indices,
                          SmallVectorImpl<AffineExpr> &loops) {
  loops.assign(map.getNumDims(), AffineExpr());
  for (auto [result, index] : llvm::zip_equal(map.getResults(), indices)) {
    if (isa<AffineConstantExpr>(result))
      continue;
    auto loop = dyn_cast<AffineDimExpr>(result);
    if (!loop)
      return false;
    AffineExpr &place = loops[loop.getPosition()];
    if (place && place != index)
      return false;
    place = index;
  }
  return true;
}

std::optional<SmallVector<AffineExpr>>
ExprGraph::follow(OpOperand &use, ArrayRef<AffineExpr> indices) {
  Operation *op = use.getOwner();
  SmallVector<AffineExpr> to;
  if (op->getNumResults() == 0)
    return std::nullopt;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    SmallVector<AffineExpr> loops;
    if (!linalgOp.isDpsInput(&use) ||
        !findLoops(linalgOp.getMatchingIndexingMap(&use), indices, loops))
      return std::nullopt;
    SmallVector<int64_t> sizes = linalgOp.getStaticLoopRanges();
    for (auto [loop, size] : llvm::zip_equal(loops, sizes))
      if (!loop && size == 1)
        loop = space.constant(0);
    AffineMap map =
        linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
    for (AffineExpr result : map.getResults()) {
      if (isa<AffineConstantExpr>(result)) {
        to.push_back(result);
        continue;
      }
      auto loop = dyn_cast<AffineDimExpr>(result);
      if (!loop || !loops[loop.getPosition()])
        return std::nullopt;
      to.push_back(loops[loop.getPosition()]);
    }
    return to;
  }
  if (OpTrait::hasElementwiseMappableTraits(op) || isa<tensor::CastOp>(op))
    return llvm::to_vector(indices);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    ArrayRef<int64_t> sizes = expand.getResultType().getShape();
    for (auto [index, group] :
         llvm::zip(indices, expand.getReassociationIndices()))
      if (!delinearize(space, index, sizes.slice(group.front(), group.size()),
                       to))
        return std::nullopt;
    to.resize(sizes.size(), space.constant(0));
    return to;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    ArrayRef<int64_t> sizes = collapse.getSrcType().getShape();
    for (ArrayRef<int64_t> group : collapse.getReassociationIndices()) {
      AffineExpr place = linearize(indices.slice(group.front(), group.size()),
                                   sizes.slice(group.front(), group.size()));
      if (!place)
        return std::nullopt;
      to.push_back(space.simplify(place));
    }
    return to;
  }
  return std::nullopt;
}
