//===- SkippedTiles.cpp - Query tiles that a warpgroup leaves out ---------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SkippedTiles.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

using Index = KernelBuilder::Index;

llvm::SmallVector<Value> SkippedTiles::find(const WorkTile &workTile) {
  if (!config.skipsTiles())
    return {};
  IndexOps &ops = b.ops;
  // A lane for each tile of a warpgroup.
  Value own = b.lane(), tiles = b.i32(tilesWithBit());
  Index group = ops.wrap(arith::DivUIOp::create(b, own, tiles));
  Index number = ops.wrap(arith::RemUIOp::create(b, own, tiles));
  Index tile = workTile.masked.nth(ops, number);
  Index rows = ops.mul(group, ops.constant(kRowsOfGroup));
  Index begin = ops.add(workTile.first, rows);
  Index end = ops.add(begin, ops.constant(kRowsOfGroup));
  IndexOps::Bool isSeen = ops.constantBool(false), isFull = isSeen;
  for (const auto &range :
       queryTiles(ops, workTile.form, begin, end, config.queryTile)) {
    auto isIn = [&](Index first, Index last) {
      IndexOps::Bool isBeforeEnd = ops.lt(tile, last);
      return ops.andB(ops.le(first, tile), isBeforeEnd);
    };
    isSeen = ops.orB(isSeen, isIn(range.begin, range.end));
    isFull = ops.orB(isFull, isIn(range.fullBegin, range.fullEnd));
  }
  IndexOps::Bool isMasked = ops.lt(number, workTile.masked.count);
  Value all = b.i32(-1);
  auto ballot = [&](IndexOps::Bool vote) -> Value {
    Value bit = ops.materialize(ops.andB(vote, isMasked));
    return NVVM::VoteSyncOp::create(b, b.getI32Type(), all, bit,
                                    NVVM::VoteSyncKind::ballot);
  };
  Value skipped = ballot(ops.notB(isSeen));
  // With several spans, the scheduler warp of kernels with sums would spill.
  if (config.skipsTurns() && countIntervals(workTile.form) > 1)
    return {skipped, b.i32(0)};
  // Keys past the end are masked.
  IndexOps::Bool isWhole = ops.le(end, workTile.form.lengths.keys);
  Value unmasked = ballot(ops.andB(isFull, isWhole));
  return {skipped, unmasked};
}

NeededTiles SkippedTiles::getNeeded(const WorkTile &tile, ValueRange words,
                                    Value group) {
  Value last = b.sub(tile.visited, b.i32(1));
  NeededTiles result{Value(), Value(), b.i32(0), last,
                     arith::MinSIOp::create(b, tile.maskedCount, last)};
  if (words.empty())
    return result;
  Value every = b.i32((int64_t(1) << tilesWithBit()) - 1);
  Value before = b.mul(group, b.i32(tilesWithBit()));
  auto bitsOf = [&](Value word) -> Value {
    Value own = arith::ShRUIOp::create(b, word, before);
    return arith::AndIOp::create(b, own, every);
  };
  result.skipped = bitsOf(words[0]);
  result.unmasked = bitsOf(words[1]);
  Value most = b.i32(tilesWithBit());
  Value seen = arith::XOrIOp::create(b, result.skipped, every);
  // The last one of those with a bit, unless there are more.
  Value withBit = arith::MinSIOp::create(b, tile.visited, most);
  Value exist = arith::AndIOp::create(
      b, seen, arith::ShRUIOp::create(b, every, b.sub(most, withBit)));
  Value zero = b.i32(0);
  Value leading = math::CountLeadingZerosOp::create(b, exist);
  Value lastSeen = arith::MaxSIOp::create(b, b.sub(b.i32(31), leading), zero);
  Value hasMore = b.compare(arith::CmpIPredicate::sgt, tile.visited, most);
  result.last = arith::SelectOp::create(b, hasMore, result.last, lastSeen);
  Value firstSeen = math::CountTrailingZerosOp::create(
      b, arith::OrIOp::create(b, seen, b.i32(int64_t(1) << tilesWithBit())));
  result.first = arith::MinSIOp::create(b, firstSeen, result.last);
  result.firstFull = arith::MinSIOp::create(b, tile.maskedCount, result.last);
  return result;
}

Value SkippedTiles::bitsFrom(Value word, Value n) {
  Value most = b.i32(31);
  return arith::ShRUIOp::create(b, word, arith::MinSIOp::create(b, n, most));
}

Value SkippedTiles::isMasked(const NeededTiles &needed, Value n) {
  Value one = b.i32(1), zero = b.i32(0);
  Value bit = arith::AndIOp::create(b, bitsFrom(needed.unmasked, n), one);
  return b.compare(arith::CmpIPredicate::eq, bit, zero);
}

Value SkippedTiles::next(const NeededTiles &needed, Value n) {
  Value one = b.i32(1), after = b.add(n, one);
  if (!needed.skipped)
    return after;
  Value rest = bitsFrom(needed.skipped, after);
  if (!config.skipsTurns())
    return b.add(after, arith::AndIOp::create(b, rest, one));
  Value kept = arith::XOrIOp::create(b, rest, b.i32(-1));
  return b.add(after, math::CountTrailingZerosOp::create(b, kept));
}
