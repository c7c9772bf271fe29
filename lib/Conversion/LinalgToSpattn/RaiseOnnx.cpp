//===- RaiseOnnx.cpp - Attention of ONNX ----------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations are read in generic form, as onnx-mlir imports them: optional
// operands that are not given are of type `none`.
//
//===----------------------------------------------------------------------===//

#include "Frontends.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

namespace {
/// What the operations of ONNX and of its extensions have in common.
struct OnnxAttention {
  Value query, key, value, mask;
  /// Of operands of three dimensions, whose last one has the heads.
  int64_t queryHeads = 0, keyHeads = 0;
  std::optional<double> scale;
  double softCap = 0;
  /// Distances i - j that are seen, with their ends; none is unbounded.
  std::optional<int64_t> least, greatest;
};

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
        !areSame({key->length, value->length}))
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

static Value getOperand(Operation *op, unsigned n) {
  if (n >= op->getNumOperands() || isa<NoneType>(op->getOperand(n).getType()))
    return nullptr;
  return op->getOperand(n);
}

static int64_t getInteger(Operation *op, StringRef name, int64_t otherwise) {
  auto number = dyn_cast_or_null<IntegerAttr>(getAttribute(op, name));
  return number ? number.getValue().getSExtValue() : otherwise;
}

static std::optional<double> getFloat(Operation *op, StringRef name) {
  auto number = dyn_cast_or_null<FloatAttr>(getAttribute(op, name));
  return number ? std::optional(number.getValueAsDouble()) : std::nullopt;
}

/// Whether nothing is given or used of which there is none here.
static bool checkRest(Operation *op,
                      ArrayRef<std::pair<unsigned, StringRef>> rest,
                      Refusal &refusal) {
  if (op->getNumOperands() < 3 || op->getNumResults() < 1) {
    refusal.set(op, "has operands that are not query, key and value");
    return false;
  }
  for (auto [n, name] : rest)
    if (getOperand(op, n)) {
      refusal.set(op, "takes '" + name + "'");
      return false;
    }
  for (Value result : op->getResults().drop_front())
    if (!result.use_empty()) {
      refusal.set(op, "gives more than its output");
      return false;
    }
  return true;
}

/// Of opset 23 and later: Q, K, V, a mask; keys and values of before, and
/// numbers of keys that are not padding, which are refused.
Value spattn::raiseOnnx(PatternRewriter &rewriter, Operation *op,
                        Refusal &refusal) {
  if (!checkRest(op,
                 {{4, "past_key"}, {5, "past_value"}, {6, "nonpad_kv_seqlen"}},
                 refusal))
    return nullptr;
  OnnxAttention from;
  from.query = getOperand(op, 0);
  from.key = getOperand(op, 1);
  from.value = getOperand(op, 2);
  from.mask = getOperand(op, 3);
  from.queryHeads = getInteger(op, "q_num_heads", 0);
  from.keyHeads = getInteger(op, "kv_num_heads", 0);
  from.scale = getFloat(op, "scale");
  from.softCap = getFloat(op, "softcap").value_or(0);
  int64_t left = getInteger(op, "left_window_size", -1),
          right = getInteger(op, "right_window_size", -1);
  if (left >= 0)
    from.greatest = left;
  if (right >= 0)
    from.least = -right;
  if (getInteger(op, "is_causal", 0) != 0)
    from.least = 0;
  return OnnxReader(rewriter, op, from, refusal).raise();
}

/// MultiHeadAttention of com.microsoft: query, key, value, and a bias of scores
/// among more.
Value spattn::raiseOnnxCustom(PatternRewriter &rewriter, Operation *op,
                              Refusal &refusal) {
  auto name = dyn_cast_or_null<StringAttr>(getAttribute(op, "function_name"));
  if (name && name.getValue() == "GroupQueryAttention") {
    refusal.set(op, "takes keys and values of before");
    return nullptr;
  }
  if (!name || name.getValue() != "MultiHeadAttention" ||
      !checkRest(op,
                 {{3, "bias"},
                  {4, "key_padding_mask"},
                  {6, "past_key"},
                  {7, "past_value"},
                  {8, "past_sequence_length"},
                  {9, "cache_indirection"}},
                 refusal))
    return nullptr;
  OnnxAttention from;
  from.query = getOperand(op, 0);
  from.key = getOperand(op, 1);
  from.value = getOperand(op, 2);
  from.mask = getOperand(op, 5);
  from.queryHeads = from.keyHeads = getInteger(op, "num_heads", 0);
  from.scale = getFloat(op, "scale");
  // 0 is the default, and says the same.
  if (from.scale && *from.scale == 0)
    from.scale.reset();
  if (getInteger(op, "unidirectional", 0) != 0)
    from.least = 0;
  return OnnxReader(rewriter, op, from, refusal).raise();
}
