//===- Score.cpp - What happens to scores ---------------------------------===//
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

using namespace mlir;
using namespace spattn;

namespace {
class ScoreReader {
public:
  ScoreReader(AttentionParts &parts, Refusal &refusal)
      : parts(parts), graph(*parts.graph), refusal(refusal) {}

  bool read(Expr *score) {
    for (unsigned steps = 0;; ++steps) {
      score = graph.resolveValue(score);
      if (isProduct(score))
        return readProduct(score);
      Expr *next = steps < kMaxSteps ? peel(score) : nullptr;
      if (next)
        score = next;
      else
        return readFunction(score);
    }
  }

private:
  bool isProduct(Expr *expr) {
    return graph.getProduct(expr, parts.loops.feature).has_value();
  }

  /// Whether the product of queries and keys is in it.
  bool hasProduct(Expr *expr, unsigned depth = 0) {
    expr = graph.resolveValue(expr);
    if (isProduct(expr))
      return true;
    if (depth > 32 || expr->kind != Expr::Kind::Apply)
      return false;
    return llvm::any_of(expr->args,
                        [&](Expr *arg) { return hasProduct(arg, depth + 1); });
  }

  /// Takes the outermost thing that happens to a score.
  Expr *peel(Expr *score) {
    if (score->is<arith::MulFOp, arith::DivFOp>())
      return peelFactor(score);
    if (score->is<arith::AddFOp>())
      for (unsigned i : {0, 1})
        if (getConstant(graph.resolveValue(score->args[i])) == 0.0)
          return score->args[1 - i];
    // Masks and biases come behind the soft cap, and a scale of the program
    // scales none.
    if (parts.softCap || parts.scaleValue)
      return nullptr;
    if (score->is<arith::AddFOp, arith::SubFOp>()) {
      bool isDifference = score->is<arith::SubFOp>();
      bool isFirst = hasProduct(score->args[0]);
      Expr *other = score->args[isFirst ? 1 : 0];
      if ((isDifference && !isFirst) || hasProduct(other))
        return nullptr;
      addTerm(parts, other, isDifference ? -factor : factor);
      return score->args[isFirst ? 0 : 1];
    }
    if (score->is<arith::SelectOp>())
      return peelSelect(score);
    return nullptr;
  }

  /// Something else than a scale, a soft cap, masks and biases: the innermost
  /// scale, and a function of that.
  bool readFunction(Expr *score) {
    if (capped) {
      // The soft cap is of something else; there is no scale ahead of one.
      score = capped;
      factor = 1;
      parts.softCap.reset();
    }
    bool isFunction = !parts.scaleValue && findInner(score) && inner;
    if (!isFunction) {
      refusal.set(score->where(),
                  "is between queries times keys and the softmax, and is no "
                  "scale, mask, bias or soft cap");
      return false;
    }
    parts.function = {score, inner, factor};
    parts.scale = 1;
    Expr *product = inner;
    if (!isProduct(inner))
      product = peelFactor(inner);
    return readProduct(graph.resolveValue(product));
  }

  /// Finds the one product in an expression, with the constant that it is
  /// scaled by, if it always is.
  bool findInner(Expr *expr, unsigned depth = 0) {
    expr = graph.resolveValue(expr);
    if (depth > kMaxNesting)
      return false;
    if (!seen.insert(expr).second)
      return true;
    if (!isProduct(expr) && !isScaledProduct(expr))
      return llvm::all_of(expr->args,
                          [&](Expr *arg) { return findInner(arg, depth + 1); });
    bool isSame = !inner || graph.isSame(inner, expr);
    inner = expr;
    return isSame;
  }
  bool isScaledProduct(Expr *expr) {
    if (!expr->is<arith::MulFOp, arith::DivFOp>())
      return false;
    for (unsigned i : {1, 0}) {
      std::optional<double> number =
          getConstant(graph.resolveValue(expr->args[i]));
      if (number && std::isfinite(*number) && *number != 0 &&
          !(i == 0 && expr->is<arith::DivFOp>()))
        return isProduct(graph.resolveValue(expr->args[1 - i]));
    }
    return false;
  }

