//===- TileListsTest.cpp - Listed tiles of work tiles ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/TileLists.h"

#include "Parts/TileWalk.h"
#include "Parts/WorkScheduler.h"
#include "QueueKernel.h"
#include "gtest/gtest.h"

#include <algorithm>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

constexpr int64_t kOwn = 64, kListed = 64, kVisited = 32, kTile = 128;

/// A list that is the same for all rows, without memory: a lane may load an
/// entry of its own.
TileLists::Source constantList(KernelBuilder &b,
                               const std::vector<int64_t> &entries) {
  auto count = [&b, entries](Value, Value, Value) {
    return b.i32(entries.size());
  };
  auto entry = [&b, entries](Value, Value, Value, Value n) {
    Value found = b.i32(-9);
    for (auto [i, tile] : llvm::enumerate(entries)) {
      Value number = b.i32(i);
      Value isOwn = b.compare(arith::CmpIPredicate::eq, n, number);
      found = arith::SelectOp::create(b, isOwn, b.i32(tile), found);
    }
    return found;
  };
  return {count, entry};
}

/// A tile that is visited: its first key, and whether it is masked and listed.
struct Visit {
  int64_t first, masked, listed;

  friend bool operator==(const Visit &a, const Visit &b) {
    return a.first == b.first && a.masked == b.masked && a.listed == b.listed;
  }
};
std::ostream &operator<<(std::ostream &os, const Visit &visit) {
  return os << visit.first << (visit.masked ? " masked" : " full")
            << (visit.listed ? " listed" : "");
}

/// What each row of queries visits.
std::map<int64_t, std::vector<Visit>>
visits(const std::string &structure, const std::string &mask,
       const std::vector<int64_t> &entries, const CallSpec &call) {
  AttentionSpec spec;
  spec.structure = structure;
  spec.tileLists = "#spattn.tile_lists<" + std::to_string(kTile) + " x " +
                   std::to_string(kListed) + ", " + mask + ">";
  TestKernel kernel(spec);
  KernelBuilder &b = kernel.b;
  std::optional<TileLists> lists;
  lists.emplace(b, constantList(b, entries), kTile, kListed, kVisited,
                kernel.sequence.keyLength);
  SharedLayout shared;
  WorkTileQueue queue(b, WorkTileQueueLayout(shared, WorkTileLayout(), 1, 1));
  queue.setLists(lists);
  TileWalk walk(b, queue, kVisited);
  RowTiles rows(b, kernel.op, kernel.sequence,
                kernel.sequence.queryTiles(b, kOwn),
                {kOwn, kVisited, kOwn, RowLayout()});
  rows.setLists(queue.getLists());
  Value count = rows.count();
  b.when(b.isWarp(0), [&] {
    auto loop = scf::ForOp::create(b, b.i32(0), count, b.i32(1));
    b.in(loop.getBody(), [&] {
      WorkTile tile = rows.decode(loop.getInductionVar());
      kernel.record("row", {b.ops.materialize(tile.first)});
      auto tiles = scf::ForOp::create(b, b.i32(0), tile.visited, b.i32(1));
      b.in(tiles.getBody(), [&] {
        Value n = tiles.getInductionVar();
        Value isListed = b.ops.materialize(walk.isListed(tile, n));
        kernel.record(
            "tile", {b.ops.materialize(tile.first), walk.firstValue(tile, n),
                     b.asNumber(walk.isMasked(tile, n)), b.asNumber(isListed)});
      });
    });
  });
  kernel.end();
  Machine machine = kernel.machine(call);
  EXPECT_EQ(machine.run(), "");
  std::map<int64_t, std::vector<Visit>> result;
  for (const Machine::Event &event : machine.events["row"])
    EXPECT_TRUE(result.try_emplace(event.numbers()[0]).second);
  for (const Machine::Event &event : machine.events["tile"]) {
    std::vector<int64_t> x = event.numbers();
    result[x[0]].push_back({x[1], x[2], x[3]});
  }
  EXPECT_EQ(int64_t(result.size()), (call.queries + kOwn - 1) / kOwn);
  return result;
}

using Visits = std::vector<Visit>;

/// Without masks: the list of all there is.
TEST(TileLists, AreFullWhereNothingIsMasked) {
  auto found = visits("#spattn.sink<0>", "#spattn.full", {0, 2}, {1, 300, 192});
  Visits expected = {{0, 0, 1}, {32, 0, 1}, {128, 0, 1}, {160, 0, 1}};
  for (int64_t first : {0, 64, 128, 192, 256})
    EXPECT_EQ(found[first], expected) << first;
}

