//===- FindStructureTest.cpp - From masks to structures -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/FindStructure.h"

#include "Definition.h"
#include "RandomStructures.h"
#include "gtest/gtest.h"

using namespace spattn;
using namespace spattn::test;

namespace {

using S = Structure;
Bound c(int64_t value) { return Bound::constant(value); }
const Bound inf = Bound::posInf();

/// The pairs of a structure, by its definition.
PairGrid define(const Structure &structure, int64_t queries, int64_t keys,
                Alignment alignment) {
  HeadStructures heads({{1, structure}});
  Instance instance{&heads, 0, queries, keys, alignment};
  PairGrid grid(queries, keys);
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t j = 0; j < keys; ++j)
      grid.set(i, j, holds(instance, i, j));
  return grid;
}

/// What is found for a structure of 16 queries and keys.
Structure findAgain(const Structure &structure) {
  std::optional<Structure> found =
      findStructure(define(structure, 16, 16, Alignment::End), Alignment::End);
  return found ? *found : S::none();
}

TEST(FindStructure, FindsWhatModelsHave) {
  for (const Structure &structure :
       {S::full(), S::none(), S::causal(), S::window(4, 2), S::prefix(5),
        S::distances({{c(3), c(5)}, {c(8), c(11)}}), S::keys(c(0), c(9)),
        S::queries(c(4), c(7)),
        S::unite(
            {S::window(2, 2), S::keys(c(0), c(2)), S::queries(c(0), c(2))})})
    EXPECT_EQ(findAgain(structure).str(), structure.str());
}

TEST(FindStructure, FindsRangesOfQueries) {
  Structure blocks =
      S::unite({S::intersect({S::queries(c(0), c(8)), S::keys(c(0), c(8))}),
                S::intersect({S::queries(c(8), inf), S::keys(c(8), inf)})});
  EXPECT_EQ(findAgain(blocks).str(), blocks.str());
}

TEST(FindStructure, FindsDocuments) {
  Structure structure =
      S::unite({S::intersect({S::queries(c(0), c(9)), S::keys(c(0), c(9))}),
                S::intersect({S::queries(c(9), c(20)), S::keys(c(9), c(20))}),
                S::intersect({S::queries(c(20), inf), S::keys(c(20), inf)})});
  structure = S::intersect({S::causal(), structure});
  PairGrid grid = define(structure, 32, 32, Alignment::End);
  std::optional<Structure> found = findStructure(grid, Alignment::End);
  ASSERT_TRUE(found);
  EXPECT_EQ(define(*found, 32, 32, Alignment::End), grid) << found->str();
}

/// A mask without a pattern has no structure.
TEST(FindStructure, FindsNothingInNoise) {
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    PairGrid grid(40, 40);
    for (int64_t i = 0; i < 40; ++i)
      for (int64_t j = 0; j < 40; ++j)
        grid.set(i, j, random() % 2);
    EXPECT_FALSE(findStructure(grid, Alignment::End));
  }
}

TEST(FindStructure, KnowsEmptyRows) {
  EXPECT_FALSE(define(S::causal(), 4, 4, Alignment::End).hasEmptyRow());
  EXPECT_TRUE(
      define(S::distances({{c(1), inf}}), 4, 4, Alignment::End).hasEmptyRow());
  EXPECT_TRUE(define(S::causal(), 6, 4, Alignment::End).hasEmptyRow());
}

/// Whatever is found allows the same pairs, by the definition.
TEST(FindStructure, IsExact) {
  std::mt19937 random(7);
  int found = 0;
  for (int round = 0; round < 400; ++round) {
    Structure structure = RandomStructures(random, 12).structure(2, 1);
    int64_t queries = 1 + random() % 24, keys = 1 + random() % 24;
    for (Alignment alignment : {Alignment::End, Alignment::Start}) {
      PairGrid grid = define(structure, queries, keys, alignment);
      EXPECT_EQ(listPairs(structure, queries, keys, alignment), grid);
      std::optional<Structure> result = findStructure(grid, alignment);
      if (!result)
        continue;
      ++found;
      EXPECT_EQ(define(*result, queries, keys, alignment), grid)
          << structure.str() << " as " << result->str() << " at " << queries
          << " x " << keys;
    }
  }
  // Most are found.
  EXPECT_GT(found, 600);
}

} // namespace
