//===- DivideMask.cpp - Quotients of indices as structures ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MaskReader.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

/// Divisors, of nested quotients their products, and what is added to dividends
/// in between: none of it overflows.
static constexpr int64_t kMaxDivisor = int64_t(1) << 30, kMaxAdded = int64_t(1)
                                                                     << 50;

std::optional<Linear> Linear::sum(const Linear &a, const Linear &b) {
  Linear all{a.query + b.query, a.key + b.key, a.constant + b.constant};
  all.quotient = a.isPlain() ? b.quotient : a.quotient;
  if (a.isPlain() || b.isPlain())
    return all;
  if (!a.quotient.hasSameValue(b.quotient))
    return std::nullopt;
  all.quotient.factor = a.quotient.factor + b.quotient.factor;
  if (all.isPlain())
    all.quotient = {};
  return all;
}

Linear Linear::times(int64_t factor) const {
  Linear product{query * factor, key * factor,
                 constant * static_cast<double>(factor), quotient};
  product.quotient.factor *= factor;
  if (product.isPlain())
    product.quotient = {};
  return product;
}

std::optional<Linear> spattn::floorDivide(const Linear &number,
                                          int64_t divisor) {
  double constant = number.constant;
  if (number.isConstant())
    return Linear{0, 0, std::floor(constant / static_cast<double>(divisor))};
  if (divisor > kMaxDivisor || !(std::abs(constant) <= kMaxOffset) ||
      constant != std::floor(constant))
    return std::nullopt;
  int64_t added = static_cast<int64_t>(constant);
  Quotient quotient{1, number.query, number.key, added, divisor};
  if (!number.isPlain()) {
    // floor((floor(x / m) + c) / n) is floor((x + c m) / (m n)).
    const Quotient &inner = number.quotient;
    if (inner.factor != 1 || number.query != 0 || number.key != 0 ||
        inner.divisor > kMaxDivisor / divisor)
      return std::nullopt;
    quotient = {1, inner.query, inner.key,
                inner.constant + added * inner.divisor,
                inner.divisor * divisor};
    if (std::abs(quotient.constant) > kMaxAdded)
      return std::nullopt;
  }
  return Linear{0, 0, 0, quotient};
}

std::optional<Remainder> spattn::asRemainder(const Linear &number) {
  const Quotient &of = number.quotient;
  if (of.factor == 0 || of.factor % of.divisor != 0)
    return std::nullopt;
  // scale * (x - divisor * floor(x / divisor)).
  int64_t scale = -of.factor / of.divisor;
  if (number.query != scale * of.query || number.key != scale * of.key)
    return std::nullopt;
  return Remainder{of, scale,
                   number.constant - static_cast<double>(scale) *
                                         static_cast<double>(of.constant)};
}

std::optional<Linear> spattn::subtractRests(const Linear &a, const Linear &b) {
  std::optional<Remainder> first = asRemainder(a), second = asRemainder(b);
  if (!first || !second || first->of.divisor != second->of.divisor ||
      first->scale != second->scale || first->constant != second->constant)
    return std::nullopt;
  const Quotient &x = first->of, &y = second->of;
  Linear difference{x.query - y.query, x.key - y.key,
                    static_cast<double>(x.constant - y.constant)};
  std::optional<Linear> quotient = floorDivide(difference, x.divisor);
  return quotient ? Linear::sum(difference, quotient->times(-x.divisor))
                  : std::nullopt;
}

/// Where the rest of what is divided is in [lo, hi).
std::optional<Structure> MaskReader::hasResidues(const Quotient &of, int64_t lo,
                                                 int64_t hi, Expr *expr) {
  lo = std::max<int64_t>(lo, 0);
  hi = std::min(hi, of.divisor);
  if (lo >= hi)
    return Structure::none();
  if (hi - lo == of.divisor)
    return Structure::full();
  bool isQuery = of.key == 0, isKey = of.query == 0;
  int64_t sign = isKey ? of.key : of.query;
  if (std::abs(sign) != 1 || (!isQuery && !isKey && of.key != -sign))
    return fail(expr, "takes the rest of something else than distances, keys "
                      "and queries");
  if (of.divisor > Structure::maxModulus)
    return fail(expr, "divides by a number that is too large");
  // sign * x + constant; keys count as they are, queries and distances from
  // `offset`.
  int64_t first = sign > 0 ? lo - of.constant : of.constant - hi + 1;
  if (!isKey)
    first += offset;
  first = llvm::mod(first, of.divisor);
  return Structure::residues({isKey     ? Residues::Of::Keys
                              : isQuery ? Residues::Of::Queries
                                        : Residues::Of::Distances,
                              first, first + hi - lo, of.divisor});
}

