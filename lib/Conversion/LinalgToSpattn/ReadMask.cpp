//===- ReadMask.cpp - Comparisons of indices as structures ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A scalar of the mask is a list of pieces: where a structure holds, it is a
// number, linear in query and key. Comparisons of such numbers are intervals of
// distances, keys or queries; all else is unions and intersections.
//
//===----------------------------------------------------------------------===//

#include "Mask.h"
#include "Numbers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "spattn/Structure/Simplify.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

namespace {
/// `query * i + key * j + constant`.
struct Linear {
  int64_t query = 0, key = 0;
  double constant = 0;
  bool isConstant() const { return query == 0 && key == 0; }
};

struct Piece {
  Linear number;
  Structure where;
};
using Pieces = SmallVector<Piece, 2>;

/// More are not read: the pairs can be evaluated instead.
constexpr size_t kMaxPieces = 48;
constexpr int64_t kMaxSize = 256;
/// Multiples of indices, and what is added to them, that do not overflow.
constexpr int64_t kMaxFactor = 16;
constexpr double kMaxOffset = 1 << 30;
/// Indices of longer sequences, so many times, are not exact in f32.
constexpr int64_t kMaxFloatLength = 1 << 19;
/// Integers up to here are exact.
constexpr double kExact = 4503599627370496.0;

class Reader {
public:
  Reader(ExprGraph &graph, const LoopSpace &space, const MaskLoops &loops,
         int64_t head, int64_t offset, Refusal &refusal)
      : graph(graph), space(space), loops(loops), head(head), offset(offset),
        refusal(refusal) {}

  std::optional<Pieces> read(Expr *expr);

  /// Where a condition is `wanted`.
  std::optional<Structure> holds(Expr *expr, bool wanted);

  Structure both(const Structure &a, const Structure &b) {
    return simplify(Structure::intersect({a, b}));
  }
  Structure either(const Structure &a, const Structure &b) {
    return simplify(Structure::unite({a, b}));
  }

private:
  std::optional<Pieces> compute(Expr *expr);
  std::optional<Pieces> fit(Expr *expr, std::optional<Pieces> pieces);
  std::optional<Linear> readIndex(AffineExpr index);
  std::optional<Pieces> readUnsigned(Expr *expr);
  std::optional<Pieces> combineConditions(Expr *expr);
  std::optional<Pieces> readGather(Expr *expr);
  std::optional<Pieces> readChoice(Expr *expr);
  std::optional<Pieces> compare(Expr *expr, arith::CmpIPredicate predicate);
  std::optional<Structure> isPositive(Linear number, Expr *expr);
  template <class Combine>
  std::optional<Pieces> combine(Expr *expr, Combine &&combine);

  std::nullopt_t fail(Expr *expr, const Twine &why) {
    return refusal.set(expr->where(), why);
  }
  std::nullopt_t failOperation(Expr *expr) {
    return fail(expr, "is not known in a mask");
  }

  /// Adds a piece unless nothing is there; pieces of one number are one.
  bool add(Pieces &pieces, const Linear &number, const Structure &where) {
    if (where == Structure::none())
      return true;
    for (Piece &piece : pieces)
      if (piece.number.query == number.query &&
          piece.number.key == number.key &&
          piece.number.constant == number.constant) {
        piece.where = either(piece.where, where);
        return piece.where.size() <= kMaxSize;
      }
    pieces.push_back({number, where});
    return pieces.size() <= kMaxPieces && where.size() <= kMaxSize;
  }

  bool areLengthsBelow(int64_t most) const {
    return llvm::all_of(ArrayRef<AffineExpr>{loops.query, loops.key},
                        [&](AffineExpr loop) {
                          std::optional<int64_t> size = space.extent(loop);
                          return size && *size <= most;
                        });
  }

  ExprGraph &graph;
  const LoopSpace &space;
  const MaskLoops &loops;
  int64_t head, offset;
  Refusal &refusal;
  DenseMap<Expr *, std::optional<Pieces>> known;
  unsigned depth = 0;
};
} // namespace

