//===- Terms.cpp - What is added to scores --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "DistanceBias.h"
#include "PairEvaluator.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

namespace {
class TermReader {
public:
  explicit TermReader(AttentionParts &parts)
      : parts(parts), graph(*parts.graph), space(*parts.space),
        loops(parts.loops.ofMask()), heads(space.size(loops.head)) {}

  void read(Expr *term, double factor, unsigned depth = 0) {
    term = graph.resolveValue(term);
    Refusal whyNoMask;
    Mask mask{term, /*isAdded=*/true, /*wanted=*/true, factor};
    if (ShapedType::isDynamic(heads) ||
        isMask(graph, space, loops, mask, heads, whyNoMask)) {
      parts.masks.push_back(mask);
      return;
    }
    if (depth < kMaxNesting && split(term, factor, depth + 1))
      return;
    parts.biases.push_back({term, factor, whyNoMask});
    // Both in one, as in constants that hold slopes and -inf.
    if (whyNoMask.mayBeBias && !isOfDistance(graph, space, loops, term) &&
        masksSomething(mask)) {
      mask.isBias = true;
      parts.masks.push_back(mask);
    }
  }

private:
  /// Reads the parts of a sum, of a product with a constant, or of a choice
  /// between a number and one that masks.
  bool split(Expr *term, double factor, unsigned depth) {
    if (term->is<arith::AddFOp, arith::SubFOp>()) {
      read(term->args[0], factor, depth);
      read(term->args[1], term->is<arith::SubFOp>() ? -factor : factor, depth);
      return true;
    }
    if (term->is<arith::NegFOp>()) {
      read(term->args[0], -factor, depth);
      return true;
    }
    if (term->is<arith::MulFOp, arith::DivFOp>()) {
      for (unsigned i : {1, 0}) {
        bool isQuotient = term->is<arith::DivFOp>();
        std::optional<double> number =
            getConstant(graph.resolveValue(term->args[i]));
        if (!number || !std::isfinite(*number) || *number == 0 ||
            (i == 0 && isQuotient))
          continue;
        read(term->args[1 - i], factor * (isQuotient ? 1 / *number : *number),
             depth);
        return true;
      }
      return false;
    }
    if (!term->is<arith::SelectOp>())
      return false;
    for (bool wanted : {true, false}) {
      std::optional<double> number =
          getConstant(graph.resolveValue(term->args[wanted ? 2 : 1]));
      if (!number || !(*number * factor <= kMasked))
        continue;
      parts.masks.push_back({term->args[0], /*isAdded=*/false, wanted, 1,
                             std::isfinite(*number * factor)});
      read(term->args[wanted ? 1 : 2], factor, depth);
      return true;
    }
    return false;
  }

  /// Whether some number of a pair masks it, as far as that is known.
  bool masksSomething(const Mask &mask) {
    int64_t queries = space.size(loops.query), keys = space.size(loops.key);
    int64_t distinct = graph.dependsOn(mask.expr, loops.head) ? heads : 1;
    if (!canEvaluate(queries, keys, distinct))
      return false;
    for (int64_t head = 0; head < distinct; ++head) {
      Refusal ignored;
      PairEvaluator evaluator(graph, space, loops, head, ignored);
      for (int64_t i = 0; i < queries; ++i) {
        evaluator.setQuery(i);
        const PairEvaluator::Row *row = evaluator.evaluate(mask.expr);
        if (!row)
          return false;
        for (double number : *row)
          if (number * mask.factor <= kMasked)
            return true;
      }
    }
    return false;
  }

  AttentionParts &parts;
  ExprGraph &graph;
  const LoopSpace &space;
  MaskLoops loops;
  int64_t heads;
};
} // namespace

void spattn::addTerm(AttentionParts &parts, Expr *term, double factor) {
  TermReader(parts).read(term, factor);
}
