//===- ScalarSteps.cpp - Where elements of tensors come from --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarExpr.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace spattn;

Expr *ExprGraph::stepOnce(Expr *expr) {
  auto result = dyn_cast<OpResult>(expr->tensor);
  if (!result)
    return nullptr;
  Operation *op = result.getOwner();
  ArrayRef<AffineExpr> indices = expr->indices;
  auto constant = [&](Attribute value) {
    Expr number(Expr::Kind::Apply);
    number.op = op;
    number.constant = dyn_cast<TypedAttr>(value);
    return number.constant ? make(std::move(number)) : nullptr;
  };
  DenseElementsAttr elements;
  if (matchPattern(op, m_Constant(&elements))) {
    if (elements.isSplat())
      return constant(elements.getSplatValue<Attribute>());
    SmallVector<uint64_t> place;
    for (AffineExpr index : indices)
      if (auto number = dyn_cast<AffineConstantExpr>(index))
        place.push_back(number.getValue());
    bool isWithin = place.size() == indices.size();
    for (auto [index, size] : llvm::zip(place, elements.getType().getShape()))
      isWithin &= index < static_cast<uint64_t>(size);
    if (!isWithin)
      return nullptr;
    return constant(elements.getValues<Attribute>()[place]);
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return stepLinalg(linalgOp, result, indices);
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return scalar(splat.getInput(), nullptr, {});
  if (auto from = dyn_cast<tensor::FromElementsOp>(op))
    return from.getElements().size() == 1
               ? scalar(from.getElements()[0], nullptr, {})
               : nullptr;
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    auto source = dyn_cast<RankedTensorType>(cast.getSource().getType());
    return source ? read(cast.getSource(), indices) : nullptr;
  }
  // Arithmetic on whole tensors.
  if (OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() == 1) {
    Expr apply(Expr::Kind::Apply);
    apply.op = op;
    for (Value operand : op->getOperands())
      apply.args.push_back(isa<RankedTensorType>(operand.getType())
                               ? read(operand, indices)
                               : scalar(operand, nullptr, {}));
    return make(std::move(apply));
  }
  return stepShape(op, indices);
}

Expr *ExprGraph::stepShape(Operation *op, ArrayRef<AffineExpr> indices) {
  SmallVector<AffineExpr> from;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    ArrayRef<int64_t> sizes = expand.getResultType().getShape();
    for (ArrayRef<int64_t> group : expand.getReassociationIndices()) {
      SmallVector<AffineExpr> own;
      SmallVector<int64_t> ownSizes;
      for (int64_t d : group) {
        own.push_back(indices[d]);
        ownSizes.push_back(sizes[d]);
      }
      AffineExpr place = linearize(own, ownSizes);
      if (!place)
        return nullptr;
      from.push_back(place);
    }
    return read(expand.getSrc(), from);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    ArrayRef<int64_t> sizes = collapse.getSrcType().getShape();
    for (auto [index, group] :
         llvm::zip(indices, collapse.getReassociationIndices()))
      if (!delinearize(space, index, sizes.slice(group.front(), group.size()),
                       from))
        return nullptr;
    // All of a tensor of one element.
    from.resize(sizes.size(), space.constant(0));
    return read(collapse.getSrc(), from);
  }
  if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
    auto source = dyn_cast<RankedTensorType>(reshape.getSource().getType());
    auto target = dyn_cast<RankedTensorType>(reshape.getType());
    if (!source || !target || !source.hasStaticShape() ||
        !target.hasStaticShape() || indices.empty())
      return nullptr;
    AffineExpr place = linearize(indices, target.getShape());
    if (!place ||
        !delinearize(space, space.simplify(place), source.getShape(), from))
      return nullptr;
    return read(reshape.getSource(), from);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    if (!llvm::all_of(slice.getStaticStrides(),
                      [](int64_t stride) { return stride == 1; }))
      return nullptr;
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    unsigned next = 0;
    for (auto [d, offset] : llvm::enumerate(slice.getStaticOffsets())) {
      // Sums over a part of the keys can be told from those over all by their
      // number alone.
      bool isOfKeys = !dropped[d] && isFunctionOfKeys(indices[next]);
      if (ShapedType::isDynamic(offset) ||
          (isOfKeys && ShapedType::isDynamic(slice.getStaticSizes()[d])))
        return nullptr;
      AffineExpr index = dropped[d] ? space.constant(0) : indices[next++];
      from.push_back(index + offset);
    }
    return read(slice.getSource(), from);
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    if (insert.getSourceType().getRank() != insert.getDestType().getRank() ||
        !llvm::all_of(insert.getStaticStrides(),
                      [](int64_t stride) { return stride == 1; }) ||
        llvm::any_of(insert.getStaticOffsets(), ShapedType::isDynamic) ||
        llvm::any_of(insert.getStaticSizes(), ShapedType::isDynamic))
      return nullptr;
    Expr choose(Expr::Kind::Choose);
    choose.op = op;
    choose.indices = llvm::to_vector(indices);
    for (auto [index, offset, size] : llvm::zip_equal(
             indices, insert.getStaticOffsets(), insert.getStaticSizes())) {
      choose.lower.push_back(offset);
      choose.upper.push_back(offset + size);
      from.push_back(index - offset);
    }
    choose.args = {read(insert.getSource(), from),
                   read(insert.getDest(), indices)};
    return make(std::move(choose));
  }
  return nullptr;
}

