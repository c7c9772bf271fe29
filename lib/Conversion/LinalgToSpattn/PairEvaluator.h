//===- PairEvaluator.h - Numbers of pairs -----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_PAIREVALUATOR_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_PAIREVALUATOR_H

#include "Mask.h"

namespace spattn {

/// Whether there are few enough pairs of so many heads to compute what holds
/// for each.
bool canEvaluate(int64_t queries, int64_t keys, int64_t heads);

/// Computes what a program computes for pairs, if that can be known when
/// compiling. The number of keys is static.
class PairEvaluator {
public:
  /// The numbers of one query, key by key; NaN stands for those that do not
  /// exist.
  using Row = std::vector<double>;

  PairEvaluator(ExprGraph &graph, const LoopSpace &space,
                const MaskLoops &loops, int64_t head, Refusal &refusal)
      : graph(graph), loops(loops), head(head), keys(space.size(loops.key)),
        refusal(refusal) {}

  /// From here on, rows are of that query.
  void setQuery(int64_t to) {
    query = to;
    rows.clear();
  }

  /// A row, which lives until the next query; null, and a refusal, if it is not
  /// known.
  const Row *evaluate(Expr *expr);

private:
  std::optional<Row> compute(Expr *expr);
  std::optional<Row> computeRead(Expr *expr);
  std::optional<Row> computeChoice(Expr *expr);
  std::optional<Row> computeGather(Expr *expr);
  std::optional<int64_t> evaluate(mlir::AffineExpr index, int64_t key);
  const std::vector<double> *elementsOf(mlir::Value tensor);

  std::nullopt_t fail(Expr *expr, const llvm::Twine &why) {
    return refusal.set(expr->where(), why);
  }
  std::nullopt_t failOperation(Expr *expr) {
    return refusal.setNoMask(expr->where(), "is not known in a mask");
  }

  ExprGraph &graph;
  const MaskLoops &loops;
  int64_t head, keys, query = 0;
  unsigned depth = 0;
  Refusal &refusal;
  std::map<Expr *, Row> rows;
  /// Elements that are gathered, which are the same for all queries.
  llvm::DenseMap<Expr *, double> elements;
  llvm::DenseMap<mlir::Value, std::vector<double>> constants;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_PAIREVALUATOR_H
