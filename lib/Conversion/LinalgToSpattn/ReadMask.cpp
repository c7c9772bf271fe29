//===- ReadMask.cpp - Masks as structures ---------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MaskReader.h"

#include "Numbers.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

std::optional<Pieces> MaskReader::read(Expr *expr) {
  expr = graph.resolve(expr);
  auto found = known.find(expr);
  if (found != known.end())
    return found->second;
  Nesting nesting(depth);
  if (nesting.isTooDeep())
    return fail(expr, "makes a mask of too many operations");
  std::optional<Pieces> pieces = fit(expr, compute(expr));
  known[expr] = pieces;
  return pieces;
}

/// Numbers of a piece as their type has them. Indices and their sums are exact
/// in wide types only; elsewhere, pairs can be evaluated.
std::optional<Pieces> MaskReader::fit(Expr *expr,
                                      std::optional<Pieces> pieces) {
  if (!pieces || expr->kind != Expr::Kind::Apply || expr->constant)
    return pieces;
  Type type = getElementTypeOrSelf(expr->op->getResult(0));
  for (Piece &piece : *pieces) {
    Linear &number = piece.number;
    std::optional<double> own = fitTo(type, number.constant);
    if (!own)
      return failOperation(expr);
    if (number.isConstant()) {
      number.constant = *own;
      continue;
    }
    const Quotient &quotient = number.quotient;
    bool isSmall = std::abs(number.query) <= kMaxFactor &&
                   std::abs(number.key) <= kMaxFactor &&
                   std::abs(number.constant) <= kMaxOffset &&
                   std::abs(quotient.factor) <= kMaxFactor * quotient.divisor;
    bool isShort =
        isa<FloatType>(type) ? areLengthsBelow(kMaxFloatLength) : true;
    if (!holdsIndices(type) || !isSmall || !isShort)
      return failOperation(expr);
  }
  return pieces;
}

/// Applies a function of two numbers to all pieces of two operands.
template <class Combine>
std::optional<Pieces> MaskReader::combine(Expr *expr, Combine &&combine) {
  Pieces all;
  bool isKnown = forEachPair(
      expr, [&](const Linear &a, const Linear &b, const Structure &where) {
        std::optional<Linear> number = combine(a, b);
        if (number && !std::isnan(number->constant))
          return addTo(all, *number, where, expr);
        failOperation(expr);
        return false;
      });
  return isKnown ? std::optional(all) : std::nullopt;
}

/// A number that is taken for unsigned: the same if it is not negative.
std::optional<Pieces> MaskReader::readUnsigned(Expr *expr) {
  std::optional<Pieces> pieces = read(expr->args[0]);
  if (pieces)
    for (const Piece &piece : *pieces)
      if (piece.number.query < 0 || piece.number.key < 0 ||
          piece.number.constant < 0 || !piece.number.isPlain())
        return failOperation(expr);
  return pieces;
}

/// Conditions are combined as they are written, which keeps structures short.
std::optional<Pieces> MaskReader::combineConditions(Expr *expr) {
  std::optional<Structure> a = holds(expr->args[0], true),
                           b = holds(expr->args[1], true),
                           notA = holds(expr->args[0], false),
                           notB = holds(expr->args[1], false);
  if (!a || !b || !notA || !notB)
    return std::nullopt;
  Structure isTrue = Structure::none(), isFalse = Structure::none();
  if (expr->is<arith::AndIOp>()) {
    isTrue = both(*a, *b);
    isFalse = either(*notA, *notB);
  } else if (expr->is<arith::OrIOp>()) {
    isTrue = either(*a, *b);
    isFalse = both(*notA, *notB);
  } else {
    isTrue = either(both(*a, *notB), both(*notA, *b));
    isFalse = either(both(*a, *b), both(*notA, *notB));
  }
  Pieces all;
  if (!add(all, {0, 0, 1}, isTrue) || !add(all, {0, 0, 0}, isFalse))
    return fail(expr, "makes a mask of too many pieces");
  return all;
}

