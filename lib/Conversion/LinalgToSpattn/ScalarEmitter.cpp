//===- ScalarEmitter.cpp - Expressions as operations on scalars -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spattn;

bool spattn::canEmit(const Expr *expr) {
  switch (expr->kind) {
  case Expr::Kind::Index:
    return true;
  case Expr::Kind::Read:
  case Expr::Kind::Gather:
    return isa<RankedTensorType>(expr->tensor.getType());
  case Expr::Kind::Scalar: {
    // Numbers in the body of an operation on tensors are not seen outside.
    Value scalar = expr->scalar;
    Operation *parent = scalar.getParentBlock()->getParentOp();
    return !isa_and_nonnull<linalg::LinalgOp>(parent);
  }
  case Expr::Kind::Apply:
    return expr->constant ||
           isa_and_nonnull<arith::ArithDialect, math::MathDialect>(
               expr->op->getDialect());
  case Expr::Kind::Reduce:
  case Expr::Kind::Choose:
    return false;
  }
  llvm_unreachable("there are no other kinds");
}

Type spattn::getType(const Expr *expr) {
  if (expr->constant)
    return expr->constant.getType();
  if (expr->kind == Expr::Kind::Choose)
    return getType(expr->args[0]);
  if (expr->kind == Expr::Kind::Apply || expr->kind == Expr::Kind::Reduce)
    return getElementTypeOrSelf(expr->op->getResult(0));
  if (expr->tensor)
    return getElementTypeOrSelf(expr->tensor);
  if (expr->scalar)
    return expr->scalar.getType();
  return IndexType::get(expr->index.getContext());
}

Value ScalarEmitter::number(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value ScalarEmitter::emitFloat(Expr *expr, double factor) {
  Value value = emit(expr);
  Type f32 = builder.getF32Type();
  unsigned width = value.getType().getIntOrFloatBitWidth();
  if (width < 32)
    value = arith::ExtFOp::create(builder, loc, f32, value);
  else if (width > 32)
    value = arith::TruncFOp::create(builder, loc, f32, value);
  if (factor == 1)
    return value;
  Value times = arith::ConstantOp::create(
      builder, loc, builder.getF32FloatAttr(static_cast<float>(factor)));
  return arith::MulFOp::create(builder, loc, value, times);
}

Value ScalarEmitter::emit(Expr *expr) {
  expr = parts.graph->resolve(expr);
  auto found = known.find(expr);
  if (found != known.end())
    return found->second;
  Value value = compute(expr);
  known[expr] = value;
  return value;
}

Value ScalarEmitter::compute(Expr *expr) {
  auto table = tables.find(expr);
  if (table != tables.end())
    return lookUp(expr, table->second);
  if (expr->constant)
    return arith::ConstantOp::create(builder, loc, expr->constant);
  switch (expr->kind) {
  case Expr::Kind::Index:
    return emit(expr->index);
  case Expr::Kind::Scalar:
    return expr->scalar;
  case Expr::Kind::Read: {
    SmallVector<Value> indices;
    for (AffineExpr index : expr->indices)
      indices.push_back(emit(index));
    return tensor::ExtractOp::create(builder, loc, expr->tensor, indices);
  }
  case Expr::Kind::Gather: {
    SmallVector<Value> indices;
    for (Expr *arg : expr->args)
      indices.push_back(emit(arg));
    if (llvm::any_of(*expr->op->getBlock(), llvm::IsaPred<cf::AssertOp>))
      assertWithin(expr->tensor, indices);
    return tensor::ExtractOp::create(builder, loc, expr->tensor, indices);
  }
  default:
    break;
  }
  SmallVector<Value> args;
  for (Expr *arg : expr->args)
    args.push_back(emit(arg));
  // Also of operations on whole tensors.
  Operation *op = Operation::create(
      loc, expr->op->getName(), getElementTypeOrSelf(expr->op->getResult(0)),
      args, NamedAttrList(expr->op->getDiscardableAttrDictionary()),
      expr->op->getPropertiesStorage(), BlockRange(), 0);
  return builder.insert(op)->getResult(0);
}

void ScalarEmitter::assertWithin(Value tensor, ValueRange indices) {
  for (auto [d, index] : llvm::enumerate(indices)) {
    Value zero = number(0);
    Value size = tensor::DimOp::create(builder, loc, tensor, d);
    Value isBehind = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::sge, index, zero);
    Value isAhead = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::slt, index, size);
    Value isWithin = arith::AndIOp::create(builder, loc, isBehind, isAhead);
    cf::AssertOp::create(builder, loc, isWithin,
                         "expected an index within the tensor");
  }
}

Value ScalarEmitter::emit(AffineExpr index) {
  if (auto constant = dyn_cast<AffineConstantExpr>(index))
    return number(constant.getValue());
  const AttentionLoops &loops = parts.loops;
  for (auto [loop, value] :
       {std::pair(loops.head, head), std::pair(loops.query, query),
        std::pair(loops.key, key)})
    if (index == loop)
      return value;
  auto binary = cast<AffineBinaryOpExpr>(index);
  Value lhs = emit(binary.getLHS());
  Value rhs = emit(binary.getRHS());
  switch (index.getKind()) {
  case AffineExprKind::Add:
    return arith::AddIOp::create(builder, loc, lhs, rhs);
  case AffineExprKind::Mul:
    return arith::MulIOp::create(builder, loc, lhs, rhs);
  case AffineExprKind::FloorDiv:
    return arith::FloorDivSIOp::create(builder, loc, lhs, rhs);
  default:
    break;
  }
  Value quotient = arith::FloorDivSIOp::create(builder, loc, lhs, rhs);
  Value whole = arith::MulIOp::create(builder, loc, quotient, rhs);
  return arith::SubIOp::create(builder, loc, lhs, whole);
}

/// An element of a constant: that of the distance of query and key.
Value ScalarEmitter::lookUp(Expr *expr, const DistanceTable &table) {
  Type type = getType(expr);
  int64_t queries = parts.space->size(parts.loops.query),
          keys = parts.space->size(parts.loops.key);
  SmallVector<Attribute> elements;
  for (double element : table.numbers)
    if (isa<FloatType>(type))
      elements.push_back(builder.getFloatAttr(type, element));
    else
      elements.push_back(
          builder.getIntegerAttr(type, static_cast<int64_t>(element)));
  SmallVector<int64_t> shape;
  if (table.isOfHeads)
    shape.push_back(parts.space->size(parts.loops.head));
  shape.push_back(queries + keys - 1);
  Value numbers = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(RankedTensorType::get(shape, type), elements));
  Value difference = arith::SubIOp::create(builder, loc, query, key);
  Value last = number(keys - 1);
  Value place = arith::AddIOp::create(builder, loc, difference, last);
  SmallVector<Value> indices = {place};
  if (table.isOfHeads)
    indices.insert(indices.begin(), head);
  return tensor::ExtractOp::create(builder, loc, numbers, indices);
}
