//===- TileLists.h - Lists of tiles that kernels read -----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_TILELISTS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_TILELISTS_H

#include "KernelSignature.h"
#include "WorkTile.h"

#include <functional>

namespace spattn {

/// The lists that say at run time which tiles a work tile visits besides those
/// of its structure. Work tiles, and the tiles that they visit, are parts of
/// those that lists are of.
///
/// Nothing but the entries of a list is trusted to be tiles: one that is none
/// is visited as one past the end, of which no pair is allowed.
class TileLists {
public:
  using Value = mlir::Value;
  using Index = KernelBuilder::Index;

  /// Where lists are: how many entries the one of a row has, and each of them.
  struct Source {
    std::function<Value(Value batch, Value head, Value row)> count;
    std::function<Value(Value batch, Value head, Value row, Value n)> entry;
  };

  /// Lists of tiles with `ownRows` rows of what work tiles consist of, and
  /// `otherRows` of what they visit, `visitedRows` at a time, of `length`.
  TileLists(KernelBuilder &b, Source source, int64_t ownRows, int64_t otherRows,
            int64_t visitedRows, Value length)
      : b(b), source(std::move(source)), ownRows(ownRows), otherRows(otherRows),
        visitedRows(visitedRows), length(length) {}

  /// The tiles of lists that a work tile may visit: ranges of what the
  /// structure sees, and of what the masks of lists do.
  int64_t getOtherRows() const { return otherRows; }

  /// Adds what its list says to a work tile that has the tiles of its
  /// structure: `seen` are the tiles of the list's size that the mask `form`
  /// sees, `taken` those that the structure does. By all lanes of a warp.
  ///
  /// The first entries that the mask sees all of and the structure nothing are
  /// visited last, without a mask; the others are masked, up to the last one
  /// that the mask sees.
  void add(WorkTile &tile, const NormalForm<Index> &form,
           const std::vector<TileRange<Index>> &seen,
           const std::vector<TileRange<Index>> &taken) const;

  /// The n-th tile of a work tile's list, of those with `visitedRows` rows.
  Index nth(const WorkTile &tile, Index n) const;

private:
  Index rowOf(const WorkTile &tile) const {
    return b.ops.floorDiv(tile.first, ownRows);
  }
  /// How many parts of the last of `end` entries are past the end of what is
  /// visited.
  Index pastEnd(const WorkTile &tile, Value row, Index end) const;
  int64_t parts() const { return otherRows / visitedRows; }

  KernelBuilder &b;
  Source source;
  int64_t ownRows, otherRows, visitedRows;
  Value length;
};

/// The order in which `count` rows of tiles are taken where lists say what they
/// visit: from both ends in turn, as the first and the last ones often visit
/// the most. `rank` is counted from the first that is taken; `fromEnd` starts
/// with the last row.
mlir::Value takeFromEnds(KernelBuilder &b, mlir::Value rank, mlir::Value count,
                         bool fromEnd);

/// The arguments that say which key tiles the rows of tiles of queries list.
class TileListArguments {
public:
  TileListArguments(KernelSignature &signature, AttentionOpInterface op);
  /// Loads of the caller's lists.
  TileLists::Source get(KernelBuilder &b,
                        const KernelSignature &signature) const;
  /// How many rows of tiles have a list.
  mlir::Value getRows(const KernelSignature &signature) const {
    return signature.get(rows);
  }

private:
  struct Array {
    KernelSignature::Argument pointer;
    llvm::SmallVector<KernelSignature::Argument> strides;
  };

  AttentionOpInterface op;
  Array counts, indices;
  KernelSignature::Argument rows, room;
};

/// The lists of the rows of queries of kernels that visit tiles of `keyTile`
/// keys; none if the operation has none. `arguments` are of its signature.
std::optional<TileLists>
getKeyLists(KernelBuilder &b, AttentionOpInterface op,
            const std::optional<TileListArguments> &arguments,
            const KernelSignature &signature, int64_t keyTile,
            mlir::Value keyLength);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_TILELISTS_H
