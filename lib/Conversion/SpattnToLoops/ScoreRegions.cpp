//===- ScoreRegions.cpp - What happens to scores on a CPU -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScoreRegions.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "spattn/Dialect/Spattn/Transforms/ScoreDerivative.h"
#include "spattn/Dialect/SpattnCPU/IR/SpattnCPU.h"
#include "spattn/Structure/Spans.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

ScoreRegions::ScoreRegions(AttentionOpInterface op, ImplicitLocOpBuilder &b,
                           IndexOps &ops)
    : op(op), operands(op.getOperandValues()), b(b), ops(ops),
      unit(op.hasScoreRegion() ? 1 : llvm::numbers::log2e) {}

Value ScoreRegions::constant(float value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}

Value ScoreRegions::mul(Value lhs, Value rhs) {
  return arith::MulFOp::create(b, lhs, rhs);
}

Value ScoreRegions::emitScale(double number) {
  if (!op.getScale())
    return constant(number * *getDefaultScalar(op, OperandKind::Scale));
  if (number == 1)
    return op.getScale();
  return mul(op.getScale(), constant(number));
}

void ScoreRegions::begin() {
  Value softCap = operands[OperandKind::SoftCap];
  if (!softCap) {
    factor = emitScale(unit);
    return;
  }
  Value scale = emitScale(1);
  factor = arith::DivFOp::create(b, scale, softCap);
  cap = inUnits(softCap);
}

Value ScoreRegions::inUnits(Value number) {
  return unit == 1 ? number : mul(number, constant(unit));
}

ScoreRegions::Head ScoreRegions::load(Value element, Value head) {
  Head result{head, element, Value()};
  if (Value slopes = operands[OperandKind::AlibiSlopes]) {
    Value slope = memref::LoadOp::create(b, slopes, ValueRange{head});
    result.slope = inUnits(slope);
  }
  return result;
}

IndexOps::Value ScoreRegions::biasEntry(Index distance) {
  int64_t count = op.getNumDistances();
  Index entry = ops.add(distance, ops.constant(count / 2));
  entry = ops.max(entry, ops.constant(0));
  return ops.min(entry, ops.constant(count - 1));
}

Value ScoreRegions::sizeOf(Index distance) {
  // Distances are within lengths, which are at most 2^31.
  Value number =
      arith::IndexCastOp::create(b, b.getI32Type(), ops.materialize(distance));
  Value size = math::AbsIOp::create(b, number);
  return arith::SIToFPOp::create(b, b.getF32Type(), size);
}

Value ScoreRegions::loadBias(Value head, Index distance) {
  Index entry = biasEntry(distance);
  const OperandInfo &info = getOperandInfo(OperandKind::DistanceBias);
  SmallVector<Value> indices(info.getRank());
  indices[op.getDim(info, Dim::Head)] = head;
  indices[op.getDim(info, Dim::Width)] = ops.materialize(entry);
  Value bias = memref::LoadOp::create(b, operands[info.kind], indices);
  return inUnits(bias);
}

void ScoreRegions::emitRegion(const Head &head, Index query, Index key,
                              Value &score, Value &derivative) {
  SmallVector<Value> arguments{score};
  for (Value number :
       {ops.materialize(query), ops.materialize(key), head.head, head.element})
    arguments.push_back(arith::IndexCastOp::create(b, b.getI32Type(), number));
  ScoreWithDerivative made = emitScoreRegion(b, b.getLoc(), op.getScore(),
                                             arguments, bool(derivative));
  score = mul(made.score, constant(llvm::numbers::log2e));
  if (derivative)
    derivative = mul(derivative, made.derivative);
}

Value ScoreRegions::compare(const TilePositions &positions,
                            arith::CmpIPredicate predicate, Value query,
                            Value key) {
  // Tiles may stick out; what is there is masked.
  auto load = [&](Value numbers, Value place) -> Value {
    Value count = memref::DimOp::create(b, numbers, 0);
    Value one = arith::ConstantIndexOp::create(b, 1);
    Value last = arith::SubIOp::create(b, count, one);
    Value inside = arith::MinUIOp::create(b, place, last);
    return memref::LoadOp::create(b, numbers, inside);
  };
  Value ofQuery = load(positions.queries, query);
  Value ofKey = load(positions.keys, key);
  return arith::CmpIOp::create(b, predicate, ofQuery, ofKey);
}

void ScoreRegions::emit(Region &region, const Head &head,
                        const NormalForm<Index> &form, Index firstQuery,
                        Index firstKey, const TilePositions &positions,
                        Derivative by) {
  bool isBiased(operands[OperandKind::DistanceBias]);
  FloatAttr selfScore = op.getSelfScoreAttr();
  if (!cap && !head.slope && !isBiased && !op.hasScoreRegion() && !selfScore)
    return;
  OpBuilder::InsertionGuard guard(b);
  Block *block = b.createBlock(
      &region, {}, {b.getF32Type(), b.getIndexType(), b.getIndexType()},
      {b.getLoc(), b.getLoc(), b.getLoc()});
  Value score = block->getArgument(0), derivative;
  if (cap) {
    Value tanh = math::TanhOp::create(b, score);
    score = mul(tanh, cap);
    if (by == Derivative::ByProduct) {
      Value one = constant(1);
      derivative = arith::SubFOp::create(b, one, mul(tanh, tanh));
    }
  }
  Index query = ops.add(firstQuery, ops.wrap(block->getArgument(1)));
  Index key = ops.add(firstKey, ops.wrap(block->getArgument(2)));
  if (head.slope) {
    Value factor = sizeOf(distanceOf(ops, form, query, key));
    score = arith::SubFOp::create(b, score, mul(head.slope, factor));
  }
  if (isBiased) {
    Value bias = loadBias(head.head, distanceOf(ops, form, query, key));
    score = arith::AddFOp::create(b, score, bias);
  }
  if (by != Derivative::None && !derivative)
    derivative = constant(1);
  if (op.hasScoreRegion())
    emitRegion(head, query, key, score, derivative);
  if (selfScore) {
    Value isSelf = compare(positions, arith::CmpIPredicate::eq,
                           block->getArgument(1), block->getArgument(2));
    Value logit = constant(selfScore.getValueAsDouble() * llvm::numbers::log2e);
    score = arith::SelectOp::create(b, isSelf, logit, score);
    if (derivative)
      derivative = arith::SelectOp::create(b, isSelf, constant(0), derivative);
  }
  spattn_cpu::YieldScoreOp::create(b, score, derivative);
}
