//===- HalfStepsTest.cpp - Steps of halves of masked key tiles ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/HalfSteps.h"

#include "../Structure/Definition.h"
#include "QueueKernel.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

constexpr int64_t kTile = 128;

/// What the two warpgroups of a work tile read: the halves of each step,
/// counted over its tiles, and how many tiles these are of.
struct Steps {
  std::vector<std::pair<int64_t, int64_t>> ofGroup[2];
  int64_t tiles = 0;
  HalfWords words = {0, 0};
};
/// By head and first query.
using AllSteps = std::map<std::pair<int64_t, int64_t>, Steps>;

class HalfStepsTest : public testing::Test {
protected:
  AllSteps read(const RandomInstance &instance) {
    QueueKernel kernel(instance.spec, /*ofRows=*/true, kTile, kTile);
    EXPECT_FALSE(kernel.queue.hasTables());
    KernelBuilder &b = kernel.b;
    kernel.extend = [&](WorkTile &tile) { postHalves(b, tile); };
    kernel.emit([&] { kernel.postAll(); },
                [&] {
                  kernel.queue.forEach([&](WorkTile &tile, Value tilesBefore) {
                    for (int64_t group : {0, 1})
                      record(kernel, tile, group, tilesBefore);
                  });
                });
    CallSpec call = instance.call;
    call.batches = 1;
    Machine machine = kernel.machine(call);
    EXPECT_EQ(machine.run(), "");
    AllSteps steps;
    for (const Machine::Event &event : machine.events["step"]) {
      std::vector<int64_t> x = event.numbers();
      if (event.warp != QueueKernel::kFirstReader)
        continue;
      Steps &own = steps[{x[0], x[1]}];
      own.ofGroup[x[2]].push_back({x[3], x[4]});
      // The next one, or what is behind the last one.
      if (x[5] == 2 * x[6])
        own.tiles = x[6];
      own.words[x[2]] = uint32_t(x[7]);
    }
    return steps;
  }

  void record(QueueKernel &kernel, const WorkTile &tile, int64_t group,
              Value before) {
    KernelBuilder &b = kernel.b;
    Value number = b.i32(group), one = b.i32(1), zero = b.i32(0);
    HalfSteps steps(b, tile, number, before);
    Value halvesBefore = b.add(before, before);
    auto loop = scf::ForOp::create(b, zero, steps.count(), one, steps.all());
    b.in(loop.getBody(), [&] {
      Value n = loop.getInductionVar();
      HalfSteps::Pair pair = steps.at(loop.getRegionIterArg(0), n);
      Value next = steps.at(pair.rest, b.add(n, one)).first;
      Value first = b.sub(pair.first, halvesBefore);
      Value second = b.sub(pair.second, halvesBefore);
      Value behind = b.sub(next, halvesBefore);
      kernel.record("step",
                    {tile.head, b.ops.materialize(tile.first), number, first,
                     second, behind, steps.tiles(), tile.extra[group]});
      scf::YieldOp::create(b, ValueRange{pair.rest});
    });
  }

  /// By the definition: whether a row of a warpgroup sees a key of a half.
  static bool isSeen(const RandomInstance &instance, int64_t head,
                     int64_t firstRow, int64_t firstKey) {
    Instance definition = {&instance.heads, head, instance.call.queries,
                           instance.call.keys, instance.spec.alignment};
    for (int64_t i = firstRow;
         i < std::min(firstRow + kHalfTile, instance.call.queries); ++i)
      for (int64_t j = firstKey;
           j < std::min(firstKey + kHalfTile, instance.call.keys); ++j)
        if (test::holds(definition, i, j))
          return true;
    return false;
  }

