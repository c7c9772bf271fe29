//===- LiveKeysTest.cpp - Keys that later queries may see -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/LiveKeys.h"
#include "Definition.h"
#include "RandomStructures.h"
#include "spattn/Structure/FixLength.h"
#include "gtest/gtest.h"

using namespace spattn;
using namespace spattn::test;
using S = Structure;

namespace {

constexpr int64_t scale = 24;
/// Later queries that are tried where their number has no bound.
constexpr int64_t later = 400;

/// Whether queries after those that are tried see what the last ones see: no
/// bound is as large.
bool isSettled(const Structure &structure) {
  auto isNear = [](const Interval &interval) {
    return (!interval.lo.isFinite() || interval.lo.offset < 300) &&
           (!interval.hi.isFinite() || interval.hi.offset < 300);
  };
  switch (structure.kind()) {
  case S::Kind::Distances:
    return std::all_of(structure.intervals().begin(),
                       structure.intervals().end(), isNear);
  case S::Kind::Keys:
    return isNear(structure.keyInterval());
  case S::Kind::Queries:
    return isNear(structure.queryInterval());
  case S::Kind::Residues:
  case S::Kind::Band:
    return false;
  case S::Kind::Union:
  case S::Kind::Intersection:
    return std::all_of(structure.children().begin(), structure.children().end(),
                       isSettled);
  }
  return false;
}

std::vector<std::pair<int64_t, int64_t>>
pairs(const std::vector<Span<int64_t>> &spans) {
  std::vector<std::pair<int64_t, int64_t>> result;
  for (const Span<int64_t> &span : spans)
    result.push_back({span.lo, span.hi});
  return result;
}
using Pairs = std::vector<std::pair<int64_t, int64_t>>;

HeadStructures one(S structure) {
  return HeadStructures({{1, std::move(structure)}});
}

/// Whether the query at a position sees a key, whatever the length is.
bool sees(const HeadStructures &heads, int64_t head, int64_t query,
          int64_t key) {
  Instance instance = {&heads, head, query + 1, query + 1, Alignment::End};
  return holds(instance, query, key);
}

TEST(LiveKeys, Windows) {
  S window = S::window(9, 0);
  EXPECT_EQ(pairs(liveKeys(one(window), 0, 1, 100)), Pairs({{91, 100}}));
  EXPECT_EQ(pairs(liveKeys(one(window), 0, 1, 5)), Pairs({{0, 5}}));
  EXPECT_EQ(pairs(liveKeys(one(window), 0, 1, 0)), Pairs());
  // The last query before the end sees itself only.
  EXPECT_EQ(pairs(liveKeys(one(window), 0, 1, 100, 100)), Pairs());
  S withSink = S::unite({S::sink(4), window});
  EXPECT_EQ(pairs(liveKeys(one(withSink), 0, 1, 100)),
            Pairs({{0, 4}, {91, 100}}));
  EXPECT_EQ(pairs(liveKeys(one(S::causal()), 0, 1, 100)), Pairs({{0, 100}}));
  EXPECT_EQ(pairs(liveKeys(one(S::none()), 0, 1, 100)), Pairs());
}

TEST(LiveKeys, UnionOfHeads) {
  HeadStructures heads(
      {{2, S::unite({S::sink(4), S::window(9, 0)})},
       {4, S::band(Partition::Exclusive, std::nullopt, std::nullopt, 64)}});
  EXPECT_EQ(pairs(liveKeys(heads, 0, 2, 100)), Pairs({{0, 4}, {91, 100}}));
  EXPECT_EQ(pairs(liveKeys(heads, 3, 1, 100)), Pairs({{69, 100}}));
  EXPECT_EQ(pairs(liveKeys(heads, 0, 6, 100)), Pairs({{0, 4}, {37, 100}}));
  // A band that starts far away does not see the last keys before the end.
  EXPECT_EQ(pairs(liveKeys(heads, 5, 1, 100, 110)), Pairs({{37, 62}}));
}

TEST(LiveKeys, LengthsThatAreNotKnown) {
  HeadStructures bands({{4, S::band(Partition::Exclusive)}});
  EXPECT_EQ(pairs(liveKeys(bands, 0, 1, 100)), Pairs({{0, 100}}));
  EXPECT_EQ(pairs(liveKeys(bands, 0, 1, 100, 100)), Pairs());
  EXPECT_EQ(pairs(liveKeys(fixLength(bands, 64), 0, 1, 100)),
            Pairs({{85, 100}}));
  Span<int64_t> none = removableKeys(bands, 100);
  EXPECT_EQ(none.lo, none.hi);
  S half = S::keys(Bound::constant(0), Bound::affine(1, 2, 0));
  EXPECT_EQ(pairs(liveKeys(one(half), 0, 1, 10)), Pairs({{0, 10}}));
}

TEST(RemovableKeys, WindowsAndSinks) {
  auto removable = [](S structure, int64_t tokens) {
    Span<int64_t> span = removableKeys(one(std::move(structure)), tokens);
    return span.lo < span.hi ? Pairs({{span.lo, span.hi}}) : Pairs();
  };
  S window = S::window(9, 0);
  EXPECT_EQ(removable(window, 100), Pairs({{0, 91}}));
  EXPECT_EQ(removable(window, 9), Pairs());
  EXPECT_EQ(removable(window, 10), Pairs({{0, 1}}));
  EXPECT_EQ(removable(S::unite({S::sink(4), window}), 100), Pairs({{4, 91}}));
  EXPECT_EQ(removable(S::unite({S::sink(4), window}), 13), Pairs());
  EXPECT_EQ(removable(S::sink(4), 100), Pairs({{4, 100}}));
  EXPECT_EQ(removable(S::causal(), 100), Pairs());
  EXPECT_EQ(removable(S::none(), 100), Pairs({{0, 100}}));
  // Blocks stay where they are, though no later query is in one.
  S blocks = S::unite(
      {S::intersect({S::queries(Bound::constant(0), Bound::constant(30)),
                     S::keys(Bound::constant(0), Bound::constant(30))}),
       window});
  EXPECT_EQ(removable(blocks, 20), Pairs());
  EXPECT_EQ(removable(blocks, 100), Pairs({{30, 91}}));
  // Columns and rows keep their residues.
  S columns =
      S::intersect({window, S::residues({Residues::Of::Keys, 0, 1, 8})});
  EXPECT_EQ(removable(columns, 100), Pairs({{0, 88}}));
}

/// What a query sees of the keys that are left, before and after.
void checkRemoval(const HeadStructures &heads, int64_t tokens) {
  Span<int64_t> gone = removableKeys(heads, tokens);
  ASSERT_LE(0, gone.lo) << heads.str();
  ASSERT_LE(gone.lo, gone.hi) << heads.str();
  ASSERT_LE(gone.hi, tokens) << heads.str();
  int64_t count = gone.hi - gone.lo;
  if (count == 0)
    return;
  for (int64_t head = 0; head < heads.numHeads(); ++head)
    for (int64_t query = tokens; query < tokens + later; ++query)
      for (int64_t key = 0; key < tokens + scale; ++key) {
        bool was = sees(heads, head, query, key);
        if (gone.lo <= key && key < gone.hi) {
          ASSERT_FALSE(was)
              << heads.str() << " head " << head << " of " << tokens
              << " tokens, query " << query << " key " << key;
          continue;
        }
        int64_t moved = key < gone.lo ? key : key - count;
        ASSERT_EQ(sees(heads, head, query - count, moved), was)
            << heads.str() << " head " << head << " without [" << gone.lo
            << ", " << gone.hi << ") of " << tokens << " tokens, query "
            << query << " key " << key;
      }
}

TEST(LiveKeys, Random) {
  std::mt19937 random(9);
  for (bool withResidues : {false, true}) {
    RandomStructures draw(random, scale, withResidues);
    int dead = 0, removed = 0, exact = 0;
    for (int k = 0; k < 200; ++k) {
      HeadStructures heads = fixLength(draw.heads(2), draw.pick(0, scale));
      if (heads.validate())
        continue;
      int64_t tokens = draw.pick(0, 3 * scale);
      bool isBounded = draw.pick(0, 1);
      int64_t end = tokens + (isBounded ? draw.pick(0, scale) : later);
      int64_t first = draw.pick(0, heads.numHeads() - 1);
      int64_t count = draw.pick(1, heads.numHeads() - first);
      std::vector<Span<int64_t>> live = liveKeys(
          heads, first, count, tokens, isBounded ? end : kUnboundedLength);
      bool isExact = !withResidues;
      bool settled = std::all_of(
          heads.groups().begin(), heads.groups().end(),
          [](const HeadGroup &group) { return isSettled(group.structure); });
      exact += isExact && !isBounded && settled;
      int64_t last = -1;
      for (const Span<int64_t> &span : live) {
        ASSERT_LT(last, span.lo) << heads.str();
        ASSERT_LT(span.lo, span.hi) << heads.str();
        last = span.hi;
      }
      for (int64_t key = 0; key < tokens; ++key) {
        bool expected = false, found = false;
        for (int64_t head = first; head < first + count; ++head)
          for (int64_t query = tokens; query < end; ++query)
            expected |= sees(heads, head, query, key);
        for (const Span<int64_t> &span : live)
          found |= span.lo <= key && key < span.hi;
        dead += !found;
        // With residues, keys that count as live may be dead.
        if (expected || (isExact && (isBounded || settled))) {
          ASSERT_EQ(found, expected)
              << heads.str() << " heads " << first << " + " << count << ", "
              << tokens << " tokens of " << end << ", key " << key;
        }
      }
      Span<int64_t> gone = removableKeys(heads, tokens);
      removed += gone.lo < gone.hi;
      checkRemoval(heads, tokens);
      ASSERT_FALSE(HasFailure());
    }
    EXPECT_GT(dead, 500);
    EXPECT_GT(removed, 20);
    if (!withResidues)
      EXPECT_GT(exact, 40);
  }
}

} // namespace
