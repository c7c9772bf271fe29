//===- KeyParts.cpp - Work tiles that share the keys of a row -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyParts.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

using Index = KernelBuilder::Index;

int64_t KeyPartSizes::tilesOf(int64_t batches) const {
  return std::max<int64_t>(leastTiles,
                           llvm::divideCeil(tilesOfEntry * batches, kShare));
}

int64_t KeyPartSizes::mostPartsBesideEntries() const {
  // ceil(most * leastTiles / tiles) parts for each entry.
  return llvm::divideCeil(most * leastTiles * kShare, tilesOfEntry);
}

/// The quotient of positive numbers, rounded up.
static Value ceilDiv(KernelBuilder &b, Value number, Value divisor) {
  Value less = b.sub(divisor, b.i32(1));
  return arith::DivUIOp::create(b, b.add(number, less), divisor);
}

KeyParts::KeyParts(KernelBuilder &b, const KeyPartSizes &sizes,
                   const SequenceInfo &sequence, int64_t heads)
    : heads(heads), queries(sequence.queryLength) {
  Value least = b.i32(sizes.leastTiles);
  if (sizes.tilesOfEntry == 0) {
    parts = b.i32(sizes.most);
    tiles = least;
    return;
  }
  IndexOps &ops = b.ops;
  Index share =
      ops.mul(ops.wrap(sequence.batches), ops.constant(sizes.tilesOfEntry));
  Value ofEntries = ops.materialize(ops.ceilDiv(share, KeyPartSizes::kShare));
  tiles = arith::MaxSIOp::create(b, least, ofEntries);
  Value longest = b.i32(sizes.most * sizes.leastTiles);
  parts = ceilDiv(b, longest, tiles);
}

/// Parts are of one size, but for the last one.
void KeyParts::take(KernelBuilder &b, WorkTile &tile, Value number) const {
  Value one = b.i32(1), zero = b.i32(0);
  Value wanted =
      arith::MaxSIOp::create(b, ceilDiv(b, tile.visited, tiles), one);
  Value cut = arith::MinSIOp::create(b, wanted, parts);
  Value size = ceilDiv(b, tile.visited, cut);
  Value first = arith::MinSIOp::create(b, b.mul(number, size), tile.visited);
  tile.visited = arith::MinSIOp::create(b, b.sub(tile.visited, first), size);
  Value masked =
      arith::MaxSIOp::create(b, b.sub(tile.maskedCount, first), zero);
  tile.maskedCount = arith::MinSIOp::create(b, masked, tile.visited);
  tile.part = WalkPart{number, b.ops.wrap(first)};
}

Value KeyParts::entry(KernelBuilder &b, Value batch, Value number) const {
  return b.add(b.mul(batch, parts), number);
}

Value KeyParts::isFirst(KernelBuilder &b, Value entry) const {
  Value number = arith::RemUIOp::create(b, entry, parts);
  return b.compare(arith::CmpIPredicate::eq, number, b.i32(0));
}

StridedArray KeyParts::array(KernelBuilder &b, Value pointer,
                             int64_t width) const {
  Value row = b.asIndex(b.i32(width));
  Value head = b.mul(b.asIndex(queries), row);
  Value each = b.asIndex(b.i32(heads));
  return {pointer, b.mul(head, each), head, row};
}
