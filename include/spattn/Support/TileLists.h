//===- TileLists.h - Lists of tiles in memory -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_SUPPORT_TILELISTS_H
#define SPATTN_SUPPORT_TILELISTS_H

#include "spattn/Support/BufferView.h"

#include <array>
#include <optional>
#include <string>

namespace spattn {

/// Which key tiles each tile of queries lists: arrays of i32 of any strides,
/// and the positions of their dimensions.
struct TileListArrays {
  BufferView counts, indices;
  /// Batch, head and row; and of `indices` the entry.
  std::array<unsigned, 3> countDims;
  std::array<unsigned, 4> indexDims;

  int64_t batch() const { return indices.sizes[indexDims[0]]; }
  int64_t heads() const { return indices.sizes[indexDims[1]]; }
  int64_t rows() const { return indices.sizes[indexDims[2]]; }
  /// Entries that a list has room for.
  int64_t room() const { return indices.sizes[indexDims[3]]; }
  int64_t count(int64_t b, int64_t h, int64_t row) const;
  int64_t entry(int64_t b, int64_t h, int64_t row, int64_t n) const;
};

/// What the lists have to fit.
struct TileListSizes {
  int64_t batch, queryLength, keyLength, queryTile, keyTile;
};

/// What is wrong with lists, if anything: their sizes, or entries that do not
/// ascend or are no tiles.
std::optional<std::string> findTileListError(const TileListArrays &lists,
                                             const TileListSizes &sizes);

} // namespace spattn

#endif // SPATTN_SUPPORT_TILELISTS_H
