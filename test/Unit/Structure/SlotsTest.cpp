//===- SlotsTest.cpp - What is decided before run time --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How many segments, ranges and operations a structure costs when lengths are
// only known at run time: what a kernel pays for it.
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "QueryStructures.h"
#include <random>

using namespace spattn;
using namespace spattn::test;

namespace {

using S = Structure;
Bound c(int64_t value) { return Bound::constant(value); }
Bound n(int64_t num, int64_t den, int64_t offset = 0) {
  return Bound::affine(num, den, offset);
}
const Bound inf = Bound::posInf();

struct Cost {
  size_t segments, keyRanges, queryRanges;
  int64_t formOps, keyOps, queryOps;
};

Cost costOf(const HeadStructures &heads) {
  BlindOps ops;
  Instance instance = {&heads, heads.numHeads() - 1, 4096, 4096,
                       Alignment::End};
  auto nf = formOf(ops, instance);
  Cost cost = {};
  cost.segments = nf.segments.size();
  cost.formOps = std::exchange(ops.count, 0);
  cost.keyRanges =
      keyTiles(ops, nf, ops.unknown(0), ops.unknown(128), 128).size();
  cost.keyOps = std::exchange(ops.count, 0);
  cost.queryRanges =
      queryTiles(ops, nf, ops.unknown(0), ops.unknown(128), 128).size();
  cost.queryOps = ops.count;
  return cost;
}

void expectRanges(const HeadStructures &heads, size_t segments,
                  size_t keyRanges, size_t queryRanges) {
  Cost cost = costOf(heads);
  EXPECT_EQ(cost.segments, segments) << heads.str();
  EXPECT_EQ(cost.keyRanges, keyRanges) << heads.str();
  EXPECT_EQ(cost.queryRanges, queryRanges) << heads.str();
}

void expectRanges(const S &structure, size_t segments, size_t keyRanges,
                  size_t queryRanges) {
  expectRanges(HeadStructures({{1, structure}}), segments, keyRanges,
               queryRanges);
}

TEST(Slots, OneSegment) {
  expectRanges(S::full(), 1, 1, 1);
  expectRanges(S::causal(), 1, 1, 1);
  expectRanges(S::window(5, 5), 1, 1, 1);
  expectRanges(S::distances({{c(0), c(2)}, {c(4), c(5)}}), 1, 2, 2);
  // What certainly overlaps or touches is merged.
  expectRanges(S::unite({S::causal(), S::window(5, 5)}), 1, 1, 1);
  expectRanges(S::distances({{c(0), c(2)}, {c(2), c(5)}}), 1, 1, 1);
  expectRanges(S::distances({{c(0), n(1, 4)}, {n(1, 4), n(1, 2)}}), 1, 1, 1);
  expectRanges(S::unite({S::causal(), S::causal()}), 1, 1, 1);
  // What only N decides is not.
  expectRanges(S::distances({{c(0), n(1, 4)}, {c(9), n(1, 2)}}), 1, 2, 2);
  // Keys that are all keys, and nothing at all.
  expectRanges(S::keys(c(0), inf), 1, 1, 1);
  expectRanges(S::keys(Bound::negInf(), n(1, 1, 3)), 1, 1, 1);
  expectRanges(S::intersect({S::window(1, 1), S::window(9, -5)}), 1, 0, 0);
}

TEST(Slots, Bands) {
  for (int64_t heads : {2, 8, 16}) {
    expectRanges(HeadStructures({{heads, S::band(Partition::Exclusive)}}), 1, 1,
                 1);
    expectRanges(HeadStructures({{heads, S::band(Partition::LocalBand)}}), 1, 2,
                 2);
    expectRanges(HeadStructures({{heads, S::band(Partition::Gapped)}}), 1, 1,
                 1);
    expectRanges(HeadStructures({{heads, S::band(Partition::Local)}}), 1, 1, 1);
  }
  // One head has everything in sight.
  expectRanges(S::band(Partition::LocalBand), 1, 1, 1);
  // A fixed length changes nothing.
  expectRanges(HeadStructures({{8, S::band(Partition::LocalBand, {}, {}, 96)}}),
               1, 2, 2);
  expectRanges(HeadStructures({{8, S::band(Partition::Exclusive, {}, {}, 96)}}),
               1, 1, 1);
  // The first head's band lies within its local part.
  expectRanges(S::band(Partition::LocalBand, 8, 0), 1, 1, 1);
}

TEST(Slots, Segments) {
  expectRanges(S::keys(c(2), c(6)), 3, 1, 2);
  expectRanges(S::sink(4), 2, 1, 2);
  expectRanges(S::unite({S::sink(4), S::window(9, 0)}), 2, 2, 3);
  expectRanges(S::prefix(4), 2, 2, 3);
  // Cuts that make no difference are not made.
  expectRanges(S::unite({S::sink(4), S::causal()}), 1, 1, 1);
  expectRanges(S::unite({S::keys(c(0), c(4)), S::keys(c(4), inf)}), 1, 1, 1);
  // The same bound cuts once, also where it is not constant.
  expectRanges(
      S::unite({S::intersect({S::keys(c(0), n(1, 4)), S::causal()}),
                S::intersect({S::keys(n(1, 4), inf), S::window(4, 4)})}),
      2, 2, 3);
}

/// Cuts of queries cost nothing where distances decide.
TEST(Slots, Queries) {
  expectRanges(S::queries(c(2), c(6)), 1, 1, 1);
  expectRanges(S::intersect({S::queries(c(2), c(6)), S::keys(c(3), c(9))}), 3,
               1, 2);
  // Causal global tokens are a sink, and a causal prefix is one of keys.
  S tokens = S::unite({S::queries(c(0), c(4)), S::keys(c(0), c(4))});
  expectRanges(S::intersect({S::causal(), S::unite({tokens, S::window(9, 9)})}),
               2, 2, 3);
  expectRanges(S::unite({S::causal(), block(c(0), c(4))}), 2, 2, 3);
  // Global tokens take a slot for the other keys, as the window does.
  expectRanges(S::unite({tokens, S::window(9, 9)}), 2, 2, 5);
  for (size_t blocks : {2, 4, 8}) {
    std::vector<S> parts;
    for (size_t k = 0; k < blocks; ++k)
      parts.push_back(block(c(64 * k), k + 1 < blocks ? c(64 * k + 64) : inf));
    expectRanges(S::unite(parts), blocks, blocks, blocks + 1);
  }
}

TEST(Slots, Mixtures) {
  expectRanges(HeadStructures({{2, S::causal()}, {1, S::window(2, 0)}}), 1, 1,
               1);
  expectRanges(HeadStructures({{2, S::band(Partition::LocalBand)},
                               {2, S::band(Partition::Exclusive)}}),
               1, 2, 2);
  expectRanges(HeadStructures({{2, S::causal()},
                               {2, S::unite({S::sink(3), S::window(9, 0)})}}),
               2, 2, 3);
}

/// A known head leaves nothing of the other groups.
TEST(Slots, KnownHead) {
  HeadStructures heads({{2, S::causal()},
                        {2, S::unite({S::sink(3), S::window(9, 0)})},
                        {1, S::window(0, 0)}});
  BlindOps ops;
  Lengths<BlindOps::Value> lengths = {ops.unknown(50), ops.unknown(50)};
  EXPECT_EQ(normalForm(ops, heads, ops.constant(1), lengths).segments.size(),
            1u);
  EXPECT_EQ(normalForm(ops, heads, ops.constant(3), lengths).segments.size(),
            2u);
  // A head that does not exist sees nothing.
  for (int64_t head : {-1, 5}) {
    auto nf = normalForm(ops, heads, ops.constant(head), lengths);
    ASSERT_EQ(nf.segments.size(), 1u);
    ASSERT_EQ(nf.segments[0].queries.size(), 1u);
    EXPECT_TRUE(nf.segments[0].queries[0].intervals.empty());
  }
}

/// Ceilings on operations, so that a change that costs is seen.
TEST(Slots, Operations) {
  auto expectAtMost = [](const HeadStructures &heads, int64_t form,
                         int64_t keys, int64_t queries) {
    Cost cost = costOf(heads);
    EXPECT_LE(cost.formOps, form) << heads.str();
    EXPECT_LE(cost.keyOps, keys) << heads.str();
    EXPECT_LE(cost.queryOps, queries) << heads.str();
  };
  expectAtMost(HeadStructures({{1, S::causal()}}), 2, 18, 23);
  expectAtMost(HeadStructures({{16, S::band(Partition::Exclusive)}}), 15, 28,
               28);
  expectAtMost(HeadStructures({{16, S::band(Partition::LocalBand)}}), 24, 51,
               51);
  expectAtMost(HeadStructures({{1, S::unite({S::sink(4), S::window(128, 0)})}}),
               4, 51, 117);
  S tokens = S::unite({S::queries(c(0), c(64)), S::keys(c(0), c(64))});
  expectAtMost(HeadStructures({{1, S::unite({tokens, S::window(9, 9)})}}), 11,
               99, 180);
}

/// Sorting networks of all sizes sort, by the zero-one principle.
TEST(Sort, Networks) {
  for (size_t size = 0; size <= 12; ++size)
    for (uint32_t bits = 0; bits < (1u << size); ++bits) {
      std::vector<int> items;
      for (size_t k = 0; k < size; ++k)
        items.push_back((bits >> k) & 1);
      detail::sortNetwork(
          items, [](int, int) { return false; },
          [](int &a, int &b) {
            if (a > b)
              std::swap(a, b);
          });
      ASSERT_TRUE(std::is_sorted(items.begin(), items.end())) << size;
    }
}

/// An order that is partly certain is used, and the rest sorted.
TEST(Sort, PartlyKnown) {
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    struct Item {
      int value;
      bool visible;
    };
    std::vector<Item> items;
    for (size_t k = random() % 9; k > 0; --k)
      items.push_back({int(random() % 6), random() % 2 == 0});
    detail::sortNetwork(
        items,
        [](const Item &a, const Item &b) {
          return a.visible && b.visible && a.value <= b.value;
        },
        [](Item &a, Item &b) {
          if (a.value > b.value)
            std::swap(a.value, b.value);
          a.visible = b.visible = false;
        });
    ASSERT_TRUE(std::is_sorted(
        items.begin(), items.end(),
        [](const Item &a, const Item &b) { return a.value < b.value; }));
  }
}

