//===- CompareMask.cpp - Comparisons of indices as structures -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MaskReader.h"

#include <cmath>
#include <tuple>

using namespace mlir;
using namespace spattn;

std::optional<Linear> MaskReader::readIndex(AffineExpr index) {
  if (auto number = dyn_cast<AffineConstantExpr>(index))
    return Linear{0, 0, double(number.getValue())};
  if (index == loops.query)
    return Linear{1, 0, 0};
  if (index == loops.key)
    return Linear{0, 1, 0};
  if (index == loops.head)
    return Linear{0, 0, double(head)};
  auto binary = dyn_cast<AffineBinaryOpExpr>(index);
  if (!binary)
    return std::nullopt;
  std::optional<Linear> lhs = readIndex(binary.getLHS()),
                        rhs = readIndex(binary.getRHS());
  if (!lhs || !rhs)
    return std::nullopt;
  switch (index.getKind()) {
  case AffineExprKind::Add:
    return Linear{lhs->query + rhs->query, lhs->key + rhs->key,
                  lhs->constant + rhs->constant};
  case AffineExprKind::Mul: {
    if (!rhs->isConstant())
      return std::nullopt;
    int64_t factor = static_cast<int64_t>(rhs->constant);
    return Linear{lhs->query * factor, lhs->key * factor,
                  lhs->constant * factor};
  }
  case AffineExprKind::FloorDiv:
  case AffineExprKind::Mod: {
    if (!lhs->isConstant() || !rhs->isConstant() || rhs->constant <= 0)
      return std::nullopt;
    double quotient = std::floor(lhs->constant / rhs->constant);
    if (index.getKind() == AffineExprKind::FloorDiv)
      return Linear{0, 0, quotient};
    return Linear{0, 0, lhs->constant - quotient * rhs->constant};
  }
  default:
    return std::nullopt;
  }
}

/// Where a number is greater than 0.
std::optional<Structure> MaskReader::isPositive(Linear number, Expr *expr) {
  if (number.isConstant())
    return number.constant > 0 ? Structure::full() : Structure::none();
  if (!(std::abs(number.constant) < kExact))
    return fail(expr, "compares indices with a number that is too large");
  int64_t divisor = std::max(std::abs(number.query), std::abs(number.key));
  if (std::abs(number.query) != divisor && number.query != 0)
    return fail(expr, "compares something else than distances, keys and "
                      "queries");
  if (std::abs(number.key) != divisor && number.key != 0)
    return fail(expr, "compares something else than distances, keys and "
                      "queries");
  // sign * x > bound, for integers: x >= floor(bound) + 1 or x < ceil(-bound).
  double bound = -number.constant / static_cast<double>(divisor);
  bool isQuery = number.key == 0, isKey = number.query == 0;
  bool isRising = isKey ? number.key > 0 : number.query > 0;
  if (!isQuery && !isKey && (number.query > 0) == (number.key > 0))
    return fail(expr, "compares a sum of query and key");
  // Keys count as they are, queries and distances from `offset`.
  double shift = isKey ? 0 : static_cast<double>(offset);
  Bound lo = Bound::negInf(), hi = Bound::posInf();
  if (isRising)
    lo = Bound::constant(static_cast<int64_t>(std::floor(bound) + 1 + shift));
  else
    hi = Bound::constant(static_cast<int64_t>(std::ceil(-bound) + shift));
  if (!lo.inRange() || !hi.inRange())
    return fail(expr, "compares indices with a number that is too large");
  if (!isQuery && !isKey)
    return Structure::distances({{lo, hi}});
  // There are no negative ones.
  Bound zero = Bound::constant(0);
  if (hi.isFinite() && hi.offset <= 0)
    return Structure::none();
  if (!lo.isFinite() || lo.offset < 0)
    lo = zero;
  if (isQuery && offset < 0)
    return fail(expr, "compares queries, of which there are more than keys");
  return isKey ? Structure::keys(lo, hi) : Structure::queries(lo, hi);
}

