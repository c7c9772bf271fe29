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

/// Masked tiles of a work tile that have a bit.
static constexpr int64_t kTilesWithBit = 16;

llvm::SmallVector<Value> SkippedTiles::find(const WorkTile &workTile) {
  llvm::SmallVector<Value> words;
  if (!config.skipsTiles())
    return words;
  IndexOps &ops = b.ops;
  Value own = b.lane();
  Value half = arith::DivUIOp::create(b, own, b.i32(kTilesWithBit));
  Index number = ops.wrap(arith::RemUIOp::create(b, own, b.i32(kTilesWithBit)));
  Index tile = workTile.masked.nth(ops, number);
  Value all = b.i32(-1);
  for (int64_t group = 0; group < config.mmaWarpgroups; group += 2) {
    Index rows = ops.mul(ops.wrap(b.add(half, b.i32(group))),
                         ops.constant(kRowsOfGroup));
    Index begin = ops.add(workTile.first, rows);
    Index end = ops.add(begin, ops.constant(kRowsOfGroup));
    IndexOps::Bool isSeen = ops.constantBool(false);
    for (const auto &range :
         queryTiles(ops, workTile.form, begin, end, config.queryTile)) {
      IndexOps::Bool isBeforeEnd = ops.lt(tile, range.end);
      isSeen =
          ops.orB(isSeen, ops.andB(ops.le(range.begin, tile), isBeforeEnd));
    }
    IndexOps::Bool isMasked = ops.lt(number, workTile.masked.count);
    IndexOps::Bool isSkipped = ops.andB(ops.notB(isSeen), isMasked);
    words.push_back(NVVM::VoteSyncOp::create(b, b.getI32Type(), all,
                                             ops.materialize(isSkipped),
                                             NVVM::VoteSyncKind::ballot));
  }
  return words;
}

NeededTiles SkippedTiles::getNeeded(const WorkTile &tile, ValueRange words,
                                    Value group) {
  Value last = b.sub(tile.visited, b.i32(1));
  NeededTiles result{Value(), b.i32(0), last,
                     arith::MinSIOp::create(b, tile.maskedCount, last)};
  if (words.empty())
    return result;
  Value word = words[0];
  for (size_t i = 1; i < words.size(); ++i)
    word = arith::SelectOp::create(
        b, b.compare(arith::CmpIPredicate::sge, group, b.i32(2 * i)), words[i],
        word);
  Value bits = b.i32(kTilesWithBit);
  Value half = b.mul(arith::AndIOp::create(b, group, b.i32(1)), bits);
  Value every = b.i32((int64_t(1) << kTilesWithBit) - 1);
  result.skipped =
      arith::AndIOp::create(b, every, arith::ShRUIOp::create(b, word, half));
  Value most = b.i32(kTilesWithBit);
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
      b, arith::OrIOp::create(b, seen, b.i32(int64_t(1) << kTilesWithBit)));
  result.first = arith::MinSIOp::create(b, firstSeen, result.last);
  result.firstFull = arith::MinSIOp::create(b, tile.maskedCount, result.last);
  return result;
}

Value SkippedTiles::next(const NeededTiles &needed, Value n) {
  Value one = b.i32(1), after = b.add(n, one);
  if (!needed.skipped)
    return after;
  Value rest = arith::ShRUIOp::create(
      b, needed.skipped, arith::MinSIOp::create(b, after, b.i32(31)));
  if (!config.rotatesParts())
    return b.add(after, arith::AndIOp::create(b, rest, one));
  Value kept = arith::XOrIOp::create(b, rest, b.i32(-1));
  return b.add(after, math::CountTrailingZerosOp::create(b, kept));
}
