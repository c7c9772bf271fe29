//===- ScalarExpr.cpp - Elements of tensors as expressions ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarExpr.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

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

Expr *ExprGraph::isWithin(AffineExpr index, std::optional<int64_t> least,
                          std::optional<int64_t> greatest) {
  Builder builder(index.getContext());
  Expr choose(Expr::Kind::Choose);
  choose.indices = {space.simplify(index)};
  choose.lower = {least ? *least : -kUnbounded};
  choose.upper = {greatest ? *greatest + 1 : kUnbounded};
  for (bool bit : {true, false}) {
    Expr number(Expr::Kind::Apply);
    number.constant = builder.getBoolAttr(bit);
    choose.args.push_back(make(std::move(number)));
  }
  return make(std::move(choose));
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
