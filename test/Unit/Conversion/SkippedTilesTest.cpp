//===- SkippedTilesTest.cpp - Query tiles that a warpgroup need not go through
//===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Backward/SkippedTiles.h"

#include "QueueKernel.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

constexpr int64_t kQueryTile = 64;
/// What a warpgroup goes through of a work tile.
struct Walk {
  int64_t first, last, firstFull;
  /// And whether each needs a mask.
  std::vector<int64_t> tiles, masked;
};

class SkippedTilesTest : public testing::Test {
protected:
  static BackwardConfig configOf(TestKernel &kernel, int64_t warpgroups,
                                 bool takesTurns = false) {
    BackwardConfig config{*TargetCapabilities::of("sm_90a"), /*headDim=*/64,
                          /*valueDim=*/64};
    config.mmaWarpgroups = warpgroups;
    config.queryTile = kQueryTile;
    config.queryStages = 3;
    config.deterministic = !takesTurns;
    config.turnsMaySkip = takesTurns;
    config.item =
        layoutOfColumnTiles(kernel.op, config.keyTile(), config.queryTile);
    return config;
  }

  void run(const RandomInstance &instance, int64_t warpgroups,
           bool takesTurns = false) {
    SCOPED_TRACE(instance.str());
    QueueKernel kernel(instance.spec, /*ofRows=*/false,
                       warpgroups * kRowsOfGroup, kQueryTile);
    KernelBuilder &b = kernel.b;
    BackwardConfig config = configOf(kernel, warpgroups, takesTurns);
    if (!config.skipsTiles())
      return;
    SkippedTiles skipped(b, config);
    Value count = b.mul(kernel.tiles, b.i32(kernel.op.getNumQueryHeads()));
    auto emitWalks = [&](const WorkTile &tile, Value number) {
      llvm::SmallVector<Value> words = skipped.find(tile);
      spans = countIntervals(tile.form);
      EXPECT_EQ(int64_t(words.size()), 2);
      for (int64_t group = 0; group < warpgroups; ++group) {
        Value own = b.i32(group);
        NeededTiles needed = skipped.getNeeded(tile, words, own);
        kernel.record("needed", {number, own, needed.first, needed.last,
                                 needed.firstFull});
        b.emitWhile(
            {needed.first},
            [&](ValueRange n) {
              return b.compare(arith::CmpIPredicate::sle, n[0], needed.last);
            },
            [&](ValueRange n) -> llvm::SmallVector<Value> {
              Value isMasked = b.asNumber(skipped.isMasked(needed, n[0]));
              kernel.record("tile", {number, own, n[0], isMasked});
              return {skipped.next(needed, n[0])};
            });
      }
    };
    kernel.emit(
        [&] {
          auto loop = scf::ForOp::create(b, b.i32(0), count, b.i32(1));
          b.in(loop.getBody(), [&] {
            WorkTile tile = kernel.decode(loop.getInductionVar());
            b.when(tile.isVisited(b),
                   [&] { emitWalks(tile, loop.getInductionVar()); });
          });
        },
        [] {});
    CallSpec call = instance.call;
    call.batches = 1;
    Machine machine = kernel.machine(call);
    ASSERT_EQ(machine.run(), "");
    std::map<std::pair<int64_t, int64_t>, Walk> walks;
    for (const Machine::Event &event : machine.events["needed"]) {
      std::vector<int64_t> x = event.numbers();
      walks[{x[0], x[1]}] = {x[2], x[3], x[4], {}, {}};
    }
    for (const Machine::Event &event : machine.events["tile"]) {
      std::vector<int64_t> x = event.numbers();
      walks[{x[0], x[1]}].tiles.push_back(x[2]);
      walks[{x[0], x[1]}].masked.push_back(x[3]);
    }
    ++instances;
    for (const auto &[place, walk] : walks)
      check(instance, config, place.first, place.second, walk);
  }

