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

/// A new tensor with the sizes of another one, without its dimension `d` if
/// `isLse`.
static Value makeEmpty(OpBuilder &b, AttentionOp op, Value like, bool isLse) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, op.getLoc(), like);
  Type element = cast<ShapedType>(like.getType()).getElementType();
  if (isLse) {
    sizes.erase(sizes.begin() + op.getDim('d'));
    element = b.getF32Type();
  }
  return tensor::EmptyOp::create(b, op.getLoc(), sizes, element);
}

RankedTensorType spattn::getLseType(AttentionOp op) {
  SmallVector<int64_t> shape(
      cast<ShapedType>(op.getQuery().getType()).getShape());
  shape.erase(shape.begin() + op.getDim('d'));
  return RankedTensorType::get(shape, Float32Type::get(op.getContext()));
}

AttentionOp spattn::withLse(RewriterBase &rewriter, AttentionOp op,
                            Value destination) {
  if (op.getLse())
    return op;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  if (!destination)
    destination = makeEmpty(rewriter, op, op.getQuery(), /*isLse=*/true);
  auto result = AttentionOp::create(
      rewriter, op.getLoc(),
      TypeRange{op.getOut().getType(), destination.getType()}, op.getQuery(),
      op.getKey(), op.getValue(), op.getScale(), op.getOut(), destination,
      op.getStructureAttr(), op.getAlignmentAttr(), op.getLayoutAttr(),
      op.getTileShapeAttr(), op.getDifferentiatedAttr());
  result->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  rewriter.replaceOp(op, result->getResult(0));
  return result;
}

AttentionBackwardOp spattn::buildGradients(OpBuilder &b, AttentionOp op,
                                           const GradientOperands &operands,
                                           ValueRange destinations) {
  SmallVector<Value> outs(destinations);
  if (outs.empty())
    for (Value input : {operands.query, operands.key, operands.value})
      outs.push_back(makeEmpty(b, op, input, /*isLse=*/false));
  return AttentionBackwardOp::create(
      b, op.getLoc(), ValueRange(outs).getTypes(), operands.query, operands.key,
      operands.value, operands.out, operands.lse, operands.dout, operands.scale,
      outs[0], outs[1], outs[2], op.getStructureAttr(), op.getAlignmentAttr(),
      op.getLayoutAttr(), op.getTileShapeAttr());
}

AttentionBackwardOp spattn::buildGradients(OpBuilder &b, AttentionOp op,
                                           Value dout) {
  return buildGradients(b, op,
                        {op.getQuery(), op.getKey(), op.getValue(),
                         op->getResult(0), op->getResult(1), dout,
                         op.getScale()});
}
