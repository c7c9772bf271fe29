//===- WorkSchedulerTest.cpp - Which work tiles a CTA does ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SchedulerRun.h"
#include "gmock/gmock.h"

#include <set>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

//===----------------------------------------------------------------------===//
// Schedulers
//===----------------------------------------------------------------------===//

constexpr int64_t kCounts[] = {0, 1, 2, 3, 7, 8, 16, 33};
constexpr int64_t kCtas[] = {1, 2, 3, 8};

/// Each work tile is dealt once, to one CTA: to its readers if it visits
/// anything, else to be written at once.
void checkEachOnce(SchedulerKind kind, int64_t emptyEvery, int64_t stages) {
  Dealer dealer(kind, emptyEvery, stages);
  for (int64_t count : kCounts)
    for (int64_t ctas : kCtas) {
      Dealt dealt = dealer.deal(count, ctas);
      std::vector<int64_t> times(count);
      auto add = [&](const auto &byCta, bool isEmpty) {
        for (const auto &[cta, numbers] : byCta)
          for (int64_t number : numbers) {
            ASSERT_TRUE(number >= 0 && number < count) << number;
            ++times[number];
            EXPECT_EQ(isEmpty, emptyEvery > 0 && number % emptyEvery == 0);
          }
      };
      add(dealt.read, false);
      add(dealt.empty, true);
      EXPECT_EQ(times, std::vector<int64_t>(count, 1))
          << count << " work tiles, " << ctas << " CTAs";
    }
}

TEST(StaticScheduler, DealsEachOnce) {
  checkEachOnce(SchedulerKind::Static, 0, 2);
  checkEachOnce(SchedulerKind::Static, 3, 1);
  checkEachOnce(SchedulerKind::Static, 1, 2);
}

TEST(DynamicScheduler, DealsEachOnce) {
  checkEachOnce(SchedulerKind::Dynamic, 0, 2);
  checkEachOnce(SchedulerKind::Dynamic, 3, 1);
  checkEachOnce(SchedulerKind::Dynamic, 1, 2);
}

TEST(DynamicPairScheduler, DealsEachOnce) {
  checkEachOnce(SchedulerKind::DynamicPairs, 0, 2);
  checkEachOnce(SchedulerKind::DynamicPairs, 3, 1);
  checkEachOnce(SchedulerKind::DynamicPairs, 1, 2);
}

/// Both of a pair, one after the other: one as far from the last as the other
/// is from the first, the later one first.
void checkPairs(const std::vector<int64_t> &numbers, int64_t count) {
  for (size_t i = 0; i < numbers.size(); i += 2) {
    // The one in the middle has no other.
    if (2 * numbers[i] == count - 1) {
      EXPECT_EQ(i + 1, numbers.size());
      continue;
    }
    ASSERT_LT(i + 1, numbers.size());
    EXPECT_EQ(numbers[i] + numbers[i + 1], count - 1);
    EXPECT_GT(numbers[i], numbers[i + 1]);
  }
}

/// Both of a pair, one after the other; the later one first. The first pair of
/// each CTA takes no ticket.
TEST(DynamicPairScheduler, DealsPairs) {
  Dealer dealer(SchedulerKind::DynamicPairs, 0);
  for (int64_t count : kCounts)
    for (int64_t ctas : kCtas) {
      Dealt dealt = dealer.deal(count, ctas);
      for (const auto &[cta, numbers] : dealt.read) {
        ASSERT_FALSE(numbers.empty());
        EXPECT_EQ(numbers.front(), count - 1 - cta);
        checkPairs(numbers, count);
      }
    }
}

/// In pairs, one as far from the last as the other is from the first: the later
/// one, which has more to do, comes first. All CTAs get as many, up to a round.
TEST(StaticScheduler, DealsPairs) {
  Dealer dealer(SchedulerKind::Static, 0);
  for (int64_t count : kCounts)
    for (int64_t ctas : kCtas) {
      Dealt dealt = dealer.deal(count, ctas);
      for (const auto &[cta, numbers] : dealt.read) {
        int64_t rounds = ((count + 1) / 2 + ctas - 1) / ctas;
        EXPECT_LE(int64_t(numbers.size()), 2 * rounds);
        EXPECT_GE(int64_t(numbers.size()), 2 * (rounds - 1));
        checkPairs(numbers, count);
      }
    }
}

/// From the last work tile on; the first of each CTA without a ticket.
TEST(DynamicScheduler, StartsWithTheLast) {
  Dealer dealer(SchedulerKind::Dynamic, 0);
  Dealt dealt = dealer.deal(20, 4);
  for (int64_t cta = 0; cta < 4; ++cta) {
    const std::vector<int64_t> &numbers = dealt.read[cta];
    ASSERT_FALSE(numbers.empty());
    EXPECT_EQ(numbers.front(), 19 - cta);
    EXPECT_TRUE(std::is_sorted(numbers.rbegin(), numbers.rend()));
  }
}