  void check(const RandomInstance &instance, const BackwardConfig &config,
             int64_t number, int64_t group, const Walk &walk) {
    int64_t warpgroups = config.mmaWarpgroups, withBit = 32 / warpgroups;
    HostAlgebra algebra = instance.algebra();
    int64_t keyTile = warpgroups * kRowsOfGroup;
    int64_t tiles = (instance.call.keys + keyTile - 1) / keyTile;
    int64_t head = number / tiles, tile = number % tiles;
    auto [order, masked] =
        visitingOrder(algebra.queryTiles(head, tile, {kQueryTile, keyTile}));
    int64_t ownTile = tile * warpgroups + group;
    auto [seenTiles, ownMasked] = visitingOrder(
        algebra.queryTiles(head, ownTile, {kQueryTile, kRowsOfGroup}));
    std::vector<int64_t> fullTiles(seenTiles.begin() + ownMasked,
                                   seenTiles.end());
    bool isWhole = (ownTile + 1) * kRowsOfGroup <= instance.call.keys;
    auto isNeeded = [&, order = order, seen = seenTiles](int64_t n) {
      return llvm::is_contained(seen, order[n]);
    };
    // Kernels with sums find no masks to leave out where there are more spans.
    bool findsMasks = !config.rotatesParts() || spans <= 1;
    int64_t count = order.size();
    SCOPED_TRACE("head " + std::to_string(head) + " tile " +
                 std::to_string(tile) + " warpgroup " + std::to_string(group));
    ASSERT_FALSE(walk.tiles.empty());
    EXPECT_EQ(walk.tiles.front(), walk.first);
    EXPECT_EQ(walk.tiles.back(), walk.last);
    ASSERT_TRUE(walk.first >= 0 && walk.last < count);

    std::vector<bool> visited(count);
    for (size_t i = 0; i < walk.tiles.size(); ++i) {
      int64_t n = walk.tiles[i];
      visited[n] = true;
      bool isFull = n < std::min(masked, withBit) && isWhole && findsMasks &&
                    llvm::is_contained(fullTiles, order[n]);
      EXPECT_EQ(walk.masked[i], !isFull) << "tile " << n;
      unmasked += isFull;
      if (i == 0)
        continue;
      // Never two in between, so that stages are used in order.
      ASSERT_GT(n, walk.tiles[i - 1]);
      if (!config.rotatesParts())
        ASSERT_LE(n, walk.tiles[i - 1] + 2);
    }
    for (int64_t n = 0; n < count; ++n) {
      if (isNeeded(n))
        EXPECT_TRUE(visited[n]) << "tile " << n << " is needed";
      bool canSkip = n < std::min(masked, withBit) && !isNeeded(n);
      // The first ones that are not needed, and one after each other tile, or
      // all.
      if (canSkip && n < walk.last &&
          (n == 0 || visited[n - 1] || config.rotatesParts()))
        EXPECT_FALSE(visited[n]) << "tile " << n << " is not needed";
      skips += !visited[n];
    }
    // Tiles of which the warpgroup's code has no mask are full.
    EXPECT_EQ(walk.firstFull, std::min(masked, walk.last));
  }

  std::mt19937 random{31};
  int64_t instances = 0, skips = 0, unmasked = 0;
  /// Of the work tile's form, which all heads share.
  int64_t spans = 0;
};

TEST_F(SkippedTilesTest, TwoWarpgroups) {
  for (int round = 0; round < 60; ++round)
    run(RandomInstance(random, round % 4 ? 400 : 3000), 2);
  EXPECT_GT(instances, 10);
  EXPECT_GT(skips, 10);
  EXPECT_GT(unmasked, 10);
}

TEST_F(SkippedTilesTest, ThreeWarpgroups) {
  for (int round = 0; round < 30; ++round)
    run(RandomInstance(random, 800), 3);
  EXPECT_GT(instances, 5);
  EXPECT_GT(skips, 5);
  EXPECT_GT(unmasked, 5);
}

TEST_F(SkippedTilesTest, Turns) {
  for (int round = 0; round < 40; ++round)
    run(RandomInstance(random, 800), 2 + round % 2, /*takesTurns=*/true);
  EXPECT_GT(instances, 10);
  EXPECT_GT(skips, 10);
  EXPECT_GT(unmasked, 10);
}

/// Where warpgroups need each other's part of each product, none skips a tile:
/// no words, and all tiles.
TEST_F(SkippedTilesTest, NothingToSkip) {
  TestKernel kernel(AttentionSpec{});
  KernelBuilder &b = kernel.b;
  BackwardConfig config = configOf(kernel, 2);
  config.deterministic = false;
  SkippedTiles skipped(b, config);
  WorkTile tile;
  tile.visited = kernel.input("visited");
  tile.maskedCount = kernel.input("masked");
  EXPECT_TRUE(skipped.find(tile).empty());
  NeededTiles needed = skipped.getNeeded(tile, {}, b.i32(1));
  kernel.record("needed", {needed.first, needed.last, needed.firstFull,
                           skipped.next(needed, b.i32(3))});
  kernel.end();
  Machine machine = kernel.machine({});
  machine.inputs["visited"] = [](int64_t) { return Datum::integer(9); };
  machine.inputs["masked"] = [](int64_t) { return Datum::integer(4); };
  ASSERT_EQ(machine.run(), "");
  EXPECT_EQ(machine.events["needed"].front().numbers(),
            (std::vector<int64_t>{0, 8, 4, 4}));
}

} // namespace
