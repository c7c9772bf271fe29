//===- Gradients.cpp - Gradients of attention as IR -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/Transforms/Gradients.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spattn;

/// A new tensor with the sizes of another one.
static Value makeEmpty(OpBuilder &b, Operation *op, Value like) {
  return tensor::EmptyOp::create(
      b, op->getLoc(), tensor::getMixedSizes(b, op->getLoc(), like),
      cast<ShapedType>(like.getType()).getElementType());
}

RankedTensorType spattn::getLseType(AttentionOp op) {
  SmallVector<int64_t> shape(
      cast<ShapedType>(op.getQuery().getType()).getShape());
  shape.erase(shape.begin() + op.getDim(Dim::Width));
  return RankedTensorType::get(shape, Float32Type::get(op.getContext()));
}

/// A new tensor for the log-sum-exp.
static Value makeEmptyLse(OpBuilder &b, AttentionOp op) {
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, op.getLoc(), op.getQuery());
  sizes.erase(sizes.begin() + op.getDim(Dim::Width));
  return tensor::EmptyOp::create(b, op.getLoc(), sizes, b.getF32Type());
}

AttentionOp spattn::withLse(RewriterBase &rewriter, AttentionOp op,
                            Value destination) {
  if (op.getLse())
    return op;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  OperandValues operands = op.getOperandValues();
  operands[OperandKind::Lse] =
      destination ? destination : makeEmptyLse(rewriter, op);
  auto result = AttentionOp::create(rewriter, op.getLoc(), operands, op);
  result.setDifferentiated(op.getDifferentiated());
  result->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  rewriter.replaceOp(op, result->getResult(0));
  return result;
}

AttentionBackwardOp spattn::buildGradients(OpBuilder &b, AttentionOp op,
                                           OperandValues operands) {
  if (op.hasPages()) {
    op.emitOpError("with 'page_table' has no gradients");
    return nullptr;
  }
  for (const OperandInfo &info : AttentionBackwardOp::getOperandInfos())
    if (info.isWritten && !info.isOnDemand && !operands[info.kind])
      if (Value input = operands[*info.gradientOf])
        operands[info.kind] = makeEmpty(b, op, input);
  return AttentionBackwardOp::create(b, op.getLoc(), operands, op);
}

AttentionBackwardOp spattn::buildGradients(OpBuilder &b, AttentionOp op,
                                           Value dout, Value dlse) {
  OperandValues operands = op.getOperandValues();
  operands[OperandKind::Out] = op->getResult(0);
  operands[OperandKind::Lse] = op->getResult(1);
  operands[OperandKind::OutGradient] = dout;
  operands[OperandKind::LseGradient] = dlse;
  return buildGradients(b, op, operands);
}

MergeBackwardOp spattn::buildGradients(OpBuilder &b, MergeOp op, Value dout,
                                       Value dlse) {
  if (op.getRows()) {
    op.emitOpError("with 'rows' has no gradients");
    return nullptr;
  }
  SmallVector<Value> dparts, dlses;
  for (Value part : op.getParts())
    dparts.push_back(makeEmpty(b, op, part));
  for (Value lse : op.getLses())
    dlses.push_back(makeEmpty(b, op, lse));
  SmallVector<Type> types;
  for (ValueRange values : {ValueRange(dparts), ValueRange(dlses)})
    llvm::append_range(types, values.getTypes());
  return MergeBackwardOp::create(b, op.getLoc(), types, op.getParts(),
                                 op.getLses(), dout, dlse, dparts, dlses,
                                 op.getLayoutAttr());
}