/// Merging networks of all sizes merge, by the zero-one principle.
TEST(Sort, Merges) {
  for (size_t m = 0; m <= 9; ++m)
    for (size_t n = 0; n <= 9; ++n)
      for (size_t zerosOfA = 0; zerosOfA <= m; ++zerosOfA)
        for (size_t zerosOfB = 0; zerosOfB <= n; ++zerosOfB) {
          std::vector<int> a(m, 1), b(n, 1);
          std::fill_n(a.begin(), zerosOfA, 0);
          std::fill_n(b.begin(), zerosOfB, 0);
          std::vector<int> merged = detail::mergeNetwork(
              a, b, [](int, int) { return false; },
              [](int &x, int &y) {
                if (x > y)
                  std::swap(x, y);
              });
          ASSERT_EQ(merged.size(), m + n);
          ASSERT_TRUE(std::is_sorted(merged.begin(), merged.end()))
              << m << " " << n;
        }
}

/// Random ascending spans within [0, limit), some empty, and their members.
std::vector<Span<BlindOps::Value>>
randomSpans(std::mt19937 &random, BlindOps &ops, std::vector<bool> &in) {
  std::vector<Span<BlindOps::Value>> spans;
  int64_t limit = int64_t(in.size()), position = 0;
  for (size_t k = random() % 5; k > 0; --k) {
    int64_t lo = position + random() % 4;
    int64_t hi = std::min<int64_t>(lo + random() % 5, limit);
    if (random() % 4 == 0) {
      // Empty ones stand anywhere.
      int64_t anywhere = random() % limit;
      spans.push_back({ops.unknown(anywhere), ops.unknown(anywhere - 1)});
      continue;
    }
    spans.push_back({ops.unknown(lo), ops.unknown(hi)});
    for (int64_t x = lo; x < hi; ++x)
      in[x] = true;
    position = std::max(lo, hi) + 1;
  }
  return spans;
}

