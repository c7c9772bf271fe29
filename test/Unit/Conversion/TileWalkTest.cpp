//===- TileWalkTest.cpp - The tiles that a work tile visits ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/TileWalk.h"

#include "QueueKernel.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

/// By batch entry, head and first query or key: the first keys or queries of
/// the tiles that it visits, and whether each needs a mask.
using Walks =
    std::map<std::vector<int64_t>, std::vector<std::pair<int64_t, int64_t>>>;

Walks walk(const RandomInstance &instance, bool ofRows, int64_t own,
           int64_t other, bool &hasTables) {
  QueueKernel kernel(instance.spec, ofRows, own, other);
  KernelBuilder &b = kernel.b;
  hasTables = kernel.queue.hasTables();
  TileWalk walk(b, kernel.queue, other);
  kernel.emit([&] { kernel.postAll(); },
              [&] {
                kernel.queue.forEach([&](WorkTile &tile, Value) {
                  auto loop =
                      scf::ForOp::create(b, b.i32(0), tile.visited, b.i32(1));
                  b.in(loop.getBody(), [&] {
                    Value n = loop.getInductionVar();
                    kernel.record("tile", {tile.batch, tile.head,
                                           b.ops.materialize(tile.first),
                                           walk.firstValue(tile, n),
                                           b.asNumber(walk.isMasked(tile, n))});
                  });
                });
              });
  Machine machine = kernel.machine(instance.call);
  EXPECT_EQ(machine.run(), "");
  Walks walks;
  for (const Machine::Event &event : machine.events["tile"]) {
    std::vector<int64_t> x = event.numbers();
    if (event.warp == QueueKernel::kFirstReader)
      walks[{x[0], x[1], x[2]}].push_back({x[3], x[4]});
  }
  return walks;
}

/// Walks as the algebra has them on the host.
Walks expectedWalks(const RandomInstance &instance, bool ofRows, int64_t own,
                    int64_t other) {
  HostAlgebra algebra = instance.algebra();
  int64_t length = ofRows ? instance.call.queries : instance.call.keys;
  Walks walks;
  for (int64_t batch = 0; batch < instance.call.batches; ++batch)
    for (int64_t head = 0; head < algebra.numHeads(); ++head)
      for (int64_t i = 0; i * own < length; ++i) {
        auto [tiles, masked] =
            visitingOrder(ofRows ? algebra.keyTiles(head, i, {own, other})
                                 : algebra.queryTiles(head, i, {other, own}));
        for (int64_t n = 0; n < int64_t(tiles.size()); ++n)
          walks[{batch, head, i * own}].push_back(
              {tiles[n] * other, n < masked});
      }
  return walks;
}

TEST(TileWalk, VisitsWhatTheAlgebraSays) {
  std::mt19937 random(3);
  int64_t withTables = 0;
  constexpr int rounds = 40;
  for (int round = 0; round < rounds; ++round) {
    RandomInstance instance(random, 300);
    SCOPED_TRACE(instance.str());
    bool ofRows = round % 2, hasTables = false;
    int64_t own = 64 << round % 3 / 2, other = 16 << round % 4;
    EXPECT_EQ(walk(instance, ofRows, own, other, hasTables),
              expectedWalks(instance, ofRows, own, other));
    withTables += hasTables;
  }
  // Both ways to find a tile have been compared.
  EXPECT_GT(withTables, 3);
  EXPECT_LT(withTables, rounds - 3);
}

} // namespace
