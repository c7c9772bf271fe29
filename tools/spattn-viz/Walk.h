//===- Walk.h - The tiles that heads visit ----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_VIZ_WALK_H
#define SPATTN_TOOLS_SPATTN_VIZ_WALK_H

#include "Sizes.h"
#include "spattn/Conversion/SpattnToSpattnGPU/KernelPlan.h"
#include "spattn/Structure/Host.h"
#include "llvm/Support/JSON.h"

namespace spattn::viz {

/// Runs of rows that visit the same tiles, each as numbers: the first row, how
/// many rows there are, the key that tiles are counted from, and of each range
/// of tiles its first one, the first and the end of its full ones, and its end.
using Picture = std::vector<std::vector<int64_t>>;

/// What a head does for one batch element.
struct HeadWalk {
  /// Which of the pictures is its own.
  size_t picture;
  TileCounts tiles;
  Work work;
};

/// The tiles of all heads, as a kernel walks them.
struct Walk {
  TileShape tile;
  /// Whether the tiles of a row are counted from the first key that it sees.
  bool fromFirstKey;
  /// The tiles of the pictures: larger ones where there are very many.
  TileShape drawn;
  /// Heads that see the same share one.
  std::vector<Picture> pictures;
  std::vector<HeadWalk> heads;
  TileCounts tiles;
  /// Of all heads: keys that heads share count once.
  Work work;
};

/// Asks the algebra. `plan` is null where there is no kernel for a GPU.
Walk walkTiles(AttentionOpInterface op, const Sizes &sizes,
               const KernelPlan *plan);

void printWalk(llvm::json::OStream &json, const Walk &walk, bool isForward);

} // namespace spattn::viz

#endif // SPATTN_TOOLS_SPATTN_VIZ_WALK_H
