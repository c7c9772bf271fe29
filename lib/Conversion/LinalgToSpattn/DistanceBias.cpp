//===- DistanceBias.cpp - Biases by distance and head ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DistanceBias.h"

#include "Line.h"
#include "PairEvaluator.h"
#include "ScalarEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace spattn;

namespace {
class DistanceFinder {
public:
  DistanceFinder(ExprGraph &graph, const LoopSpace &space,
                 const MaskLoops &loops)
      : graph(graph), space(space), loops(loops) {}
  virtual ~DistanceFinder() = default;

  bool isOfDistance(Expr *expr) {
    expr = graph.resolve(expr);
    auto found = known.find(expr);
    if (found != known.end())
      return found->second;
    Nesting nesting(depth);
    if (nesting.isTooDeep())
      return false;
    bool result = (canEmit(expr) && arePartsOfDistance(expr)) || look(expr);
    known[expr] = result;
    return result;
  }

protected:
  /// Whether an expression is one where its parts do not tell.
  virtual bool look(Expr *expr) { return false; }

  ExprGraph &graph;
  const LoopSpace &space;
  const MaskLoops &loops;

private:
  bool arePartsOfDistance(Expr *expr) {
    if (expr->constant || expr->kind == Expr::Kind::Scalar)
      return true;
    if (expr->kind == Expr::Kind::Index)
      return isOfDistance(expr->index);
    if (expr->kind == Expr::Kind::Read)
      return llvm::all_of(
          expr->indices, [&](AffineExpr index) { return isOfDistance(index); });
    if (std::optional<Line> line = readLine(graph, space, loops, expr))
      return line->isOfDistance();
    return !expr->args.empty() && llvm::all_of(expr->args, [&](Expr *arg) {
      return isOfDistance(arg);
    });
  }

  bool isOfDistance(AffineExpr index) {
    auto has = [&](AffineExpr loop) {
      auto dim = dyn_cast<AffineDimExpr>(loop);
      return dim && index.isFunctionOfDim(dim.getPosition());
    };
    if (has(loops.batch) && space.size(loops.batch) != 1)
      return false;
    if (!has(loops.query) && !has(loops.key))
      return true;
    std::optional<Line> line = readLine(loops, index);
    return line && line->isOfDistance();
  }

  llvm::DenseMap<Expr *, bool> known;
  unsigned depth = 0;
};

/// Computes expressions pair by pair.
class TableFinder : public DistanceFinder {
public:
  TableFinder(const AttentionParts &parts, const MaskLoops &loops,
              const MaskedHeads &masked, DistanceTables &tables)
      : DistanceFinder(*parts.graph, *parts.space, loops), masked(masked),
        tables(tables), heads(space.size(loops.head)),
        queries(space.size(loops.query)), keys(space.size(loops.key)) {}

private:
  bool look(Expr *expr) override {
    if (expr->kind == Expr::Kind::Scalar ||
        !getType(expr).isIntOrIndexOrFloat())
      return false;
    DistanceTable table;
    table.isOfHeads = graph.dependsOn(expr, loops.head);
    if (!canEvaluate(queries, keys, table.isOfHeads ? heads : 1))
      return false;
    int64_t head = 0;
    for (const HeadGroup &group : masked.heads.groups()) {
      PairGrid allowed =
          listPairs(group.structure, queries, keys, masked.alignment);
      int64_t end = head + (table.isOfHeads ? group.count : 1);
      for (; head < end; ++head) {
        if (head == 0 || table.isOfHeads)
          table.numbers.insert(table.numbers.end(), queries + keys - 1,
                               std::numeric_limits<double>::quiet_NaN());
        if (!evaluate(expr, head, allowed, table.numbers))
          return false;
      }
    }
    // Of no pair that is allowed.
    for (double &number : table.numbers)
      if (std::isnan(number))
        number = 0;
    tables[expr] = table;
    return true;
  }

