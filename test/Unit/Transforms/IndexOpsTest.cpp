//===- IndexOpsTest.cpp - The algebra as kernels compute it ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The brute force of the algebra's own tests, on the operations that kernels
// have, at their width; and 32 bits against 64 at the largest lengths.
//
//===----------------------------------------------------------------------===//

// Ahead of the templates that use it.
#include "EmittedOps.h"

#include "../Structure/Checks.h"
#include "../Structure/RandomStructures.h"

#include <random>

using namespace spattn;
using namespace spattn::test;

namespace {

/// A random instance whose every head is drawn from the whole algebra.
TEST(IndexOps, SmallRandomStructures) {
  std::mt19937 random(11);
  RandomStructures draw(random, 12);
  for (int round = 0; round < 400 / thinning; ++round) {
    HeadStructures heads = draw.heads(3);
    Instance instance = {&heads, draw.pick(0, heads.numHeads() - 1),
                         draw.pick(0, 14), draw.pick(0, 14),
                         draw.pick(0, 1) ? Alignment::End : Alignment::Start};
    SCOPED_TRACE(instance.str());
    Table table(instance);
    EmittedOps ops;
    auto form = formOf(ops, instance);
    ASSERT_TRUE(checkForm(ops, form, table, instance));
    for (int shape = 0; shape < 4; ++shape) {
      int64_t queryTile = draw.pick(1, 6), keyTile = draw.pick(1, 6);
      for (int64_t i = 0; i <= table.rows; i += queryTile)
        ASSERT_TRUE(checkKeyTiles(ops, form, table, i, i + queryTile, keyTile));
      for (int64_t j = 0; j <= table.columns; j += keyTile)
        ASSERT_TRUE(
            checkQueryTiles(ops, form, table, j, j + keyTile, queryTile));
    }
  }
}

/// Ascending disjoint spans, those that touch joined.
using Set = std::vector<std::pair<int64_t, int64_t>>;

void join(Set &set, int64_t lo, int64_t hi) {
  if (lo >= hi)
    return;
  if (!set.empty() && set.back().second == lo)
    set.back().second = hi;
  else
    set.push_back({lo, hi});
}

template <class V>
std::pair<Set, Set> readTiles(const std::vector<TileRange<V>> &ranges) {
  Set visited, full;
  for (const Tiles &range : readRanges(ranges)) {
    join(visited, range.begin, range.end);
    join(full, range.fullBegin, range.fullEnd);
  }
  return {visited, full};
}

template <class V>
Set readSpans(const std::vector<Span<V>> &spans) {
  Set set;
  for (const Span<V> &span : spans)
    if (read(span.lo) < read(span.hi))
      set.push_back({read(span.lo), read(span.hi)});
  std::sort(set.begin(), set.end());
  Set joined;
  for (auto [lo, hi] : set)
    join(joined, lo, hi);
  return joined;
}

/// At lengths up to what a launch accepts, 32 bits are as good as 64.
TEST(IndexOps, LongRandomStructures) {
  constexpr int64_t most = (int64_t(1) << 30) - 1024;
  std::mt19937 random(12);
  for (int round = 0; round < 1500 / thinning; ++round) {
    int64_t scale = int64_t(1)
                    << std::uniform_int_distribution<>(10, 30)(random);
    RandomStructures draw(random, scale, /*withResidues=*/round % 2 == 0);
    HeadStructures heads = draw.heads(3);
    int64_t queries = std::min(draw.pick(1, scale), most - 1);
    int64_t keys = draw.pick(1, std::min(scale, most - queries));
    if (draw.pick(0, 3) == 0)
      keys = std::min(keys, draw.pick(1, 300));
    if (draw.pick(0, 3) == 0)
      keys = most - queries;
    Instance instance = {&heads, draw.pick(0, heads.numHeads() - 1), queries,
                         keys,
                         draw.pick(0, 1) ? Alignment::End : Alignment::Start};
    SCOPED_TRACE(instance.str());
    EmittedOps narrow;
    IntOps wide;
    auto form = formOf(narrow, instance);
    auto expected = formOf(wide, instance);
    for (int block = 0; block < 4; ++block) {
      int64_t queryTile = int64_t(64) << draw.pick(0, 2);
      int64_t keyTile = int64_t(16) << draw.pick(0, 4);
      int64_t i = draw.pick(0, (queries - 1) / queryTile) * queryTile;
      int64_t j = draw.pick(0, (keys - 1) / keyTile) * keyTile;
      ASSERT_EQ(readTiles(keyTiles(narrow, form, unknown(narrow, i),
                                   unknown(narrow, i + queryTile), keyTile)),
                readTiles(keyTiles(wide, expected, i, i + queryTile, keyTile)))
          << "queries from " << i;
      ASSERT_EQ(
          readTiles(queryTiles(narrow, form, unknown(narrow, j),
                               unknown(narrow, j + keyTile), queryTile)),
          readTiles(queryTiles(wide, expected, j, j + keyTile, queryTile)))
          << "keys from " << j;
      // Rows of a tile that do not exist, too.
      i = draw.pick(i, i + queryTile - 1);
      j = draw.pick(j, j + keyTile - 1);
      ASSERT_EQ(readSpans(keysOfQuery(narrow, form, unknown(narrow, i))),
                readSpans(keysOfQuery(wide, expected, i)));
      ASSERT_EQ(readSpans(queriesOfKey(narrow, form, unknown(narrow, j))),
                readSpans(queriesOfKey(wide, expected, j)));
      ASSERT_EQ(
          read(allowed(narrow, form, unknown(narrow, i), unknown(narrow, j))),
          allowed(wide, expected, i, j));
    }
  }
}

} // namespace