void expectMembers(const std::vector<Span<BlindOps::Value>> &spans,
                   const std::vector<bool> &in) {
  std::vector<int> times(in.size());
  int64_t lo = -1, end = -1;
  for (const auto &span : spans) {
    ASSERT_LE(lo, span.lo.value) << "not ascending";
    lo = span.lo.value;
    if (span.lo.value >= span.hi.value)
      continue;
    ASSERT_LT(end, span.lo.value) << "adjacent";
    end = span.hi.value;
    for (int64_t x = lo; x < end; ++x)
      ++times[x];
  }
  for (size_t x = 0; x < in.size(); ++x)
    ASSERT_EQ(times[x], in[x]);
}

TEST(Spans, Union) {
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    BlindOps ops;
    std::vector<bool> in(24);
    std::vector<std::vector<Span<BlindOps::Value>>> lists(random() % 4);
    for (auto &list : lists) {
      list = randomSpans(random, ops, in);
      detail::settleEmpty(ops, list);
    }
    expectMembers(detail::uniteSpans(ops, lists), in);
    if (HasFatalFailure())
      return;
  }
}

TEST(Spans, Gaps) {
  std::mt19937 random(8);
  for (int round = 0; round < 20000; ++round) {
    BlindOps ops;
    std::vector<bool> in(24);
    auto spans = randomSpans(random, ops, in);
    auto gaps = detail::gapsOf(ops, spans, ops.constant(24));
    ASSERT_LE(gaps.gaps.size(), spans.size());
    expectMembers(detail::spansBetween(ops, gaps), in);
    if (HasFatalFailure())
      return;
    // What is outside of the hull may be a gap or not.
    gaps.gaps.insert(gaps.gaps.begin(),
                     {ops.constant(0), ops.unknown(random() % 24)});
    for (int64_t x = 0; x < gaps.gaps[0].hi.value; ++x)
      in[x] = false;
    detail::mergeSorted(ops, gaps.gaps);
    expectMembers(detail::spansBetween(ops, gaps), in);
    if (HasFatalFailure())
      return;
  }
}

TEST(Ops, Division) {
  IntOps ops;
  for (int64_t a = -20; a <= 20; ++a)
    for (int64_t b = 1; b <= 7; ++b) {
      EXPECT_LE(ops.floorDiv(a, b) * b, a);
      EXPECT_GT((ops.floorDiv(a, b) + 1) * b, a);
      EXPECT_GE(ops.ceilDiv(a, b) * b, a);
      EXPECT_LT((ops.ceilDiv(a, b) - 1) * b, a);
    }
}

} // namespace
