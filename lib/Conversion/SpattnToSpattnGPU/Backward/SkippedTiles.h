//===- SkippedTiles.h - Query tiles that a warpgroup leaves out -*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_SKIPPEDTILES_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_SKIPPEDTILES_H

#include "BackwardKernels.h"

namespace spattn {

/// The query tiles of a work tile that a warpgroup goes through: from `first`
/// to `last`, without those of which a bit of `skipped` says that no query sees
/// one of its keys. Those from `firstFull` on but for the last are not masked,
/// and of those before neither are those with a bit of `unmasked`.
struct NeededTiles {
  mlir::Value skipped, unmasked, first, last, firstFull;
};

/// Which of a work tile's first masked query tiles see no key of an MMA
/// warpgroup, and of which each query sees all of its keys: bits that the
/// scheduler warp finds, one for a warpgroup and a tile, in a word each.
class SkippedTiles {
public:
  using Value = mlir::Value;

  SkippedTiles(KernelBuilder &b, const BackwardConfig &config)
      : b(b), config(config) {}

  /// The words of a work tile; none where no warpgroup skips tiles.
  llvm::SmallVector<Value> find(const WorkTile &tile);
  /// What warpgroup `group` goes through. If there are no tiles, it goes
  /// through the first one.
  NeededTiles getNeeded(const WorkTile &tile, mlir::ValueRange words,
                        Value group);
  /// The tile after the n-th, or after those that are skipped. Where a tile is
  /// awaited while the one before is in use, not more than one of three stages
  /// is skipped.
  Value next(const NeededTiles &needed, Value n);

  /// Whether the n-th tile, before `firstFull`, needs a mask.
  Value isMasked(const NeededTiles &needed, Value n);

private:
  /// The bits of the n-th tile and those after it; none where `n` has no bit.
  Value bitsFrom(Value word, Value n);
  /// Masked tiles of a work tile that have a bit for each warpgroup.
  int64_t tilesWithBit() const { return 32 / config.mmaWarpgroups; }

  KernelBuilder &b;
  const BackwardConfig &config;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_SKIPPEDTILES_H