/// The comparison of integers that does the same for numbers that are not NaN.
static std::optional<arith::CmpIPredicate>
toIntegers(arith::CmpFPredicate predicate) {
  switch (predicate) {
  case arith::CmpFPredicate::OEQ:
  case arith::CmpFPredicate::UEQ:
    return arith::CmpIPredicate::eq;
  case arith::CmpFPredicate::ONE:
  case arith::CmpFPredicate::UNE:
    return arith::CmpIPredicate::ne;
  case arith::CmpFPredicate::OGT:
  case arith::CmpFPredicate::UGT:
    return arith::CmpIPredicate::sgt;
  case arith::CmpFPredicate::OGE:
  case arith::CmpFPredicate::UGE:
    return arith::CmpIPredicate::sge;
  case arith::CmpFPredicate::OLT:
  case arith::CmpFPredicate::ULT:
    return arith::CmpIPredicate::slt;
  case arith::CmpFPredicate::OLE:
  case arith::CmpFPredicate::ULE:
    return arith::CmpIPredicate::sle;
  default:
    return std::nullopt;
  }
}

static bool isUnsigned(arith::CmpIPredicate predicate) {
  return predicate >= arith::CmpIPredicate::ult;
}

std::optional<Pieces> MaskReader::compute(Expr *expr) {
  if (std::optional<double> number = getConstant(expr)) {
    if (std::isnan(*number))
      return fail(expr, "is not a number");
    return Pieces{{Linear{0, 0, *number}, Structure::full()}};
  }
  if (expr->kind == Expr::Kind::Index) {
    if (expr->index.isFunctionOfDim(
            cast<AffineDimExpr>(loops.batch).getPosition()))
      return fail(expr, "makes the mask depend on the batch entry");
    std::optional<Linear> number = readIndex(expr->index);
    if (!number)
      return failOperation(expr);
    return Pieces{{*number, Structure::full()}};
  }
  if (expr->kind == Expr::Kind::Read)
    return readConstantElement(expr);
  if (expr->kind == Expr::Kind::Gather)
    return readGather(expr);
  if (expr->kind == Expr::Kind::Choose)
    return readChoice(expr);
  if (expr->kind != Expr::Kind::Apply)
    return failOperation(expr);

  Operation *op = expr->op;
  if (isa<arith::IndexCastUIOp, arith::ExtUIOp, arith::UIToFPOp>(op))
    return readUnsigned(expr);
  if (isa<arith::IndexCastOp, arith::ExtFOp, arith::TruncFOp>(op))
    return read(expr->args[0]);
  // Bits have arithmetic of their own.
  if (getElementTypeOrSelf(op->getResult(0)).isInteger(1) &&
      !isa<arith::AndIOp, arith::OrIOp, arith::XOrIOp, arith::CmpIOp,
           arith::CmpFOp, arith::SelectOp>(op))
    return failOperation(expr);
  if (isa<arith::ExtSIOp, arith::SIToFPOp>(op)) {
    std::optional<Pieces> pieces = read(expr->args[0]);
    if (pieces && getElementTypeOrSelf(op->getOperand(0)).isInteger(1))
      for (Piece &piece : *pieces)
        piece.number.constant = -piece.number.constant;
    return pieces;
  }
  if (isa<arith::AddIOp, arith::AddFOp>(op))
    return combine(expr, Linear::sum);
  if (isa<arith::SubIOp, arith::SubFOp>(op))
    return combine(expr, [](const Linear &a, const Linear &b) {
      return Linear::sum(a, b.times(-1));
    });
  if (isa<arith::MulIOp, arith::MulFOp>(op))
    return combine(expr, [](Linear a, Linear b) -> std::optional<Linear> {
      if (!b.isConstant())
        std::swap(a, b);
      if (!b.isConstant())
        return std::nullopt;
      if (a.isConstant())
        return Linear{0, 0, a.constant * b.constant};
      if (b.constant != std::floor(b.constant) ||
          std::abs(b.constant) > double(1 << 20))
        return std::nullopt;
      return a.times(static_cast<int64_t>(b.constant));
    });
  if (isa<arith::DivFOp>(op))
    return combine(expr, [](Linear a, Linear b) -> std::optional<Linear> {
      if (!a.isConstant() || !b.isConstant())
        return std::nullopt;
      return Linear{0, 0, a.constant / b.constant};
    });
  if (isa<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp>(op))
    return readExtreme(expr, /*isMax=*/true);
  if (isa<arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp>(op))
    return readExtreme(expr, /*isMax=*/false);
  if (isa<arith::DivSIOp, arith::RemSIOp, arith::FloorDivSIOp>(op))
    return readDivision(expr);
  if (isa<arith::AndIOp, arith::OrIOp, arith::XOrIOp>(op)) {
    if (!getElementTypeOrSelf(op->getResult(0)).isInteger(1))
      return failOperation(expr);
    return combineConditions(expr);
  }
  if (auto compareOp = dyn_cast<arith::CmpIOp>(op)) {
    if (isUnsigned(compareOp.getPredicate()) ||
        getElementTypeOrSelf(op->getOperand(0)).isInteger(1)) {
      bool isEquality = compareOp.getPredicate() == arith::CmpIPredicate::eq ||
                        compareOp.getPredicate() == arith::CmpIPredicate::ne;
      if (!isEquality)
        return failOperation(expr);
    }
    return compare(expr, compareOp.getPredicate());
  }
  if (auto compareOp = dyn_cast<arith::CmpFOp>(op)) {
    if (std::optional<arith::CmpIPredicate> predicate =
            toIntegers(compareOp.getPredicate()))
      return compare(expr, *predicate);
    return failOperation(expr);
  }
  if (isa<arith::SelectOp>(op)) {
    std::optional<Pieces> condition = read(expr->args[0]);
    if (!condition)
      return std::nullopt;
    Pieces all;
    for (const Piece &which : *condition) {
      std::optional<Pieces> chosen =
          read(expr->args[which.number.constant != 0 ? 1 : 2]);
      if (!chosen)
        return std::nullopt;
      for (const Piece &piece : *chosen)
        if (!add(all, piece.number, both(which.where, piece.where)))
          return fail(expr, "makes a mask of too many pieces");
    }
    return all;
  }
  return failOperation(expr);
}

