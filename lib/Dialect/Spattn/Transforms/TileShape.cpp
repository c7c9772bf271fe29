//===- TileShape.cpp - The tile shape of an attention ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/Transforms/TileShape.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace spattn;

TileShapeAttr spattn::getTileShapeAttr(AttentionOpInterface op) {
  if (TileShapeAttr tileShape = op.getTileShapeAttr())
    return tileShape;
  return chooseTileShape(op);
}

TileShapeAttr spattn::chooseTileShape(AttentionOpInterface op) {
  int64_t widest = std::max(op.getHeadDim(), op.getValueDim());
  int64_t limit = widest > 256 ? 32 : 64;
  // A tile is no longer than the next power of two of the length, and a vector
  // register at the least.
  auto tile = [&](int64_t length) {
    if (ShapedType::isDynamic(length))
      return limit;
    int64_t covering = llvm::PowerOf2Ceil(std::max<int64_t>(length, 1));
    return std::clamp<int64_t>(covering, 16, limit);
  };
  int64_t queries = tile(op.getStaticQueryLength());
  int64_t keys = tile(op.getStaticKeyLength());
  // Listed tiles consist of whole ones.
  if (TileListsAttr lists = op.getTileListsAttr()) {
    queries = std::gcd(queries, lists.getQueryTile());
    keys = std::gcd(keys, lists.getKeyTile());
  }
  // Powers of two are whole pages, or parts of one.
  return TileShapeAttr::get(op.getContext(), queries, keys);
}

HostAlgebra spattn::getAlgebra(AttentionOpInterface op, int64_t queryLength,
                               int64_t keyLength) {
  return HostAlgebra(op.getHeadStructures(), {queryLength, keyLength},
                     op.getAlignment());
}

TileShape spattn::getTileShape(TileShapeAttr tileShape) {
  return {tileShape.getQueryTile(), tileShape.getKeyTile()};
}
