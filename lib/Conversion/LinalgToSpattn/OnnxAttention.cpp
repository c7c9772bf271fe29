//===- OnnxAttention.cpp - What ONNX's attentions have in common ----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxAttention.h"

#include "AttentionParts.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

namespace {
class OnnxReader {
public:
  OnnxReader(PatternRewriter &rewriter, Operation *op,
             const OnnxAttention &from, Refusal &refusal)
      : rewriter(rewriter), op(op), from(from), refusal(refusal) {}

  Value raise() {
    Value result = raiseParts();
    if (!result)
      for (Operation *own : llvm::reverse(reshaped))
        rewriter.eraseOp(own);
    return result;
  }

private:
  Value refuse(const Twine &why) {
    refusal.set(op, why);
    return nullptr;
  }

  /// An operand: batch, heads, length and head dimension, or batch, length,
  /// heads and head dimension if heads were in its last dimension.
  struct Operand {
    Value tensor;
    bool isOfHeads;
    int64_t batch, heads, length, width;
  };

  std::optional<Operand> read(Value tensor, int64_t heads) {
    auto type = dyn_cast<RankedTensorType>(tensor.getType());
    if (!type || (type.getRank() != 3 && type.getRank() != 4))
      return std::nullopt;
    if (type.getRank() == 4)
      return Operand{tensor,
                     true,
                     type.getDimSize(0),
                     type.getDimSize(1),
                     type.getDimSize(2),
                     type.getDimSize(3)};
    int64_t hidden = type.getDimSize(2);
    if (heads < 1 || ShapedType::isDynamic(hidden) || hidden % heads != 0)
      return std::nullopt;
    SmallVector<int64_t> shape = {type.getDimSize(0), type.getDimSize(1), heads,
                                  hidden / heads};
    SmallVector<ReassociationIndices> groups = {{0}, {1}, {2, 3}};
    reshaped.push_back(tensor::ExpandShapeOp::create(
        rewriter, op->getLoc(), type.clone(shape), tensor, groups));
    return Operand{reshaped.back()->getResult(0),
                   false,
                   shape[0],
                   heads,
                   shape[1],
                   shape[3]};
  }

  Value raiseParts() {
    if (!from.query || !from.key || !from.value)
      return refuse("has operands that are not query, key and value");
    auto resultType = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    std::optional<Operand> query = read(from.query, from.queryHeads),
                           key = read(from.key, from.keyHeads),
                           value = read(from.value, from.keyHeads);
    if (!query || !key || !value || !resultType)
      return refuse("has operands that are no tensors of three dimensions with "
                    "a number of heads, or of four");
    auto isDynamic = [](int64_t size) { return ShapedType::isDynamic(size); };
    if (isDynamic(query->heads) || isDynamic(key->heads) ||
        isDynamic(query->width) || isDynamic(value->width))
      return refuse("has a dynamic number of heads, or a dynamic head "
                    "dimension");
    if (key->heads < 1 || query->heads % key->heads != 0 ||
        key->heads != value->heads || key->width != query->width ||
        !areSame({query->batch, key->batch, value->batch}) ||
        !areSame({key->length, value->length}) ||
        (from.isSelf &&
         !areSame({query->length, known({key->length, value->length})})))
      return refuse("has operands whose sizes do not fit");

    LoopSpace space(op->getContext());
    AttentionLoops loops;
    loops.batch = space.add(known({query->batch, key->batch, value->batch}));
    loops.head = space.add(query->heads);
    loops.query = space.add(query->length);
    loops.key = space.add(known({key->length, value->length}));
    loops.feature = space.add(query->width);
    loops.value = space.add(value->width);
    ExprGraph graph(space, loops.key);
    AttentionParts parts(space, graph, loops);
    auto read = [&](const Operand &operand, AffineExpr length,
                    AffineExpr width) {
      AffineExpr head = loops.head.floorDiv(query->heads / operand.heads);
      return operand.isOfHeads ? graph.read(operand.tensor,
                                            {loops.batch, head, length, width})
                               : graph.read(operand.tensor,
                                            {loops.batch, length, head, width});
    };
    parts.query = read(*query, loops.query, loops.feature);
    parts.key = read(*key, loops.key, loops.feature);
    parts.value = read(*value, loops.key, loops.value);
    parts.scale =
        from.scale ? *from.scale : 1 / std::sqrt(double(query->width));
    if (from.softCap > 0)
      parts.softCap = from.softCap;
    if (from.least || from.greatest)
      parts.masks.push_back(
          {graph.isWithin(loops.query - loops.key, from.least, from.greatest),
           /*isAdded=*/false});
    if (from.mask && !readMask(parts))
      return nullptr;

    bool isOfHeads = resultType.getRank() == 4;
    if (isOfHeads) {
      parts.resultType = resultType;
      parts.resultIndices = {loops.batch, loops.head, loops.query, loops.value};
    } else {
      parts.resultType = resultType.clone(
          {query->batch, query->length, query->heads, value->width});
      parts.resultIndices = {loops.batch, loops.query, loops.head, loops.value};
    }
    for (AffineExpr &index : parts.resultIndices)
      index = space.simplify(index);
    Value result = emitAttention(rewriter, op->getLoc(), parts, refusal).result;
    if (!result || isOfHeads)
      return result;
    SmallVector<ReassociationIndices> groups = {{0}, {1}, {2, 3}};
    result =
        tensor::CollapseShapeOp::create(rewriter, op->getLoc(), result, groups);
    if (result.getType() != resultType)
      result =
          tensor::CastOp::create(rewriter, op->getLoc(), resultType, result);
    return result;
  }

  /// A mask of up to four dimensions, the last of which are queries and keys.
  bool readMask(AttentionParts &parts) {
    auto type = dyn_cast<RankedTensorType>(from.mask.getType());
    const AttentionLoops &loops = parts.loops;
    AffineExpr all[] = {loops.batch, loops.head, loops.query, loops.key};
    SmallVector<AffineExpr> indices;
    bool fits = type && type.getRank() <= 4;
    for (int64_t d = 0; fits && d < type.getRank(); ++d) {
      AffineExpr loop = all[4 - type.getRank() + d];
      int64_t size = type.getDimSize(d);
      fits = size == 1 || size == parts.space->size(loop);
      indices.push_back(size == 1 ? parts.space->constant(0) : loop);
    }
    if (!fits) {
      refuse("has a mask that is no tensor of the sizes of scores");
      return false;
    }
    Expr *mask = parts.graph->read(from.mask, indices);
    if (type.getElementType().isInteger(1))
      parts.masks.push_back({mask, /*isAdded=*/false});
    else
      addTerm(parts, mask, 1);
    return true;
  }

  /// Sizes that are known are the same.
  static bool areSame(ArrayRef<int64_t> sizes) {
    return llvm::all_of(sizes, [&](int64_t size) {
      return ShapedType::isDynamic(size) || size == known(sizes);
    });
  }
  static int64_t known(ArrayRef<int64_t> sizes) {
    for (int64_t size : sizes)
      if (!ShapedType::isDynamic(size))
        return size;
    return ShapedType::kDynamic;
  }

  PatternRewriter &rewriter;
  Operation *op;
  const OnnxAttention &from;
  Refusal &refusal;
  SmallVector<Operation *> reshaped;
};
} // namespace

Value OnnxAttention::raise(PatternRewriter &rewriter, Operation *op,
                           Refusal &refusal) const {
  return OnnxReader(rewriter, op, *this, refusal).raise();
}