  /// Enters the numbers of a head at the end of a table.
  bool evaluate(Expr *expr, int64_t head, const PairGrid &allowed,
                std::vector<double> &numbers) {
    double *first = numbers.data() + numbers.size() - (queries + keys - 1);
    Refusal ignored;
    PairEvaluator evaluator(graph, space, loops, head, ignored);
    for (int64_t i = 0; i < queries; ++i) {
      evaluator.setQuery(i);
      const PairEvaluator::Row *row = evaluator.evaluate(expr);
      if (!row)
        return false;
      for (int64_t j = 0; j < keys; ++j) {
        if (!allowed.at(i, j))
          continue;
        double &number = first[i - j + keys - 1];
        if (std::isnan(number))
          number = (*row)[j];
        if (!std::isfinite(number) || number != (*row)[j])
          return false;
      }
    }
    return true;
  }

  const MaskedHeads &masked;
  DistanceTables &tables;
  int64_t heads, queries, keys;
};
} // namespace

bool spattn::isOfDistance(ExprGraph &graph, const LoopSpace &space,
                          const MaskLoops &loops, Expr *expr) {
  return DistanceFinder(graph, space, loops).isOfDistance(expr);
}

bool spattn::findDistanceTables(const AttentionParts &parts,
                                const MaskedHeads &masked, const Bias &bias,
                                DistanceTables &tables, Refusal &refusal) {
  MaskLoops loops = parts.loops.ofMask();
  int64_t queries = parts.space->size(loops.query),
          keys = parts.space->size(loops.key);
  bool isStatic =
      !ShapedType::isDynamic(queries) && !ShapedType::isDynamic(keys);
  if (isStatic &&
      TableFinder(parts, loops, masked, tables).isOfDistance(bias.expr))
    return true;
  if (!isStatic)
    refusal.set(bias.expr->where(),
                "makes a bias of scores, and lengths are dynamic");
  else
    refusal.set(bias.expr->where(), "makes a bias of scores that is no "
                                    "function of distance and head");
  return false;
}

Value spattn::emitDistanceBias(OpBuilder &builder, Location loc,
                               const AttentionParts &parts, Alignment alignment,
                               ArrayRef<Bias> biases,
                               const DistanceTables &tables) {
  int64_t queries = parts.space->size(parts.loops.query),
          keys = parts.space->size(parts.loops.key);
  int64_t offset = alignment == Alignment::End ? keys - queries : 0;
  // Distances from 1 - most to most - 1.
  int64_t most = std::max(queries, keys);
  SmallVector<int64_t> shape = {parts.space->size(parts.loops.head),
                                2 * most - 1};
  Value empty =
      tensor::EmptyOp::create(builder, loc, shape, builder.getF32Type());
  SmallVector<AffineMap> maps = {builder.getMultiDimIdentityMap(2)};
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
  auto body = [&](OpBuilder &builder, Location loc, ValueRange) {
    auto number = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(builder, loc, value);
    };
    Value head = linalg::IndexOp::create(builder, loc, 0);
    Value entry = linalg::IndexOp::create(builder, loc, 1);
    // Of the pairs of a distance, the first; of one that no pair has, the
    // nearest that one has.
    Value shift = number(1 - most - offset);
    Value difference = arith::AddIOp::create(builder, loc, entry, shift);
    Value least = number(1 - keys), greatest = number(queries - 1);
    difference = arith::MaxSIOp::create(builder, loc, difference, least);
    difference = arith::MinSIOp::create(builder, loc, difference, greatest);
    Value zero = number(0);
    Value query = arith::MaxSIOp::create(builder, loc, difference, zero);
    Value key = arith::SubIOp::create(builder, loc, query, difference);
    ScalarEmitter emitter(builder, loc, parts, tables, head, query, key);
    Value sum;
    for (const Bias &bias : biases) {
      Value own = emitter.emitFloat(bias.expr, bias.factor);
      sum = sum ? arith::AddFOp::create(builder, loc, sum, own) : own;
    }
    linalg::YieldOp::create(builder, loc, sum);
  };
  return linalg::GenericOp::create(builder, loc, empty.getType(), ValueRange(),
                                   empty, maps, iterators, body)
      ->getResult(0);
}
