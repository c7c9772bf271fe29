//===- ScoreRegions.h - What happens to scores on a CPU --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_SCOREREGIONS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_SCOREREGIONS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"
#include "spattn/Structure/NormalForm.h"

namespace spattn {

/// What happens to a product of query and key before the softmax, and its
/// derivative: the factor of the products that steps compute, and their score
/// regions. The one place of loops that knows.
class ScoreRegions {
public:
  using Value = mlir::Value;
  using Index = IndexOps::Value;

  ScoreRegions(AttentionOpInterface op, mlir::ImplicitLocOpBuilder &b,
               IndexOps &ops);

  /// Emits what all tiles share: before loops.
  void begin();

  /// What one of the operands of products carries: they are base-2 logits, or
  /// what score regions take.
  Value productFactor() const { return factor; }
  /// The scale, times a number.
  Value emitScale(double number);

  /// What the scores of a query head take.
  struct Head {
    /// Its number, and that of the batch element.
    Value head, element;
    /// In the units of scores; null if there is none.
    Value slope;
  };
  Head load(Value element, Value head);

  /// Which derivative of a score a step is to multiply by: none, that by the
  /// scaled product, or that by a bias, which comes behind the soft cap.
  enum class Derivative { None, ByProduct, ByBias };

  /// The entry of a bias by distance, and the size of a distance as an f32.
  Index biasEntry(Index distance);
  Value sizeOf(Index distance);

  /// The positions of a tile's queries and keys, a vector each; null where
  /// there are none.
  struct TilePositions {
    Value queries, keys;
  };

  /// Fills the score region of a step over the tile of queries from
  /// `firstQuery` and keys from `firstKey` on, if scores need one.
  void emit(mlir::Region &region, const Head &head,
            const NormalForm<Index> &form, Index firstQuery, Index firstKey,
            const TilePositions &positions, Derivative derivative);

  /// In a region: how the positions of a query and a key of a tile compare.
  Value compare(const TilePositions &positions,
                mlir::arith::CmpIPredicate predicate, Value query, Value key);

private:
  /// The bias of a distance.
  Value loadBias(Value head, Index distance);
  /// What the region makes of a score, and the derivative times that.
  void emitRegion(const Head &head, Index query, Index key, Value &score,
                  Value &derivative);
  /// A number that is added to scores, or bounds them, in their units.
  Value inUnits(Value number);
  Value constant(float value);
  Value mul(Value lhs, Value rhs);

  AttentionOpInterface op;
  OperandValues operands;
  mlir::ImplicitLocOpBuilder &b;
  IndexOps &ops;
  /// What base-2 logits are in the units of scores: these are logits as well,
  /// unless a region takes scores as they are.
  double unit;
  /// The soft cap in these units, if there is one.
  Value factor, cap;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_SCOREREGIONS_H
