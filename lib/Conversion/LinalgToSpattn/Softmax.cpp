//===- Softmax.cpp - Softmax in all its forms -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace spattn;

namespace {
class SoftmaxMatcher {
public:
  SoftmaxMatcher(ExprGraph &graph, const LoopSpace &space, AffineExpr key)
      : graph(graph), space(space), key(key) {}

  Expr *match(Expr *weight) {
    Expr *guard = nullptr;
    weight = graph.resolveValue(weight);
    // Rows without a key are 0.
    if (weight->is<arith::SelectOp>()) {
      std::optional<double> zero =
          getConstant(graph.resolveValue(weight->args[1]));
      if (!zero || *zero != 0)
        return nullptr;
      guard = weight->args[0];
      weight = graph.resolveValue(weight->args[2]);
    }
    Expr *score = matchNamed(weight);
    if (!score)
      score = matchQuotient(weight);
    return score && guard && !isAllMasked(guard, score) ? nullptr : score;
  }

private:
  /// linalg.softmax.
  Expr *matchNamed(Expr *weight) {
    if (weight->kind != Expr::Kind::Read)
      return nullptr;
    auto softmax = weight->tensor.getDefiningOp<linalg::SoftmaxOp>();
    if (!softmax || weight->indices[softmax.getDimension()] != key)
      return nullptr;
    if (softmax.getInputOperandType().getDimSize(softmax.getDimension()) !=
        space.size(key))
      return nullptr;
    unsigned position = cast<AffineDimExpr>(key).getPosition();
    for (auto [d, index] : llvm::enumerate(weight->indices))
      if (d != softmax.getDimension() && index.isFunctionOfDim(position))
        return nullptr;
    return graph.read(softmax.getInput(), weight->indices);
  }

  /// exp(s - max s) / sum exp(s - max s).
  Expr *matchQuotient(Expr *weight) {
    Expr *numerator, *sum;
    if (weight->is<arith::DivFOp>()) {
      numerator = weight->args[0];
      sum = weight->args[1];
    } else if (weight->is<arith::MulFOp>()) {
      numerator = weight->args[0];
      Expr *inverse = graph.resolveValue(weight->args[1]);
      if (!inverse->is<arith::DivFOp>()) {
        numerator = weight->args[1];
        inverse = graph.resolveValue(weight->args[0]);
      }
      if (!inverse->is<arith::DivFOp>() ||
          getConstant(graph.resolveValue(inverse->args[0])) != 1.0)
        return nullptr;
      sum = inverse->args[1];
    } else {
      return nullptr;
    }
    sum = graph.resolveValue(sum);
    if (sum->kind != Expr::Kind::Reduce || !isa<arith::AddFOp>(sum->op) ||
        getConstant(graph.resolveValue(sum->args[1])) != 0.0)
      return nullptr;
    Expr *exponential = graph.resolveValue(numerator);
    if (!exponential->is<math::ExpOp>() ||
        !isSameValue(sum->args[0], numerator))
      return nullptr;
    Expr *shifted = graph.resolveValue(exponential->args[0]);
    if (shifted->is<arith::SubFOp>() &&
        isMaximum(shifted->args[1], shifted->args[0]))
      return shifted->args[0];
    return exponential->args[0];
  }

  /// The maximum of a row, or that and a constant: all give the same softmax.
  bool isMaximum(Expr *expr, Expr *score) {
    expr = graph.resolveValue(expr);
    if (expr->is<arith::MaximumFOp, arith::MaxNumFOp>())
      for (unsigned i : {0, 1})
        if (getConstant(graph.resolveValue(expr->args[i]))) {
          expr = graph.resolveValue(expr->args[1 - i]);
          break;
        }
    if (expr->kind != Expr::Kind::Reduce ||
        !isa<arith::MaximumFOp, arith::MaxNumFOp>(expr->op))
      return false;
    // It may start anywhere, but not with NaN or infinity.
    std::optional<double> start =
        getConstant(graph.resolveValue(expr->args[1]));
    return start && *start <= std::numeric_limits<float>::max() &&
           isSameValue(expr->args[0], score);
  }

  /// Whether all scores of a row are -inf.
  bool isAllMasked(Expr *expr, Expr *score) {
    expr = graph.resolve(expr);
    if (expr->kind != Expr::Kind::Reduce || !isa<arith::AndIOp>(expr->op))
      return false;
    Expr *isMasked = graph.resolve(expr->args[0]);
    if (!isMasked->is<arith::CmpFOp>())
      return false;
    auto predicate = cast<arith::CmpFOp>(isMasked->op).getPredicate();
    std::optional<double> number =
        getConstant(graph.resolveValue(isMasked->args[1]));
    return predicate == arith::CmpFPredicate::OEQ && number &&
           std::isinf(*number) && *number < 0 &&
           isSameValue(isMasked->args[0], score);
  }

  bool isSameValue(Expr *a, Expr *b) {
    return graph.isSame(graph.resolveValue(a), graph.resolveValue(b));
  }

  ExprGraph &graph;
  const LoopSpace &space;
  AffineExpr key;
};
} // namespace

Expr *spattn::matchSoftmax(ExprGraph &graph, const LoopSpace &space,
                           AffineExpr key, Expr *weight) {
  return SoftmaxMatcher(graph, space, key).match(weight);
}
