//===- Host.h - The algebra on integers -------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_HOST_H
#define SPATTN_STRUCTURE_HOST_H

#include "spattn/Structure/HeadStructures.h"
#include "spattn/Structure/NormalForm.h"

namespace spattn {

/// Queries by keys.
struct TileShape {
  int64_t queries, keys;
};

/// Tiles of the dense grid ceil(Nq / queries) x ceil(Nk / keys).
struct TileCounts {
  int64_t visited = 0;
  int64_t full = 0;    ///< Visited, and no mask is needed.
  int64_t masked = 0;  ///< Visited, and a mask is needed.
  int64_t skipped = 0; ///< Not visited.

  TileCounts &operator+=(const TileCounts &other);
  friend bool operator==(const TileCounts &a, const TileCounts &b) {
    return a.visited == b.visited && a.full == b.full && a.masked == b.masked &&
           a.skipped == b.skipped;
  }
};

/// What an attention call has to do at the very least, for one batch element.
/// Numbers of at least 2^63 - 1 stay there.
struct Work {
  int64_t pairs = 0;
  /// Two products: 2 * (headDim + valueDim) a pair.
  int64_t flopsForward = 0;
  /// Five products: 6 * headDim + 4 * valueDim a pair.
  int64_t flopsBackward = 0;
  /// Forward: q of queries that see a key, k and v of keys that are seen, and
  /// all of o. A query that sees nothing moves only its zero output.
  int64_t bytesForward = 0;
  /// Backward: q, o and do of queries that see a key, k and v of keys that are
  /// seen, and all of dq, dk and dv. A key that nobody sees moves only its
  /// zero gradients. Row statistics are left out in both.
  int64_t bytesBackward = 0;
};

/// What `totalWork` needs besides the structures.
struct WorkShape {
  Lengths<int64_t> lengths;
  Alignment alignment = Alignment::End;
  int64_t headDim = 128;
  int64_t valueDim = 0; ///< 0: headDim.
  int64_t elementBytes = 2;
  int64_t outputBytes = 0; ///< Bytes of an element of o; 0: elementBytes.
  /// Bytes of an element of dq, dk and dv; 0: elementBytes.
  int64_t queryGradientBytes = 0, keyGradientBytes = 0, valueGradientBytes = 0;
  /// Number of key/value heads; it divides the number of query heads. Keys and
  /// values count once for each, where any query head of its group sees them.
  int64_t keyHeads = 0; ///< 0: as many as query heads.
};

/// Answers questions about the heads of an attention at given lengths. The
/// description has to be valid, the lengths in [0, 2^31), tiles positive.
class HostAlgebra {
public:
  HostAlgebra(HeadStructures heads, Lengths<int64_t> lengths,
              Alignment alignment = Alignment::End)
      : heads(std::move(heads)), lengths(lengths), alignment(alignment) {}

  int64_t numHeads() const { return heads.numHeads(); }

  /// What query head `head` sees.
  NormalForm<int64_t> normalForm(int64_t head) const;

  /// Whether query `i` of the head sees key `j`.
  bool allowed(int64_t head, int64_t i, int64_t j) const;

  /// The key tiles for row `queryTileIndex` of query tiles.
  std::vector<TileRange<int64_t>> keyTiles(int64_t head, int64_t queryTileIndex,
                                           TileShape tile) const;
  /// The query tiles for column `keyTileIndex` of key tiles.
  std::vector<TileRange<int64_t>> queryTiles(int64_t head, int64_t keyTileIndex,
                                             TileShape tile) const;

  /// The keys that some query of [qBegin, qEnd) sees: ascending spans that do
  /// not touch. Residues do not count: keys in between may be seen by none.
  std::vector<Span<int64_t>> keysSeenBy(int64_t head, int64_t qBegin,
                                        int64_t qEnd) const;

  /// Allowed pairs of the head.
  int64_t pairs(int64_t head) const;
  /// Whether every head sees the pairs that `structure` allows, which is valid,
  /// and no others.
  bool matches(const Structure &structure) const;
  /// Tiles of the head, and of all heads.
  TileCounts tiles(int64_t head, TileShape tile) const;
  TileCounts tiles(TileShape tile) const;
  /// Visited key tiles for each row of query tiles, and visited query tiles
  /// for each column of key tiles: the work lists of forward and backward. Key
  /// tiles start at multiples of their size, or for each row with the first key
  /// that it sees.
  std::vector<int64_t> rowTiles(int64_t head, TileShape tile,
                                bool fromFirstKey = false) const;
  std::vector<int64_t> columnTiles(int64_t head, TileShape tile) const;

private:
  HeadStructures heads;
  Lengths<int64_t> lengths;
  Alignment alignment;
};

/// The least work of all heads for one batch element.
Work totalWork(const HeadStructures &heads, const WorkShape &shape);

} // namespace spattn

#endif // SPATTN_STRUCTURE_HOST_H
