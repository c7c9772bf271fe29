//===- ScalarExpr.cpp - Elements of tensors as expressions ----------------===//
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

std::optional<double> spattn::getConstant(const Expr *expr) {
  if (auto number = dyn_cast_or_null<FloatAttr>(expr->constant))
    return number.getValueAsDouble();
  if (auto number = dyn_cast_or_null<IntegerAttr>(expr->constant)) {
    if (number.getType().isInteger(1))
      return number.getValue().isZero() ? 0.0 : 1.0;
    return static_cast<double>(number.getValue().getSExtValue());
  }
  return std::nullopt;
}

Expr *ExprGraph::make(Expr expr) {
  exprs.push_back(std::move(expr));
  return &exprs.back();
}

Expr *ExprGraph::read(Value tensor, ArrayRef<AffineExpr> indices) {
  Expr expr(Expr::Kind::Read);
  expr.tensor = tensor;
  std::vector<const void *> key;
  for (AffineExpr index : indices) {
    expr.indices.push_back(space.simplify(index));
    key.push_back(expr.indices.back().getAsOpaquePointer());
  }
  Expr *&known = reads[{tensor.getAsOpaquePointer(), key}];
  if (!known)
    known = make(std::move(expr));
  return known;
}

Expr *ExprGraph::step(Expr *expr) {
  if (expr->kind != Expr::Kind::Read)
    return nullptr;
  auto [known, isNew] = steps.try_emplace(expr, nullptr);
  if (isNew) {
    Expr *next = stepOnce(expr);
    steps[expr] = next;
    return next;
  }
  return known->second;
}

Expr *ExprGraph::resolve(Expr *expr) {
  for (unsigned steps = 0; steps < kMaxSteps; ++steps) {
    Expr *next = step(expr);
    if (!next)
      break;
    expr = next;
  }
  return expr;
}

Expr *ExprGraph::resolveValue(Expr *expr) {
  expr = resolve(expr);
  for (unsigned steps = 0;
       steps < kMaxSteps && expr->is<arith::ExtFOp, arith::TruncFOp>(); ++steps)
    expr = resolve(expr->args[0]);
  return expr;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

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

/// The place in a row-major array of these sizes, or null.
static AffineExpr linearize(ArrayRef<AffineExpr> indices,
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

/// The indices of a place in a row-major array of these sizes. Appends nothing
/// if that is not known.
static bool delinearize(const LoopSpace &space, AffineExpr place,
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

//===----------------------------------------------------------------------===//
// Questions
//===----------------------------------------------------------------------===//

bool ExprGraph::isSame(Expr *a, Expr *b) {
  Nesting nesting(depth);
  if (nesting.isTooDeep())
    return false;
  a = resolve(a);
  b = resolve(b);
  if (a == b)
    return true;
  auto known = same.find({a, b});
  if (known != same.end())
    return known->second;
  bool isSame = false;
  if (a->constant || b->constant) {
    isSame = a->constant == b->constant;
  } else if (a->kind == b->kind) {
    if (a->kind == Expr::Kind::Index)
      isSame = a->index == b->index;
    else if (a->kind == Expr::Kind::Scalar)
      isSame = a->scalar == b->scalar;
    else if (a->kind == Expr::Kind::Apply || a->kind == Expr::Kind::Reduce)
      isSame = a->op->getName() == b->op->getName() &&
               a->op->getAttrDictionary() == b->op->getAttrDictionary() &&
               a->args.size() == b->args.size() &&
               llvm::all_of(llvm::zip_equal(a->args, b->args), [&](auto pair) {
                 return this->isSame(std::get<0>(pair), std::get<1>(pair));
               });
  }
  same[{a, b}] = isSame;
  return isSame;
}

bool ExprGraph::dependsOn(Expr *expr, AffineExpr loop) {
  unsigned position = cast<AffineDimExpr>(loop).getPosition();
  SmallVector<Expr *> left = {expr};
  llvm::DenseSet<Expr *> seen;
  while (!left.empty()) {
    Expr *next = resolve(left.pop_back_val());
    if (!seen.insert(next).second)
      continue;
    if (next->kind == Expr::Kind::Index &&
        next->index.isFunctionOfDim(position))
      return true;
    for (AffineExpr index : next->indices)
      if (index.isFunctionOfDim(position))
        return true;
    left.append(next->args.begin(), next->args.end());
  }
  return false;
}

std::optional<unsigned> ExprGraph::getContractedLoop(linalg::LinalgOp op) {
  if (!linalg::isaContractionOpInterface(op) || op.getNumDpsInits() != 1 ||
      !isa<RankedTensorType>(op.getDpsInits()[0].getType()))
    return std::nullopt;
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  if (reductions.size() != 1)
    return std::nullopt;
  auto type = cast<RankedTensorType>(op.getDpsInits()[0].getType());
  // Wherever it is read.
  SmallVector<AffineExpr> anywhere(type.getRank(),
                                   getAffineSymbolExpr(0, op.getContext()));
  std::optional<double> start =
      getConstant(resolve(read(op.getDpsInits()[0], anywhere)));
  if (!start || *start != 0)
    return std::nullopt;
  return reductions[0];
}

std::optional<Product> ExprGraph::getProduct(linalg::LinalgOp op,
                                             ArrayRef<AffineExpr> loops) {
  Product product{op, llvm::to_vector(loops), nullptr, nullptr};
  product.lhs = readOperand(op->getOpOperand(0), op, loops);
  product.rhs = readOperand(op->getOpOperand(1), op, loops);
  if (!product.lhs || !product.rhs)
    return std::nullopt;
  return product;
}

std::optional<Product> ExprGraph::getProduct(Expr *read,
                                             AffineExpr contracted) {
  auto op = read->kind == Expr::Kind::Read
                ? read->tensor.getDefiningOp<linalg::LinalgOp>()
                : linalg::LinalgOp();
  if (!op)
    return std::nullopt;
  std::optional<unsigned> loop = getContractedLoop(op);
  SmallVector<AffineExpr> loops;
  if (!loop || !findLoops(op.getMatchingIndexingMap(op.getDpsInitOperand(0)),
                          read->indices, loops))
    return std::nullopt;
  loops[*loop] = contracted;
  if (!llvm::all_of(loops, [](AffineExpr loop) { return bool(loop); }))
    return std::nullopt;
  return getProduct(op, loops);
}
