//===- Line.cpp - Numbers linear in query and key -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Line.h"

#include "Numbers.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

/// Multiples of indices, and what is added to them, that do not overflow in 32
/// bits.
static constexpr int64_t kMostFactor = 16, kMostConstant = int64_t(1) << 30;

static std::optional<Line> checked(const Line &line) {
  bool isSmall = std::abs(line.query) <= kMostFactor &&
                 std::abs(line.key) <= kMostFactor &&
                 std::abs(line.constant) <= kMostConstant;
  return isSmall ? std::optional(line) : std::nullopt;
}

static std::optional<Line> add(const std::optional<Line> &a,
                               const std::optional<Line> &b, int64_t times) {
  if (!a || !b)
    return std::nullopt;
  return checked({a->query + times * b->query, a->key + times * b->key,
                  a->constant + times * b->constant});
}

static std::optional<Line> multiply(const std::optional<Line> &a,
                                    const std::optional<Line> &b) {
  if (!a || !b)
    return std::nullopt;
  bool isFirst = a->query == 0 && a->key == 0;
  const Line &number = isFirst ? *a : *b, &line = isFirst ? *b : *a;
  if (number.query != 0 || number.key != 0 ||
      std::abs(number.constant) > kMostConstant)
    return std::nullopt;
  return checked({line.query * number.constant, line.key * number.constant,
                  line.constant * number.constant});
}

std::optional<Line> spattn::readLine(const MaskLoops &loops, AffineExpr index) {
  if (auto number = dyn_cast<AffineConstantExpr>(index))
    return checked({0, 0, number.getValue()});
  if (index == loops.query)
    return Line{1, 0, 0};
  if (index == loops.key)
    return Line{0, 1, 0};
  auto binary = dyn_cast<AffineBinaryOpExpr>(index);
  if (!binary)
    return std::nullopt;
  std::optional<Line> lhs = readLine(loops, binary.getLHS()),
                      rhs = readLine(loops, binary.getRHS());
  if (index.getKind() == AffineExprKind::Add)
    return add(lhs, rhs, 1);
  if (index.getKind() == AffineExprKind::Mul)
    return multiply(lhs, rhs);
  return std::nullopt;
}

namespace {
class LineReader {
public:
  LineReader(ExprGraph &graph, const LoopSpace &space, const MaskLoops &loops)
      : graph(graph), space(space), loops(loops) {}

  std::optional<Line> read(Expr *expr, unsigned depth = 0) {
    expr = graph.resolve(expr);
    if (std::optional<double> number = getConstant(expr)) {
      if (*number != std::floor(*number) || std::abs(*number) > 0x1p30)
        return std::nullopt;
      return checked({0, 0, static_cast<int64_t>(*number)});
    }
    if (expr->kind == Expr::Kind::Index)
      return readLine(loops, expr->index);
    if (depth > kMaxNesting || expr->kind != Expr::Kind::Apply ||
        !isExact(expr->op->getResult(0)))
      return std::nullopt;
    auto arg = [&](unsigned i) { return read(expr->args[i], depth + 1); };
    if (expr->is<arith::IndexCastOp, arith::SIToFPOp, arith::ExtFOp,
                 arith::TruncFOp, arith::TruncIOp, arith::ExtSIOp>()) {
      bool isBit = getElementTypeOrSelf(expr->op->getOperand(0)).isInteger(1);
      return isBit ? std::nullopt : arg(0);
    }
    if (expr->is<arith::AddIOp, arith::AddFOp>())
      return add(arg(0), arg(1), 1);
    if (expr->is<arith::SubIOp, arith::SubFOp>())
      return add(arg(0), arg(1), -1);
    if (expr->is<arith::NegFOp>())
      return multiply(arg(0), Line{0, 0, -1});
    if (expr->is<arith::MulIOp, arith::MulFOp>())
      return multiply(arg(0), arg(1));
    // An index, taken for unsigned.
    if (expr->is<arith::IndexCastUIOp, arith::ExtUIOp, arith::UIToFPOp>()) {
      std::optional<Line> line = arg(0);
      if (line && line->query >= 0 && line->key >= 0 && line->constant >= 0)
        return line;
    }
    return std::nullopt;
  }

private:
  /// Whether the numbers of a type are those of a line. Floats are where
  /// lengths are short enough, also of multiples and sums.
  bool isExact(Value number) {
    Type type = getElementTypeOrSelf(number);
    if (!isa<FloatType>(type))
      return holdsIndices(type);
    int64_t most = holdsIndices(type) ? 1 << 19 : 1 << 6;
    return llvm::all_of(ArrayRef<AffineExpr>{loops.query, loops.key},
                        [&](AffineExpr loop) {
                          std::optional<int64_t> size = space.extent(loop);
                          return size ? *size <= most : holdsIndices(type);
                        });
  }

  ExprGraph &graph;
  const LoopSpace &space;
  const MaskLoops &loops;
};
} // namespace

std::optional<Line> spattn::readLine(ExprGraph &graph, const LoopSpace &space,
                                     const MaskLoops &loops, Expr *expr) {
  return LineReader(graph, space, loops).read(expr);
}
