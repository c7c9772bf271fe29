//===- MaskReader.h - Masks as structures -----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A scalar of the mask is a list of pieces: where a structure holds, it is a
// number, linear in query and key, with a quotient of another one. Comparisons
// of such numbers are intervals or residues of distances, keys or queries; all
// else is unions and intersections.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MASKREADER_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MASKREADER_H

#include "Mask.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "spattn/Structure/Simplify.h"

namespace spattn {

/// `factor * floor((query * i + key * j + constant) / divisor)`.
struct Quotient {
  int64_t factor = 0, query = 0, key = 0, constant = 0, divisor = 1;

  bool hasSameValue(const Quotient &other) const {
    return query == other.query && key == other.key &&
           constant == other.constant && divisor == other.divisor;
  }
};

/// `query * i + key * j + constant`, and a quotient.
struct Linear {
  int64_t query = 0, key = 0;
  double constant = 0;
  Quotient quotient;

  Linear() = default;
  Linear(int64_t query, int64_t key, double constant, Quotient quotient = {})
      : query(query), key(key), constant(constant), quotient(quotient) {}

  bool isConstant() const {
    return query == 0 && key == 0 && quotient.factor == 0;
  }
  bool isPlain() const { return quotient.factor == 0; }
  /// None if it takes two quotients.
  static std::optional<Linear> sum(const Linear &a, const Linear &b);
  Linear times(int64_t factor) const;

  friend bool operator==(const Linear &a, const Linear &b) {
    return a.query == b.query && a.key == b.key && a.constant == b.constant &&
           a.quotient.factor == b.quotient.factor &&
           (a.isPlain() || a.quotient.hasSameValue(b.quotient));
  }
};

struct Piece {
  Linear number;
  Structure where;
};
using Pieces = llvm::SmallVector<Piece, 2>;

/// `scale * (x mod divisor) + constant`, of the number that is divided.
struct Remainder {
  Quotient of;
  int64_t scale;
  double constant;
};
std::optional<Remainder> asRemainder(const Linear &number);

/// The rest of a difference, if two numbers are rests that are equal where that
/// is 0, and only there.
std::optional<Linear> subtractRests(const Linear &a, const Linear &b);

/// A number of integers over a positive one, rounded down, if that is one.
std::optional<Linear> floorDivide(const Linear &number, int64_t divisor);

/// More are not read: the pairs can be evaluated instead.
inline constexpr size_t kMaxPieces = 48;
inline constexpr int64_t kMaxSize = 256;
/// Multiples of indices, and what is added to them, that do not overflow.
inline constexpr int64_t kMaxFactor = 16;
inline constexpr double kMaxOffset = 1 << 30;
/// Indices of longer sequences, so many times, are not exact in f32.
inline constexpr int64_t kMaxFloatLength = 1 << 19;
/// Integers up to here are exact.
inline constexpr double kExact = 4503599627370496.0;

class MaskReader {
public:
  MaskReader(ExprGraph &graph, const LoopSpace &space, const MaskLoops &loops,
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
  std::optional<Linear> readIndex(mlir::AffineExpr index);
  std::optional<Pieces> readUnsigned(Expr *expr);
  std::optional<Pieces> combineConditions(Expr *expr);
  std::optional<Pieces> readGather(Expr *expr);
  std::optional<Pieces> readConstantElement(Expr *expr);
  std::optional<Pieces> readChoice(Expr *expr);
  std::optional<Pieces> readExtreme(Expr *expr, bool isMax);
  std::optional<Pieces> readDivision(Expr *expr);
  std::optional<Pieces> compare(Expr *expr,
                                mlir::arith::CmpIPredicate predicate);
  std::optional<Structure> isPositive(Linear number, Expr *expr);
  std::optional<Structure> isQuotientPositive(const Linear &number, Expr *expr);
  std::optional<Structure> hasResidues(const Quotient &of, int64_t lo,
                                       int64_t hi, Expr *expr);
  std::optional<Linear> subtract(const Linear &a, const Linear &b, Expr *expr);
  /// Where a comparison holds, and where it does not.
  struct Sides {
    Structure isTrue, isFalse;
  };
  std::optional<Sides> compareToZero(const Linear &number,
                                     mlir::arith::CmpIPredicate predicate,
                                     Expr *expr);
  std::optional<Sides> isRemainderZero(const Remainder &rest, Expr *expr);
  /// Calls `visit` with the numbers of two operands, and where they are those.
  /// Whether all of that succeeds.
  template <class Visitor>
  bool forEachPair(Expr *expr, Visitor &&visit) {
    std::optional<Pieces> lhs = read(expr->args[0]), rhs = read(expr->args[1]);
    if (!lhs || !rhs)
      return false;
    for (const Piece &a : *lhs)
      for (const Piece &b : *rhs) {
        Structure where = both(a.where, b.where);
        if (where != Structure::none() && !visit(a.number, b.number, where))
          return false;
      }
    return true;
  }
  template <class Combine>
  std::optional<Pieces> combine(Expr *expr, Combine &&combine);

  std::nullopt_t fail(Expr *expr, const llvm::Twine &why) {
    return refusal.set(expr->where(), why);
  }
  std::nullopt_t failOperation(Expr *expr) {
    return refusal.setNoMask(expr->where(), "is not known in a mask");
  }

  /// Adds a piece unless nothing is there; pieces of one number are one.
  bool add(Pieces &pieces, const Linear &number, const Structure &where) {
    if (where == Structure::none())
      return true;
    for (Piece &piece : pieces)
      if (piece.number == number) {
        piece.where = either(piece.where, where);
        return piece.where.size() <= kMaxSize;
      }
    pieces.push_back({number, where});
    return pieces.size() <= kMaxPieces && where.size() <= kMaxSize;
  }

  bool addTo(Pieces &pieces, const Linear &number, const Structure &where,
             Expr *expr) {
    if (add(pieces, number, where))
      return true;
    fail(expr, "makes a mask of too many pieces");
    return false;
  }

  bool areLengthsBelow(int64_t most) const {
    return llvm::all_of(
        llvm::ArrayRef<mlir::AffineExpr>{loops.query, loops.key},
        [&](mlir::AffineExpr loop) {
          std::optional<int64_t> size = space.extent(loop);
          return size && *size <= most;
        });
  }

  ExprGraph &graph;
  const LoopSpace &space;
  const MaskLoops &loops;
  int64_t head, offset;
  Refusal &refusal;
  llvm::DenseMap<Expr *, std::optional<Pieces>> known;
  llvm::DenseMap<mlir::Value, std::vector<double>> constants;
  unsigned depth = 0;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MASKREADER_H
