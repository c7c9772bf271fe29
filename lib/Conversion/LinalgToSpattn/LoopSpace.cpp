//===- LoopSpace.cpp - Indices and their ranges ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarExpr.h"

using namespace mlir;
using namespace spattn;

/// Indices are small enough for 64 bits: sizes are below 2^31, and what is
/// larger is not known.
static constexpr int64_t kMost = int64_t(1) << 40;

std::optional<int64_t> LoopSpace::extent(AffineExpr expr) const {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    int64_t value = constant.getValue();
    return value >= 0 && value < kMost ? std::optional(value + 1)
                                       : std::nullopt;
  }
  if (isa<AffineDimExpr>(expr)) {
    int64_t size = this->size(expr);
    return ShapedType::isDynamic(size) ? std::nullopt : std::optional(size);
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  auto rhs = dyn_cast<AffineConstantExpr>(binary.getRHS());
  int64_t number = rhs ? rhs.getValue() : 0;
  if (expr.getKind() == AffineExprKind::Mod && number > 0) {
    std::optional<int64_t> lhs = extent(binary.getLHS());
    return lhs ? std::min(*lhs, number) : number;
  }
  std::optional<int64_t> lhs = extent(binary.getLHS());
  if (!lhs)
    return std::nullopt;
  std::optional<int64_t> all;
  if (expr.getKind() == AffineExprKind::Add) {
    if (std::optional<int64_t> other = extent(binary.getRHS()))
      all = *lhs + *other - 1;
  } else if (expr.getKind() == AffineExprKind::Mul && number >= 0 &&
             number < kMost && rhs) {
    all = (*lhs - 1) * number + 1;
  } else if (expr.getKind() == AffineExprKind::FloorDiv && number > 0) {
    all = (*lhs - 1) / number + 1;
  }
  return all && *all <= kMost ? all : std::nullopt;
}

/// `x` if the two are `x floordiv n * n` and `x mod n`, or null.
static AffineExpr getWhole(AffineExpr lhs, AffineExpr rhs) {
  auto product = dyn_cast<AffineBinaryOpExpr>(lhs);
  auto rest = dyn_cast<AffineBinaryOpExpr>(rhs);
  if (!product || !rest || product.getKind() != AffineExprKind::Mul ||
      rest.getKind() != AffineExprKind::Mod)
    return nullptr;
  auto quotient = dyn_cast<AffineBinaryOpExpr>(product.getLHS());
  bool isWhole = quotient && quotient.getKind() == AffineExprKind::FloorDiv &&
                 quotient.getLHS() == rest.getLHS() &&
                 quotient.getRHS() == rest.getRHS() &&
                 product.getRHS() == rest.getRHS();
  return isWhole ? rest.getLHS() : nullptr;
}

AffineExpr LoopSpace::simplify(AffineExpr expr) const {
  if (isa<AffineConstantExpr>(expr))
    return expr;
  std::optional<int64_t> own = extent(expr);
  if (own && *own == 1)
    return constant(0);
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return expr;
  AffineExpr lhs = simplify(binary.getLHS()), rhs = simplify(binary.getRHS());
  auto number = dyn_cast<AffineConstantExpr>(rhs);
  std::optional<int64_t> least = extent(lhs);
  bool isBelow = number && least && *least <= number.getValue();
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    if (AffineExpr whole = getWhole(lhs, rhs))
      return simplify(whole);
    return lhs + rhs;
  case AffineExprKind::Mul:
    return lhs * rhs;
  case AffineExprKind::Mod:
    if (isBelow)
      return lhs;
    // (a * n + b) mod n is b mod n.
    if (auto sum = dyn_cast<AffineBinaryOpExpr>(lhs);
        sum && number && sum.getKind() == AffineExprKind::Add) {
      if (sum.getLHS().isMultipleOf(number.getValue()))
        return simplify(sum.getRHS() % rhs);
      if (sum.getRHS().isMultipleOf(number.getValue()))
        return simplify(sum.getLHS() % rhs);
    }
    return lhs % rhs;
  case AffineExprKind::FloorDiv: {
    if (isBelow)
      return constant(0);
    AffineExpr quotient = lhs.floorDiv(rhs);
    // Upstream takes sums apart; their terms may be simpler yet.
    return quotient == expr ? expr : simplify(quotient);
  }
  default:
    return expr;
  }
}