Expr *ExprGraph::readOperand(OpOperand &operand, linalg::LinalgOp op,
                             ArrayRef<AffineExpr> loops) {
  if (!isa<ShapedType>(operand.get().getType()))
    return scalar(operand.get(), nullptr, {});
  SmallVector<AffineExpr> indices;
  for (AffineExpr index : op.getMatchingIndexingMap(&operand).getResults()) {
    bool isKnown = true;
    index.walk([&](AffineExpr part) {
      if (auto loop = dyn_cast<AffineDimExpr>(part))
        isKnown &= static_cast<bool>(loops[loop.getPosition()]);
    });
    if (!isKnown)
      return nullptr;
    indices.push_back(index.replaceDims(loops));
  }
  return read(operand.get(), indices);
}

Expr *ExprGraph::stepLinalg(linalg::LinalgOp op, OpResult result,
                            ArrayRef<AffineExpr> indices) {
  OpOperand *init = op.getDpsInitOperand(result.getResultNumber());
  SmallVector<AffineExpr> loops;
  if (!findLoops(op.getMatchingIndexingMap(init), indices, loops))
    return nullptr;
  Value yielded =
      op.getBlock()->getTerminator()->getOperand(result.getResultNumber());
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  for (auto [n, loop] : llvm::enumerate(loops))
    if (!loop && !llvm::is_contained(reductions, n))
      return nullptr;
  if (reductions.empty())
    return scalar(yielded, op, loops);
  if (reductions.size() > 1 || linalg::isaContractionOpInterface(op))
    return nullptr;
  // A sum over the keys is no longer a function of the key.
  for (AffineExpr index : indices)
    if (isFunctionOfKeys(index))
      return nullptr;
  // Nor is one over some of them.
  if (op.getStaticLoopRanges()[reductions[0]] != space.size(keys))
    return nullptr;
  loops[reductions[0]] = keys;
  Operation *combiner = yielded.getDefiningOp();
  BlockArgument before = op.getMatchingBlockArgument(init);
  if (!combiner || combiner->getBlock() != op.getBlock() ||
      combiner->getNumOperands() != 2)
    return nullptr;
  bool isFirst = combiner->getOperand(0) == before;
  if (!isFirst && combiner->getOperand(1) != before)
    return nullptr;
  Expr *element = scalar(combiner->getOperand(isFirst ? 1 : 0), op, loops);
  Expr *start = readOperand(*init, op, loops);
  if (!element || !start)
    return nullptr;
  Expr reduce(Expr::Kind::Reduce);
  reduce.op = combiner;
  reduce.args = {element, start};
  return make(std::move(reduce));
}

Expr *ExprGraph::scalar(Value value, linalg::LinalgOp op,
                        ArrayRef<AffineExpr> loops) {
  Nesting nesting(depth);
  if (nesting.isTooDeep())
    return nullptr;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (op && argument.getOwner() == op.getBlock())
      return readOperand(op->getOpOperand(argument.getArgNumber()), op, loops);
    Expr leaf(Expr::Kind::Scalar);
    leaf.scalar = value;
    return make(std::move(leaf));
  }
  Operation *def = value.getDefiningOp();
  if (auto index = dyn_cast<linalg::IndexOp>(def)) {
    if (!op || index->getBlock() != op.getBlock())
      return nullptr;
    Expr place(Expr::Kind::Index);
    place.index = space.simplify(loops[index.getDim()]);
    place.op = def;
    return make(std::move(place));
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(def)) {
    Expr gather(Expr::Kind::Gather);
    gather.op = def;
    gather.tensor = extract.getTensor();
    SmallVector<AffineExpr> indices;
    for (Value place : extract.getIndices()) {
      Expr *index = scalar(place, op, loops);
      if (!index)
        return nullptr;
      gather.args.push_back(index);
      if (index->kind == Expr::Kind::Index)
        indices.push_back(index->index);
      else if (std::optional<double> number = getConstant(index))
        indices.push_back(space.constant(static_cast<int64_t>(*number)));
    }
    if (indices.size() == gather.args.size())
      return read(gather.tensor, indices);
    return make(std::move(gather));
  }
  Expr apply(Expr::Kind::Apply);
  apply.op = def;
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant))) {
    apply.constant = dyn_cast<TypedAttr>(constant);
    return make(std::move(apply));
  }
  bool isPlain = def->getNumResults() == 1 && def->getNumRegions() == 0 &&
                 isMemoryEffectFree(def) &&
                 llvm::none_of(def->getOperandTypes(),
                               [](Type type) { return isa<ShapedType>(type); });
  if (!isPlain) {
    Expr leaf(Expr::Kind::Scalar);
    leaf.scalar = value;
    return make(std::move(leaf));
  }
  for (Value operand : def->getOperands()) {
    Expr *arg = scalar(operand, op, loops);
    if (!arg)
      return nullptr;
    apply.args.push_back(arg);
  }
  return make(std::move(apply));
}
