//===- LargeTest.cpp - Random structures at large lengths -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows as sets of keys, by set algebra on the description: fast enough to
// check blocks of rows and columns at lengths of thousands.
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "RandomStructures.h"

using namespace spattn;
using namespace spattn::test;

namespace {

/// Ascending, disjoint, not empty.
using Set = std::vector<Range>;

Set normalize(Set set) {
  std::sort(set.begin(), set.end());
  Set result;
  for (auto [lo, hi] : set) {
    if (lo >= hi)
      continue;
    if (!result.empty() && lo <= result.back().second)
      result.back().second = std::max(result.back().second, hi);
    else
      result.push_back({lo, hi});
  }
  return result;
}

Set intersection(const Set &a, const Set &b) {
  Set result;
  for (auto [alo, ahi] : a)
    for (auto [blo, bhi] : b)
      result.push_back({std::max(alo, blo), std::min(ahi, bhi)});
  return normalize(result);
}

/// The keys of a row at aligned position `at` = i + off.
Set keysOf(const Structure &structure, int64_t position, int64_t heads,
           int64_t n, int64_t at) {
  Set set;
  switch (structure.kind()) {
  case Structure::Kind::Keys:
    set = {{valueOf(structure.keyInterval().lo, n),
            valueOf(structure.keyInterval().hi, n)}};
    break;
  case Structure::Kind::Queries: {
    const Interval &queries = structure.queryInterval();
    int64_t place = std::max<int64_t>(at, 0);
    if (valueOf(queries.lo, n) <= place && place < valueOf(queries.hi, n))
      set = {{0, n}};
    break;
  }
  case Structure::Kind::Union:
    for (const Structure &child : structure.children())
      for (Range range : keysOf(child, position, heads, n, at))
        set.push_back(range);
    break;
  case Structure::Kind::Intersection:
    set = {{0, n}};
    for (const Structure &child : structure.children())
      set = intersection(set, keysOf(child, position, heads, n, at));
    break;
  default:
    for (auto [lo, hi] : distancesOf(structure, position, heads, n))
      set.push_back({at - hi + 1, at - lo + 1});
  }
  for (auto &[lo, hi] : set) {
    lo = std::max<int64_t>(lo, 0);
    hi = std::min(hi, n);
  }
  return normalize(set);
}

/// States of tiles from counts of pairs.
std::vector<TileState> statesOf(const std::vector<int64_t> &pairs,
                                int64_t full) {
  std::vector<TileState> states;
  for (int64_t count : pairs)
    states.push_back(count == 0 ? Empty : count == full ? Full : Masked);
  return states;
}

class Large {
public:
  Large(const Instance &instance) : instance(instance) {
    auto [group, position] = groupOf(instance);
    for (int64_t i = 0; i < instance.queries; ++i)
      rows.push_back(keysOf(group->structure, position, group->count,
                            instance.keys, i + instance.offset()));
  }

  template <class Ops>
  void check(Ops ops, std::mt19937 &random) {
    SCOPED_TRACE(instance.str());
    auto pick = [&](int64_t lo, int64_t hi) {
      return std::uniform_int_distribution<int64_t>(lo, hi)(random);
    };
    auto nf = formOf(ops, instance);
    ASSERT_TRUE(checkInvariants(nf, instance));
    checkTotals(ops, nf);
    for (int round = 0; round < 6; ++round) {
      int64_t queryTile = pick(1, 256), keyTile = pick(1, 256);
      if (pick(0, 1)) {
        queryTile = int64_t(1) << pick(0, 8);
        keyTile = int64_t(1) << pick(0, 8);
      }
      checkRow(ops, nf, queryTile * pick(0, instance.queries / queryTile),
               queryTile, keyTile);
      checkColumn(ops, nf, keyTile * pick(0, instance.keys / keyTile),
                  queryTile, keyTile);
    }
  }

private:
  template <class Ops, class V>
  void checkTotals(Ops &ops, const NormalForm<V> &nf) {
    int64_t pairs = 0, live = 0, seen = 0;
    Set keys;
    for (const Set &row : rows) {
      live += !row.empty();
      for (auto [lo, hi] : row) {
        pairs += hi - lo;
        keys.push_back({lo, hi});
      }
    }
    for (auto [lo, hi] : normalize(keys))
      seen += hi - lo;
    EXPECT_EQ(read(unmaskedPairs(ops, nf, ops.constant(0), nf.lengths.queries)),
              pairs);
    EXPECT_EQ(read(liveQueries(ops, nf)), live);
    EXPECT_EQ(read(seenKeys(ops, nf)), seen);
  }

  /// Adds up the pairs of rows [i0, i1) and keys [k0, k1), tile by tile, in
  /// either direction.
  template <class Add>
  void eachRange(int64_t i0, int64_t i1, int64_t k0, int64_t k1, Add add) {
    for (int64_t i = i0; i < std::min(i1, instance.queries); ++i)
      for (auto [lo, hi] : rows[i])
        if (std::max(lo, k0) < std::min(hi, k1))
          add(i, std::max(lo, k0), std::min(hi, k1));
  }

