//===- TileLists.cpp - Lists of tiles in memory ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Support/TileLists.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace spattn;
using llvm::Twine;

static int32_t load(const BufferView &array, int64_t at) {
  int32_t number;
  std::memcpy(&number, static_cast<const char *>(array.data) + 4 * at,
              sizeof(number));
  return number;
}

int64_t TileListArrays::count(int64_t b, int64_t h, int64_t row) const {
  return load(counts, b * counts.strides[countDims[0]] +
                          h * counts.strides[countDims[1]] +
                          row * counts.strides[countDims[2]]);
}

int64_t TileListArrays::entry(int64_t b, int64_t h, int64_t row,
                              int64_t n) const {
  return load(indices, b * indices.strides[indexDims[0]] +
                           h * indices.strides[indexDims[1]] +
                           row * indices.strides[indexDims[2]] +
                           n * indices.strides[indexDims[3]]);
}

std::optional<std::string>
spattn::findTileListError(const TileListArrays &lists,
                          const TileListSizes &sizes) {
  if (lists.batch() != 1 && lists.batch() != sizes.batch)
    return ("'tile_indices' has a batch size of " + Twine(lists.batch()) +
            ", expected 1 or " + Twine(sizes.batch))
        .str();
  int64_t rows = llvm::divideCeil(sizes.queryLength, sizes.queryTile);
  if (lists.rows() != rows)
    return ("'tile_indices' has lists for " + Twine(lists.rows()) +
            " tiles of queries, expected " + Twine(rows))
        .str();
  int64_t tiles = llvm::divideCeil(sizes.keyLength, sizes.keyTile);
  for (int64_t b = 0; b < lists.batch(); ++b)
    for (int64_t h = 0; h < lists.heads(); ++h)
      for (int64_t row = 0; row < rows; ++row) {
        auto where = [&] {
          return ("the list of tile row " + Twine(row) + ", head " + Twine(h) +
                  ", batch element " + Twine(b))
              .str();
        };
        int64_t count = lists.count(b, h, row), least = 0;
        if (count < 0 || count > lists.room())
          return (Twine(where()) + " has a 'tile_counts' of " + Twine(count) +
                  ", expected 0 to " + Twine(lists.room()))
              .str();
        for (int64_t n = 0; n < count; ++n) {
          int64_t tile = lists.entry(b, h, row, n);
          if (tile < least || tile >= tiles)
            return (Twine(where()) + " has a 'tile_indices' of " + Twine(tile) +
                    " at " + Twine(n) + ", expected ascending tiles from " +
                    Twine(least) + " to before " + Twine(tiles))
                .str();
          least = tile + 1;
        }
      }
  return std::nullopt;
}