//===----------------------------------------------------------------------===//
// Tiles of queries
//===----------------------------------------------------------------------===//

/// Numbers are those of all tiles of all heads of all batch entries, and what
/// each visits is what the algebra says.
TEST(RowTiles, DecodesEachTileOnce) {
  std::mt19937 random(23);
  for (int round = 0; round < 24; ++round) {
    RandomInstance instance(random, 300, 4);
    instance.spec.keyHeads = int64_t(1) << round % 3;
    SCOPED_TRACE(instance.str());
    HostAlgebra algebra = instance.algebra();
    std::vector<Decoded> tiles =
        decodeAll(instance.spec, instance.call,
                  round % 2 ? instance.call.keys * 256 * 2 : 0);
    std::set<std::vector<int64_t>> found;
    for (const Decoded &tile : tiles) {
      found.insert({tile.batch, tile.head, tile.first});
      EXPECT_GE(tile.batch, 0);
      EXPECT_LT(tile.batch, instance.call.batches);
      ASSERT_TRUE(tile.head >= 0 && tile.head < 4);
      EXPECT_EQ(tile.keyHead, tile.head / (4 / instance.spec.keyHeads));
      ASSERT_EQ(tile.first % 64, 0);
      ASSERT_LT(tile.first, instance.call.queries);
      auto [order, masked] =
          visitingOrder(algebra.keyTiles(tile.head, tile.first / 64, {64, 32}));
      EXPECT_EQ(tile.visited, int64_t(order.size()));
      EXPECT_EQ(tile.masked, masked);
    }
    int64_t expected =
        instance.call.batches * 4 * ((instance.call.queries + 63) / 64);
    EXPECT_EQ(int64_t(tiles.size()), expected);
    EXPECT_EQ(int64_t(found.size()), expected);
  }
}

/// Those of packed heads are of all of these, of which the first is given;
/// their key tiles are counted from the first key that is seen.
TEST(RowTiles, DecodesPackedHeads) {
  AttentionSpec spec;
  spec.structure = "#spattn.window<left = 50, right = 3>";
  spec.heads = 8, spec.keyHeads = 2;
  CallSpec call{/*batches=*/2, /*queries=*/150, /*keys=*/200};
  HostAlgebra algebra(HeadStructures({{8, Structure::window(50, 3)}}),
                      {150, 200});
  std::set<std::vector<int64_t>> found;
  for (const Decoded &tile : decodeAll(spec, call, 0, /*packedHeads=*/2)) {
    found.insert({tile.batch, tile.head, tile.first});
    ASSERT_EQ(tile.head % 2, 0);
    EXPECT_EQ(tile.keyHead, tile.head / 4);
    EXPECT_EQ(tile.visited,
              algebra.rowTiles(tile.head, {64, 32}, true)[tile.first / 64]);
  }
  EXPECT_EQ(found.size(), 2u * 4 * 3);
}

/// Groups of heads, one after the other: in each all heads of the first rows
/// come first.
void checkGroups(const AttentionSpec &spec, const CallSpec &call, int64_t bytes,
                 int64_t expectedHeads) {
  std::vector<Decoded> tiles = decodeAll(spec, call, bytes);
  int64_t rowTiles = (call.queries + 63) / 64;
  size_t group = rowTiles * expectedHeads;
  ASSERT_EQ(tiles.size() % group, 0u);
  std::set<std::pair<int64_t, int64_t>> seen;
  for (size_t begin = 0; begin < tiles.size(); begin += group) {
    std::set<std::pair<int64_t, int64_t>> heads;
    for (size_t i = 0; i < group; ++i) {
      const Decoded &tile = tiles[begin + i];
      heads.insert({tile.head, tile.batch});
      EXPECT_EQ(tile.first, int64_t(i) / expectedHeads * 64);
    }
    EXPECT_EQ(int64_t(heads.size()), expectedHeads);
    for (auto head : heads)
      EXPECT_TRUE(seen.insert(head).second) << "a head is of two groups";
  }
}

TEST(RowTiles, GroupsHeads) {
  AttentionSpec spec;
  spec.structure = "#spattn.causal";
  spec.heads = 6, spec.keyHeads = 3;
  // 12 heads of all batch entries; a key and value of a key head has 256 bytes,
  // and two heads share them.
  CallSpec call{/*batches=*/2, /*queries=*/150, /*keys=*/100};
  checkGroups(spec, call, 0, 12);
  checkGroups(spec, call, 1 << 30, 4);
  checkGroups(spec, call, 256 * 100 * 2, 4);
  checkGroups(spec, call, 256 * 100 * 2 - 256, 2);
  checkGroups(spec, call, 256 * 100, 2);
  checkGroups(spec, call, 256 * 100 - 256, 1);
  checkGroups(spec, call, 256, 1);
}

} // namespace