/// The last tile ends with the keys: what is behind them is left out, and the
/// tile masked, ahead of the others.
TEST(TileLists, EndWithTheKeys) {
  auto found = visits("#spattn.sink<0>", "#spattn.full", {1, 2}, {1, 64, 150});
  EXPECT_EQ(found[0], (Visits{{128, 1, 1}, {64, 0, 1}, {96, 0, 1}}));
}

/// Tiles that are later than all queries are left out, and the one across the
/// diagonal is masked.
TEST(TileLists, AreMaskedFromTheFirstThatNeedsIt) {
  auto found =
      visits("#spattn.sink<0>", "#spattn.causal", {0, 1, 3}, {1, 256, 256});
  EXPECT_EQ(found[0], (Visits{{0, 1, 1}, {32, 1, 1}}));
  EXPECT_EQ(found[64], (Visits{{64, 1, 1}, {96, 1, 1}, {0, 0, 1}, {32, 0, 1}}));
  EXPECT_EQ(found[128],
            (Visits{{0, 0, 1}, {32, 0, 1}, {64, 0, 1}, {96, 0, 1}}));
}

/// The tiles of the structure come first in each part; listed tiles that it
/// knows are masked, as their pairs have been counted.
TEST(TileLists, FollowTheStructure) {
  auto found =
      visits("#spattn.keys<0 to 40>", "#spattn.full", {0, 1, 2}, {1, 64, 192});
  EXPECT_EQ(found[0], (Visits{{32, 1, 0},
                              {0, 1, 1},
                              {32, 1, 1},
                              {64, 1, 1},
                              {96, 1, 1},
                              {128, 1, 1},
                              {160, 1, 1},
                              {0, 0, 0}}));
  found =
      visits("#spattn.keys<128 to 192>", "#spattn.full", {0, 1}, {1, 64, 192});
  EXPECT_EQ(found[0], (Visits{{128, 0, 0},
                              {160, 0, 0},
                              {0, 0, 1},
                              {32, 0, 1},
                              {64, 0, 1},
                              {96, 0, 1}}));
}

/// More than a warp looks at together.
TEST(TileLists, MayBeLong) {
  std::vector<int64_t> entries;
  for (int64_t i = 0; i < 70; ++i)
    entries.push_back(i);
  auto found =
      visits("#spattn.sink<0>", "#spattn.window<left = 4000, right = 0>",
             entries, {1, 64, 64 * 70});
  // The queries are the last ones, and the window ends in tile 6.
  const Visits &own = found[0];
  ASSERT_EQ(own.size(), 2u * 70);
  EXPECT_TRUE(std::all_of(own.begin(), own.end(),
                          [](const Visit &v) { return v.masked && v.listed; }));
  found =
      visits("#spattn.sink<0>", "#spattn.causal", entries, {1, 64, 64 * 70});
  ASSERT_EQ(found[0].size(), 2u * 70);
  // The last tile alone is masked.
  EXPECT_EQ(found[0][0], (Visit{64 * 69, 1, 1}));
  EXPECT_EQ(found[0][2], (Visit{0, 0, 1}));
  EXPECT_EQ(found[0].back(), (Visit{64 * 69 - 32, 0, 1}));
}

/// What is no tile is none, and what it hides needs no mask.
TEST(TileLists, MayHoldAnything) {
  auto found =
      visits("#spattn.sink<0>", "#spattn.full", {1, 900, -5}, {1, 64, 128});
  EXPECT_EQ(found[0], (Visits{{64, 0, 1}, {96, 0, 1}}));
  found = visits("#spattn.sink<0>", "#spattn.full", {-5, 1}, {1, 64, 128});
  // One past the end, of which no pair is allowed.
  for (const Visit &visit : found[0])
    EXPECT_TRUE(visit.masked && visit.first >= 64);
}

/// From both ends in turn.
TEST(TileLists, RowsAreTakenFromTheEnds) {
  for (bool fromEnd : {false, true})
    for (int64_t count : {1, 2, 5, 8}) {
      TestKernel kernel{AttentionSpec()};
      KernelBuilder &b = kernel.b;
      Value many = b.i32(count);
      auto loop = scf::ForOp::create(b, b.i32(0), many, b.i32(1));
      b.in(loop.getBody(), [&] {
        kernel.record("row",
                      {takeFromEnds(b, loop.getInductionVar(), many, fromEnd)});
      });
      kernel.end();
      Machine machine = kernel.machine({});
      EXPECT_EQ(machine.run(), "");
      std::vector<int64_t> expected;
      for (int64_t i = 0; i < count; ++i) {
        bool isLast = fromEnd != bool(i % 2);
        expected.push_back(isLast ? count - 1 - i / 2 : i / 2);
      }
      std::vector<int64_t> rows;
      for (const Machine::Event &event : machine.events["row"])
        rows.push_back(event.numbers()[0]);
      EXPECT_EQ(rows, expected);
    }
}

} // namespace
