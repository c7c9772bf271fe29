//===- MaskReader.h - Masks as structures -----------------------*- C++ -*-===//
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

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MASKREADER_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MASKREADER_H

#include "Mask.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "spattn/Structure/Simplify.h"

namespace spattn {

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
using Pieces = llvm::SmallVector<Piece, 2>;

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
  std::optional<Pieces> readChoice(Expr *expr);
  std::optional<Pieces> compare(Expr *expr,
                                mlir::arith::CmpIPredicate predicate);
  std::optional<Structure> isPositive(Linear number, Expr *expr);
  template <class Combine>
  std::optional<Pieces> combine(Expr *expr, Combine &&combine);

  std::nullopt_t fail(Expr *expr, const llvm::Twine &why) {
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
  unsigned depth = 0;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MASKREADER_H