std::optional<Linear> Reader::readIndex(AffineExpr index) {
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

std::optional<Pieces> Reader::read(Expr *expr) {
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
std::optional<Pieces> Reader::fit(Expr *expr, std::optional<Pieces> pieces) {
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
    bool isSmall = std::abs(number.query) <= kMaxFactor &&
                   std::abs(number.key) <= kMaxFactor &&
                   std::abs(number.constant) <= kMaxOffset;
    bool isShort =
        isa<FloatType>(type) ? areLengthsBelow(kMaxFloatLength) : true;
    if (!holdsIndices(type) || !isSmall || !isShort)
      return failOperation(expr);
  }
  return pieces;
}

/// Applies a function of two numbers to all pieces of two operands.
template <class Combine>
std::optional<Pieces> Reader::combine(Expr *expr, Combine &&combine) {
  std::optional<Pieces> lhs = read(expr->args[0]), rhs = read(expr->args[1]);
  if (!lhs || !rhs)
    return std::nullopt;
  Pieces all;
  for (const Piece &a : *lhs)
    for (const Piece &b : *rhs) {
      Structure where = both(a.where, b.where);
      if (where == Structure::none())
        continue;
      std::optional<Linear> number = combine(a.number, b.number);
      if (!number || std::isnan(number->constant))
        return failOperation(expr);
      if (!add(all, *number, where))
        return fail(expr, "makes a mask of too many pieces");
    }
  return all;
}

/// Where a number is greater than 0.
std::optional<Structure> Reader::isPositive(Linear number, Expr *expr) {
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

std::optional<Pieces> Reader::compare(Expr *expr,
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

/// A number that is taken for unsigned: the same if it is not negative.
std::optional<Pieces> Reader::readUnsigned(Expr *expr) {
  std::optional<Pieces> pieces = read(expr->args[0]);
  if (pieces)
    for (const Piece &piece : *pieces)
      if (piece.number.query < 0 || piece.number.key < 0 ||
          piece.number.constant < 0)
        return failOperation(expr);
  return pieces;
}

/// Conditions are combined as they are written, which keeps structures short.
std::optional<Pieces> Reader::combineConditions(Expr *expr) {
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

/// An element at indices that are linear in query and key.
std::optional<Pieces> Reader::readGather(Expr *expr) {
  SmallVector<AffineExpr> indices;
  for (Expr *arg : expr->args) {
    std::optional<Pieces> pieces = read(arg);
    if (!pieces)
      return std::nullopt;
    if (pieces->size() != 1)
      return failOperation(expr);
    const Linear &number = pieces->front().number;
    indices.push_back(loops.query * number.query + loops.key * number.key +
                      static_cast<int64_t>(number.constant));
  }
  return read(graph.read(expr->tensor, indices));
}

/// One of two numbers, by where the indices are.
std::optional<Pieces> Reader::readChoice(Expr *expr) {
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

std::optional<Pieces> Reader::compute(Expr *expr) {
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
    return fail(expr, "makes a mask that is not known before run time");
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
    return combine(expr, [](Linear a, Linear b) -> std::optional<Linear> {
      return Linear{a.query + b.query, a.key + b.key, a.constant + b.constant};
    });
  if (isa<arith::SubIOp, arith::SubFOp>(op))
    return combine(expr, [](Linear a, Linear b) -> std::optional<Linear> {
      return Linear{a.query - b.query, a.key - b.key, a.constant - b.constant};
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
      int64_t factor = static_cast<int64_t>(b.constant);
      return Linear{a.query * factor, a.key * factor, a.constant * b.constant};
    });
  if (isa<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp,
          arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp, arith::DivFOp>(
          op))
    return combine(expr, [&](Linear a, Linear b) -> std::optional<Linear> {
      if (!a.isConstant() || !b.isConstant())
        return std::nullopt;
      if (isa<arith::DivFOp>(op))
        return Linear{0, 0, a.constant / b.constant};
      bool isMax = isa<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp>(op);
      return Linear{0, 0,
                    isMax ? std::max(a.constant, b.constant)
                          : std::min(a.constant, b.constant)};
    });
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

std::optional<Structure> Reader::holds(Expr *expr, bool wanted) {
  std::optional<Pieces> pieces = read(expr);
  if (!pieces)
    return std::nullopt;
  Structure where = Structure::none();
  for (const Piece &piece : *pieces)
    if ((piece.number.constant != 0) == wanted)
      where = either(where, piece.where);
  return where;
}

std::optional<bool> spattn::allows(double added, bool &isFinite) {
  if (added == 0)
    return true;
  if (!(added <= kMasked))
    return std::nullopt;
  isFinite |= std::isfinite(added);
  return false;
}

std::optional<Structure>
spattn::readMasks(ExprGraph &graph, const LoopSpace &space,
                  const MaskLoops &loops, ArrayRef<Mask> masks, int64_t head,
                  int64_t offset, bool &isFinite, Refusal &refusal) {
  Reader reader(graph, space, loops, head, offset, refusal);
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
          isAllowed = allows(piece.number.constant * mask.factor, isFinite);
        if (!isAllowed)
          return refusal.set(mask.expr->where(),
                             "is added to scores and is neither 0 nor masks "
                             "(-10000 or less)");
        if (*isAllowed)
          own = reader.either(own, piece.where);
      }
    }
    all = reader.both(all, own);
  }
  return all;
}
