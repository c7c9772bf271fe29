//===- WorkOrderTest.cpp - The order of work tiles on the host ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/SpattnToSpattnGPU/WorkOrder.h"

#include "SchedulerRun.h"

#include <numeric>

using namespace spattn;
using namespace spattn::test;

namespace {

/// Each CTA is dealt what the emitted code deals it, in the same order.
TEST(WorkOrder, IsThatOfTheStaticScheduler) {
  Dealer dealer(SchedulerKind::Static, /*emptyEvery=*/0);
  for (int64_t count : {0, 1, 2, 7, 16, 33, 100})
    for (int64_t ctas : {1, 2, 3, 8}) {
      Dealt emitted = dealer.deal(count, ctas);
      DealtWork dealt = dealStatic(count, ctas);
      ASSERT_EQ(int64_t(dealt.size()), ctas);
      for (int64_t cta = 0; cta < ctas; ++cta)
        EXPECT_EQ(dealt[cta], emitted.read[cta])
            << "CTA " << cta << " of " << ctas << ", " << count << " tiles";
    }
}

/// A number is the same work tile as in emitted code.
void checkPlaces(const CallSpec &call, int64_t bytes, int64_t packedHeads) {
  AttentionSpec spec;
  spec.structure = "#spattn.causal";
  spec.heads = 8, spec.keyHeads = 2;
  int64_t rows = (call.queries + 63) / 64;
  RowTileOrder order(call.batches, spec.heads / packedHeads, rows);
  if (bytes > 0) {
    int64_t rowBytes = 256; // 64 elements of keys, as many of values.
    order.groupHeads(call.keys, bytes / rowBytes * 4 / packedHeads);
  }
  std::vector<Decoded> tiles = decodeAll(spec, call, bytes, packedHeads);
  ASSERT_EQ(order.count(), int64_t(tiles.size()));
  for (const Decoded &tile : tiles) {
    WorkPlace place = order.locate(tile.number);
    EXPECT_EQ(place.batch, tile.batch);
    EXPECT_EQ(place.head * packedHeads, tile.head);
    EXPECT_EQ(place.tile * 64, tile.first);
  }
}

TEST(WorkOrder, NumbersWorkTilesAsEmitted) {
  for (int64_t bytes : {0, 256, 256 * 100, 256 * 200, 1 << 30})
    checkPlaces({/*batches=*/3, /*queries=*/150, /*keys=*/100}, bytes, 1);
  checkPlaces({/*batches=*/2, /*queries=*/64, /*keys=*/200}, 256 * 200, 1);
}

/// Each is taken once, from the last on, and by the CTA that is free first.
TEST(WorkOrder, TakesFromTheLastOn) {
  std::vector<int64_t> clocks = {1, 1, 2, 3, 5, 8};
  DealtWork dealt = dealDynamic(clocks.size(), 2,
                                [&](int64_t number) { return clocks[number]; });
  // 8 and 5; then 3 at 5; then 2 and 1 at 8 by the first and the second; the
  // second is free again at 9.
  EXPECT_EQ(dealt, (DealtWork{{5, 2}, {4, 3, 1, 0}}));
  EXPECT_EQ(dealDynamic(0, 2, [](int64_t) { return 1; }), DealtWork(2));
  EXPECT_EQ(dealDynamic(3, 8, [](int64_t) { return 1; }).front(),
            std::vector<int64_t>{2});
}

/// Pairs of both ends, from the last or from the first on.
TEST(WorkOrder, TakesPairs) {
  std::vector<int64_t> clocks = {1, 1, 2, 3, 8};
  auto of = [&](int64_t number) { return clocks[number]; };
  // 9 and 4; then the one in the middle at 4 by the second.
  EXPECT_EQ(dealDynamicPairs(clocks.size(), 2, of),
            (DealtWork{{4, 0}, {3, 1, 2}}));
  EXPECT_EQ(dealPairs(clocks.size(), 2, of), (DealtWork{{0, 4}, {1, 3, 2}}));
  EXPECT_EQ(dealPairs(0, 2, of), DealtWork(2));
}

/// No CTA waits while there is work: nobody's end is earlier than the start of
/// anybody's last.
TEST(WorkOrder, LeavesNobodyIdle) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<int64_t> clocks(random() % 200);
    for (int64_t &own : clocks)
      own = random() % 100;
    int64_t ctas = 1 + random() % 16;
    DealtWork dealt =
        dealDynamic(clocks.size(), ctas, [&](int64_t n) { return clocks[n]; });
    int64_t total = 0, firstEnd = INT64_MAX, lastStart = 0;
    for (const std::vector<int64_t> &own : dealt) {
      int64_t busy = 0;
      for (int64_t number : own)
        busy += clocks[number];
      total += busy;
      firstEnd = std::min(firstEnd, busy);
      if (!own.empty())
        lastStart = std::max(lastStart, busy - clocks[own.back()]);
    }
    EXPECT_EQ(total, std::accumulate(clocks.begin(), clocks.end(), int64_t(0)));
    EXPECT_GE(firstEnd, lastStart);
  }
}

} // namespace
