//===- CompareMask.cpp - Comparisons of indices as structures -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MaskReader.h"
#include "Numbers.h"

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
  if (index.getKind() == AffineExprKind::Add)
    return Linear::sum(*lhs, *rhs);
  if (!rhs->isConstant())
    return std::nullopt;
  int64_t number = static_cast<int64_t>(rhs->constant);
  switch (index.getKind()) {
  case AffineExprKind::Mul: {
    auto isLarge = [&](int64_t own) {
      return own != 0 && std::abs(double(own) * double(number)) > kMaxOffset;
    };
    if (isLarge(lhs->query) || isLarge(lhs->key) ||
        isLarge(lhs->quotient.factor))
      return std::nullopt;
    return lhs->times(number);
  }
  case AffineExprKind::FloorDiv:
  case AffineExprKind::Mod: {
    std::optional<Linear> quotient;
    if (number > 0)
      quotient = floorDivide(*lhs, number);
    if (!quotient || index.getKind() == AffineExprKind::FloorDiv)
      return quotient;
    return Linear::sum(*lhs, quotient->times(-number));
  }
  default:
    return std::nullopt;
  }
}

/// Where a number is greater than 0.
std::optional<Structure> MaskReader::isPositive(Linear number, Expr *expr) {
  if (number.isConstant())
    return number.constant > 0 ? Structure::full() : Structure::none();
  if (!number.isPlain())
    return isQuotientPositive(number, expr);
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

std::optional<Linear> MaskReader::subtract(const Linear &a, const Linear &b,
                                           Expr *expr) {
  std::optional<Linear> difference = Linear::sum(a, b.times(-1));
  if (!difference)
    return fail(expr, "compares blocks of queries with blocks of keys");
  // Equal infinities.
  if (a.constant == b.constant)
    difference->constant = 0;
  if (std::isnan(difference->constant))
    return failOperation(expr);
  return difference;
}

std::optional<MaskReader::Sides>
MaskReader::compareToZero(const Linear &number, arith::CmpIPredicate predicate,
                          Expr *expr) {
  if (number.isConstant())
    return compareNumbers(number.constant, predicate, 0)
               ? Sides{Structure::full(), Structure::none()}
               : Sides{Structure::none(), Structure::full()};
  if (number.constant != std::floor(number.constant))
    return fail(expr, "compares indices with a fraction");
  // x + 1 > 0 is x >= 0 for integers.
  Linear opposite = number.times(-1), more = number, less = opposite;
  more.constant += 1;
  less.constant += 1;
  std::optional<Structure> above, below, notBelow, notAbove;
  if (!(above = isPositive(number, expr)) ||
      !(below = isPositive(opposite, expr)) ||
      !(notBelow = isPositive(more, expr)) ||
      !(notAbove = isPositive(less, expr)))
    return std::nullopt;
  switch (predicate) {
  case arith::CmpIPredicate::sgt:
  case arith::CmpIPredicate::ugt:
    return Sides{*above, *notAbove};
  case arith::CmpIPredicate::sge:
  case arith::CmpIPredicate::uge:
    return Sides{*notBelow, *below};
  case arith::CmpIPredicate::slt:
  case arith::CmpIPredicate::ult:
    return Sides{*below, *notBelow};
  case arith::CmpIPredicate::sle:
  case arith::CmpIPredicate::ule:
    return Sides{*notAbove, *above};
  case arith::CmpIPredicate::eq:
  case arith::CmpIPredicate::ne: {
    Sides sides{both(*notBelow, *notAbove), either(*below, *above)};
    if (std::optional<Remainder> rest = asRemainder(number)) {
      std::optional<Sides> residues = isRemainderZero(*rest, expr);
      if (!residues)
        return std::nullopt;
      sides = *residues;
    }
    if (predicate == arith::CmpIPredicate::ne)
      std::swap(sides.isTrue, sides.isFalse);
    return sides;
  }
  }
  llvm_unreachable("there are no other predicates");
}

std::optional<Pieces> MaskReader::compare(Expr *expr,
                                          arith::CmpIPredicate predicate) {
  Pieces all;
  bool isKnown = forEachPair(expr, [&](const Linear &a, const Linear &b,
                                       const Structure &where) {
    std::optional<Linear> difference;
    if (predicate == arith::CmpIPredicate::eq ||
        predicate == arith::CmpIPredicate::ne)
      difference = subtractRests(a, b);
    if (!difference)
      difference = subtract(a, b, expr);
    if (!difference)
      return false;
    std::optional<Sides> sides = compareToZero(*difference, predicate, expr);
    return sides && addTo(all, {0, 0, 1}, both(where, sides->isTrue), expr) &&
           addTo(all, {0, 0, 0}, both(where, sides->isFalse), expr);
  });
  return isKnown ? std::optional(all) : std::nullopt;
}

/// The larger of two numbers, or the smaller one.
std::optional<Pieces> MaskReader::readExtreme(Expr *expr, bool isMax) {
  Pieces all;
  bool isKnown = forEachPair(expr, [&](const Linear &a, const Linear &b,
                                       const Structure &where) {
    std::optional<Linear> difference = subtract(a, b, expr);
    if (!difference)
      return false;
    std::optional<Sides> isFirst = compareToZero(
        *difference,
        isMax ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sle, expr);
    return isFirst && addTo(all, a, both(where, isFirst->isTrue), expr) &&
           addTo(all, b, both(where, isFirst->isFalse), expr);
  });
  return isKnown ? std::optional(all) : std::nullopt;
}

/// One of two numbers, by where the indices are.
std::optional<Pieces> MaskReader::readChoice(Expr *expr) {
  Structure inside = Structure::full(), outside = Structure::none();
  for (auto [index, lower, upper] :
       llvm::zip_equal(expr->indices, expr->lower, expr->upper)) {
    std::optional<Linear> place = readIndex(index);
    if (!place)
      return failOperation(expr);
    Linear behind = *place, ahead = place->times(-1);
    // place >= lower, place < upper, and the opposites.
    behind.constant += 1.0 - static_cast<double>(lower);
    ahead.constant += static_cast<double>(upper);
    Linear notBehind = behind.times(-1), notAhead = ahead.times(-1);
    notBehind.constant += 1;
    notAhead.constant += 1;
    for (auto [is, isNot, isBounded] :
         {std::tuple(behind, notBehind, lower != -kUnbounded),
          std::tuple(ahead, notAhead, upper != kUnbounded)}) {
      if (!isBounded)
        continue;
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
