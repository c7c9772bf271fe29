//===- DqAccumulatorTest.cpp - Sums of dQ over all key tiles --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Backward/DqAccumulator.h"

#include "Backward/KeyTileScheduler.h"
#include "Parts/WarpRoles.h"
#include "QueueKernel.h"

#include <set>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

constexpr int64_t kSums = 1 << 20;

BackwardConfig configOf(AttentionOpInterface op, bool claimsSums) {
  BackwardConfig config{*TargetCapabilities::of("sm_90a"), /*headDim=*/128,
                        /*valueDim=*/64};
  config.mmaWarpgroups = 1;
  config.claimsSums = claimsSums;
  config.item = layoutOfColumnTiles(op, config.keyTile(), config.queryTile);
  return config;
}

/// What the warp that stores adds: where, whether it overwrites, and the number
/// that an MMA warpgroup has put there for it.
std::vector<std::vector<int64_t>> run(const RandomInstance &instance,
                                      bool claimsSums) {
  AttentionSpec spec = instance.spec;
  spec.backward = true;
  TestKernel kernel(spec, /*threads=*/256);
  KernelBuilder &b = kernel.b;
  auto op = cast<AttentionBackwardOp>(*kernel.op);
  BackwardConfig config = configOf(kernel.op, claimsSums);
  KeyKernelLayout layout(config);
  layout.shared.allocate(b);
  Value sums = kernel.input("sums", kernel.counter.getType());
  WorkTileQueue queue(b, layout.workTiles);
  SkippedTiles skipped(b, config);
  KeyTileScheduler scheduler(b, op, config, kernel.sequence, queue, skipped,
                             kernel.counter, [](const WorkTile &) {});
  DqAccumulator accumulator(b, op, config, layout, queue, sums, kernel.counter,
                            kernel.sequence.paddedQueries(b, config.queryTile));
  TileWalk walk(b, queue, config.queryTile);
  initBarriers(b,
               {layout.workTiles.barriers.full, layout.workTiles.barriers.empty,
                layout.sumParts.full, layout.sumParts.empty},
               256);
  auto forEachTile = [&](auto body) {
    queue.forEach([&](WorkTile &tile, Value before) {
      auto loop = scf::ForOp::create(b, b.i32(0), tile.visited, b.i32(1));
      b.in(loop.getBody(), [&] { body(tile, loop.getInductionVar(), before); });
    });
  };
  int64_t uses = config.fragments() / config.mmaWarpgroups;
  Pipeline parts(b, layout.sumParts);
  auto emitReads = [&] { queue.forEach([](WorkTile &, Value) {}); };
  auto emitReductions = [&] {
    forEachTile([&](WorkTile &tile, Value n, Value before) {
      accumulator.emitReduction(tile, n, before);
    });
  };
  // In the place of dQ, a number that says of what it is a part.
  auto emitParts = [&](Value group) {
    forEachTile([&](WorkTile &tile, Value n, Value before) {
      for (int64_t own = 0; own < uses; ++own) {
        Value use = b.add(b.mul(b.add(before, n), b.i32(uses)), b.i32(own));
        parts.producerAcquire({group, PipelineState(b, use, 1).phase});
        Value query = arith::DivUIOp::create(b, walk.firstValue(tile, n),
                                             b.i32(config.queryTile));
        Value of = b.i32(0);
        for (auto [value, most] : {std::pair(tile.batch, 100),
                                   {tile.head, 100},
                                   {query, 100},
                                   {b.i32(own), 10}})
          of = b.add(b.mul(of, b.i32(most)), value);
        spattn_gpu::WriteWordsOp::create(b, layout.sums.memory(b),
                                         b.asIndex(group), kSumsBytes, of);
        spattn_gpu::AsyncProxyFenceOp::create(b);
        parts.producerCommit(group);
      }
    });
  };
  emitWarpRoles(
      b, {168,
          40,
          240,
          {[&] { scheduler.emit(); }, emitReads, emitReads, emitReductions},
          emitParts});
  kernel.end(layout.shared.total());
  Machine machine = kernel.machine(instance.call);
  machine.inputs["sums"] = [](int64_t) { return Datum::integer(kSums, 64); };
  EXPECT_EQ(machine.run(), "");
  std::vector<std::vector<int64_t>> result;
  for (const Machine::Event &event : machine.events["add"])
    result.push_back(event.numbers());
  return result;
}

void check(const RandomInstance &instance, bool claimsSums) {
  SCOPED_TRACE(instance.str());
  auto added = run(instance, claimsSums);
  HostAlgebra algebra = instance.algebra();
  int64_t heads = algebra.numHeads();
  int64_t tiles = (instance.call.queries + 63) / 64;
  std::map<int64_t, int64_t> times, expected;
  std::set<int64_t> written;
  for (const std::vector<int64_t> &x : added) {
    int64_t part = x[2];
    int64_t own = part % 10, query = part / 10 % 100, head = part / 1000 % 100,
            batch = part / 100000;
    EXPECT_EQ(x[0],
              kSums + ((batch * heads + head) * tiles + query) * 64 * 128 * 4 +
                  own * kSumsBytes);
    // The first one to come has to write what is not cleared.
    EXPECT_EQ(x[1] != 0, claimsSums && written.insert(x[0]).second);
    ++times[part];
  }
  // A part for each key tile that visits a query tile.
  for (int64_t batch = 0; batch < instance.call.batches; ++batch)
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t k = 0; k * 64 < instance.call.keys; ++k)
        for (int64_t query :
             visitingOrder(algebra.queryTiles(head, k, {64, 64})).first)
          for (int64_t own = 0; own < 2; ++own)
            ++expected[((batch * 100 + head) * 100 + query) * 10 + own];
  EXPECT_EQ(times, expected);
}

class DqAccumulatorTest : public testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(ClaimsSums, DqAccumulatorTest, testing::Bool());

/// Each part goes where its query tile is, once.
TEST_P(DqAccumulatorTest, AddsEachPartOnce) {
  std::mt19937 random(51);
  for (int round = 0; round < 10; ++round) {
    RandomInstance instance(random, 300);
    instance.call.ctas = 1 + round % 3;
    check(instance, GetParam());
  }
}

} // namespace
