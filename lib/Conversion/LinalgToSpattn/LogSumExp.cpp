//===- LogSumExp.cpp - Log-sum-exps of scores -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

/// From scores to their log-sum-exps, there are no more tensors.
static constexpr unsigned kMaxTensors = 256;

namespace {
class LogSumExpFinder {
public:
  LogSumExpFinder(ExprGraph &graph, AffineExpr key, Expr *score, Operation *op)
      : graph(graph), key(cast<AffineDimExpr>(key).getPosition()), score(score),
        op(op) {}

  std::optional<LogSumExp> find() {
    unsigned steps = 0;
    for (Expr *expr = score; expr && steps < kMaxSteps; ++steps) {
      if (expr->kind == Expr::Kind::Read)
        add(expr);
      expr = expr->is<arith::ExtFOp, arith::TruncFOp>() ? expr->args[0]
                                                        : graph.step(expr);
    }
    for (unsigned n = 0; n < reads.size() && n < kMaxTensors; ++n) {
      Expr *read = reads[n];
      bool isOfRow = llvm::none_of(read->indices, [&](AffineExpr index) {
        return index.isFunctionOfDim(key);
      });
      if (isOfRow && isLogSumExp(read)) {
        LogSumExp found{read->tensor, read->indices, {}};
        if (collectUsers(found))
          return found;
        return std::nullopt;
      }
      for (OpOperand &use : read->tensor.getUses())
        if (use.getOwner()->getBlock() == op->getBlock())
          if (std::optional<SmallVector<AffineExpr>> to =
                  graph.follow(use, read->indices))
            for (Value result : use.getOwner()->getResults())
              if (auto type = dyn_cast<RankedTensorType>(result.getType());
                  type && type.getRank() == static_cast<int64_t>(to->size()))
                add(graph.read(result, *to));
    }
    return std::nullopt;
  }

private:
  void add(Expr *read) {
    if (known.insert(read).second)
      reads.push_back(read);
  }

  bool isSameValue(Expr *a, Expr *b) {
    return graph.isSame(graph.resolveValue(a), graph.resolveValue(b));
  }

  /// log sum exp(s), or shift + log sum exp(s - shift), whatever the shift is.
  bool isLogSumExp(Expr *expr) {
    if (!isa<FloatType>(getElementTypeOrSelf(expr->tensor)))
      return false;
    expr = graph.resolveValue(expr);
    if (isLogarithm(expr, nullptr))
      return true;
    return expr->is<arith::AddFOp>() &&
           (isLogarithm(expr->args[0], expr->args[1]) ||
            isLogarithm(expr->args[1], expr->args[0]));
  }

  bool isLogarithm(Expr *expr, Expr *shift) {
    expr = graph.resolveValue(expr);
    if (!expr->is<math::LogOp>())
      return false;
    Expr *sum = graph.resolveValue(expr->args[0]);
    if (sum->is<math::AbsFOp>())
      sum = graph.resolveValue(sum->args[0]);
    if (sum->kind != Expr::Kind::Reduce || !isa<arith::AddFOp>(sum->op) ||
        getConstant(graph.resolveValue(sum->args[1])) != 0.0)
      return false;
    Expr *exponential = graph.resolveValue(sum->args[0]);
    if (!exponential->is<math::ExpOp>())
      return false;
    if (!shift)
      return isSameValue(exponential->args[0], score);
    Expr *shifted = graph.resolveValue(exponential->args[0]);
    return shifted->is<arith::SubFOp>() &&
           isSameValue(shifted->args[0], score) &&
           isSameValue(shifted->args[1], shift);
  }

  /// Finds what has to come behind the operation. False if it cannot.
  bool collectUsers(LogSumExp &found) {
    llvm::SetVector<Operation *> users;
    auto collect = [&](Value value) {
      for (Operation *user : value.getUsers()) {
        Operation *own = op->getBlock()->findAncestorOpInBlock(*user);
        if (!own || own == op)
          return false;
        if (!own->isBeforeInBlock(op))
          continue;
        if (!isMemoryEffectFree(own))
          return false;
        users.insert(own);
      }
      return true;
    };
    if (!collect(found.tensor))
      return false;
    for (unsigned n = 0; n < users.size(); ++n)
      for (Value result : users[n]->getResults())
        if (!collect(result))
          return false;
    found.users = users.takeVector();
    llvm::sort(found.users, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
    return true;
  }

  ExprGraph &graph;
  unsigned key;
  Expr *score;
  Operation *op;
  SmallVector<Expr *> reads;
  llvm::DenseSet<Expr *> known;
};
} // namespace

std::optional<LogSumExp> spattn::findLogSumExp(ExprGraph &graph, AffineExpr key,
                                               Expr *score, Operation *op) {
  return LogSumExpFinder(graph, key, score, op).find();
}
