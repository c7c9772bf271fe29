//===- HalfSteps.h - Steps of halves of masked key tiles --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A work tile of 128 queries visits key tiles of 128, of which each of its two
// MMA warpgroups, with 64 queries, may see one half only. A warpgroup takes the
// halves of masked tiles that it sees two at a time, from any two neighbouring
// tiles, in one step of 128 keys.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_HALFSTEPS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_HALFSTEPS_H

#include "WorkTile.h"
#include "spattn/Structure/Host.h"

#include <array>

namespace spattn {

/// For each of two warpgroups a word whose bit `2 n + i` says that it takes
/// half `i` of the n-th tile: of masked tiles, and of the first full one, which
/// has a step of its own. Both words have as many bits, an even number, so that
/// warpgroups that take turns have as many steps: the halves that are added for
/// that, which the warpgroup does not see, are masked. Each word has a half of
/// each tile, and in each step tiles are so near each other that two stages of
/// keys and values do. Where that is not so, or there are more tiles than bits,
/// both words are 0, and tiles are visited whole.
using HalfWords = std::array<uint32_t, 2>;

/// The keys of a half, and the queries of a warpgroup.
inline constexpr int64_t kHalfTile = 64;

/// The words of a work tile of 128 queries from `first` on, whose key tiles of
/// 128 are `tiles`: the same on the host as `postHalves` in kernels.
HalfWords halfWords(const NormalForm<int64_t> &form, int64_t first,
                    const std::vector<TileRange<int64_t>> &tiles);
/// How many steps a work tile with those words and tiles takes.
int64_t countSteps(const HalfWords &words,
                   const std::vector<TileRange<int64_t>> &tiles);

/// Adds the words to what a work tile posts. By all lanes of the scheduler
/// warp.
void postHalves(KernelBuilder &b, WorkTile &tile);

/// What a warpgroup reads of them. Halves are numbered over all of the CTA's
/// tiles: `2 t + i` is half `i` of tile `t`.
class HalfSteps {
public:
  using Value = mlir::Value;

  HalfSteps(KernelBuilder &b, const WorkTile &tile, Value group,
            Value tilesBefore);

  struct Pair {
    Value first, second;
    /// The halves behind it, for `at`.
    Value rest;
  };
  /// The n-th pair, where `rest` are the halves from it on. Behind the last
  /// pair, `first` is the first half of the tile behind its tiles.
  Pair at(Value rest, Value n) const;

  /// All halves of the warpgroup.
  Value all() const { return word; }
  /// How many pairs, and how many tiles they are of.
  Value count() const { return steps; }
  Value tiles() const { return numTiles; }

private:
  KernelBuilder &b;
  Value word, isPlanned, steps, numTiles, firstHalf;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_HALFSTEPS_H