  void check(const RandomInstance &instance, int64_t head, int64_t first,
             const Steps &steps) {
    HostAlgebra algebra = instance.algebra();
    auto ranges = algebra.keyTiles(head, first / kTile, {kTile, kTile});
    auto [tiles, masked] = visitingOrder(ranges);
    int64_t visited = tiles.size();
    EXPECT_EQ(steps.words, halfWords(algebra.normalForm(head), first, ranges));
    ASSERT_EQ(steps.tiles, std::min(masked + 1, visited));
    size_t count = steps.ofGroup[0].size();
    ASSERT_EQ(count, steps.ofGroup[1].size());
    EXPECT_EQ(int64_t(count) + visited - steps.tiles,
              countSteps(steps.words, ranges));
    EXPECT_LE(int64_t(count), steps.tiles);
    (steps.words[0] ? planned : whole) += 1;
    saved += steps.tiles - count;
    for (int64_t group : {0, 1}) {
      std::vector<int64_t> taken;
      for (auto [a, b] : steps.ofGroup[group]) {
        taken.insert(taken.end(), {a, b});
        EXPECT_LE(b / 2, a / 2 + 1);
      }
      EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end(),
                                 std::less_equal<int64_t>()));
      EXPECT_LT(taken.back(), 2 * steps.tiles);
      // The first full tile has a step of its own.
      if (masked < steps.tiles)
        EXPECT_EQ(steps.ofGroup[group].back(),
                  std::pair(2 * masked, 2 * masked + 1));
      for (int64_t half = 0; half < 2 * steps.tiles; ++half) {
        int64_t key = tiles[half / 2] * kTile + half % 2 * kHalfTile;
        if (isSeen(instance, head, first + group * kHalfTile, key))
          EXPECT_TRUE(llvm::is_contained(taken, half)) << half;
      }
    }
    checkStages(steps);
  }

  /// Warpgroups that issue their steps in turn get along with two stages: a
  /// tile is there if all warpgroups have let the one two before it go.
  static void checkStages(const Steps &steps) {
    size_t count = steps.ofGroup[0].size();
    // The tiles that a warpgroup has let go when it has issued `n` steps.
    auto released = [&](int64_t group, size_t n) {
      return n < count ? steps.ofGroup[group][n].first / 2 : steps.tiles;
    };
    for (size_t n = 0; n < count; ++n)
      for (int64_t group : {0, 1}) {
        int64_t needed = steps.ofGroup[group][n].second / 2 - 2;
        EXPECT_LT(needed, released(group, n));
        EXPECT_LT(needed, released(1 - group, group == 0 ? n : n + 1));
      }
  }

  std::mt19937 random{5};
  int64_t planned = 0, whole = 0, saved = 0;
};

TEST_F(HalfStepsTest, CoverWhatIsSeen) {
  int rounds = 0;
  while (rounds < 60) {
    RandomInstance instance(random, 900, /*numHeads=*/1 + rounds % 2);
    QueueKernel kernel(instance.spec, /*ofRows=*/true, kTile, kTile);
    if (kernel.queue.hasTables())
      continue;
    ++rounds;
    SCOPED_TRACE(instance.str());
    for (const auto &[place, steps] : read(instance))
      check(instance, place.first, place.second, steps);
    if (HasFatalFailure())
      return;
  }
  EXPECT_GT(planned, 100);
  EXPECT_GT(saved, 10);
}

/// A window of four tiles and a half of a tile of global tokens: five steps
/// instead of six, of which one is of the first full tile.
TEST_F(HalfStepsTest, WindowAndGlobalTokens) {
  HeadStructures heads({{1, Structure::unite({Structure::window(511, 0),
                                              Structure::sink(64)})}});
  HostAlgebra algebra(heads, {2048, 2048});
  constexpr int64_t row = 10;
  auto ranges = algebra.keyTiles(0, row, {kTile, kTile});
  HalfWords words = halfWords(algebra.normalForm(0), row * kTile, ranges);
  // The sink, the window's first tile and its last one, and a full one.
  EXPECT_EQ(words, (HalfWords{0b11'01'11'01, 0b11'11'10'01}));
  EXPECT_EQ(countSteps({0, 0}, ranges), 6);
  EXPECT_EQ(countSteps(words, ranges), 5);
}

/// One warpgroup would be ahead of the other by more tiles than there are
/// stages.
TEST_F(HalfStepsTest, OneIsAhead) {
  auto at = [](int64_t tile, int64_t half = 0) {
    return Bound::constant(kTile * tile + kHalfTile * half);
  };
  // One warpgroup sees all of the first six tiles and a half of each of the
  // next six, the other one the other way round.
  std::vector<Structure> parts;
  for (int64_t tile = 0; tile < 12; ++tile)
    parts.push_back(Structure::keys(at(tile), at(tile, 1)));
  for (int64_t half : {0, 1})
    parts.push_back(Structure::intersect(
        {Structure::keys(at(6 * half), at(6 * half + 6)),
         Structure::queries(at(0, half), at(0, half + 1))}));
  HeadStructures heads({{1, Structure::unite(std::move(parts))}});
  HostAlgebra algebra(heads, {kTile, 12 * kTile}, Alignment::Start);
  auto ranges = algebra.keyTiles(0, 0, {kTile, kTile});
  HalfWords words = halfWords(algebra.normalForm(0), 0, ranges);
  EXPECT_EQ(words, (HalfWords{0, 0}));
  EXPECT_EQ(countSteps(words, ranges), 12);
}

/// More masked tiles than a word has bits for: those of residues.
TEST_F(HalfStepsTest, TooManyTiles) {
  RandomInstance instance(random, 100, /*numHeads=*/1);
  instance.heads = HeadStructures({{1, Structure::strided(3)}});
  instance.spec.structure = attributeOf(instance.heads);
  instance.call = {1, 130, 17 * kTile};
  for (const auto &[place, steps] : read(instance))
    check(instance, place.first, place.second, steps);
  EXPECT_EQ(planned, 0);
  EXPECT_EQ(whole, 2);
}

} // namespace
