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
#include "OnnxAttention.h"

using namespace mlir;
using namespace spattn;

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

/// Whether an operand has no elements, as a cache ahead of the first token.
static bool isEmpty(Value operand) {
  auto type = dyn_cast<RankedTensorType>(operand.getType());
  return type && llvm::is_contained(type.getShape(), 0);
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
    if (Value given = getOperand(op, n); given && !isEmpty(given)) {
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

/// The queries, keys and values, which are the first operands of all of these.
static OnnxAttention readRows(Operation *op) {
  OnnxAttention from;
  from.query = getOperand(op, 0);
  from.key = getOperand(op, 1);
  from.value = getOperand(op, 2);
  return from;
}

/// Of opset 23 and later: Q, K, V, a mask; keys and values of before, and
/// numbers of keys that are not padding, which are refused.
Value spattn::raiseOnnx(PatternRewriter &rewriter, Operation *op,
                        Refusal &refusal) {
  if (!checkRest(op,
                 {{4, "past_key"}, {5, "past_value"}, {6, "nonpad_kv_seqlen"}},
                 refusal))
    return nullptr;
  OnnxAttention from = readRows(op);
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
  return from.raise(rewriter, op, refusal);
}

/// A scale of com.microsoft, where 0 is the default, as if it were not given.
static std::optional<double> getScale(Operation *op) {
  std::optional<double> scale = getFloat(op, "scale");
  return scale && *scale != 0 ? scale : std::nullopt;
}

/// Query, key, value, and a bias of scores among more.
static Value raiseMultiHead(PatternRewriter &rewriter, Operation *op,
                            Refusal &refusal) {
  if (!checkRest(op,
                 {{3, "bias"},
                  {4, "key_padding_mask"},
                  {6, "past_key"},
                  {7, "past_value"},
                  {8, "past_sequence_length"},
                  {9, "cache_indirection"}},
                 refusal))
    return nullptr;
  OnnxAttention from = readRows(op);
  from.mask = getOperand(op, 5);
  from.queryHeads = from.keyHeads = getInteger(op, "num_heads", 0);
  from.scale = getScale(op);
  if (getInteger(op, "unidirectional", 0) != 0)
    from.least = 0;
  return from.raise(rewriter, op, refusal);
}

/// Whether no attribute asks for what there is none of here.
static bool checkGroupQueryAttributes(Operation *op, Refusal &refusal) {
  // -1 is the default of smooth_softmax.
  for (StringRef name : {"do_rotary", "smooth_softmax"})
    if (getInteger(op, name, 0) > 0) {
      refusal.set(op, "has '" + name + "'");
      return false;
    }
  for (StringRef name : {"k_quant_type", "v_quant_type"}) {
    auto kind = dyn_cast_or_null<StringAttr>(getAttribute(op, name));
    if (kind && kind.getValue() != "NONE") {
      refusal.set(op, "has '" + name + "'");
      return false;
    }
  }
  return true;
}

/// Query, key, value, and a bias of scores among more. It is causal. Without
/// keys of before, the batch entries of `seqlens_k` are padded on the right:
/// causal queries ahead of the padding see none of it, and the others are
/// padding themselves. So neither that operand nor `total_sequence_length` is
/// needed; and nor are those of rotations and positions.
static Value raiseGroupQuery(PatternRewriter &rewriter, Operation *op,
                             Refusal &refusal) {
  if (!checkRest(op,
                 {{3, "past_key"},
                  {4, "past_value"},
                  {11, "head_sink"},
                  {12, "k_scale"},
                  {13, "v_scale"},
                  {14, "q_norm_weight"},
                  {15, "k_norm_weight"}},
                 refusal) ||
      !checkGroupQueryAttributes(op, refusal))
    return nullptr;
  OnnxAttention from = readRows(op);
  from.mask = getOperand(op, 10);
  from.queryHeads = getInteger(op, "num_heads", 0);
  from.keyHeads = getInteger(op, "kv_num_heads", 0);
  from.scale = getScale(op);
  from.softCap = getFloat(op, "softcap").value_or(0);
  from.isSelf = true;
  from.least = 0;
  // The keys that a query sees, its own among them; -1 is all.
  int64_t window = getInteger(op, "local_window_size", -1);
  if (window == 0) {
    refusal.set(op, "has a window of no keys");
    return nullptr;
  }
  if (window > 0)
    from.greatest = window - 1;
  return from.raise(rewriter, op, refusal);
}

Value spattn::raiseOnnxCustom(PatternRewriter &rewriter, Operation *op,
                              Refusal &refusal) {
  auto name = dyn_cast_or_null<StringAttr>(getAttribute(op, "function_name"));
  if (name && name.getValue() == "MultiHeadAttention")
    return raiseMultiHead(rewriter, op, refusal);
  if (name && name.getValue() == "GroupQueryAttention")
    return raiseGroupQuery(rewriter, op, refusal);
  return nullptr;
}
