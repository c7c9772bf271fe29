//===- CountsTest.cpp - Pairs, tiles and work -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "RandomStructures.h"
#include "spattn/Structure/HeadWork.h"

using namespace spattn;
using namespace spattn::test;

namespace {

using S = Structure;

int64_t totalPairs(const HostAlgebra &algebra) {
  int64_t pairs = 0;
  for (int64_t head = 0; head < algebra.numHeads(); ++head)
    pairs += algebra.pairs(head);
  return pairs;
}

/// Each causal pair belongs to exactly one head: exclusive bands do 1/H of the
/// dense work, whatever the lengths.
TEST(Counts, ExclusiveBandsPartitionTheCausalPairs) {
  for (int64_t heads : {1, 3, 8, 16})
    for (int64_t length : {1, 7, 16, 1000, 4096, 65536}) {
      HostAlgebra bands(
          HeadStructures({{heads, S::band(Partition::Exclusive)}}),
          {length, length});
      EXPECT_EQ(totalPairs(bands), length * (length + 1) / 2);
    }
  HostAlgebra bands(HeadStructures({{16, S::band(Partition::Exclusive)}}),
                    {4096, 4096});
  HostAlgebra dense(HeadStructures({{16, S::causal()}}), {4096, 4096});
  EXPECT_EQ(totalPairs(dense), 16 * totalPairs(bands));
}

TEST(Counts, Matches) {
  auto matches = [](const S &a, const S &b, Lengths<int64_t> lengths) {
    return HostAlgebra(HeadStructures({{2, a}, {1, S::unite({a, a})}}), lengths)
        .matches(b);
  };
  Lengths<int64_t> square = {64, 64};
  EXPECT_TRUE(matches(S::window(std::nullopt, 0), S::causal(), square));
  EXPECT_TRUE(
      matches(S::unite({S::causal(), S::sink(4)}), S::causal(), square));
  EXPECT_TRUE(matches(S::window(63, 0), S::causal(), square));
  EXPECT_FALSE(matches(S::window(62, 0), S::causal(), square));
  EXPECT_FALSE(matches(S::full(), S::causal(), square));
  EXPECT_FALSE(matches(S::causal(), S::full(), square));
  // As many, but others.
  EXPECT_FALSE(matches(S::window(0, std::nullopt), S::causal(), square));
  // A single query sees everything.
  EXPECT_TRUE(matches(S::full(), S::causal(), {1, 64}));
  // One of the heads does not.
  HeadStructures mixture({{1, S::causal()}, {1, S::window(9, 0)}});
  EXPECT_FALSE(HostAlgebra(mixture, square).matches(S::causal()));
}

/// Sums by row, written down as such.
TEST(Counts, PairsByRow) {
  int64_t length = 4096, heads = 16, width = length / heads;
  HostAlgebra algebra(HeadStructures({{heads, S::band(Partition::LocalBand)}}),
                      {length, length});
  for (int64_t head = 0; head < heads; ++head) {
    int64_t pairs = 0;
    for (int64_t i = 0; i < length; ++i) {
      int64_t local = std::min(i + 1, width + 1);
      int64_t start = std::max(head * width, width + 1);
      int64_t band = std::min(i + 1, (head + 1) * width) - start;
      pairs += local + std::max<int64_t>(band, 0);
    }
    EXPECT_EQ(algebra.pairs(head), pairs) << head;
  }
}

/// Nothing overflows at a million tokens and beyond.
TEST(Counts, LongSequences) {
  int64_t length = int64_t(1) << 20;
  EXPECT_EQ(HostAlgebra(HeadStructures({{1, S::causal()}}), {length, length})
                .pairs(0),
            length * (length + 1) / 2);
  length = (int64_t(1) << 30) - 1;
  EXPECT_EQ(HostAlgebra(HeadStructures({{1, S::causal()}}), {length, length})
                .pairs(0),
            length * (length + 1) / 2);
  EXPECT_EQ(
      HostAlgebra(HeadStructures({{1, S::full()}}), {length, length}).pairs(0),
      length * length);
  EXPECT_EQ(
      HostAlgebra(HeadStructures({{1, S::window(9, 0)}}), {1, length}).pairs(0),
      10);
}

/// The reductions in visited 128 x 128 tiles that were derived independently
/// (shared notes on structures, section 2).
TEST(Counts, TileReductions) {
  struct Row {
    int64_t length, heads;
    double local, exclusive;
  };
  for (const Row &row :
       {Row{1024, 8, 1.78, 4.50}, Row{1024, 16, 1.78, 4.50},
        Row{2048, 16, 3.08, 8.50}, Row{4096, 16, 3.96, 11.0},
        Row{8192, 16, 4.65, 13.0}, Row{32768, 16, 5.38, 15.1}}) {
    auto visited = [&](const S &structure) {
      HostAlgebra algebra(HeadStructures({{row.heads, structure}}),
                          {row.length, row.length});
      return double(algebra.tiles({128, 128}).visited);
    };
    double dense = visited(S::causal());
    EXPECT_NEAR(dense / visited(S::band(Partition::LocalBand)), row.local,
                0.05);
    EXPECT_NEAR(dense / visited(S::band(Partition::Exclusive)), row.exclusive,
                0.05);
  }
}

TEST(Counts, TilesAddUp) {
  HostAlgebra algebra(
      HeadStructures({{4, S::band(Partition::LocalBand)}, {1, S::causal()}}),
      {1000, 1100});
  TileShape tile = {64, 128};
  TileCounts sum;
  for (int64_t head = 0; head < 5; ++head) {
    TileCounts counts = algebra.tiles(head, tile);
    EXPECT_EQ(counts.visited, counts.full + counts.masked);
    EXPECT_EQ(counts.visited + counts.skipped, 16 * 9);
    int64_t rows = 0, columns = 0;
    for (int64_t work : algebra.rowTiles(head, tile))
      rows += work;
    for (int64_t work : algebra.columnTiles(head, tile))
      columns += work;
    EXPECT_EQ(rows, counts.visited);
    EXPECT_EQ(columns, counts.visited);
    sum += counts;
  }
  EXPECT_EQ(sum, algebra.tiles(tile));
  EXPECT_EQ(algebra.rowTiles(0, tile).size(), 16u);
  EXPECT_EQ(algebra.columnTiles(0, tile).size(), 9u);
  EXPECT_TRUE(algebra.allowed(4, 0, 100));
  EXPECT_FALSE(algebra.allowed(4, 0, 101));
  IntOps ops;
  EXPECT_EQ(visitedTiles(ops, algebra.keyTiles(4, 15, tile)),
            algebra.rowTiles(4, tile).back());
  EXPECT_EQ(visitedTiles(ops, algebra.queryTiles(4, 8, tile)),
            algebra.columnTiles(4, tile).back());
}

/// The floor's numbers for exclusive bands, in closed form.
TEST(Work, ExclusiveBands) {
  int64_t length = 4096, heads = 16, dim = 128;
  HeadStructures bands({{heads, S::band(Partition::Exclusive)}});
  WorkShape shape;
  shape.lengths = {length, length};
  shape.headDim = dim;
  Work work = totalWork(bands, shape);
  int64_t pairs = length * (length + 1) / 2;
  // Head h sees from distance 256 h on: that many rows and columns are dead.
  int64_t live = 0;
  for (int64_t head = 0; head < heads; ++head)
    live += length - head * 256;
  EXPECT_EQ(work.pairs, pairs);
  EXPECT_EQ(work.flopsForward, 4 * dim * pairs);
  EXPECT_EQ(work.flopsBackward, 10 * dim * pairs);
  EXPECT_EQ(work.bytesForward, 2 * dim * (3 * live + heads * length));
  EXPECT_EQ(work.bytesBackward, 2 * dim * (5 * live + 3 * heads * length));

  // Values of another dimension, and an output in f32.
  shape.valueDim = 64;
  shape.outputBytes = 4;
  work = totalWork(bands, shape);
  EXPECT_EQ(work.flopsForward, 2 * (128 + 64) * pairs);
  EXPECT_EQ(work.flopsBackward, (6 * 128 + 4 * 64) * pairs);
  EXPECT_EQ(work.bytesForward,
            live * (2 * 128 + 2 * 128 + 2 * 64) + heads * length * 4 * 64);
  EXPECT_EQ(work.bytesBackward,
            live * (2 * 128 + 2 * 4 * 64 + 2 * 128 + 2 * 64) +
                heads * length * (2 * 128 + 2 * 128 + 2 * 64));

  // Gradients of element types of their own.
  shape.queryGradientBytes = 4;
  shape.valueGradientBytes = 8;
  EXPECT_EQ(totalWork(bands, shape).bytesBackward,
            live * (2 * 128 + 2 * 4 * 64 + 2 * 128 + 2 * 64) +
                heads * length * (4 * 128 + 2 * 128 + 8 * 64));
  shape.keyGradientBytes = 4;
  EXPECT_EQ(totalWork(bands, shape).bytesBackward,
            live * (2 * 128 + 2 * 4 * 64 + 2 * 128 + 2 * 64) +
                heads * length * (4 * 128 + 4 * 128 + 8 * 64));
}

TEST(Work, Saturates) {
  HeadStructures dense({{1 << 20, S::full()}});
  WorkShape shape;
  shape.lengths = {INT32_MAX, INT32_MAX};
  Work work = totalWork(dense, shape);
  EXPECT_EQ(work.pairs, INT64_MAX);
  EXPECT_EQ(work.flopsForward, INT64_MAX);
  EXPECT_EQ(work.bytesForward, int64_t(4) * 256 * INT32_MAX << 20);
}

/// Rows and keys counted one by one, with query heads that share keys.
TEST(Work, CountsOneByOne) {
  std::mt19937 random(4);
  for (int round = 0; round < 400; ++round) {
    HeadStructures heads =
        RandomStructures(random, 12, round % 2 == 0).heads(2);
    int64_t numHeads = heads.numHeads();
    for (int64_t keyHeads = 1; keyHeads <= numHeads; ++keyHeads) {
      if (numHeads % keyHeads != 0)
        continue;
      WorkShape shape;
      shape.lengths = {int64_t(random() % 14), int64_t(random() % 14)};
      shape.alignment = random() % 2 ? Alignment::End : Alignment::Start;
      shape.headDim = 3;
      shape.elementBytes = 4;
      shape.keyHeads = keyHeads;
      int64_t queries = shape.lengths.queries, keys = shape.lengths.keys;
      int64_t pairs = 0, live = 0, seen = 0;
      std::vector<std::vector<bool>> columns(keyHeads,
                                             std::vector<bool>(keys, false));
      for (int64_t head = 0; head < numHeads; ++head) {
        Instance instance = {&heads, head, queries, keys, shape.alignment};
        for (int64_t i = 0; i < queries; ++i) {
          bool any = false;
          for (int64_t j = 0; j < keys; ++j)
            if (holds(instance, i, j)) {
              any = true;
              ++pairs;
              columns[head / (numHeads / keyHeads)][j] = true;
            }
          live += any;
        }
      }
      for (const auto &column : columns)
        seen += std::count(column.begin(), column.end(), true);
      Work work = totalWork(heads, shape);
      ASSERT_EQ(work.pairs, pairs);
      if (keyHeads == numHeads) {
        HostAlgebra algebra(heads, shape.lengths, shape.alignment);
        Work sum;
        for (int64_t head = 0; head < numHeads; ++head) {
          Work own = headWork(algebra.normalForm(head), shape);
          sum.pairs += own.pairs;
          sum.bytesForward += own.bytesForward;
          sum.bytesBackward += own.bytesBackward;
        }
        ASSERT_EQ(sum.pairs, work.pairs);
        ASSERT_EQ(sum.bytesForward, work.bytesForward);
        ASSERT_EQ(sum.bytesBackward, work.bytesBackward);
      }
      ASSERT_EQ(work.flopsForward, 12 * pairs);
      ASSERT_EQ(work.flopsBackward, 30 * pairs);
      ASSERT_EQ(work.bytesForward, 12 * (live + 2 * seen + numHeads * queries));
      ASSERT_EQ(work.bytesBackward,
                12 * (3 * live + 2 * seen + numHeads * queries +
                      2 * keyHeads * keys));
    }
  }
}

} // namespace
