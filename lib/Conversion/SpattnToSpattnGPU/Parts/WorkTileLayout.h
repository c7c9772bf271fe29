//===- WorkTileLayout.h - How work tiles are posted -------------------*- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WORKTILELAYOUT_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WORKTILELAYOUT_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// The slot in shared memory through which the scheduler warp tells the other
/// warps of a work tile, in words. Where few numbers say which tiles and pairs
/// the work tile has, readers hold those in registers. Where there are more,
/// they are rows of two tables, which readers look up or loop over; so the
/// registers and instructions of a reader do not depend on the structure.
struct WorkTileLayout {
  /// Most words of a work tile besides its tables, without those of sequences,
  /// and of one without tables.
  static constexpr int64_t kNumbers = 64, kNumbersBesideTables = 16;
  /// Most words that say which sequence it is of.
  static constexpr int64_t kNumbersOfSequence = 8;

  /// Rows of the tables; without tables there are none.
  int64_t pieces = 0, intervals = 0;
  /// Words of an interval, a multiple of four.
  int64_t intervalWords = 4;
  /// Words of a work tile besides its tables, and without tables.
  int64_t numbersBesideTables = kNumbersBesideTables;
  int64_t numbers = kNumbers;

  bool hasTables() const { return pieces > 0; }
  /// Tile sequences: the first numbers of all pieces, then their shifts.
  int64_t piecesAt() const { return numbersBesideTables; }
  /// Intervals of distances, each with its keys and, if need be, queries.
  int64_t intervalsAt() const {
    int64_t end = piecesAt() + 2 * pieces + intervalWords - 1;
    return end / intervalWords * intervalWords;
  }
  int64_t words() const {
    return hasTables() ? intervalsAt() + intervalWords * intervals : numbers;
  }
  int64_t bytes() const { return 4 * words(); }
};

/// The layout for work tiles of `own` queries of a head, which visit tiles of
/// `other` keys, counted from the first that they see if `fromFirstKey`.
WorkTileLayout layoutOfRowTiles(AttentionOpInterface op, int64_t own,
                                int64_t other, bool fromFirstKey = false);
/// The layout for work tiles of `own` keys of a head, which visit tiles of
/// `other` queries.
WorkTileLayout layoutOfColumnTiles(AttentionOpInterface op, int64_t own,
                                   int64_t other);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WORKTILELAYOUT_H
