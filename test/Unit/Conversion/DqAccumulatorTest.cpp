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
  int64_t uses = config.parts() / config.mmaWarpgroups;
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
        spattn_gpu::WriteWordsOp::create(
            b, layout.sums.memory(b), b.asIndex(group), config.partBytes(), of);
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
                  own * 64 * 64 * 4);
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

//===----------------------------------------------------------------------===//
// The parts
//===----------------------------------------------------------------------===//

/// What the products are of. With bulk reductions, parts go through shared
/// memory; without, MMA warpgroups add them.
struct PartsVariant {
  const char *target;
  int64_t queryTile, headDim;
};

class DqPartsTest
    : public testing::TestWithParam<std::tuple<PartsVariant, bool>> {};

INSTANTIATE_TEST_SUITE_P(
    Variants, DqPartsTest,
    testing::Combine(testing::Values(PartsVariant{"sm_90a", 64, 128},
                                     PartsVariant{"sm_90a", 64, 64},
                                     PartsVariant{"sm_90a", 128, 128},
                                     PartsVariant{"sm_80", 64, 128},
                                     PartsVariant{"sm_80", 128, 64}),
                     /*late=*/testing::Bool()));

/// Two MMA warpgroups, each with dS of its 64 keys, compute each other's
/// products with all keys, for each tile or by turns.
TEST_P(DqPartsTest, MultiplyAllKeys) {
  auto [variant, late] = GetParam();
  constexpr int64_t kKeys = 128, kTiles = 3;
  AttentionSpec spec;
  spec.backward = true;
  spec.headDim = variant.headDim;
  TestKernel kernel(spec, /*threads=*/384);
  KernelBuilder &b = kernel.b;
  auto op = cast<AttentionBackwardOp>(*kernel.op);
  BackwardConfig config{*TargetCapabilities::of(variant.target),
                        variant.headDim, /*valueDim=*/64};
  config.mmaWarpgroups = 2;
  config.queryTile = variant.queryTile;
  config.item = layoutOfColumnTiles(op, config.keyTile(), config.queryTile);
  KeyKernelLayout layout(config);
  layout.shared.allocate(b);
  Value sums = kernel.input("sums", kernel.counter.getType());
  WorkTileQueue queue(b, layout.workTiles);
  SkippedTiles skipped(b, config);
  KeyTileScheduler scheduler(b, op, config, kernel.sequence, queue, skipped,
                             kernel.counter, [](const WorkTile &) {});
  DqAccumulator accumulator(b, op, config, layout, queue, sums, kernel.counter,
                            kernel.sequence.paddedQueries(b, config.queryTile));
  initBarriers(b,
               {layout.workTiles.barriers.full, layout.workTiles.barriers.empty,
                layout.scores.full, layout.scores.empty, layout.sumParts.full,
                layout.sumParts.empty},
               384);
  auto forEachTile = [&](auto body) {
    queue.forEach([&](WorkTile &tile, Value before) {
      auto loop = scf::ForOp::create(b, b.i32(0), tile.visited, b.i32(1));
      b.in(loop.getBody(), [&] { body(tile, loop.getInductionVar(), before); });
    });
  };
  auto emitReads = [&] { queue.forEach([](WorkTile &, Value) {}); };
  auto emitReductions = [&] {
    if (!config.sumsAreStaged())
      return emitReads();
    forEachTile([&](WorkTile &tile, Value n, Value before) {
      accumulator.emitReduction(tile, n, before);
    });
  };
  auto emitParts = [&](Value group) {
    Value keys = kernel.input("keys", b.accType(config.headDim));
    spattn_gpu::WriteOp::create(b, keys, layout.keyTiles.at(b, b.i32(0)),
                                b.asIndex(group));
    accumulator.meet();
    forEachTile([&](WorkTile &tile, Value n, Value before) {
      Value count = b.add(before, n);
      Value ds = b.toOperand(kernel.input("ds", b.accType(config.queryTile)));
      if (!config.sumsAreStaged())
        return accumulator.addParts(tile, group, b.i32(0), count, n, ds);
      accumulator.shareScores(group, count, ds);
      auto stage = [&] {
        Value dq = accumulator.start(group, b.i32(0), count);
        accumulator.stageParts(group, accumulator.usesPerTile(0), b.i32(0),
                               count, dq, /*scores=*/Value());
      };
      if (config.rotatesParts())
        b.when(accumulator.isTurnOf(group, count), stage);
      else
        stage();
    });
  };
  emitWarpRoles(
      b, {168,
          40,
          240,
          {[&] { scheduler.emit(); }, emitReads, emitReads, emitReductions},
          emitParts});
  kernel.end(layout.shared.total());

  CallSpec call;
  call.keys = kKeys;
  call.queries = kTiles * config.queryTile;
  Machine machine = kernel.machine(call);
  machine.late = late;
  int64_t elements = config.queryTile * config.headDim;
  machine.arrays[kSums] = {4, std::vector<float>(kTiles * elements, 0.0f)};
  machine.inputs["sums"] = [](int64_t) { return Datum::integer(kSums, 64); };
  // Small integers, which all of this is exact for.
  auto key = [](int64_t row, int64_t column) {
    return float((row * 5 + column * 3) % 17) - 8;
  };
  auto score = [](int64_t tile, int64_t row, int64_t column) {
    return float((row * 7 + column * 11 + tile * 5) % 13) - 6;
  };
  auto fragment = [](int64_t warp, int64_t columns, auto value) {
    Datum datum;
    // The first warpgroup does not compute.
    int64_t first = (warp - 4) * Datum::kRows;
    for (int64_t r = 0; r < Datum::kRows; ++r)
      for (int64_t c = 0; c < columns; ++c)
        datum.elements.push_back(value(first + r, c));
    return datum;
  };
  machine.inputs["keys"] = [&](int64_t warp) {
    return fragment(warp, config.headDim, key);
  };
  std::map<int64_t, int64_t> seen;
  machine.inputs["ds"] = [&](int64_t warp) {
    int64_t tile = seen[warp]++;
    return fragment(warp, config.queryTile, [&](int64_t row, int64_t column) {
      return score(tile, row, column);
    });
  };
  ASSERT_EQ(machine.run(), "");
  // Of one head, a key tile sees all query tiles in order.
  int64_t chunks = config.headDim / 64;
  for (int64_t tile = 0; tile < kTiles; ++tile)
    for (int64_t i = 0; i < config.queryTile; ++i)
      for (int64_t d = 0; d < config.headDim; ++d) {
        float sum = 0;
        for (int64_t j = 0; j < kKeys; ++j)
          sum += score(tile, j, i) * key(j, d);
        int64_t part = i / 64 * chunks + d / 64;
        ASSERT_EQ(machine.arrays[kSums].data[tile * elements + part * 4096 +
                                             i % 64 * 64 + d % 64],
                  sum)
            << "tile " << tile << " query " << i << " column " << d;
      }
}

} // namespace