  Expr *peelFactor(Expr *score) {
    bool isQuotient = isa<arith::DivFOp>(score->op);
    for (unsigned i : {1, 0}) {
      if (isQuotient && i == 0)
        break;
      Expr *other = graph.resolveValue(score->args[i]);
      std::optional<double> number = getConstant(other);
      if (number && std::isfinite(*number) && *number != 0) {
        double by = isQuotient ? 1 / *number : *number;
        Expr *inner = graph.resolveValue(score->args[1 - i]);
        if (inner->is<math::TanhOp>())
          return peelSoftCap(score, inner, by);
        factor *= by;
        parts.scale *= by;
        return inner;
      }
      if (other->kind == Expr::Kind::Scalar && !isQuotient &&
          isa<FloatType>(other->scalar.getType()) && !parts.scaleValue &&
          isOutside(other->scalar)) {
        parts.scaleValue = other->scalar;
        return score->args[1 - i];
      }
    }
    return nullptr;
  }

  /// Not a number of a body of an operation on tensors.
  static bool isOutside(Value value) {
    return !isa_and_nonnull<linalg::LinalgOp>(
        value.getParentBlock()->getParentOp());
  }

  /// cap * tanh(s / cap), before all masks.
  Expr *peelSoftCap(Expr *score, Expr *tanh, double cap) {
    Expr *inner = graph.resolveValue(tanh->args[0]);
    if (parts.softCap || !inner->is<arith::MulFOp, arith::DivFOp>() ||
        parts.scale != 1 || !(cap > 0))
      return nullptr;
    capped = score;
    parts.softCap = cap;
    // What the inner scale is beyond 1 / cap is that of the product.
    parts.scale = cap;
    return inner;
  }

  Expr *peelSelect(Expr *score) {
    for (bool wanted : {true, false}) {
      Expr *other = graph.resolveValue(score->args[wanted ? 2 : 1]);
      std::optional<double> number = getConstant(other);
      if (!number)
        continue;
      if (!(*number * factor <= kMasked))
        continue;
      parts.masks.push_back({score->args[0], /*isAdded=*/false, wanted, 1,
                             std::isfinite(*number * factor)});
      return score->args[wanted ? 1 : 2];
    }
    return nullptr;
  }

  bool readProduct(Expr *score) {
    std::optional<Product> product =
        graph.getProduct(score, parts.loops.feature);
    // Its loop of head dimensions has a size now.
    SmallVector<int64_t> sizes = product->op.getStaticLoopRanges();
    for (auto [loop, size] : llvm::zip_equal(product->loops, sizes))
      if (loop == parts.loops.feature)
        parts.space->setSize(loop, size);
    unsigned query = position(parts.loops.query),
             key = position(parts.loops.key);
    auto readsLoop = [](Expr *read, unsigned loop) {
      return llvm::any_of(read->indices, [&](AffineExpr index) {
        return index.isFunctionOfDim(loop);
      });
    };
    for (auto [first, second] : {std::pair(product->lhs, product->rhs),
                                 std::pair(product->rhs, product->lhs)})
      if (readsLoop(first, query) && !readsLoop(first, key) &&
          readsLoop(second, key) && !readsLoop(second, query)) {
        parts.query = first;
        parts.key = second;
      }
    if (!parts.query) {
      refusal.set(product->op, "is no product of queries and keys");
      return false;
    }
    auto isNoFactor = [](const auto &term) {
      return !(term.factor > 0 || term.factor < 0);
    };
    if (llvm::any_of(parts.masks, isNoFactor) ||
        llvm::any_of(parts.biases, isNoFactor)) {
      refusal.set(product->op, "is scaled by a number that is not finite");
      return false;
    }
    return true;
  }

  static unsigned position(AffineExpr loop) {
    return cast<AffineDimExpr>(loop).getPosition();
  }

  AttentionParts &parts;
  ExprGraph &graph;
  Refusal &refusal;
  /// What the scores that are looked at are multiplied by.
  double factor = 1;
  /// The score that a soft cap gives.
  Expr *capped = nullptr;
  /// The product that a function is of, scaled perhaps.
  Expr *inner = nullptr;
  llvm::DenseSet<Expr *> seen;
};
} // namespace

bool spattn::readScore(AttentionParts &parts, Expr *score, Refusal &refusal) {
  return ScoreReader(parts, refusal).read(score);
}
