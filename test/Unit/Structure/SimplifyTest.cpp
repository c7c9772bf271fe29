//===- SimplifyTest.cpp - Simplified structures allow the same pairs ------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Simplify.h"

#include "Checks.h"
#include "RandomStructures.h"

using namespace spattn;
using namespace spattn::test;
using S = Structure;

namespace {

Bound c(int64_t value) { return Bound::constant(value); }
Bound n(int64_t num, int64_t den, int64_t offset = 0) {
  return Bound::affine(num, den, offset);
}
const Bound inf = Bound::posInf(), negInf = Bound::negInf();

constexpr KnownLengths unknownLengths = {};
constexpr Alignment alignments[] = {Alignment::End, Alignment::Start};

//===----------------------------------------------------------------------===//
// Random structures
//===----------------------------------------------------------------------===//

/// Intervals of all leaves.
int64_t countLeafIntervals(const Structure &structure) {
  int64_t count = structure.intervals().size();
  // A band of a fixed length is intervals, too.
  if (structure.partitionLength())
    count += structure.pieces();
  // Residues may be those of all distances.
  count += structure.kind() == S::Kind::Residues;
  for (const Structure &child : structure.children())
    count += countLeafIntervals(child);
  return count;
}

void checkSize(const Structure &simple, const Structure &structure) {
  EXPECT_LE(simple.size(), structure.size());
  EXPECT_LE(simple.depth(), structure.depth());
  EXPECT_LE(simple.pieces(), structure.pieces());
  EXPECT_LE(countLeafIntervals(simple), countLeafIntervals(structure));
}

/// All pairs where lengths are small, a sample of them elsewhere.
void checkPairs(const HeadStructures &simple, const HeadStructures &heads,
                int64_t queries, int64_t keys, Alignment alignment,
                std::mt19937 &random) {
  bool isSmall = queries <= 16 && keys <= 16;
  for (int64_t head = 0; head < heads.numHeads(); ++head) {
    Instance before = {&heads, head, queries, keys, alignment};
    Instance after = {&simple, head, queries, keys, alignment};
    auto check = [&](int64_t i, int64_t j) {
      ASSERT_EQ(holds(after, i, j), holds(before, i, j))
          << i << " " << j << " of " << before.str() << "\nsimplified "
          << after.str();
    };
    if (isSmall) {
      for (int64_t i = 0; i < queries; ++i)
        for (int64_t j = 0; j < keys; ++j)
          check(i, j);
      continue;
    }
    for (int64_t k = 0; k < 64 && queries > 0 && keys > 0; ++k)
      check(std::uniform_int_distribution<int64_t>(0, queries - 1)(random),
            std::uniform_int_distribution<int64_t>(0, keys - 1)(random));
  }
}

void checkHeads(const HeadStructures &heads, KnownLengths known,
                Alignment alignment, int64_t scale, std::mt19937 &random) {
  HeadStructures simple = simplify(heads, known, alignment);
  SCOPED_TRACE(heads.str() + "\nsimplified " + simple.str());
  ASSERT_EQ(simple.validate(), std::nullopt);
  ASSERT_EQ(simplify(simple, known, alignment), simple)
      << simplify(simple, known, alignment).str();
  ASSERT_LE(simple.groups().size(), heads.groups().size());
  for (const HeadGroup &group : heads.groups()) {
    Structure own = simplify(group.structure, known, alignment);
    SCOPED_TRACE(group.structure.str() + "\nsimplified " + own.str());
    checkSize(own, group.structure);
    ASSERT_EQ(simplify(own, known, alignment), own);
    ASSERT_EQ(own.validate(), std::nullopt);
  }
  auto pick = [&](int64_t hi) {
    return std::uniform_int_distribution<int64_t>(0, hi)(random);
  };
  for (int round = 0; round < 8; ++round) {
    int64_t most = round < 4 ? scale + 2 : 24 * scale;
    checkPairs(simple, heads, known.queries.value_or(pick(most)),
               known.keys.value_or(pick(most)), alignment, random);
    if (testing::Test::HasFailure())
      return;
  }
}

TEST(Simplify, KeepsPairsOfRandomStructures) {
  std::mt19937 random(7);
  for (int round = 0; round < 6000; ++round) {
    int64_t scale = 12;
    RandomStructures draw(random, scale, round % 3 == 0);
    HeadStructures heads = draw.heads(3);
    KnownLengths known;
    int64_t most = draw.pick(0, 3) ? scale + 2 : 24 * scale;
    if (draw.pick(0, 1))
      known.queries = draw.pick(0, most);
    if (draw.pick(0, 1))
      known.keys = draw.pick(0, most);
    Alignment alignment = alignments[draw.pick(0, 1)];
    if (round % thinning != 0)
      continue;
    SCOPED_TRACE("round " + std::to_string(round));
    checkHeads(heads, known, alignment, scale, random);
    if (HasFailure())
      return;
  }
}

/// Without lengths, every length is one of those that count.
TEST(Simplify, IsExactForEveryLength) {
  std::mt19937 random(8);
  for (int round = 0; round < 400; ++round) {
    HeadStructures heads = RandomStructures(random, 8, round % 3 == 0).heads(3);
    Alignment alignment = alignments[round % 2];
    HeadStructures simple = simplify(heads, unknownLengths, alignment);
    if (round % thinning != 0)
      continue;
    for (int64_t queries = 0; queries <= 9; ++queries)
      for (int64_t keys = 0; keys <= 9; ++keys)
        checkPairs(simple, heads, queries, keys, alignment, random);
    if (HasFailure())
      return;
  }
}

//===----------------------------------------------------------------------===//
// By hand
//===----------------------------------------------------------------------===//

void expectSimple(const S &structure, const std::string &expected,
                  KnownLengths lengths = {},
                  Alignment alignment = Alignment::End) {
  EXPECT_EQ(simplify(structure, lengths, alignment).str(), expected)
      << structure.str();
}

TEST(Simplify, ExampleOfTheHeader) {
  S structure = S::unite({S::distances({{c(0), n(1, 4)}}), S::keys(c(0), c(4)),
                          S::distances({{c(8), c(64)}})});
  expectSimple(structure, "union(distances(0 to inf), keys(0 to 4))", {64, 64});
  // Without the length, it is not certain that the intervals overlap.
  expectSimple(structure,
               "union(distances(0 to N floordiv 4, 8 to 64), keys(0 to 4))");
}

TEST(Simplify, Distances) {
  expectSimple(S::distances({{c(0), c(8)}, {c(8), c(20)}}),
               "distances(0 to 20)");
  expectSimple(S::distances({{c(4), c(8)}, {n(1, 2), n(3, 4)}, {c(8), c(9)}}),
               "distances(4 to 9, N floordiv 2 to 3 * N floordiv 4)");
  // What is certain for every N.
  expectSimple(S::distances({{n(1, 4), n(1, 2)}, {n(1, 2), n(3, 4)}}),
               "distances(N floordiv 4 to 3 * N floordiv 4)");
  expectSimple(S::distances({{n(1, 2), c(5)}, {n(1, 3), c(6)}}),
               "distances(N floordiv 3 to 6)");
  // Constants ascend, among the places that they have.
  expectSimple(S::distances({{c(9), n(3, 1, 10)}, {c(2), c(4)}, {c(6), c(7)}}),
               "distances(2 to 4, 6 to 7, 9 to inf)");
}

/// No pair is further apart than lengths allow.
TEST(Simplify, EndsOfDistances) {
  S all = S::distances({{c(-63), c(64)}});
  expectSimple(all, "distances(-inf to inf)", {64, 64});
  expectSimple(all, "distances(-63 to inf)", {std::nullopt, 64});
  expectSimple(all, "distances(-inf to 64)", {64, std::nullopt});
  expectSimple(all, "distances(-inf to 64)", {std::nullopt, 64},
               Alignment::Start);
  expectSimple(all, "distances(-63 to 64)");
  expectSimple(S::distances({{c(64), c(70)}}), "distances()", {64, 64});
  expectSimple(S::distances({{c(-9), c(-7)}}), "distances()", {8, 64});
  // A single query sees all that causal attention has.
  expectSimple(S::causal(), "distances(-inf to inf)", {1, 64});
  S causal = S::distances({{c(0), n(1, 1)}});
  expectSimple(causal, "distances(0 to inf)");
  expectSimple(causal, "distances(0 to N)", {}, Alignment::Start);
  S mirrored = S::distances({{n(-1, 1, 1), c(0)}});
  expectSimple(mirrored, "distances(-1 * N + 1 to 0)");
  expectSimple(mirrored, "distances(-inf to 0)", {}, Alignment::Start);
  // Further than a bound can say.
  expectSimple(S::distances({{c(0), n(1 << 20, 1)}, {n(-(1 << 20), 1), c(-3)}}),
               "distances(-inf to -3, 0 to inf)", {std::nullopt, 1 << 21});
}

TEST(Simplify, Keys) {
  expectSimple(S::keys(n(1, 4), n(1, 2)), "keys(16 to 32)", {{}, 64});
  expectSimple(S::keys(negInf, n(1, 2)), "keys(0 to N floordiv 2)");
  expectSimple(S::keys(c(3), n(1, 1, 2)), "keys(3 to inf)");
  expectSimple(S::keys(n(1, 32, -3), n(1, 32, -1)), "keys(0 to 1)", {{}, 64});
  expectSimple(S::keys(n(1, 32, -3), n(1, 32, -2)), "distances()", {{}, 64});
  expectSimple(S::keys(c(64), c(70)), "distances()", {{}, 64});
}

TEST(Simplify, Residues) {
  auto keys = [](int64_t lo, int64_t hi, int64_t modulus) {
    return S::residues({Residues::Of::Keys, lo, hi, modulus});
  };
  expectSimple(keys(3, 7, 4), "distances(-inf to inf)");
  expectSimple(S::unite({keys(0, 2, 8), keys(2, 5, 8)}),
               "residues(keys, 0 to 5 mod 8)");
  expectSimple(S::intersect({keys(0, 4, 8), keys(2, 5, 8)}),
               "residues(keys, 2 to 4 mod 8)");
  expectSimple(S::intersect({keys(0, 2, 8), keys(2, 5, 8)}), "distances()");
  // Other moduli, and residues that go round, stay apart.
  expectSimple(S::unite({keys(0, 2, 8), keys(2, 4, 16)}),
               "union(residues(keys, 0 to 2 mod 8), residues(keys, 2 to 4 mod "
               "16))");
  expectSimple(S::unite({keys(0, 2, 8), keys(7, 9, 8)}),
               "union(residues(keys, 0 to 2 mod 8), residues(keys, 7 to 9 mod "
               "8))");
}

TEST(Simplify, Unions) {
  S sink = S::sink(4), band = S::band(Partition::Exclusive);
  expectSimple(S::unite({S::window(4, 4), sink, S::distances({{c(3), c(10)}})}),
               "union(distances(-4 to 10), " + sink.str() + ")");
  expectSimple(S::unite({band, S::unite({band, sink}), S::none(), sink}),
               "union(band(exclusive), " + sink.str() + ")");
  expectSimple(S::unite({S::prefix(4), S::window(2, 2)}),
               "union(distances(-2 to inf), keys(0 to 4))");
  expectSimple(S::unite({S::keys(c(0), c(4)), S::keys(c(4), n(1, 1))}),
               "distances(-inf to inf)");
  expectSimple(S::unite({S::keys(c(0), c(4)), S::keys(c(5), c(6))}),
               "union(keys(0 to 4), keys(5 to 6))");
  expectSimple(S::unite({sink, S::causal(), S::distances({{negInf, c(1)}})}),
               "distances(-inf to inf)");
  expectSimple(S::unite({S::none(), S::none()}), "distances()");
}

TEST(Simplify, Intersections) {
  S band = S::band(Partition::Exclusive);
  expectSimple(S::intersect({S::window(4, 4), S::distances({{c(2), c(10)}})}),
               "distances(2 to 5)");
  expectSimple(S::intersect({S::distances({{c(0), c(4)}, {c(6), c(9)}}),
                             S::distances({{c(3), c(7)}})}),
               "distances(3 to 4, 6 to 7)");
  expectSimple(S::intersect({S::distances({{negInf, n(1, 2)}}), S::causal()}),
               "distances(0 to N floordiv 2)");
  expectSimple(S::intersect({band, S::full(), band}), "band(exclusive)");
  expectSimple(S::intersect({band, S::keys(c(9), n(1, 1))}), "distances()",
               {{}, 9});
  expectSimple(S::intersect({S::sink(4), S::window(2, std::nullopt)}),
               "intersection(distances(0 to 3), keys(0 to 4))");
  expectSimple(S::intersect({S::keys(c(0), c(5)), S::keys(c(7), c(9))}),
               "distances()");
  expectSimple(S::intersect({S::keys(c(0), n(1, 2)), S::keys(n(1, 4), inf)}),
               "keys(N floordiv 4 to N floordiv 2)");
  // Where no order is certain, both stay.
  S uncertain = S::intersect(
      {S::distances({{c(0), n(1, 2)}}), S::distances({{c(2), c(9)}})});
  expectSimple(uncertain, uncertain.str());
  expectSimple(S::intersect({S::full(), S::keys(negInf, inf)}),
               "distances(-inf to inf)");
  expectSimple(S::sink(100), "distances(0 to inf)", {64, 64});
}

TEST(Simplify, CommonParts) {
  S past = S::causal(), future = S::distances({{negInf, c(0)}});
  S fourth = S::strided(4), first = S::queries(c(0), c(5));
  S some = S::keys(c(3), c(9)), band = S::band(Partition::Exclusive);
  // A | A & B is A, and A & (A | B) is A.
  expectSimple(S::unite({fourth, S::intersect({past, fourth})}), fourth.str());
  expectSimple(S::intersect({S::unite({past, fourth}), past}), past.str());
  // A & C | B & C is (A | B) & C.
  expectSimple(
      S::unite({S::intersect({past, fourth}), S::intersect({fourth, future})}),
      fourth.str());
  expectSimple(S::unite({S::intersect({S::window(5, 0), first}),
                         S::intersect({first, S::distances({{c(-5), c(0)}})})}),
               "intersection(distances(-5 to 6), " + first.str() + ")");
  expectSimple(S::unite({S::intersect({band, first, some}),
                         S::intersect({some, S::keys(c(9), c(12)), first}),
                         S::intersect({some, first, band})}),
               "intersection(band(exclusive), " + first.str() + ", " +
                   some.str() + ")");
  expectSimple(S::intersect({S::unite({S::window(5, 0), first}),
                             S::unite({first, S::window(2, 3)})}),
               "union(distances(0 to 3), " + first.str() + ")");
  // The parts that differ stay two where they are no one structure.
  S apart = S::unite({S::intersect({past, first}), S::intersect({past, some})});
  expectSimple(apart, apart.str());
  S more = S::unite(
      {S::intersect({past, first}), S::intersect({past, some, S::strided(3)})});
  expectSimple(more, more.str());
}

TEST(Simplify, Heads) {
  auto expect = [](HeadStructures heads, const char *expected) {
    EXPECT_EQ(simplify(heads).str(), expected);
  };
  S band = S::band(Partition::Exclusive);
  expect(HeadStructures({{1, S::causal()}, {2, S::window({}, 0)}, {1, band}}),
         "3 x distances(0 to inf), 1 x band(exclusive)");
  // What a band is depends on the group.
  expect(HeadStructures({{1, band}, {1, band}}),
         "1 x band(exclusive), 1 x band(exclusive)");
  expect(HeadStructures({{1, S::band(Partition::Local, 4, 1)},
                         {1, S::band(Partition::Local, 4, 1)}}),
         "2 x band(local, of 4, index 1)");
  // A band of a fixed length is distances, if the group does not matter.
  expect(HeadStructures({{1, S::band(Partition::Exclusive, 4, 1, 10)},
                         {1, S::band(Partition::LocalBand, 4, 2, 10)},
                         {1, S::band(Partition::Gapped, 4, 3, 10)},
                         {1, S::band(Partition::Local, 4, 3, 10)},
                         {2, S::band(Partition::Local, {}, {}, 10)}}),
         "1 x distances(3 to 6), 1 x distances(0 to 3, 6 to 8), "
         "1 x distances(8 to 9), 1 x distances(0 to 3), "
         "2 x band(local, length 10)");
  expect(HeadStructures({{1, S::band(Partition::Exclusive, 4, 3, 3)}}),
         "1 x distances()");
  // The one head of a partition sees [0, N), which N / 2 lies in. 32 lies in
  // it only at lengths that the normal form does not know.
  HeadStructures one({{1, S::unite({band, S::distances({{n(1, 2), c(40)}})})}});
  EXPECT_EQ(simplify(one, {{}, 64}), one);
}

} // namespace
