//===- HalfSteps.cpp - Steps of halves of masked key tiles ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Why two stages do. Pair `n` of warpgroup `g` is of tiles a(g, n) <= b(g, n),
// and b <= a + 1, as each tile has a half. Warpgroup 0 issues its n-th MMAs
// when warpgroup 1 has issued those before, and so will let all tiles before
// a(1, n) go; warpgroup 1 when warpgroup 0 will let all before a(0, n + 1) go.
// With two stages a tile is loaded when the one two before it has been let go,
// so there has to be
//
//   b(0, n) <= a(1, n) + 1  and  b(1, n) <= a(0, n + 1) + 1.
//
// Let c(g, t) be the bits of g's word for tiles before t. Then b(g, n) >= t
// says c(g, t) < 2 n + 2 and a(g, n) <= t says c(g, t + 1) > 2 n, and the above
// is that for all tiles t, with even(x) the largest even number up to x,
//
//   c(1, t + 1) <= even(c(0, t + 2))
//   c(0, t + 1) <= even(c(1, t + 2)) + 2.
//
//===----------------------------------------------------------------------===//

#include "HalfSteps.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "spattn/Structure/Algebra.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace spattn;

using Index = KernelBuilder::Index;

/// Masked tiles whose halves a word has bits for, and those of a full one.
static constexpr int64_t kMostMasked = 15;

//===----------------------------------------------------------------------===//
// On the host
//===----------------------------------------------------------------------===//

static std::vector<int64_t>
maskedTilesOf(const std::vector<TileRange<int64_t>> &ranges) {
  std::vector<int64_t> tiles;
  for (const TileRange<int64_t> &range : ranges)
    for (int64_t tile = range.begin; tile < range.end; ++tile)
      if (tile < range.fullBegin || tile >= range.fullEnd)
        tiles.push_back(tile);
  return tiles;
}

/// Bits of the tiles before the `end`-th.
static int64_t countBefore(uint32_t word, int64_t end) {
  return llvm::popcount(end >= 16 ? word : word & ((1u << 2 * end) - 1));
}

static bool suffices(const HalfWords &words) {
  for (int64_t t = 0; t < 16; ++t) {
    int64_t reached[2], next[2];
    for (int g : {0, 1}) {
      reached[g] = countBefore(words[g], t + 1);
      next[g] = countBefore(words[g], t + 2) / 2 * 2;
    }
    if (reached[1] > next[0] || reached[0] > next[1] + 2)
      return false;
  }
  return true;
}

HalfWords spattn::halfWords(const NormalForm<int64_t> &form, int64_t first,
                            const std::vector<TileRange<int64_t>> &tiles) {
  IntOps ops;
  std::vector<int64_t> masked = maskedTilesOf(tiles);
  int64_t numMasked = masked.size();
  if (numMasked > kMostMasked)
    return {0, 0};
  HalfWords words = {0, 0};
  int64_t most = 0;
  for (int64_t g : {0, 1}) {
    int64_t begin = first + g * kHalfTile;
    auto seen = keyTiles(ops, form, begin, begin + kHalfTile, kHalfTile);
    auto isSeen = [&](int64_t half) {
      return llvm::any_of(seen, [&](const TileRange<int64_t> &range) {
        return range.begin <= half && half < range.end;
      });
    };
    for (int64_t n = 0; n < numMasked; ++n) {
      uint32_t bits = isSeen(2 * masked[n]) | isSeen(2 * masked[n] + 1) << 1;
      words[g] |= (bits ? bits : 1) << 2 * n;
    }
    most = std::max<int64_t>(most, llvm::popcount(words[g]));
  }
  for (uint32_t &word : words)
    while (llvm::popcount(word) < int64_t(llvm::alignTo(most, 2)))
      word |= word + 1;
  if (!suffices(words))
    return {0, 0};
  if (visitedTiles(ops, tiles) > numMasked)
    for (uint32_t &word : words)
      word |= 3u << 2 * numMasked;
  return words;
}

int64_t spattn::countSteps(const HalfWords &words,
                           const std::vector<TileRange<int64_t>> &tiles) {
  IntOps ops;
  int64_t visited = visitedTiles(ops, tiles);
  if (words[0] == 0)
    return visited;
  int64_t inHalves =
      std::min(visited, int64_t(maskedTilesOf(tiles).size()) + 1);
  return visited - inHalves + llvm::popcount(words[0]) / 2;
}

//===----------------------------------------------------------------------===//
// The scheduler warp: a lane for each half
//===----------------------------------------------------------------------===//

