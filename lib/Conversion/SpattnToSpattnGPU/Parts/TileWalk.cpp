//===- TileWalk.cpp - Which tiles a work tile visits ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileWalk.h"

using namespace mlir;
using namespace spattn;

KernelBuilder::Index TileWalk::first(const WorkTile &tile, Value n) {
  using Index = KernelBuilder::Index;
  IndexOps &ops = b.ops;
  Index number = ops.wrap(n);
  if (queue.hasTables())
    return ops.mul(ops.add(number, ops.wrap(queue.lookupShift(tile, n))),
                   ops.constant(tileSize));
  Index masked = tile.masked.nth(ops, number);
  Index full = tile.full.nth(ops, ops.sub(number, tile.masked.count));
  Index place = ops.select(ops.lt(number, tile.masked.count), masked, full);
  return ops.mul(place, ops.constant(tileSize));
}
