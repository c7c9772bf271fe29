//===- KeyTileSchedulerTest.cpp - Which key tiles a CTA does --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Backward/KeyTileScheduler.h"

#include "QueueKernel.h"
#include "spattn/Conversion/SpattnToSpattnGPU/WorkOrder.h"

#include <array>
#include <set>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

constexpr int64_t kKeyTile = 64, kQueryTile = 64;

struct Posted {
  int64_t batch, keyHead, head, first, visited, masked, isFirst, isLast,
      keyNumber;
};
using KeyTile = std::vector<int64_t>;

struct Result {
  /// By CTA.
  std::map<int64_t, std::vector<Posted>> posted;
  /// Batch entry, key head and first key of those that are written as zeros.
  std::vector<KeyTile> empty;
  bool hasTables;
};

Result run(const RandomInstance &instance, bool inPairs = false) {
  AttentionSpec spec = instance.spec;
  spec.backward = true;
  QueueKernel kernel(spec, /*ofRows=*/false, kKeyTile, kQueryTile);
  KernelBuilder &b = kernel.b;
  BackwardConfig config{*TargetCapabilities::of("sm_90a"), /*headDim=*/64,
                        /*valueDim=*/64};
  config.mmaWarpgroups = kKeyTile / kRowsOfGroup;
  config.queryTile = kQueryTile;
  config.grouped = spec.heads != spec.keyHeads;
  config.inPairs = inPairs;
  config.item = kernel.layout.slot;
  SkippedTiles skipped(b, config);
  auto place = [&](const WorkTile &tile) {
    return llvm::SmallVector<Value>{tile.batch, tile.keyHead, tile.head,
                                    b.ops.materialize(tile.first)};
  };
  KeyTileScheduler scheduler(
      b, cast<AttentionBackwardOp>(*kernel.op), config, kernel.sequence,
      kernel.queue, skipped, kernel.counter,
      [&](const WorkTile &tile) { kernel.record("empty", place(tile)); });
  kernel.emit(
      [&] { scheduler.emit(); },
      [&] {
        kernel.queue.forEach([&](WorkTile &tile, Value) {
          llvm::SmallVector<Value> values = place(tile);
          values.append(
              {tile.visited, tile.maskedCount,
               b.asNumber(KeyTileExtra::isEnd(b, tile, KeyTileExtra::First)),
               b.asNumber(KeyTileExtra::isEnd(b, tile, KeyTileExtra::Last)),
               KeyTileExtra::keyNumber(tile)});
          kernel.record("posted", values);
        });
      });
  Machine machine = kernel.machine(instance.call);
  EXPECT_EQ(machine.run(), "");
  Result result;
  result.hasTables = kernel.queue.hasTables();
  for (const Machine::Event &event : machine.events["posted"]) {
    std::vector<int64_t> x = event.numbers();
    if (event.warp == QueueKernel::kFirstReader)
      result.posted[event.cta].push_back(
          {x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8]});
  }
  for (const Machine::Event &event : machine.events["empty"]) {
    std::vector<int64_t> x = event.numbers();
    result.empty.push_back({x[0], x[1], x[3]});
  }
  return result;
}

