//===- Tiles.h - What the algebra says of an entry --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_TILES_H
#define SPATTN_TOOLS_COMMON_TILES_H

#include "common/Entry.h"
#include "spattn/Structure/Host.h"

namespace spattn::tool {

/// Tiles and pairs of one head, or of all, over the whole batch.
struct TileNumbers {
  int64_t visited = 0, full = 0, masked = 0, skipped = 0, pairs = 0;
};

/// What an attention visits, and in which tiles.
struct TileReport {
  int64_t queryTile, keyTile;
  TileNumbers total;
  std::vector<TileNumbers> heads;
};

/// Asks the algebra, for the tiles of the compiled code if they are known.
/// Nothing if a length or the batch size is not known before
/// the function runs.
std::optional<TileReport> countTiles(Entry &entry, const KernelOptions &options,
                                     std::optional<TileShape> known);

/// Whether every head of an entry's attention sees exactly the pairs of
/// `structure`. Not if a length is not known before the function runs.
bool matches(Entry &entry, const Structure &structure);

/// The bytes and dimensions of an attention's operands, of such lengths.
WorkShape getWorkShape(AttentionOpInterface op, Lengths<int64_t> lengths);

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_TILES_H
