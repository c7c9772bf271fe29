//===- TileWalk.cpp - Which tiles a work tile visits ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileWalk.h"

#include "TileLists.h"

using namespace mlir;
using namespace spattn;

using Index = KernelBuilder::Index;

Index TileWalk::placeInStructure(const WorkTile &tile, Index number) {
  IndexOps &ops = b.ops;
  if (queue.hasTables()) {
    Value n = ops.materialize(number);
    return ops.add(number, ops.wrap(queue.lookupShift(tile, n)));
  }
  Index masked = tile.masked.nth(ops, number);
  Index full = tile.full.nth(ops, ops.sub(number, tile.masked.count));
  return ops.select(ops.lt(number, tile.masked.count), masked, full);
}

IndexOps::Bool TileWalk::isListed(const WorkTile &tile, Value n) {
  IndexOps &ops = b.ops;
  if (!tile.listed)
    return ops.constantBool(false);
  const ListedTiles &listed = *tile.listed;
  Index number = ops.wrap(n);
  Index maskedEnd = ops.add(listed.masked, listed.listedMasked);
  Index fullEnd = ops.add(maskedEnd, listed.full);
  IndexOps::Bool isBeforeEnd = ops.lt(number, maskedEnd);
  IndexOps::Bool isMasked =
      ops.andB(ops.le(listed.masked, number), isBeforeEnd);
  return ops.orB(isMasked, ops.le(fullEnd, number));
}

Index TileWalk::first(const WorkTile &tile, Value n) {
  IndexOps &ops = b.ops;
  Index number = ops.wrap(n);
  if (tile.part)
    number = ops.add(number, tile.part->first);
  if (!tile.listed) {
    Index first =
        ops.mul(placeInStructure(tile, number), ops.constant(tileSize));
    return tile.origin ? ops.add(*tile.origin, first) : first;
  }
  const ListedTiles &listed = *tile.listed;
  const TileLists &lists = *queue.getLists();
  auto ofList = [&] {
    Index maskedEnd = ops.add(listed.masked, listed.listedMasked);
    Index fullEnd = ops.add(maskedEnd, listed.full);
    // Masked ones are behind the others in the list.
    Index others = ops.sub(ops.wrap(tile.visited), fullEnd);
    Index inMasked = ops.add(ops.sub(number, listed.masked), others);
    Index inOthers = ops.sub(number, fullEnd);
    return lists.nth(tile,
                     ops.select(ops.lt(number, maskedEnd), inMasked, inOthers));
  };
  bool areAll = ops.knownValue(listed.masked) == std::optional<int64_t>(0) &&
                ops.knownValue(listed.full) == std::optional<int64_t>(0);
  if (areAll)
    return ops.mul(ofList(), ops.constant(tileSize));
  Value condition = ops.materialize(isListed(tile, n));
  auto ifListed = scf::IfOp::create(b, TypeRange{b.getI32Type()}, condition,
                                    /*withElseRegion=*/true);
  auto yield = [&](Index place) {
    scf::YieldOp::create(b, ValueRange{ops.materialize(place)});
  };
  b.in(ifListed.thenBlock(), [&] { yield(ofList()); });
  b.in(ifListed.elseBlock(), [&] {
    Index full = ops.sub(number, listed.listedMasked);
    yield(placeInStructure(
        tile, ops.select(ops.lt(number, listed.masked), number, full)));
  });
  return ops.mul(ops.wrap(ifListed.getResult(0)), ops.constant(tileSize));
}
