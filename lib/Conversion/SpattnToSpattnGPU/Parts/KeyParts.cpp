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
  tiles = b.i32(sizes.leastTiles);
  parts = b.i32(sizes.most);
  if (sizes.tilesOfEntry == 0)
    return;
  // 64 bits for the share of all entries; more tiles than all parts of one have
  // are as good as those.
  int64_t all = sizes.most * sizes.leastTiles;
  IndexOps wide(b, b.getI64Type());
  Index entries =
      wide.wrap(arith::ExtUIOp::create(b, b.getI64Type(), sequence.batches));
  Index share = wide.mul(entries, wide.constant(sizes.tilesOfEntry));
  Index least = wide.ceilDiv(share, KeyPartSizes::kShare);
  least = wide.max(wide.min(least, wide.constant(all)),
                   wide.constant(sizes.leastTiles));
  tiles = arith::TruncIOp::create(b, b.getI32Type(), wide.materialize(least));
  parts = ceilDiv(b, b.i32(all), tiles);
}

/// Parts are of one size, but for the last one.
void KeyParts::take(KernelBuilder &b, WorkTile &tile, Value number) const {
  Value one = b.i32(1), zero = b.i32(0);
  Value wanted =
      arith::MaxSIOp::create(b, ceilDiv(b, tile.visited, tiles), one);
  Value cut = arith::MinSIOp::create(b, wanted, parts);
  Value size = ceilDiv(b, tile.visited, cut);
  Value before = b.mul(arith::MinSIOp::create(b, number, cut), size);
  Value first = arith::MinSIOp::create(b, before, tile.visited);
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
