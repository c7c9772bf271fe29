//===- Positions.h - Positions that decide on pairs -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_POSITIONS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_POSITIONS_H

#include "Mask.h"
#include "ScoreModifier.h"

namespace spattn {

/// The arguments that say where queries and keys were; none where they have no
/// positions.
struct PositionArguments {
  PositionArguments(KernelSignature &signature, AttentionOpInterface op);
  void addStrides(KernelSignature &signature);

  struct Sides {
    KernelSignature::Strided queries, keys;
  };
  std::optional<Sides> sides;
  bool isCausal;
  std::optional<double> selfScore;
};

/// What positions, which are numbers of the caller, make of the scores of
/// pairs. Scores are those of the softmax: with a self score base-2 logits.
class Positions {
public:
  using Value = mlir::Value;

  /// At the top level of a kernel.
  Positions(KernelBuilder &b, const PositionArguments &arguments,
            const KernelSignature &signature, const SequenceInfo &sequence,
            RowLayout rows = {});

  bool areGiven() const { return queries.has_value(); }

  /// Those of a fragment's rows and columns, 32 bits each; null where there are
  /// none.
  struct Fragment {
    Value rows, columns;
  };
  /// Loads those of the tile of `columns` columns of which the first is
  /// `firstColumn`. `rowsBefore` is the place of the fragment's first row in
  /// the work tile; null for 0.
  Fragment load(const WorkTile &tile, KernelBuilder::Index firstColumn,
                Value rowsBefore, Mask::Orientation orientation,
                int64_t columns);

  /// Gives pairs of equal positions their score, and those that positions do
  /// not allow -inf.
  Value apply(Value scores, const Fragment &fragment,
              Mask::Orientation orientation);

  /// Whether pairs of equal positions have a score, which is a constant.
  bool haveSelfScore() const { return areGiven() && selfScore; }
  /// If so, what is multiplied by the derivative of scores, without those
  /// pairs. Their positions are loaded again rather than kept in registers.
  Value clearSelf(Value values, const Fragment &fragment);

private:
  struct Side {
    StridedArray array;
    /// How many a batch entry has.
    Value length;
  };

  KernelBuilder &b;
  bool isCausal;
  std::optional<double> selfScore;
  RowLayout layout;
  std::optional<Side> queries, keys;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_POSITIONS_H