/// Where a number with a quotient is greater than 0.
std::optional<Structure> MaskReader::isQuotientPositive(const Linear &number,
                                                        Expr *expr) {
  if (!(std::abs(number.constant) < kExact))
    return fail(expr, "compares indices with a number that is too large");
  // scale * x + constant > 0, for integers: x >= least, or x < end.
  auto least = [](double scale, double constant) {
    return static_cast<int64_t>(std::floor(-constant / scale)) + 1;
  };
  auto end = [](double scale, double constant) {
    return static_cast<int64_t>(std::ceil(constant / -scale));
  };
  if (std::optional<Remainder> rest = asRemainder(number)) {
    double scale = static_cast<double>(rest->scale);
    if (scale > 0)
      return hasResidues(rest->of, least(scale, rest->constant),
                         rest->of.divisor, expr);
    return hasResidues(rest->of, 0, end(scale, rest->constant), expr);
  }
  const Quotient &of = number.quotient;
  if (number.query != 0 || number.key != 0)
    return fail(expr, "compares blocks of indices with indices");
  double factor = static_cast<double>(of.factor);
  Linear inner{of.query, of.key, static_cast<double>(of.constant)};
  int64_t bound = factor > 0 ? least(factor, number.constant)
                             : end(factor, number.constant);
  // The quotient is at least a number where its dividend is so many times it.
  inner.constant -=
      static_cast<double>(bound) * static_cast<double>(of.divisor);
  if (factor > 0)
    inner.constant += 1;
  return isPositive(factor > 0 ? inner : inner.times(-1), expr);
}

/// Where `scale * (x mod divisor) + constant` is 0, and where it is not.
std::optional<MaskReader::Sides>
MaskReader::isRemainderZero(const Remainder &rest, Expr *expr) {
  double scale = static_cast<double>(rest.scale);
  double residue = -rest.constant / scale;
  bool isResidue = residue == std::floor(residue) && residue >= 0 &&
                   residue < static_cast<double>(rest.of.divisor);
  if (!isResidue)
    return Sides{Structure::none(), Structure::full()};
  int64_t at = static_cast<int64_t>(residue);
  std::optional<Structure> is = hasResidues(rest.of, at, at + 1, expr);
  if (!is || is->kind() != Structure::Kind::Residues)
    return is ? std::optional(Sides{*is, Structure::none()}) : std::nullopt;
  // All others, which go round.
  Residues own = is->residues();
  int64_t next = own.hi % own.modulus;
  return Sides{*is, Structure::residues(
                        {own.of, next, next + own.modulus - 1, own.modulus})};
}

/// Quotients and rests of integers, by numbers above 0.
std::optional<Pieces> MaskReader::readDivision(Expr *expr) {
  bool isRest = expr->is<arith::RemSIOp>();
  Pieces all;
  auto addPart = [&](const Linear &dividend, int64_t divisor, int64_t sign,
                     const Structure &where) {
    if (where == Structure::none())
      return true;
    std::optional<Linear> result = floorDivide(dividend, divisor);
    if (result && isRest)
      result = Linear::sum(dividend, result->times(-divisor));
    if (!result) {
      failOperation(expr);
      return false;
    }
    return addTo(all, result->times(sign), where, expr);
  };
  bool isKnown = forEachPair(expr, [&](const Linear &a, const Linear &b,
                                       const Structure &where) {
    if (!b.isConstant() || !(b.constant >= 1 && b.constant <= kMaxOffset)) {
      failOperation(expr);
      return false;
    }
    int64_t divisor = static_cast<int64_t>(b.constant);
    if (expr->is<arith::FloorDivSIOp>())
      return addPart(a, divisor, 1, where);
    // Rounded towards 0.
    std::optional<Sides> isPositive =
        compareToZero(a, arith::CmpIPredicate::sge, expr);
    return isPositive &&
           addPart(a, divisor, 1, both(where, isPositive->isTrue)) &&
           addPart(a.times(-1), divisor, -1, both(where, isPositive->isFalse));
  });
  return isKnown ? std::optional(all) : std::nullopt;
}
