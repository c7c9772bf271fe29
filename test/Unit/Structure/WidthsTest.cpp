//===- WidthsTest.cpp - How many distances heads see ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RandomStructures.h"
#include "spattn/Structure/Algebra.h"
#include "spattn/Structure/Host.h"
#include "gtest/gtest.h"

using namespace spattn;
using namespace spattn::test;

namespace {

using S = Structure;

std::optional<int64_t> count(HeadStructures heads, int64_t queries,
                             int64_t keys) {
  IntOps ops;
  return countDistances(ops, heads, Lengths<int64_t>{queries, keys},
                        Alignment::End);
}

TEST(Widths, OfBands) {
  EXPECT_EQ(count(HeadStructures({{4, S::window(99, 0)}}), 1000, 1000), 100);
  // Not more than there are.
  EXPECT_EQ(count(HeadStructures({{4, S::window(99, 0)}}), 50, 50), 50);
  HeadStructures bands({{16, S::band(Partition::Exclusive)}});
  EXPECT_EQ(count(bands, 4096, 4096), 256);
  // The widest group, of those with bounds.
  HeadStructures mixture(
      {{1, S::window(9, 0)}, {1, S::causal()}, {1, S::window(19, 5)}});
  EXPECT_EQ(count(mixture, 1000, 1000), 25);
  // Every query sees the sink.
  HeadStructures sink({{2, S::unite({S::sink(4), S::window(9, 0)})}});
  EXPECT_EQ(count(sink, 1000, 1000), 10);
}

TEST(Widths, NothingHasBounds) {
  EXPECT_EQ(count(HeadStructures({{4, S::causal()}}), 100, 100), std::nullopt);
  EXPECT_EQ(count(HeadStructures({{4, S::full()}}), 100, 100), std::nullopt);
}

/// Against brute force: no key is seen by more queries, unless distances have
/// no bounds somewhere.
TEST(Widths, RandomStructures) {
  std::mt19937 random(7);
  RandomStructures draw(random, /*scale=*/24, /*withResidues=*/true);
  IntOps ops;
  int checked = 0;
  for (int n = 0; n < 400; ++n) {
    HeadStructures heads = draw.heads(2);
    int64_t queries = draw.pick(1, 40), keys = draw.pick(1, 40);
    HostAlgebra algebra(heads, {queries, keys});
    for (int64_t head = 0; head < heads.numHeads(); ++head) {
      NormalForm<int64_t> form = algebra.normalForm(head);
      bool hasBounds = true;
      for (const KeySegment<int64_t> &segment : form.segments)
        for (const QuerySegment<int64_t> &part : segment.queries)
          for (const DistanceInterval<int64_t> &interval : part.intervals)
            hasBounds &= !interval.loUnbounded && !interval.hiUnbounded;
      if (!hasBounds)
        continue;
      std::optional<int64_t> most = countDistances(ops, form);
      ASSERT_TRUE(most) << heads.str();
      ++checked;
      // Queries of several segments may see a key: those of one are counted.
      if (form.segments.front().queries.size() > 1)
        continue;
      for (int64_t j = 0; j < keys; ++j) {
        int64_t seen = 0;
        for (int64_t i = 0; i < queries; ++i)
          seen += algebra.allowed(head, i, j);
        ASSERT_LE(seen, *most) << heads.str() << ", key " << j;
      }
    }
  }
  EXPECT_GT(checked, 50);
}

} // namespace
