//===- OriginTest.cpp - Key tiles that start with the first key -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "RandomStructures.h"
#include "spattn/Structure/Host.h"
#include "spattn/Structure/Simplify.h"

#include <random>

using namespace spattn;
using namespace spattn::test;

namespace {

/// Key tiles of some queries, counted from the first key that they see, are
/// those that have an allowed pair, and full ones have no other: by the
/// definition.
template <class Ops>
void checkTiles(const Instance &instance, int64_t begin, int64_t queryTile,
                int64_t keyTile) {
  Ops ops;
  auto form = formOf(ops, instance);
  auto first = unknown(ops, begin), last = unknown(ops, begin + queryTile);
  auto originValue = firstKey(ops, form, first, last);
  int64_t origin = read(originValue);
  auto ranges =
      readRanges(keyTiles(ops, form, first, last, keyTile, originValue));
  int64_t end = std::min(begin + queryTile, instance.queries);
  int64_t seen = instance.keys;
  for (int64_t j = instance.keys; j-- > 0;)
    for (int64_t i = begin; i < end; ++i)
      if (holds(instance, i, j))
        seen = j;
  if (seen == instance.keys) {
    for (const Tiles &range : ranges)
      EXPECT_EQ(range.begin, range.end);
    return;
  }
  ASSERT_GE(origin, 0);
  ASSERT_LE(origin, seen);
  if (!hasQuerySegments(form))
    EXPECT_EQ(origin, seen);
  int64_t previous = 0;
  for (const Tiles &range : ranges) {
    EXPECT_LE(previous, range.begin);
    EXPECT_LE(range.begin, range.end);
    previous = range.end;
  }
  for (int64_t tile = 0; origin + tile * keyTile < instance.keys; ++tile) {
    bool any = false, all = true;
    for (int64_t j = origin + tile * keyTile; j < origin + (tile + 1) * keyTile;
         ++j)
      for (int64_t i = begin; i < end; ++i) {
        bool isAllowed = j < instance.keys && holds(instance, i, j);
        any |= isAllowed;
        all &= isAllowed;
      }
    bool isVisited = false, isFull = false;
    for (const Tiles &range : ranges) {
      isVisited |= range.begin <= tile && tile < range.end;
      isFull |= range.fullBegin <= tile && tile < range.fullEnd;
    }
    ASSERT_EQ(isVisited, any) << "tile " << tile << " from key " << origin;
    ASSERT_EQ(isFull, all) << "tile " << tile << " from key " << origin;
  }
}

TEST(KeyOrigin, RandomStructures) {
  std::mt19937 random(97);
  for (int round = 0; round < 400; ++round) {
    RandomStructures draw(random, 90, /*withResidues=*/false);
    HeadStructures heads = draw.heads(2, 2);
    Instance instance = {&heads, draw.pick(0, 1), draw.pick(1, 90),
                         draw.pick(1, 90),
                         draw.pick(0, 1) ? Alignment::End : Alignment::Start};
    int64_t queryTile = draw.pick(1, 20), keyTile = draw.pick(2, 24);
    SCOPED_TRACE(instance.str());
    for (int64_t begin = 0; begin < instance.queries; begin += queryTile) {
      checkTiles<IntOps>(instance, begin, queryTile, keyTile);
      checkTiles<BlindOps>(instance, begin, queryTile, keyTile);
      if (HasFailure())
        return;
    }
  }
}

/// 16 queries of a window of 128 keys see 143, which is one tile of 144.
TEST(KeyOrigin, Window) {
  HostAlgebra algebra(HeadStructures({{1, Structure::window(127, 0)}}),
                      {512, 512});
  std::vector<int64_t> aligned = algebra.rowTiles(0, {16, 144});
  std::vector<int64_t> fromFirst = algebra.rowTiles(0, {16, 144}, true);
  EXPECT_EQ(fromFirst, std::vector<int64_t>(32, 1));
  EXPECT_GT(std::count(aligned.begin(), aligned.end(), 2), 20);
}

TEST(HeadStructures, AreAlike) {
  Structure window = Structure::window(7, 0), causal = Structure::causal();
  EXPECT_TRUE(HeadStructures({{8, window}}).areAlike(8));
  EXPECT_TRUE(HeadStructures({{4, window}, {4, causal}}).areAlike(4));
  EXPECT_FALSE(HeadStructures({{4, window}, {4, causal}}).areAlike(8));
  EXPECT_FALSE(HeadStructures({{3, window}, {5, causal}}).areAlike(2));
  EXPECT_TRUE(HeadStructures({{3, window}, {5, window}}).areAlike(8));
  Structure exclusive = Structure::band(Partition::Exclusive);
  EXPECT_FALSE(HeadStructures({{8, exclusive}}).areAlike(2));
  EXPECT_TRUE(HeadStructures({{8, exclusive}}).areAlike(1));
  EXPECT_TRUE(HeadStructures({{8, Structure::band(Partition::Exclusive, 4, 1)}})
                  .areAlike(8));
  EXPECT_FALSE(
      HeadStructures({{4, Structure::unite({window, exclusive})}, {4, window}})
          .areAlike(4));
}

/// What is said to be alike is, pair by pair.
TEST(HeadStructures, AreAlikeByDefinition) {
  std::mt19937 random(98);
  int alike = 0;
  for (int round = 0; round < 200; ++round) {
    RandomStructures draw(random, 20, /*withResidues=*/true);
    HeadStructures heads = draw.heads(2, 4);
    HeadStructures simple = simplify(heads);
    for (int64_t count : {2, 4}) {
      if (!simple.areAlike(count))
        continue;
      ++alike;
      Instance first = {&heads, 0, 15, 18, Alignment::End};
      for (int64_t head = 0; head < 4; ++head) {
        first.head = head / count * count;
        Instance other = first;
        other.head = head;
        for (int64_t i = 0; i < first.queries; ++i)
          for (int64_t j = 0; j < first.keys; ++j)
            ASSERT_EQ(holds(first, i, j), holds(other, i, j)) << heads.str();
      }
    }
  }
  EXPECT_GT(alike, 20);
}

} // namespace