/// Each key tile is done once, by one CTA: with the heads that have work, one
/// after the other, or as zeros.
bool check(const RandomInstance &instance, bool inPairs) {
  SCOPED_TRACE(instance.str());
  Result result = run(instance, inPairs);
  HostAlgebra algebra = instance.algebra();
  int64_t group = instance.spec.heads / instance.spec.keyHeads;
  std::set<KeyTile> done;
  for (const KeyTile &tile : result.empty) {
    EXPECT_TRUE(done.insert(tile).second);
    for (int64_t i = 0; i < group; ++i)
      EXPECT_TRUE(visitingOrder(algebra.queryTiles(tile[1] * group + i,
                                                   tile[2] / kKeyTile,
                                                   {kQueryTile, kKeyTile}))
                      .first.empty());
  }
  for (const auto &[cta, posted] : result.posted) {
    int64_t keyNumber = 0;
    for (size_t i = 0; i < posted.size(); ++keyNumber) {
      KeyTile tile = {posted[i].batch, posted[i].keyHead, posted[i].first};
      EXPECT_TRUE(done.insert(tile).second);
      // The heads that have work, as the algebra says.
      std::vector<int64_t> heads;
      size_t begin = i;
      for (int64_t head = tile[1] * group; head < (tile[1] + 1) * group;
           ++head) {
        auto [order, masked] = visitingOrder(algebra.queryTiles(
            head, tile[2] / kKeyTile, {kQueryTile, kKeyTile}));
        if (order.empty())
          continue;
        heads.push_back(head);
        if (i == posted.size()) {
          ADD_FAILURE() << "a head is missing";
          return result.hasTables;
        }
        const Posted &item = posted[i++];
        EXPECT_EQ(item.head, head);
        EXPECT_EQ((KeyTile{item.batch, item.keyHead, item.first}), tile);
        EXPECT_EQ(item.visited, int64_t(order.size()));
        // Each tile of a ragged key tile is masked.
        bool isRagged = tile[2] + kKeyTile > instance.call.keys;
        EXPECT_EQ(item.masked, isRagged ? item.visited : masked);
        EXPECT_EQ(item.keyNumber, keyNumber);
        EXPECT_EQ(item.isFirst, heads.size() == 1);
      }
      if (heads.empty()) {
        ADD_FAILURE() << "a work tile without work is posted";
        return result.hasTables;
      }
      for (size_t k = begin; k < i; ++k)
        EXPECT_EQ(posted[k].isLast, k + 1 == i);
    }
  }
  int64_t tiles = (instance.call.keys + kKeyTile - 1) / kKeyTile;
  EXPECT_EQ(int64_t(done.size()),
            instance.call.batches * instance.spec.keyHeads * tiles);
  return result.hasTables;
}

/// Instances of four heads, of which `keyHeads` have keys.
void checkInstances(int seed, int64_t keyHeads, int rounds) {
  std::mt19937 random(seed);
  int withTables = 0;
  for (int round = 0; round < rounds; ++round) {
    RandomInstance instance(random, 300, 4);
    instance.spec.keyHeads = keyHeads;
    instance.call.ctas = 1 + round % 4;
    withTables += check(instance, /*inPairs=*/round % 3 == 0);
  }
  // There is code for both.
  EXPECT_GT(withTables, 0);
  EXPECT_LT(withTables, rounds);
}

TEST(KeyTileScheduler, HeadsWithKeysOfTheirOwn) { checkInstances(41, 4, 20); }
TEST(KeyTileScheduler, HeadsThatShareKeys) { checkInstances(42, 2, 20); }
TEST(KeyTileScheduler, AllHeadsShareKeys) { checkInstances(43, 1, 10); }

/// A number is the same key tile on the host: one CTA takes all of them, in
/// order or in pairs.
void checkNumbers(bool inPairs) {
  std::mt19937 random(11);
  for (auto [batches, heads, keyHeads] :
       {std::array<int64_t, 3>{1, 1, 1}, {3, 2, 2}, {2, 12, 12}, {5, 8, 4}}) {
    RandomInstance instance(random, 300);
    instance.spec.structure = "#spattn.full";
    instance.spec.heads = heads, instance.spec.keyHeads = keyHeads;
    instance.call.batches = batches, instance.call.queries = 100;
    instance.call.keys = 200, instance.call.ctas = 1;
    KeyTileOrder order(batches, keyHeads, /*columns=*/4,
                       BackwardConfig().headsTogether);
    if (inPairs)
      order.groupForPairs();
    auto clocks = [](int64_t) { return 1; };
    DealtWork dealt = inPairs ? dealPairs(order.count(), 1, clocks)
                              : dealInOrder(order.count(), 1, clocks);
    Result result = run(instance, inPairs);
    size_t number = 0;
    for (const Posted &posted : result.posted[0]) {
      ASSERT_LT(number, dealt[0].size());
      WorkPlace place = order.locate(dealt[0][number]);
      EXPECT_EQ(place.batch, posted.batch);
      EXPECT_EQ(place.head, posted.keyHead);
      EXPECT_EQ(place.tile * kKeyTile, posted.first);
      number += posted.isLast;
    }
    EXPECT_EQ(number, dealt[0].size());
  }
}

TEST(KeyTileScheduler, NumbersAsOnTheHost) { checkNumbers(false); }
TEST(KeyTileScheduler, PairsAsOnTheHost) { checkNumbers(true); }

} // namespace
