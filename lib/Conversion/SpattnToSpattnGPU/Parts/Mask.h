//===- Mask.h - Masks of partial tiles --------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_MASK_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_MASK_H

#include "ScoreModifier.h"
#include "TileWalk.h"

namespace spattn {

/// Masks the scores of partial tiles: for each row of a fragment, the columns
/// that the structure allows, as a bit mask. It knows which pairs a fragment's
/// elements are.
class Mask {
public:
  using Value = mlir::Value;
  using Index = KernelBuilder::Index;

  /// What the rows and columns of a fragment of scores are.
  enum class Orientation { QueriesByKeys, KeysByQueries };
  /// When to mask, in code that several tiles share.
  enum class When { Always, Never, IfPartial };

  /// Fragments of `columns` columns. `rows` says what rows are that are
  /// queries.
  Mask(KernelBuilder &b, WorkTileQueue &queue, TileWalk &walk,
       Orientation orientation, int64_t columns, RowLayout rows = {})
      : b(b), queue(queue), walk(walk), orientation(orientation),
        columns(columns), rows(rows) {}

  /// The columns from `first` on, where a work tile's n-th tile starts, that
  /// each row of an MMA warpgroup's fragment may use. `withMask` is `tile` with
  /// the numbers of its mask (WorkTileQueue::withMask); `rowsBefore` is the
  /// place of the fragment's first row in the work tile.
  Value allowedColumns(const WorkTile &tile, const WorkTile &withMask, Value n,
                       Index first, Value rowsBefore);
  /// Sets the scores of other columns to -inf.
  Value apply(Value scores, Value allowed);
  /// Masks the scores of a work tile's n-th tile. To have few registers in use
  /// until then, all numbers of the work tile are read again. `isPartial` says
  /// whether it needs a mask; if that is not given, the work tile does.
  Value apply(const WorkTile &tile, Value n, When when, Value rowsBefore,
              Value scores, Value isPartial = Value());

  /// The distance of each pair of a work tile's n-th tile. `offset` is what is
  /// added to the difference of the numbers of query and key.
  Value distances(const WorkTile &tile, Value n, Value rowsBefore,
                  Index offset);
  /// The numbers of its queries and keys, counted from the start of a sequence:
  /// the one for rows, the other for columns.
  PairNumbers numbers(const WorkTile &tile, Value n, Value rowsBefore);

private:
  using Form = NormalForm<Index>;
  using Condition = ResidueCondition<Index>;
  /// What the body of a mask yields for a row of the fragment.
  using OfRow = llvm::function_ref<llvm::SmallVector<Index>(Index row)>;

  /// What is known of a fragment: its first column, and where its rows are.
  struct Place {
    Index firstColumn, firstOfTile;
    Value rowsBefore;
  };

  void emitBody(mlir::Region &body, OfRow ofRow);
  /// The query, or key, of a row.
  Index positionOf(const Place &place, Index row);
  Index firstOf(const WorkTile &tile, Value rowsBefore);
  Value spans(Index first, Value others,
              llvm::function_ref<std::vector<Span<Index>>(Index row)> ofRow);
  /// The columns that a normal form allows, and `others`.
  Value columnsOf(const Form &form, const Place &place, Value others);
  /// Those of `allowed` that meet conditions of columns, and `others`.
  Value withResidues(const Form &form, llvm::ArrayRef<Condition> conditions,
                     const Place &place, Value allowed, Value others);

  KernelBuilder &b;
  WorkTileQueue &queue;
  TileWalk &walk;
  Orientation orientation;
  int64_t columns;
  RowLayout rows;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_MASK_H
