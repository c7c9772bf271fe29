//===- DivideTest.cpp - Heads that see within residue classes -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Divide.h"
#include "Definition.h"
#include "QueryStructures.h"
#include "RandomStructures.h"
#include "gtest/gtest.h"

using namespace spattn;
using namespace spattn::test;
using S = Structure;
using Of = Residues::Of;

namespace {

Bound c(int64_t value) { return Bound::constant(value); }

/// Compares a structure with what is said of its classes, pair by pair.
void check(const S &structure, const DividedStructure &divided, int64_t queries,
           int64_t keys, Alignment alignment) {
  SCOPED_TRACE(structure.str() + " divided " + divided.structure.str());
  ASSERT_EQ(divided.structure.validate(1), std::nullopt);
  int64_t modulus = divided.modulus;
  HeadStructures whole({{1, structure}}), ofClass({{1, divided.structure}});
  Instance instance = {&whole, 0, modulus * queries, modulus * keys, alignment};
  Instance inClass = {&ofClass, 0, queries, keys, alignment};
  for (int64_t i = 0; i < modulus * queries; ++i)
    for (int64_t j = 0; j < modulus * keys; ++j) {
      bool expected =
          i % modulus == j % modulus &&
          (!divided.remainder || i % modulus == divided.remainder) &&
          holds(inClass, i / modulus, j / modulus);
      if (divided.others) {
        HeadStructures besides({{1, *divided.others}});
        Instance ofOthers = instance;
        ofOthers.heads = &besides;
        bool isOther = holds(ofOthers, i, j);
        ASSERT_FALSE(expected && isOther) << "a pair counts twice";
        expected |= isOther;
      }
      ASSERT_EQ(holds(instance, i, j), expected)
          << i << " " << j << " of " << queries << " " << keys;
    }
}

void check(const S &structure, int64_t modulus,
           std::optional<int64_t> remainder = std::nullopt) {
  for (Alignment alignment : {Alignment::End, Alignment::Start}) {
    DividedStructure divided = divide(structure, alignment);
    EXPECT_EQ(divided.modulus, modulus) << structure.str();
    EXPECT_EQ(divided.remainder, remainder) << structure.str();
    for (auto [queries, keys] : {std::pair(5, 5), {2, 6}, {6, 2}})
      check(structure, divided, queries, keys, alignment);
  }
}

S places(Of of, int64_t residue, int64_t modulus) {
  return S::residues({of, residue, residue + 1, modulus});
}

TEST(Divide, Distances) {
  check(S::strided(4), 4);
  check(S::intersect({S::window(11, 0), S::strided(4)}), 4);
  check(S::intersect({S::strided(3), S::window(7, 7)}), 3);
  check(S::intersect({S::causal(), S::strided(1)}), 1);
  check(S::intersect({S::strided(4), S::sink(8)}), 4);
  check(
      S::intersect({S::strided(2), S::distances({{c(-3), c(2)}, {c(5), c(8)}}),
                    S::unite({S::queries(c(0), c(4)), S::causal()})}),
      2);
  // Distances between multiples are none.
  check(S::intersect({S::strided(4), S::distances({{c(1), c(4)}})}), 4);
  // A partition of a length is distances.
  check(S::intersect({S::strided(2), S::band(Partition::Exclusive, 2, 1, 16)}),
        2);
}

TEST(Divide, OneClass) {
  for (int64_t residue : {0, 1, 2}) {
    S queries = places(Of::Queries, residue, 3),
      keys = places(Of::Keys, residue, 3);
    check(S::intersect({queries, keys}), 3, residue);
    check(S::intersect({queries, S::strided(3), S::causal()}), 3, residue);
    check(S::intersect({queries, keys, block(c(0), c(9))}), 3, residue);
    check(S::intersect({queries, keys, S::queries(c(4), c(11)),
                        S::keys(c(5), Bound::posInf())}),
          3, residue);
  }
}

TEST(Divide, WithOthers) {
  S causal = S::causal(), strided = S::strided(3);
  for (const S &structure :
       {S::unite({S::window(4, 0), S::intersect({causal, strided})}),
        S::intersect({causal, S::unite({S::window(2, 2), strided})}),
        S::unite({strided, S::distances({{c(-4), c(-1)}, {c(2), c(5)}})}),
        S::intersect({causal, S::unite({S::window(3, 0), strided}),
                      S::distances({{c(0), c(12)}})})}) {
    EXPECT_TRUE(divide(structure).others) << structure.str();
    check(structure, 3);
  }
  S one = S::intersect({places(Of::Queries, 1, 3), strided});
  check(S::unite({S::window(1, 1), one}), 3, 1);
  // All distances that are multiples are others.
  check(S::unite({S::window(40, 40), strided}), 3);
}

TEST(Divide, LeavesAlone) {
  Bound half = Bound::affine(1, 2, 0);
  for (const S &structure :
       {S::causal(), S::strided(4, 1), S::unite({S::strided(4), S::sink(2)}),
        S::intersect({S::strided(4), S::keys(c(0), c(6))}),
        S::intersect({S::strided(4), S::distances({{c(0), half}})}),
        S::intersect({S::strided(4), S::band(Partition::Exclusive)}),
        S::intersect({S::strided(4), S::strided(8)}),
        S::unite({S::strided(4), S::strided(8), S::window(2, 0)}),
        S::intersect({places(Of::Queries, 1, 4), places(Of::Keys, 2, 4)}),
        places(Of::Keys, 1, 4),
        S::intersect({places(Of::Queries, 3, 4), places(Of::Keys, 3, 4),
                      S::queries(c(0), c(2))})}) {
    DividedStructure divided = divide(structure);
    EXPECT_EQ(divided.modulus, 1) << structure.str();
    EXPECT_EQ(divided.structure, structure);
  }
}

TEST(Divide, RandomStructures) {
  std::mt19937 random(11);
  RandomStructures draw(random, 12);
  int64_t found = 0;
  for (int round = 0; round < 1500; ++round) {
    int64_t modulus = draw.pick(2, 4), residue = draw.pick(0, modulus - 1);
    std::vector<S> parts = {draw.structure(2, 1), S::strided(modulus)};
    if (draw.pick(0, 1))
      parts.push_back(places(Of::Queries, residue, modulus));
    S structure = S::intersect(parts);
    if (draw.pick(0, 1))
      structure = S::unite({structure, draw.structure(2, 1)});
    if (structure.validate(1))
      continue;
    Alignment alignment = draw.pick(0, 1) ? Alignment::End : Alignment::Start;
    DividedStructure divided = divide(structure, alignment);
    found += divided.modulus > 1;
    check(structure, divided, draw.pick(1, 5), draw.pick(1, 5), alignment);
    if (HasFailure())
      return;
  }
  EXPECT_GT(found, 200);
}

TEST(Divide, Groups) {
  std::vector<DividedGroup> groups = divide(
      HeadStructures({{2, S::window(9, 0)},
                      {3, S::intersect({S::window(9, 0), S::strided(2)})}}));
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].count, 2);
  EXPECT_EQ(groups[0].divided.modulus, 1);
  EXPECT_EQ(groups[1].count, 3);
  EXPECT_EQ(groups[1].divided.modulus, 2);
  EXPECT_EQ(groups[1].divided.structure, S::window(4, 0));
}

} // namespace
