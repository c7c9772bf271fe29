//===- DescriptionTest.cpp - Bounds, structures, what is rejected ---------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Definition.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace spattn;
using ::testing::HasSubstr;
using ::testing::Optional;

namespace {

Bound c(int64_t value) { return Bound::constant(value); }
Bound n(int64_t num, int64_t den, int64_t offset = 0) {
  return Bound::affine(num, den, offset);
}
const Bound inf = Bound::posInf(), negInf = Bound::negInf();
using S = Structure;

TEST(Bound, Prints) {
  EXPECT_EQ(n(1, 16, 1).str(), "N floordiv 16 + 1");
  EXPECT_EQ(n(3, 8, -2).str(), "3 * N floordiv 8 - 2");
  EXPECT_EQ(n(2, 1).str(), "2 * N");
  EXPECT_EQ(n(-1, 2).str(), "-1 * N floordiv 2");
  EXPECT_EQ(Bound::length().str(), "N");
  EXPECT_EQ(c(7).str(), "7");
  EXPECT_EQ(c(-7).str(), "-7");
  EXPECT_EQ(n(1, 1, INT64_MIN).str(), "N - 9223372036854775808");
  EXPECT_EQ(inf.str(), "inf");
  EXPECT_EQ(negInf.str(), "-inf");
}

TEST(Bound, IsReduced) {
  EXPECT_EQ(n(2, 4, 1), n(1, 2, 1));
  EXPECT_EQ(n(0, 7, 3), c(3));
  EXPECT_NE(n(1, 2), n(1, 3));
  EXPECT_NE(inf, negInf);
  EXPECT_TRUE(c(3).isConstant());
  EXPECT_TRUE(inf.isConstant());
  EXPECT_FALSE(n(1, 2).isConstant());
}

/// alwaysLE and alwaysLT say yes exactly where all N up to a bound that tells
/// slopes apart say so.
TEST(Bound, OrderIsExact) {
  std::vector<Bound> all = {inf, negInf};
  for (int64_t num = -2; num <= 3; ++num)
    for (int64_t den = 1; den <= 3; ++den)
      for (int64_t offset = -2; offset <= 2; ++offset)
        all.push_back(n(num, den, offset));
  for (const Bound &a : all)
    for (const Bound &b : all) {
      bool le = true, lt = true;
      for (int64_t length = 0; length < 60; ++length) {
        int64_t x = test::valueOf(a, length), y = test::valueOf(b, length);
        le &= x <= y;
        lt &= x < y;
      }
      EXPECT_EQ(alwaysLE(a, b), le) << a.str() << " " << b.str();
      EXPECT_EQ(alwaysLT(a, b), lt) << a.str() << " " << b.str();
    }
}

TEST(Bound, ExtremesAreOutOfRange) {
  for (const Bound &bound :
       {c(INT64_MAX), c(INT64_MIN), n(INT64_MIN, 1), n(1, INT64_MIN), n(1, 0),
        n(1, -3), n(INT64_MAX, INT64_MAX - 1), c(Bound::maxOffset + 1)}) {
    EXPECT_FALSE(bound.inRange()) << bound.str();
    EXPECT_FALSE(alwaysLE(bound, bound));
    EXPECT_FALSE(alwaysLT(bound, inf));
  }
  EXPECT_TRUE(c(Bound::maxOffset).inRange());
  EXPECT_FALSE(alwaysLT(c(Bound::maxOffset), c(Bound::maxOffset)));
}

TEST(Structure, Prints) {
  EXPECT_EQ(S::full().str(), "distances(-inf to inf)");
  EXPECT_EQ(S::causal().str(), "distances(0 to inf)");
  EXPECT_EQ(S::window(3, 1).str(), "distances(-1 to 4)");
  EXPECT_EQ(S::window(std::nullopt, 0).str(), "distances(0 to inf)");
  EXPECT_EQ(S::distances({{c(0), n(1, 4)}, {n(1, 2, 1), inf}}).str(),
            "distances(0 to N floordiv 4, N floordiv 2 + 1 to inf)");
  EXPECT_EQ(S::sink(4).str(),
            "intersection(distances(0 to inf), keys(0 to 4))");
  EXPECT_EQ(S::prefix(4).str(), "union(distances(0 to inf), keys(0 to 4))");
  EXPECT_EQ(S::band(Partition::Exclusive).str(), "band(exclusive)");
  EXPECT_EQ(S::band(Partition::LocalBand, 16, 3).str(),
            "band(local_band, of 16, index 3)");
  EXPECT_EQ(S::band(Partition::Gapped, 16).str(), "band(gapped, of 16)");
  EXPECT_EQ(S::band(Partition::Local).str(), "band(local)");
  EXPECT_EQ(S::band(Partition::Local, {}, {}, 512).str(),
            "band(local, length 512)");
  EXPECT_EQ(S::band(Partition::Exclusive, 16, 3, 4096).str(),
            "band(exclusive, of 16, index 3, length 4096)");
  EXPECT_EQ(
      HeadStructures({{16, S::band(Partition::Exclusive)}, {2, S::full()}})
          .str(),
      "16 x band(exclusive), 2 x distances(-inf to inf)");
}

TEST(Structure, NothingIsAStructure) {
  EXPECT_EQ(S::none().str(), "distances()");
  EXPECT_EQ(S::none().pieces(), 0);
  EXPECT_EQ(S::sink(0), S::none());
  EXPECT_EQ(S::prefix(0), S::causal());
  for (const S &structure : {S::none(), S::unite({S::none(), S::causal()}),
                             S::intersect({S::none(), S::causal()})})
    EXPECT_EQ(structure.validate(), std::nullopt) << structure.str();
}

TEST(Structure, Compares) {
  EXPECT_EQ(S::causal(), S::distances({{c(0), inf}}));
  EXPECT_EQ(S::sink(4), S::sink(4));
  EXPECT_NE(S::sink(4), S::sink(5));
  EXPECT_NE(S::sink(4), S::prefix(4));
  EXPECT_NE(S::distances({{c(0), c(4)}}), S::keys(c(0), c(4)));
  EXPECT_NE(S::queries(c(0), c(4)), S::keys(c(0), c(4)));
  EXPECT_EQ(S::queries(c(0), c(4)), S::queries(c(0), c(4)));
  EXPECT_NE(S::band(Partition::Local), S::band(Partition::Local, 4));
  EXPECT_NE(S::band(Partition::Local, 4), S::band(Partition::Local, 4, 0));
  EXPECT_NE(S::band(Partition::Local), S::band(Partition::Gapped));
  EXPECT_NE(S::band(Partition::Local), S::band(Partition::Local, {}, {}, 8));
  EXPECT_NE(S::band(Partition::Local, {}, {}, 0),
            S::band(Partition::Local, {}, {}, 8));
  EXPECT_EQ(S::band(Partition::Local, {}, {}, 8),
            S::band(Partition::Local, {}, {}, 8));
}

TEST(Structure, CanBeWalked) {
  S structure =
      S::unite({S::keys(c(1), n(1, 2)), S::band(Partition::Gapped, 8, 2),
                S::queries(c(1), c(4))});
  ASSERT_EQ(structure.kind(), S::Kind::Union);
  ASSERT_EQ(structure.children().size(), 3u);
  EXPECT_EQ(structure.children()[0].kind(), S::Kind::Keys);
  EXPECT_EQ(structure.children()[0].keyInterval().hi, n(1, 2));
  EXPECT_EQ(structure.children()[1].kind(), S::Kind::Band);
  EXPECT_EQ(structure.children()[1].partition(), Partition::Gapped);
  EXPECT_THAT(structure.children()[1].partitionOf(), Optional(8));
  EXPECT_THAT(structure.children()[1].partitionIndex(), Optional(2));
  EXPECT_EQ(structure.children()[2].kind(), S::Kind::Queries);
  EXPECT_EQ(structure.children()[2].queryInterval().hi, c(4));
  EXPECT_EQ(structure.children()[2].keyInterval().hi, c(0));
  EXPECT_EQ(structure.pieces(), 3);
  EXPECT_EQ(structure.str(), "union(keys(1 to N floordiv 2), band(gapped, of "
                             "8, index 2), queries(1 to 4))");
}

void expectRejected(const S &structure, const std::string &message,
                    std::optional<int64_t> heads = std::nullopt) {
  EXPECT_THAT(structure.validate(heads), Optional(HasSubstr(message)))
      << structure.str();
}

TEST(Validate, Distances) {
  expectRejected(S::distances({{c(5), c(3)}}), "'5 to 3' is inverted");
  expectRejected(S::distances({{c(3), c(3)}}), "'3 to 3' is empty");
  expectRejected(S::distances({{n(1, 2, 1), n(1, 4, 1)}}),
                 "'N floordiv 2 + 1 to N floordiv 4 + 1' is inverted");
  expectRejected(S::distances({{inf, negInf}}), "'inf to -inf' is inverted");
  expectRejected(S::distances({{inf, inf}}), "'inf to inf' is empty");
  expectRejected(S::distances({{c(0), c(4)}, {c(3), c(9)}}),
                 "'0 to 4' and '3 to 9' overlap");
  expectRejected(S::distances({{c(0), c(4)}, {n(1, 2), inf}, {c(3), c(9)}}),
                 "'0 to 4' and '3 to 9' overlap");
  expectRejected(S::distances({{c(5), c(9)}, {c(0), c(4)}}),
                 "'5 to 9' and '0 to 4' are not ascending");
  expectRejected(S::distances({{c(0), c(int64_t(1) << 41)}}), "out of range");
  expectRejected(S::distances({{n(1, 0), inf}}), "out of range");
  expectRejected(S::distances({{n(1 << 21, 1), inf}}), "out of range");
  expectRejected(S::distances({{c(INT64_MIN), c(INT64_MAX)}}), "out of range");
  expectRejected(S::window(INT64_MAX, INT64_MIN), "out of range");
  expectRejected(S::window(0, -1), "'1 to 1' is empty");
  expectRejected(S::distances(std::vector<Interval>(65, {c(0), n(1, 2)})),
                 "more than 64 intervals");
}

TEST(Validate, AcceptsWhatDependsOnLength) {
  for (const S &structure :
       {S::distances({{n(1, 2), n(1, 4, 9)}}),
        S::distances({{n(1, 2), n(1, 1)}, {c(0), n(1, 4)}}),
        S::distances({{c(0), c(4)}, {c(4), c(8)}}),
        S::distances({{c(0), n(1, 4)}, {n(1, 8), c(8)}}),
        S::keys(n(1, 2, -3), n(1, 2)), S::keys(negInf, c(3)),
        S::keys(c(0), inf), S::queries(negInf, n(1, 1, -3)),
        S::queries(n(1, 2, -3), n(1, 2)), S::band(Partition::Local, 1, 0)})
    EXPECT_EQ(structure.validate(), std::nullopt) << structure.str();
}

TEST(Validate, Keys) {
  expectRejected(S::keys(c(5), c(3)), "key interval '5 to 3' is inverted");
  expectRejected(S::keys(c(-2), c(3)), "negative");
  expectRejected(S::keys(negInf, c(0)), "selects no key");
  expectRejected(S::keys(c(-4), c(-2)), "selects no key");
  expectRejected(S::keys(Bound::length(), inf), "selects no key");
  expectRejected(S::keys(c(0), c(int64_t(1) << 41)), "out of range");
  expectRejected(S::keys(c(0), c(0)), "key interval '0 to 0' is empty");
  expectRejected(S::sink(-1), "key interval '0 to -1' is inverted");
  std::vector<S> parts;
  for (int64_t k = 0; k < 9; ++k)
    parts.push_back(S::keys(c(2 * k), c(2 * k + 1)));
  expectRejected(S::unite(parts), "more than 16 distinct key bounds");
}

TEST(Validate, Bands) {
  expectRejected(S::band(Partition::Exclusive, 0), "partition of 0");
  expectRejected(S::band(Partition::Exclusive, -4), "partition of -4");
  expectRejected(S::band(Partition::Exclusive, INT64_MAX), "out of range");
  expectRejected(
      S::band(Partition::Exclusive, 4, 4),
      "partition index 4 is out of range: there are indices from 0 to 3");
  expectRejected(S::band(Partition::Exclusive, 4, -1), "is negative");
  expectRejected(
      S::band(Partition::Exclusive, std::nullopt, 8),
      "partition index 8 is out of range: there are indices from 0 to 7", 8);
  expectRejected(S::band(Partition::Exclusive, 4),
                 "a partition of 4 has no part for each of 8 heads", 8);
  EXPECT_EQ(S::band(Partition::Exclusive, 8).validate(8), std::nullopt);
  expectRejected(S::band(Partition::Exclusive, 8, 0, -1),
                 "partition length -1 is negative");
  expectRejected(S::band(Partition::Exclusive, {}, {}, int64_t(1) << 30),
                 "partition length 1073741824 is out of range");
  EXPECT_EQ(
      S::band(Partition::Exclusive, {}, {}, (int64_t(1) << 30) - 1).validate(),
      std::nullopt);
  EXPECT_EQ(S::band(Partition::Exclusive, {}, {}, 0).validate(), std::nullopt);
  EXPECT_EQ(S::band(Partition::Exclusive, std::nullopt, 8).validate(),
            std::nullopt);
}

TEST(Validate, Trees) {
  expectRejected(S::unite({}), "a union needs at least one part");
  expectRejected(S::intersect({}), "an intersection needs at least one part");
  expectRejected(S::unite({S::causal(), S::intersect({S::unite({})})}),
                 "a union needs at least one part");
  S two = S::distances({{c(0), c(1)}, {c(2), c(3)}});
  expectRejected(S::intersect(std::vector<S>(7, two)),
                 "more than 64 intervals");
  // 17 intervals before and after keys that all queries see.
  std::vector<Interval> comb;
  for (int64_t k = 0; k < 17; ++k)
    comb.push_back({c(2 * k), c(2 * k + 1)});
  S many = S::unite({S::distances(comb), S::keys(c(40), c(50))});
  expectRejected(many,
                 "has 35 intervals of distances, counted for each range of "
                 "keys; at most 24 are supported",
                 1);
  comb.resize(8);
  many = S::unite({S::distances(comb), S::keys(c(40), c(50))});
  EXPECT_EQ(many.validate(1), std::nullopt);
  HeadStructures mixture(std::vector<HeadGroup>(8, {1, many}));
  EXPECT_THAT(mixture.validate().value_or(""),
              HasSubstr("the structures of all head groups have 136 intervals "
                        "of distances; at most 128 are supported"));
  S deep = S::causal();
  for (int level = 0; level < 64; ++level)
    deep = S::intersect({deep});
  expectRejected(deep, "more than 64 levels deep");
  // A tree of 2^60 nodes that is a graph of 60.
  S wide = S::causal();
  for (int level = 0; level < 60; ++level)
    wide = S::intersect({wide, wide});
  expectRejected(wide, "more than 4096 nodes");
}

TEST(Validate, Heads) {
  auto rejected = [](std::vector<HeadGroup> groups, const char *message) {
    EXPECT_THAT(HeadStructures(groups).validate(),
                Optional(HasSubstr(message)));
  };
  rejected({}, "there is no head group");
  rejected({{0, S::full()}}, "head group 0: it has 0 heads");
  rejected({{4, S::full()}, {-1, S::full()}}, "head group 1: it has -1 heads");
  rejected({{4, S::full()}, {INT64_MAX, S::full()}}, "out of range");
  rejected({{1 << 20, S::full()}, {1, S::full()}}, "out of range");
  rejected({{4, S::full()}, {8, S::band(Partition::Exclusive, 4)}},
           "head group 1: a partition of 4 has no part");
  HeadStructures heads({{4, S::full()}, {8, S::band(Partition::Exclusive)}});
  EXPECT_EQ(heads.validate(), std::nullopt);
  EXPECT_EQ(heads.numHeads(), 12);
}

} // namespace