std::optional<Structure> MaskReader::holds(Expr *expr, bool wanted) {
  std::optional<Pieces> pieces = read(expr);
  if (!pieces)
    return std::nullopt;
  Structure where = Structure::none();
  for (const Piece &piece : *pieces)
    if ((piece.number.constant != 0) == wanted)
      where = either(where, piece.where);
  return where;
}

std::optional<bool> Mask::allows(double number, bool &isFinite) const {
  double added = number * factor;
  if (added == 0)
    return true;
  if (!(added <= kMasked))
    return isBias && std::isfinite(added) ? std::optional(true) : std::nullopt;
  isFinite |= std::isfinite(added);
  return false;
}

std::optional<Structure>
spattn::readMasks(ExprGraph &graph, const LoopSpace &space,
                  const MaskLoops &loops, ArrayRef<Mask> masks, int64_t head,
                  int64_t offset, bool &isFinite, Refusal &refusal) {
  MaskReader reader(graph, space, loops, head, offset, refusal);
  Structure all = Structure::full();
  for (const Mask &mask : masks) {
    Structure own = Structure::none();
    if (!mask.isAdded) {
      std::optional<Structure> where = reader.holds(mask.expr, mask.wanted);
      if (!where)
        return std::nullopt;
      own = *where;
      isFinite |= mask.isFinite;
    } else {
      std::optional<Pieces> pieces = reader.read(mask.expr);
      if (!pieces)
        return std::nullopt;
      for (const Piece &piece : *pieces) {
        std::optional<bool> isAllowed;
        if (piece.number.isConstant())
          isAllowed = mask.allows(piece.number.constant, isFinite);
        if (!isAllowed)
          return refusal.setNoMask(mask.expr->where(), kNeitherZeroNorMasked);
        if (*isAllowed)
          own = reader.either(own, piece.where);
      }
    }
    all = reader.both(all, own);
  }
  return all;
}