  template <class Ops, class V>
  void checkRow(Ops &ops, const NormalForm<V> &nf, int64_t q0,
                int64_t queryTile, int64_t keyTile) {
    int64_t q1 = std::min(q0 + queryTile, instance.queries);
    std::vector<int64_t> pairs((instance.keys + keyTile - 1) / keyTile, 0);
    int64_t total = 0;
    eachRange(q0, q1, 0, instance.keys, [&](int64_t, int64_t lo, int64_t hi) {
      total += hi - lo;
      for (int64_t t = lo / keyTile; t * keyTile < hi; ++t)
        pairs[t] += std::min(hi, (t + 1) * keyTile) - std::max(lo, t * keyTile);
    });
    auto states = statesOf(pairs, (q1 - q0) * keyTile);
    auto begin = unknown(ops, q0), end = unknown(ops, q0 + queryTile);
    auto ranges = keyTiles(ops, nf, begin, end, keyTile);
    EXPECT_TRUE(rangesMatch(readRanges(ranges), states) &&
                sequencesMatch(ops, ranges, states))
        << "queries from " << q0 << " tile " << queryTile << " x " << keyTile
        << ": " << print(readRanges(ranges), states);
    EXPECT_EQ(read(unmaskedPairs(ops, nf, begin, end)), total);
  }

  template <class Ops, class V>
  void checkColumn(Ops &ops, const NormalForm<V> &nf, int64_t k0,
                   int64_t queryTile, int64_t keyTile) {
    int64_t k1 = std::min(k0 + keyTile, instance.keys);
    std::vector<int64_t> pairs((instance.queries + queryTile - 1) / queryTile,
                               0);
    eachRange(0, instance.queries, k0, k1,
              [&](int64_t i, int64_t lo, int64_t hi) {
                pairs[i / queryTile] += hi - lo;
              });
    auto states = statesOf(pairs, (k1 - k0) * queryTile);
    auto ranges = queryTiles(ops, nf, unknown(ops, k0),
                             unknown(ops, k0 + keyTile), queryTile);
    EXPECT_TRUE(rangesMatch(readRanges(ranges), states) &&
                sequencesMatch(ops, ranges, states))
        << "keys from " << k0 << " tile " << queryTile << " x " << keyTile
        << ": " << print(readRanges(ranges), states);
  }

  const Instance &instance;
  std::vector<Set> rows;
};

TEST(Large, RandomStructures) {
  std::mt19937 random(5);
  auto pick = [&](int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(random);
  };
  for (int round = 0; round < 4000 / thinning; ++round) {
    int64_t scale = pick(0, 3) ? pick(50, 900) : pick(900, 5000);
    HeadStructures heads = RandomStructures(random, scale).heads(3);
    Instance instance = {&heads, pick(0, heads.numHeads() - 1),
                         pick(0, scale + scale / 8), pick(0, scale + scale / 8),
                         pick(0, 1) ? Alignment::End : Alignment::Start};
    if (pick(0, 2) == 0)
      instance.queries = instance.keys;
    Large large(instance);
    large.check(IntOps(), random);
    large.check(BlindOps(), random);
    large.check(BlindOps(/*knowsConstants=*/false), random);
    if (::testing::Test::HasFailure())
      return;
  }
}

/// The structures that matter most, at the lengths they are used at.
TEST(Large, Bands) {
  std::mt19937 random(6);
  for (int partition = 0; partition < 4; ++partition)
    for (int64_t count : {8, 16, 32})
      for (int64_t length : {1000, 2048, 4096, 5000}) {
        HeadStructures heads(
            {{count, Structure::band(static_cast<Partition>(partition))}});
        for (int64_t head : {int64_t(0), int64_t(1), count / 2, count - 1}) {
          Instance instance = {&heads, head, length, length, Alignment::End};
          Large large(instance);
          large.check(BlindOps(), random);
          if (::testing::Test::HasFailure())
            return;
        }
      }
}

/// Bands that were made for another length.
TEST(Large, BandsOfFixedLength) {
  std::mt19937 random(7);
  for (int partition = 0; partition < 4; ++partition)
    for (int64_t made : {512, 4096, 4100})
      for (int64_t length : {500, 1000, 5000}) {
        HeadStructures heads(
            {{16, Structure::band(static_cast<Partition>(partition), {}, {},
                                  made)}});
        for (int64_t head : {0, 1, 8, 15}) {
          Instance instance = {&heads, head, length, length, Alignment::End};
          Large large(instance);
          large.check(IntOps(), random);
          large.check(BlindOps(), random);
          if (::testing::Test::HasFailure())
            return;
        }
      }
}

} // namespace
