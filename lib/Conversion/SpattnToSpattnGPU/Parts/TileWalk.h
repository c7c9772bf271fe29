//===- TileWalk.h - Which tiles a work tile visits --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_TILEWALK_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_TILEWALK_H

#include "WorkTile.h"

namespace spattn {

/// The tiles of `tileSize` keys, or queries, that a work tile visits: masked
/// ones first, then full ones. Where they are comes from the algebra, and from
/// lists at run time.
class TileWalk {
public:
  TileWalk(KernelBuilder &b, WorkTileQueue &queue, int64_t tileSize)
      : b(b), queue(queue), tileSize(tileSize) {}

  /// The first key, or query, of a work tile's n-th tile. By all lanes of a
  /// warp.
  KernelBuilder::Index first(const WorkTile &tile, mlir::Value n);
  /// The same as a value.
  mlir::Value firstValue(const WorkTile &tile, mlir::Value n) {
    return b.ops.materialize(first(tile, n));
  }
  /// Whether a work tile's n-th tile needs a mask.
  mlir::Value isMasked(const WorkTile &tile, mlir::Value n) {
    return b.compare(mlir::arith::CmpIPredicate::slt, n, tile.maskedCount);
  }
  /// Whether a work tile's n-th tile comes from its list.
  IndexOps::Bool isListed(const WorkTile &tile, mlir::Value n);

private:
  using Index = KernelBuilder::Index;

  /// The n-th tile of a work tile's structure.
  Index placeInStructure(const WorkTile &tile, Index n);

  KernelBuilder &b;
  WorkTileQueue &queue;
  int64_t tileSize;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_TILEWALK_H
