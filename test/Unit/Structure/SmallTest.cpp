//===- SmallTest.cpp - Every structure at small lengths -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "QueryStructures.h"
#include "RandomStructures.h"

using namespace spattn;
using namespace spattn::test;

namespace {

Bound c(int64_t value) { return Bound::constant(value); }
Bound n(int64_t num, int64_t den, int64_t offset = 0) {
  return Bound::affine(num, den, offset);
}
const Bound inf = Bound::posInf(), negInf = Bound::negInf();

std::vector<Structure> plainStructures() {
  using S = Structure;
  std::vector<Structure> all = {S::full(), S::causal(), S::none(),
                                S::unite({S::none(), S::window(2, 0)}),
                                S::intersect({S::none(), S::keys(c(2), c(6))})};
  for (std::optional<int64_t> left :
       {std::optional<int64_t>(), {-2}, {0}, {1}, {3}, {20}})
    for (std::optional<int64_t> right :
         {std::optional<int64_t>(), {-1}, {0}, {2}, {20}})
      if (S window = S::window(left, right); !window.validate())
        all.push_back(window);
  for (int64_t count : {1, 3, 4, 20}) {
    all.push_back(S::sink(count));
    all.push_back(S::prefix(count));
    all.push_back(S::unite({S::sink(count), S::window(2, 0)}));
    all.push_back(S::unite({S::prefix(count), S::window(1, 3)}));
    all.push_back(S::intersect({S::prefix(count), S::window(5, 5)}));
  }
  // Lists, constant and not; some touch or overlap at run time only.
  all.push_back(S::distances({{c(0), c(2)}, {c(4), c(5)}, {c(7), c(9)}}));
  all.push_back(S::distances({{c(0), c(2)}, {c(2), c(4)}}));
  all.push_back(S::distances({{c(-4), c(-2)}, {c(0), c(1)}, {c(3), inf}}));
  all.push_back(S::distances({{negInf, c(-1)}, {c(1), inf}}));
  all.push_back(S::distances({{negInf, n(-1, 2)}, {n(1, 4), inf}}));
  all.push_back(S::distances({{n(1, 2), n(3, 4)}, {n(0, 1), n(1, 4, 1)}}));
  all.push_back(S::distances({{c(0), n(1, 4)}, {n(1, 4), n(1, 2, 1)}}));
  all.push_back(S::distances({{c(2), n(1, 2)}, {n(1, 3), c(5)}}));
  all.push_back(S::distances({{n(1, 8, 1), n(3, 8, -2)}, {n(2, 1, -9), inf}}));
  all.push_back(
      S::distances({{n(1, 3), n(2, 3)}, {c(1), c(3)}, {n(-1, 2), n(1, 5)}}));
  all.push_back(S::distances({{c(1000), inf}}));
  all.push_back(S::distances({{negInf, c(-1000)}, {c(-500), c(-400)}}));
  all.push_back(S::distances({{c(int64_t(1) << 40), inf}}));
  // Keys; ordered for every N, or only at run time.
  all.push_back(S::keys(c(2), c(6)));
  all.push_back(S::keys(c(3), inf));
  all.push_back(S::keys(n(1, 4), n(1, 2, 1)));
  all.push_back(S::keys(n(1, 2, -2), n(1, 1, -1)));
  all.push_back(S::unite({S::keys(c(1), c(3)), S::keys(c(4), c(5))}));
  all.push_back(S::unite({S::keys(c(0), c(4)), S::keys(n(1, 2), n(3, 4))}));
  all.push_back(S::unite({S::keys(c(0), c(4)), S::keys(c(4), inf)}));
  all.push_back(S::unite({S::intersect({S::keys(n(1, 2), inf), S::causal()}),
                          S::intersect({S::keys(c(0), c(5)), S::window(2, 2)}),
                          S::window(0, 0)}));
  all.push_back(S::intersect(
      {S::unite({S::keys(c(1), c(8)), S::window(1, 1)}),
       S::unite({S::keys(n(1, 3), inf), S::distances({{c(2), c(6)}})})}));
  all.push_back(S::intersect({S::keys(c(0), c(5)), S::keys(c(7), c(9))}));
  all.push_back(
      S::unite({S::intersect({S::causal(), S::keys(c(3), c(6))}),
                S::intersect({S::window(std::nullopt, 4), S::keys(c(0), c(3))}),
                S::intersect({S::window(6, -2), S::keys(c(6), inf)})}));
  return all;
}

std::vector<HeadStructures> catalog() {
  using S = Structure;
  std::vector<HeadStructures> all;
  for (const S &structure : plainStructures())
    all.push_back(HeadStructures({{1, structure}}));
  for (const S &structure : structuresOfQueries())
    all.push_back(HeadStructures({{1, structure}}));
  for (int partition = 0; partition < 4; ++partition) {
    auto kind = static_cast<Partition>(partition);
    for (int64_t heads : {1, 2, 3, 4, 5, 8, 16})
      all.push_back(HeadStructures({{heads, S::band(kind)}}));
    all.push_back(HeadStructures({{2, S::band(kind, 5)}}));
    for (int64_t length : {0, 1, 7, 8, 20})
      for (int64_t heads : {1, 3, 4})
        all.push_back(HeadStructures({{heads, S::band(kind, {}, {}, length)}}));
    all.push_back(HeadStructures({{2, S::band(kind, 5, {}, 11)}}));
    all.push_back(HeadStructures({{1, S::band(kind, 4, 2, 10)}}));
    all.push_back(HeadStructures(
        {{3, S::unite({S::band(kind, {}, {}, 9), S::band(kind, 4, 1, 6)})}}));
    all.push_back(HeadStructures({{1, S::band(kind, 4, 2)}}));
    all.push_back(HeadStructures({{3, S::unite({S::band(kind), S::sink(2)})}}));
    all.push_back(
        HeadStructures({{2, S::intersect({S::band(kind), S::window(3, 3)})}}));
    all.push_back(HeadStructures(
        {{2, S::unite({S::band(kind, 8, 5), S::band(kind, 3)})}}));
  }
  // Mixtures over heads, also of different shapes.
  all.push_back(HeadStructures({{2, S::causal()}, {1, S::window(2, 0)}}));
  all.push_back(HeadStructures({{1, S::none()}, {1, S::causal()}}));
  all.push_back(HeadStructures({{1, S::sink(3)}, {2, S::none()}}));
  all.push_back(HeadStructures({{2, S::band(Partition::LocalBand)},
                                {2, S::band(Partition::Exclusive)},
                                {1, S::full()}}));
  all.push_back(HeadStructures({{1, S::causal()},
                                {2, S::unite({S::sink(3), S::window(1, 0)})},
                                {2, S::band(Partition::Gapped)}}));
  all.push_back(HeadStructures(
      {{1, S::keys(n(1, 2), inf)},
       {1, S::unite({S::keys(c(0), c(2)), S::keys(n(1, 2), n(3, 4))})},
       {1, S::distances({{c(0), c(1)}, {c(3), c(4)}, {c(6), c(7)}})}}));
  all.push_back(HeadStructures(
      {{1, S::causal()},
       {2, S::unite({S::queries(c(2), c(4)), S::band(Partition::LocalBand)})},
       {1, S::unite({block(c(0), c(5)), block(c(5), inf), S::sink(2)})}}));
  return all;
}

std::vector<int64_t> lengths(int64_t heads) {
  std::vector<int64_t> all = {0, 1, 2, 3, 5, 8, 12, 13};
  for (int64_t length : {heads - 1, heads, heads + 1})
    if (std::find(all.begin(), all.end(), length) == all.end())
      all.push_back(length);
  return all;
}

const std::vector<int64_t> tileSizes = {1, 2, 3, 4, 5, 8, 16, 64, 256};

/// Checks one instance. Which tile shapes are tried rotates from one to the
/// next unless all of them are asked for.
template <class Ops>
void check(Ops ops, const Instance &instance, const Table &table, bool all) {
  static size_t turn = 0;
  SCOPED_TRACE(instance.str());
  auto nf = formOf(ops, instance);
  ASSERT_TRUE(checkForm(ops, nf, table, instance));
  for (size_t q = 0; q < tileSizes.size(); ++q)
    for (size_t k = 0; k < tileSizes.size(); ++k) {
      if (!all && turn++ % 8 != 0)
        continue;
      // One past the last tile too: no queries, no keys.
      for (int64_t i = 0; i <= table.rows; i += tileSizes[q])
        ASSERT_TRUE(
            checkKeyTiles(ops, nf, table, i, i + tileSizes[q], tileSizes[k]));
      for (int64_t j = 0; j <= table.columns; j += tileSizes[k])
        ASSERT_TRUE(
            checkQueryTiles(ops, nf, table, j, j + tileSizes[k], tileSizes[q]));
    }
}

void checkAll(const Instance &instance, bool all) {
  static int turn = 0;
  if (turn++ % thinning != 0)
    return;
  Table table(instance);
  check(IntOps(), instance, table, all);
  check(BlindOps(), instance, table, false);
  check(BlindOps(/*knowsConstants=*/false), instance, table, false);
}

TEST(Small, EveryStructure) {
  for (const HeadStructures &heads : catalog()) {
    ASSERT_EQ(heads.validate(), std::nullopt) << heads.str();
    std::vector<int64_t> some = lengths(heads.numHeads());
    for (int64_t queries : some)
      for (int64_t keys : some)
        for (Alignment alignment : {Alignment::End, Alignment::Start})
          for (int64_t head = 0; head < heads.numHeads(); ++head) {
            // All shapes where lengths are equal, a rotation elsewhere.
            checkAll({&heads, head, queries, keys, alignment},
                     queries == keys && queries > 8);
            if (::testing::Test::HasFatalFailure())
              return;
          }
  }
}

TEST(Small, RandomStructures) {
  std::mt19937 random(1);
  auto pick = [&](int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(random);
  };
  for (int round = 0; round < 2500; ++round) {
    HeadStructures heads = RandomStructures(random, 12).heads(3);
    ASSERT_EQ(heads.validate(), std::nullopt) << heads.str();
    for (int again = 0; again < 2; ++again) {
      checkAll({&heads, pick(0, heads.numHeads() - 1), pick(0, 14), pick(0, 14),
                pick(0, 1) ? Alignment::End : Alignment::Start},
               false);
      if (::testing::Test::HasFatalFailure())
        return;
    }
  }
}

/// The bounds of a sequence may depend on the length of its pack.
TEST(Small, BoundsOfAPack) {
  std::mt19937 random(3);
  auto pick = [&](int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(random);
  };
  auto alignment = [&] {
    return pick(0, 1) ? Alignment::End : Alignment::Start;
  };
  for (const HeadStructures &heads : catalog())
    for (int64_t head = 0; head < heads.numHeads(); ++head) {
      int64_t keys = pick(0, 10);
      checkAll(
          {&heads, head, pick(0, 10), keys, alignment(), keys + pick(0, 12)},
          false);
      if (::testing::Test::HasFatalFailure())
        return;
    }
  for (int round = 0; round < 2500; ++round) {
    HeadStructures heads = RandomStructures(random, 12).heads(3);
    int64_t keys = pick(0, 12);
    checkAll({&heads, pick(0, heads.numHeads() - 1), pick(0, 12), keys,
              alignment(), keys + pick(0, 12)},
             false);
    if (::testing::Test::HasFatalFailure())
      return;
  }
}

/// Blocks that do not start at a multiple of anything.
TEST(Small, UnalignedBlocks) {
  std::mt19937 random(2);
  for (const HeadStructures &heads : catalog()) {
    Instance instance = {&heads, heads.numHeads() - 1, 11, 13, Alignment::End};
    Table table(instance);
    BlindOps ops;
    auto nf = formOf(ops, instance);
    for (int64_t begin = 0; begin < 14; begin += 1 + thinning / 4)
      for (int64_t end = begin; end < 15; ++end)
        for (int64_t tile : {1, 2, 5}) {
          ASSERT_TRUE(checkKeyTiles(ops, nf, table, begin, end, tile))
              << instance.str();
          ASSERT_TRUE(checkQueryTiles(ops, nf, table, begin, end, tile))
              << instance.str();
        }
  }
}

/// The named patterns mean what their documentation says.
TEST(Small, NamedPatterns) {
  auto expect = [](const Structure &structure, auto predicate) {
    HeadStructures heads({{1, structure}});
    for (Alignment alignment : {Alignment::End, Alignment::Start})
      for (int64_t queries : {1, 4, 9})
        for (int64_t keys : {1, 5, 9}) {
          IntOps ops;
          Instance instance = {&heads, 0, queries, keys, alignment};
          auto nf = formOf(ops, instance);
          for (int64_t i = 0; i < queries; ++i)
            for (int64_t j = 0; j < keys; ++j)
              ASSERT_EQ(allowed(ops, nf, i, j),
                        predicate(i + instance.offset() - j, j))
                  << instance.str() << " " << i << " " << j;
        }
  };
  expect(Structure::full(), [](int64_t, int64_t) { return true; });
  expect(Structure::causal(), [](int64_t d, int64_t) { return d >= 0; });
  expect(Structure::window(3, 1),
         [](int64_t d, int64_t) { return -1 <= d && d <= 3; });
  expect(Structure::window(std::nullopt, 1),
         [](int64_t d, int64_t) { return -1 <= d; });
  expect(Structure::window(2, std::nullopt),
         [](int64_t d, int64_t) { return d <= 2; });
  expect(Structure::sink(2),
         [](int64_t d, int64_t j) { return d >= 0 && j < 2; });
  expect(Structure::prefix(3),
         [](int64_t d, int64_t j) { return d >= 0 || j < 3; });
}

} // namespace
