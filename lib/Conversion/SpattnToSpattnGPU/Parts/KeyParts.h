//===- KeyParts.h - Work tiles that share the keys of a row -----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KEYPARTS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KEYPARTS_H

#include "SequenceInfo.h"
#include "WorkTile.h"

namespace spattn {

/// Into how many parts the walks of work tiles over key tiles are cut, and how
/// large parts are. The more batch entries there are, the fewer parts fill a
/// GPU.
struct KeyPartSizes {
  /// Parts of a walk at most; with 1, walks are not cut.
  int64_t most = 1;
  /// Key tiles of a part at least.
  int64_t leastTiles = 1;
  /// The same for each batch entry, in 1 / kShare: a part has `tilesOfEntry *
  /// batch / kShare` key tiles at least. 0: parts do not depend on the batch.
  int64_t tilesOfEntry = 0;
  static constexpr int64_t kShare = 16;

  bool areCut() const { return most > 1; }
  /// Key tiles of a part at least, with so many batch entries.
  int64_t tilesOf(int64_t batches) const;
  /// Parts of all batch entries are at most `most` times the number of entries,
  /// and this more than it.
  int64_t mostPartsBesideEntries() const;
};

/// Cuts walks into parts. The results of parts are arrays in scratch memory of
/// f32, in which each part of a batch entry is an entry.
class KeyParts {
public:
  using Value = mlir::Value;

  /// At the top level of a kernel.
  KeyParts(KernelBuilder &b, const KeyPartSizes &sizes,
           const SequenceInfo &sequence, int64_t heads);

  /// How many parts a walk has at most: as many work tiles share it.
  Value count() const { return parts; }
  /// Leaves a work tile only the tiles of part `number` of its walk: none where
  /// the walk is too short to have so many parts.
  void take(KernelBuilder &b, WorkTile &tile, Value number) const;

  /// The entry of a part of a batch entry.
  Value entry(KernelBuilder &b, Value batch, Value number) const;
  /// Whether an entry is that of the first part.
  Value isFirst(KernelBuilder &b, Value entry) const;
  /// An array with `width` numbers for each query of each entry and head.
  StridedArray array(KernelBuilder &b, Value pointer, int64_t width) const;

private:
  int64_t heads;
  Value queries;
  /// Parts of a walk, and key tiles of one, at least.
  Value parts, tiles;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KEYPARTS_H
