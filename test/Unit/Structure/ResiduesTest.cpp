//===- ResiduesTest.cpp - Strided distances, keys and queries -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "QueryStructures.h"
#include "RandomStructures.h"
#include "spattn/Structure/FormNumbers.h"
#include "spattn/Structure/Host.h"

using namespace spattn;
using namespace spattn::test;
using S = Structure;
using Of = Residues::Of;

namespace {

Bound c(int64_t value) { return Bound::constant(value); }

/// The structure with something else in the place of residues: everything, or
/// nothing.
S replaceResidues(const S &structure, const S &with) {
  if (structure.kind() == S::Kind::Residues) {
    const Residues &own = structure.residues();
    return own.hi - own.lo == own.modulus ? S::full() : with;
  }
  std::vector<S> parts;
  for (const S &child : structure.children())
    parts.push_back(replaceResidues(child, with));
  if (structure.kind() == S::Kind::Union)
    return S::unite(parts);
  if (structure.kind() == S::Kind::Intersection)
    return S::intersect(parts);
  return structure;
}

HeadStructures replaceResidues(const HeadStructures &heads, const S &with) {
  std::vector<HeadGroup> groups;
  for (const HeadGroup &group : heads.groups())
    groups.push_back({group.count, replaceResidues(group.structure, with)});
  return HeadStructures(std::move(groups));
}

/// The intervals as rows of a table, each a normal form of its own, allow the
/// same together.
template <class Ops, class V = typename Ops::Value>
bool isAllowedByBoxes(Ops &ops, const NormalForm<V> &form, V i, V j) {
  bool any = false;
  for (const std::vector<V> &numbers : numbersOfBoxes(ops, form)) {
    EXPECT_EQ(int64_t(numbers.size()), countNumbersOfBox(form));
    any |= read(allowed(ops, formOfBox(ops, form, numbers), i, j));
  }
  return any;
}

template <class Ops>
void check(Ops ops, const Instance &instance, const Table &table) {
  SCOPED_TRACE(instance.str());
  auto nf = formOf(ops, instance);
  for (const auto &layer : layersOf(nf))
    ASSERT_TRUE(checkInvariants(withSegments(nf, layer.segments), instance));
  for (size_t k = 1; k < nf.layers.size(); ++k)
    ASSERT_FALSE(nf.layers[k].conditions.empty());
  for (int64_t i = -1; i <= table.rows; ++i)
    for (int64_t j = -1; j <= table.columns; ++j) {
      bool expected = i >= 0 && j >= 0 && table.count(i, i + 1, j, j + 1);
      auto query = unknown(ops, i), key = unknown(ops, j);
      ASSERT_EQ(read(allowed(ops, nf, query, key)), expected) << i << " " << j;
      ASSERT_EQ(isAllowedByBoxes(ops, nf, query, key), expected);
    }
  HeadStructures all = replaceResidues(*instance.heads, S::full());
  HeadStructures none = replaceResidues(*instance.heads, S::none());
  Instance visited = instance, full = instance;
  visited.heads = &all;
  full.heads = &none;
  Table visitedTable(visited), fullTable(full);
  TileTables tables(visitedTable, fullTable);
  for (int64_t own : {1, 3, 8, 64})
    for (int64_t other : {1, 2, 5, 64}) {
      for (int64_t i = 0; i <= table.rows; i += own)
        ASSERT_TRUE(checkKeyTiles(ops, nf, tables, i, i + own, other));
      for (int64_t j = 0; j <= table.columns; j += own)
        ASSERT_TRUE(checkQueryTiles(ops, nf, tables, j, j + own, other));
    }
}

void checkAll(const Instance &instance) {
  Table table(instance);
  check(IntOps(), instance, table);
  check(BlindOps(), instance, table);
  check(BlindOps(/*knowsConstants=*/false), instance, table);
  HostAlgebra algebra(*instance.heads, {instance.queries, instance.keys},
                      instance.alignment);
  if (!instance.pack)
    ASSERT_EQ(algebra.pairs(instance.head),
              table.count(0, table.rows, 0, table.columns))
        << instance.str();
}

std::vector<HeadStructures> catalog() {
  std::vector<HeadStructures> all;
  auto add = [&](const S &structure) {
    all.push_back(HeadStructures({{1, structure}}));
  };
  S causal = S::causal();
  auto keys = [](int64_t lo, int64_t hi, int64_t modulus) {
    return S::residues({Of::Keys, lo, hi, modulus});
  };
  auto queries = [](int64_t lo, int64_t hi, int64_t modulus) {
    return S::residues({Of::Queries, lo, hi, modulus});
  };
  for (int64_t modulus : {1, 2, 3, 4, 5, 8, 20})
    for (int64_t remainder : {int64_t(0), modulus / 2, modulus - 1}) {
      S strided = S::strided(modulus, remainder);
      add(strided);
      add(S::intersect({S::window(6, 0), strided}));
      add(S::intersect({S::window(5, 5), strided}));
      add(S::unite({S::window(2, 0), S::intersect({causal, strided})}));
      add(keys(remainder, remainder + 1, modulus));
      add(S::unite({S::intersect({causal, keys(remainder, modulus, modulus)}),
                    block(c(0), c(5)), block(c(5), c(9))}));
      add(S::intersect({block(c(0), c(8)), queries(remainder, modulus, modulus),
                        keys(remainder, modulus, modulus)}));
      // Residues go round.
      add(S::residues(
          {Of::Queries, remainder, remainder + (modulus + 1) / 2, modulus}));
    }
  // Several conditions of a kind, and several layers.
  add(S::intersect({S::strided(2), S::strided(3)}));
  add(S::intersect({S::strided(2), S::strided(2, 1)}));
  add(S::unite({S::strided(2), S::strided(3), S::sink(2)}));
  add(S::intersect({S::unite({S::strided(2), S::window(1, 0)}),
                    S::unite({keys(1, 3, 5), causal})}));
  add(S::unite({S::strided(2), S::strided(2, 1)}));
  // A dilation per head, and heads without.
  all.push_back(HeadStructures(
      {{1, S::window(4, 0)},
       {1, S::intersect({S::window(8, 0), S::strided(2)})},
       {2, S::intersect({S::window(12, 0), S::strided(3)})},
       {1, S::intersect({causal, keys(1, 2, 4), queries(0, 1, 2)})}}));
  all.push_back(HeadStructures(
      {{2, S::intersect({S::band(Partition::Exclusive), S::strided(2)})},
       {1, S::unite({S::strided(4), S::strided(5), S::sink(2)})},
       {1, S::none()}}));
  return all;
}

TEST(Residues, EveryStructure) {
  for (const HeadStructures &heads : catalog()) {
    ASSERT_EQ(heads.validate(), std::nullopt) << heads.str();
    for (auto [queries, keys] :
         {std::pair(12, 12), {13, 13}, {5, 12}, {12, 5}, {0, 3}, {1, 1}})
      for (Alignment alignment : {Alignment::End, Alignment::Start})
        for (int64_t head = 0; head < heads.numHeads(); ++head) {
          checkAll({&heads, head, queries, keys, alignment});
          if (HasFatalFailure())
            return;
        }
  }
}

TEST(Residues, RandomStructures) {
  std::mt19937 random(5);
  int64_t layered = 0;
  for (int round = 0; round < 1500 / thinning; ++round) {
    RandomStructures draw(random, 12, /*withResidues=*/true);
    HeadStructures heads = draw.heads(3);
    ASSERT_EQ(heads.validate(), std::nullopt) << heads.str();
    int64_t keys = draw.pick(0, 14);
    Instance instance = {&heads, draw.pick(0, heads.numHeads() - 1),
                         draw.pick(0, 14), keys,
                         draw.pick(0, 1) ? Alignment::End : Alignment::Start};
    if (draw.pick(0, 3) == 0)
      instance.pack = keys + draw.pick(0, 12);
    BlindOps ops;
    layered += !formOf(ops, instance).layers.empty();
    checkAll(instance);
    if (HasFatalFailure())
      return;
  }
  EXPECT_GT(layered, 300 / thinning);
}

/// A structure without residues has no layers; one of a single kind of residues
/// has the segments of its only layer.
TEST(Residues, Layers) {
  BlindOps ops;
  auto form = [&](const S &structure) {
    return normalForm(ops, HeadStructures({{1, structure}}), ops.constant(0),
                      {ops.unknown(16), ops.unknown(16)});
  };
  EXPECT_TRUE(form(S::window(4, 0)).layers.empty());
  EXPECT_TRUE(form(S::strided(1)).layers.empty());
  auto dilated = form(S::intersect({S::window(4, 0), S::strided(2)}));
  ASSERT_EQ(dilated.layers.size(), 1u);
  EXPECT_EQ(dilated.layers[0].conditions.size(), 1u);
  EXPECT_EQ(countIntervals(dilated), 1);
  // In any order.
  S two = S::intersect({S::strided(2), S::strided(3)});
  S same = S::intersect({S::strided(3), S::strided(2)});
  EXPECT_EQ(form(S::unite({two, same})).layers.size(), 1u);
  auto mixed = form(S::unite({two, S::window(4, 0)}));
  ASSERT_EQ(mixed.layers.size(), 2u);
  EXPECT_TRUE(mixed.layers[0].conditions.empty());
  EXPECT_EQ(mixed.layers[1].conditions.size(), 2u);
}

TEST(Residues, Validates) {
  auto message = [](const S &structure) {
    return structure.validate().value_or("");
  };
  EXPECT_EQ(message(S::strided(0)), "residues 'distances, 0 to 1 mod 0': "
                                    "modulus 0 is out of range: expected 1 to "
                                    "2^20");
  EXPECT_EQ(message(S::strided((1 << 20) + 1)),
            "residues 'distances, 0 to 1 mod 1048577': modulus 1048577 is out "
            "of range: expected 1 to 2^20");
  EXPECT_EQ(message(S::strided(4, 4)),
            "residues 'distances, 4 to 5 mod 4': residues start from 0 to 3, "
            "not at 4");
  EXPECT_EQ(message(S::residues({Of::Keys, 2, 2, 4})),
            "residues 'keys, 2 to 2 mod 4': the interval is empty");
  EXPECT_EQ(message(S::residues({Of::Keys, 2, 1, 4})),
            "residues 'keys, 2 to 1 mod 4': the interval is inverted");
  EXPECT_EQ(message(S::residues({Of::Queries, 3, 8, 4})),
            "residues 'queries, 3 to 8 mod 4': there are no 5 residues");
  std::vector<S> parts;
  for (int64_t modulus = 2; modulus < 11; ++modulus)
    parts.push_back(S::strided(modulus));
  EXPECT_EQ(message(S::intersect(parts)),
            "the structure has more than 8 distinct intervals of residues");
  parts.pop_back();
  EXPECT_EQ(message(S::intersect(parts)), "");
}

/// Longer lines than tables of the definition have, in closed form.
TEST(Residues, CountsPairs) {
  auto pairs = [](const S &structure, int64_t length) {
    return HostAlgebra(HeadStructures({{1, structure}}), {length, length})
        .pairs(0);
  };
  int64_t length = 1 << 14;
  auto causal = [](int64_t n) { return n * (n + 1) / 2; };
  EXPECT_EQ(pairs(S::intersect({S::causal(), S::strided(16)}), length),
            16 * causal(length / 16));
  // The last 8 of every 128 keys, of whole blocks before and of a query's own.
  int64_t columns = 0;
  for (int64_t i = 0; i < length; ++i)
    columns += i / 128 * 8 + std::max<int64_t>(i % 128 - 119, 0);
  S fixed = S::intersect({S::causal(), S::residues({Of::Keys, 120, 128, 128})});
  EXPECT_EQ(pairs(fixed, length), columns);
  // Overlapping layers.
  EXPECT_EQ(pairs(S::unite({fixed, S::causal()}), length), causal(length));
  EXPECT_EQ(pairs(S::unite({S::strided(2), S::strided(4, 1)}), 64),
            64 * 64 * 3 / 4);
}

} // namespace
