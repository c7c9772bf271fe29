//===- DecomposeScores.cpp - Scores in linalg operations ------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecomposeScores.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "spattn/Dialect/Spattn/Transforms/ScoreDerivative.h"
#include "spattn/Structure/NormalForm.h"

using namespace mlir;
using namespace spattn;

DecomposedScores::DecomposedScores(ImplicitLocOpBuilder &b, AttentionOp op)
    : op(op), operands(op.getOperandValues()) {
  if (!op.getAlibiSlopes() && !op.getDistanceBias())
    return;
  auto lengthOf = [&](Value operand) -> Value {
    return b.createOrFold<tensor::DimOp>(operand, op.getDim(Dim::Length));
  };
  queries = lengthOf(op.getQuery());
  keys = lengthOf(op.getKey());
}

IndexOps::Value DecomposedScores::emitDistance(ImplicitLocOpBuilder &inner,
                                               IndexOps &ops) {
  IndexOps::Value query = ops.wrap(linalg::IndexOp::create(inner, 2));
  IndexOps::Value key = ops.wrap(linalg::IndexOp::create(inner, 3));
  Lengths<IndexOps::Value> lengths{ops.wrap(queries), ops.wrap(keys)};
  IndexOps::Value offset = distanceOffset(ops, lengths, op.getAlignment());
  return ops.sub(ops.add(query, offset), key);
}

Value DecomposedScores::load(ImplicitLocOpBuilder &inner, OperandKind kind,
                             Value entry) {
  const OperandInfo &info = getOperandInfo(kind);
  SmallVector<Value> indices(info.getRank());
  indices[op.getDim(info, Dim::Head)] = linalg::IndexOp::create(inner, 1);
  if (entry)
    indices[op.getDim(info, Dim::Width)] = entry;
  return tensor::ExtractOp::create(inner, operands[kind], indices);
}

Value DecomposedScores::loadPosition(ImplicitLocOpBuilder &inner,
                                     OperandKind kind, Value head,
                                     int64_t row) {
  const OperandInfo &info = getOperandInfo(kind);
  SmallVector<Value> indices(info.getRank());
  indices[op.getDim(info, Dim::Batch)] = linalg::IndexOp::create(inner, 0);
  indices[op.getDim(info, Dim::Head)] = head;
  indices[op.getDim(info, Dim::Length)] = linalg::IndexOp::create(inner, row);
  return tensor::ExtractOp::create(inner, operands[kind], indices);
}

Value DecomposedScores::comparePositions(ImplicitLocOpBuilder &inner,
                                         arith::CmpIPredicate predicate) {
  Value head = linalg::IndexOp::create(inner, 1), keyHead = head;
  if (op.getGroupSize() > 1) {
    Value group = arith::ConstantIndexOp::create(inner, op.getGroupSize());
    keyHead = arith::DivUIOp::create(inner, head, group);
  }
  Value query = loadPosition(inner, OperandKind::QueryPositions, head, 2);
  Value key = loadPosition(inner, OperandKind::KeyPositions, keyHead, 3);
  return arith::CmpIOp::create(inner, predicate, query, key);
}

Value DecomposedScores::modify(ImplicitLocOpBuilder &inner, Value score) {
  IndexOps ops(inner);
  if (Value cap = op.getSoftCap()) {
    Value ratio = arith::DivFOp::create(inner, score, cap);
    Value tanh = math::TanhOp::create(inner, ratio);
    score = arith::MulFOp::create(inner, tanh, cap);
  }
  if (op.getAlibiSlopes()) {
    Value slope = load(inner, OperandKind::AlibiSlopes);
    Value distance = ops.materialize(emitDistance(inner, ops));
    Value number =
        arith::IndexCastOp::create(inner, inner.getI64Type(), distance);
    Value size = math::AbsIOp::create(inner, number);
    Value factor = arith::SIToFPOp::create(inner, inner.getF32Type(), size);
    Value bias = arith::MulFOp::create(inner, slope, factor);
    score = arith::SubFOp::create(inner, score, bias);
  }
  if (op.getDistanceBias()) {
    int64_t count = op.getNumDistances();
    IndexOps::Value entry =
        ops.add(emitDistance(inner, ops), ops.constant(count / 2));
    entry = ops.max(entry, ops.constant(0));
    entry = ops.min(entry, ops.constant(count - 1));
    Value bias = load(inner, OperandKind::DistanceBias, ops.materialize(entry));
    score = arith::AddFOp::create(inner, score, bias);
  }
  if (op.hasScoreRegion()) {
    SmallVector<Value> arguments{score};
    for (int64_t dim : {2, 3, 1, 0}) {
      Value number = linalg::IndexOp::create(inner, dim);
      arguments.push_back(
          arith::IndexCastOp::create(inner, inner.getI32Type(), number));
    }
    score = emitScoreRegion(inner, inner.getLoc(), op.getScore(), arguments,
                            /*withDerivative=*/false)
                .score;
  }
  if (FloatAttr selfScore = op.getSelfScoreAttr()) {
    Value isSelf = comparePositions(inner, arith::CmpIPredicate::eq);
    Value own = arith::ConstantOp::create(inner, selfScore);
    score = arith::SelectOp::create(inner, isSelf, own, score);
  }
  return score;
}