void spattn::postHalves(KernelBuilder &b, WorkTile &tile) {
  IndexOps &ops = b.ops;
  Value zero = b.i32(0), one = b.i32(1), two = b.i32(2), all = b.i32(-1);
  Value lane = b.lane();
  auto shl = [&](Value value, Value by) -> Value {
    return arith::ShLIOp::create(b, value, by);
  };
  auto andI = [&](Value lhs, Value rhs) -> Value {
    return arith::AndIOp::create(b, lhs, rhs);
  };
  auto orI = [&](Value lhs, Value rhs) -> Value {
    return arith::OrIOp::create(b, lhs, rhs);
  };
  auto ballot = [&](Value bit) -> Value {
    return NVVM::VoteSyncOp::create(b, b.getI32Type(), all, bit,
                                    NVVM::VoteSyncKind::ballot);
  };
  auto count = [&](Value word) -> Value {
    return math::CtPopOp::create(b, word);
  };
  auto even = [&](Value value) { return andI(value, b.i32(-2)); };
  Value isSecond = andI(lane, one);
  Value firstOfTile = even(lane), secondOfTile = orI(lane, one);
  Index n = ops.wrap(arith::ShRUIOp::create(b, lane, one));
  Index place = tile.masked.nth(ops, n);
  Index half = ops.add(ops.mul(place, ops.constant(2)), ops.wrap(isSecond));
  Value numHalves = b.mul(tile.maskedCount, two);
  Value exists = b.compare(arith::CmpIPredicate::slt, lane, numHalves);
  Value isFirst = b.compare(arith::CmpIPredicate::eq, isSecond, zero);

  // What a warpgroup sees, and the first half of a tile of which it sees none.
  Value bits[2], words[2], counts[2];
  for (int64_t g : {0, 1}) {
    Index begin = ops.add(tile.first, ops.constant(g * kHalfTile));
    Index end = ops.add(begin, ops.constant(kHalfTile));
    IndexOps::Bool isSeen = ops.constantBool(false);
    for (const auto &range : keyTiles(ops, tile.form, begin, end, kHalfTile)) {
      IndexOps::Bool isBefore = ops.lt(half, range.end);
      IndexOps::Bool isIn = ops.andB(ops.le(range.begin, half), isBefore);
      isSeen = ops.orB(isSeen, isIn);
    }
    Value own = andI(ops.materialize(isSeen), exists);
    Value three = b.i32(3);
    Value ofTile =
        andI(arith::ShRUIOp::create(b, ballot(own), firstOfTile), three);
    Value none = b.compare(arith::CmpIPredicate::eq, ofTile, zero);
    bits[g] = orI(own, andI(andI(none, isFirst), exists));
    words[g] = ballot(bits[g]);
    counts[g] = count(words[g]);
  }

  // The first others, up to as many for both.
  Value most = arith::MaxSIOp::create(b, counts[0], counts[1]);
  Value target = even(b.add(most, one));
  Value before = b.sub(shl(one, lane), one);
  Value reached[2], next[2];
  for (int64_t g : {0, 1}) {
    Value others = arith::XOrIOp::create(b, words[g], all);
    Value rank = count(andI(others, before));
    Value isAdded =
        b.compare(arith::CmpIPredicate::slt, rank, b.sub(target, counts[g]));
    words[g] = ballot(orI(bits[g], andI(isAdded, exists)));
    Value upTo = b.sub(shl(two, secondOfTile), one);
    Value upToNext = b.sub(shl(b.i32(8), secondOfTile), one);
    reached[g] = count(andI(words[g], upTo));
    next[g] = even(count(andI(words[g], upToNext)));
  }
  Value isFirstNear = b.compare(arith::CmpIPredicate::sle, reached[1], next[0]);
  Value isNear = andI(isFirstNear, b.compare(arith::CmpIPredicate::sle,
                                             reached[0], b.add(next[1], two)));
  Value areNear = b.compare(arith::CmpIPredicate::eq, ballot(isNear), all);
  Value areFew = b.compare(arith::CmpIPredicate::sle, tile.maskedCount,
                           b.i32(kMostMasked));
  Value isPlanned = andI(areNear, areFew);

  Value hasFull =
      b.compare(arith::CmpIPredicate::sgt, tile.visited, tile.maskedCount);
  Value shift = arith::MinSIOp::create(b, numHalves, b.i32(2 * kMostMasked));
  Value full = arith::SelectOp::create(b, hasFull, shl(b.i32(3), shift), zero);
  for (Value word : words)
    tile.extra.push_back(
        arith::SelectOp::create(b, isPlanned, orI(word, full), zero));
}

//===----------------------------------------------------------------------===//
// Warpgroups
//===----------------------------------------------------------------------===//

HalfSteps::HalfSteps(KernelBuilder &b, const WorkTile &tile, Value group,
                     Value tilesBefore)
    : b(b) {
  Value zero = b.i32(0), one = b.i32(1);
  Value isFirst = b.compare(arith::CmpIPredicate::eq, group, zero);
  word = arith::SelectOp::create(b, isFirst, tile.extra[0], tile.extra[1]);
  isPlanned = b.compare(arith::CmpIPredicate::ne, word, zero);
  numTiles =
      arith::MinSIOp::create(b, b.add(tile.maskedCount, one), tile.visited);
  Value pairs = arith::ShRUIOp::create(b, math::CtPopOp::create(b, word), one);
  steps = arith::SelectOp::create(b, isPlanned, pairs, numTiles);
  firstHalf = b.add(tilesBefore, tilesBefore);
}

HalfSteps::Pair HalfSteps::at(Value rest, Value n) const {
  Value one = b.i32(1);
  auto lowest = [&](Value word) -> Value {
    return math::CountTrailingZerosOp::create(b, word);
  };
  auto withoutLowest = [&](Value word) -> Value {
    return arith::AndIOp::create(b, word, b.sub(word, one));
  };
  auto choose = [&](Value planned, Value whole) -> Value {
    Value half = arith::SelectOp::create(b, isPlanned, planned, whole);
    return b.add(firstHalf, half);
  };
  Value whole = b.add(n, n);
  // Behind the last one there is no bit.
  Value end = b.add(numTiles, numTiles);
  Value first = arith::MinSIOp::create(b, lowest(rest), end);
  Value behind = withoutLowest(rest);
  Pair pair;
  pair.first = choose(first, whole);
  pair.second = choose(lowest(behind), b.add(whole, one));
  pair.rest = withoutLowest(behind);
  return pair;
}