std::optional<Pieces> MaskReader::compare(Expr *expr,
                                          arith::CmpIPredicate predicate) {
  std::optional<Pieces> lhs = read(expr->args[0]), rhs = read(expr->args[1]);
  if (!lhs || !rhs)
    return std::nullopt;
  Pieces all;
  for (const Piece &a : *lhs)
    for (const Piece &b : *rhs) {
      Structure where = both(a.where, b.where);
      if (where == Structure::none())
        continue;
      Linear difference{a.number.query - b.number.query,
                        a.number.key - b.number.key,
                        a.number.constant - b.number.constant};
      // Equal infinities.
      if (a.number.constant == b.number.constant)
        difference.constant = 0;
      if (std::isnan(difference.constant))
        return failOperation(expr);
      Linear opposite{-difference.query, -difference.key, -difference.constant};
      std::optional<Structure> above = isPositive(difference, expr);
      std::optional<Structure> below = isPositive(opposite, expr);
      if (!above || !below)
        return std::nullopt;
      // a - b + 1 > 0 is a >= b for integers; numbers have no other pieces
      // but constants.
      std::optional<Structure> notBelow, notAbove;
      if (difference.isConstant()) {
        notBelow =
            difference.constant >= 0 ? Structure::full() : Structure::none();
        notAbove =
            difference.constant <= 0 ? Structure::full() : Structure::none();
      } else {
        if (difference.constant != std::floor(difference.constant))
          return fail(expr, "compares indices with a fraction");
        Linear more = difference, less = opposite;
        more.constant += 1;
        less.constant += 1;
        notBelow = isPositive(more, expr);
        notAbove = isPositive(less, expr);
        if (!notBelow || !notAbove)
          return std::nullopt;
      }
      Structure isTrue = Structure::none(), isFalse = Structure::none();
      switch (predicate) {
      case arith::CmpIPredicate::sgt:
      case arith::CmpIPredicate::ugt:
        std::tie(isTrue, isFalse) = std::pair(*above, *notAbove);
        break;
      case arith::CmpIPredicate::sge:
      case arith::CmpIPredicate::uge:
        std::tie(isTrue, isFalse) = std::pair(*notBelow, *below);
        break;
      case arith::CmpIPredicate::slt:
      case arith::CmpIPredicate::ult:
        std::tie(isTrue, isFalse) = std::pair(*below, *notBelow);
        break;
      case arith::CmpIPredicate::sle:
      case arith::CmpIPredicate::ule:
        std::tie(isTrue, isFalse) = std::pair(*notAbove, *above);
        break;
      case arith::CmpIPredicate::eq:
        isTrue = both(*notBelow, *notAbove);
        isFalse = either(*below, *above);
        break;
      case arith::CmpIPredicate::ne:
        isTrue = either(*below, *above);
        isFalse = both(*notBelow, *notAbove);
        break;
      }
      if (!add(all, {0, 0, 1}, both(where, isTrue)) ||
          !add(all, {0, 0, 0}, both(where, isFalse)))
        return fail(expr, "makes a mask of too many pieces");
    }
  return all;
}

/// One of two numbers, by where the indices are.
std::optional<Pieces> MaskReader::readChoice(Expr *expr) {
  Structure inside = Structure::full(), outside = Structure::none();
  for (auto [index, lower, upper] :
       llvm::zip_equal(expr->indices, expr->lower, expr->upper)) {
    std::optional<Linear> place = readIndex(index);
    if (!place)
      return failOperation(expr);
    Linear behind = *place, ahead{-place->query, -place->key, -place->constant};
    // place >= lower, place < upper, and the opposites.
    behind.constant += 1.0 - static_cast<double>(lower);
    ahead.constant += static_cast<double>(upper);
    Linear notBehind{-behind.query, -behind.key, 1 - behind.constant},
        notAhead{-ahead.query, -ahead.key, 1 - ahead.constant};
    for (auto [is, isNot] :
         {std::pair(behind, notBehind), std::pair(ahead, notAhead)}) {
      std::optional<Structure> where = isPositive(is, expr),
                               elsewhere = isPositive(isNot, expr);
      if (!where || !elsewhere)
        return std::nullopt;
      inside = both(inside, *where);
      outside = either(outside, *elsewhere);
    }
  }
  Pieces all;
  for (unsigned i : {0, 1}) {
    Structure where = i == 0 ? inside : outside;
    if (where == Structure::none())
      continue;
    std::optional<Pieces> pieces = read(expr->args[i]);
    if (!pieces)
      return std::nullopt;
    for (const Piece &piece : *pieces)
      if (!add(all, piece.number, both(where, piece.where)))
        return fail(expr, "makes a mask of too many pieces");
  }
  return all;
}
