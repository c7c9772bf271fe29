//===- KeyPartsTest.cpp - Work tiles that share the keys of a row ---------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/KeyParts.h"

#include "Forward/ForwardKernel.h"
#include "KernelRun.h"
#include "Parts/WorkScheduler.h"
#include "QueueKernel.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

KeyPartSizes sizesOf(int64_t most, int64_t leastTiles, int64_t tilesOfEntry) {
  KeyPartSizes sizes;
  sizes.most = most;
  sizes.leastTiles = leastTiles;
  sizes.tilesOfEntry = tilesOfEntry;
  return sizes;
}

/// Parts of a walk, of any number of tiles, with so many batch entries.
int64_t partsOf(const KeyPartSizes &sizes, int64_t batches) {
  return llvm::divideCeil(sizes.most * sizes.leastTiles,
                          sizes.tilesOf(batches));
}

TEST(KeyPartSizes, AreFewerWithMoreEntries) {
  KeyPartSizes sizes = sizesOf(/*most=*/33, /*leastTiles=*/16, 249);
  EXPECT_EQ(sizes.tilesOf(1), 16);
  EXPECT_EQ(sizes.tilesOf(2), 32);
  EXPECT_EQ(sizes.tilesOf(16), 249);
  EXPECT_EQ(partsOf(sizes, 1), 33);
  EXPECT_EQ(partsOf(sizes, 16), 3);
  EXPECT_EQ(partsOf(sizes, 1000), 1);
  EXPECT_EQ(sizesOf(4, 7, 0).tilesOf(1000), 7);
}

/// There is scratch memory for all parts of all batch entries.
TEST(KeyPartSizes, AreBounded) {
  for (int64_t most : {2, 7, 128})
    for (int64_t least : {1, 5, 40})
      for (int64_t ofEntry : {1, 16, 249, 5000}) {
        KeyPartSizes sizes = sizesOf(most, least, ofEntry);
        for (int64_t batches = 1; batches < 500; ++batches)
          EXPECT_LE(batches * partsOf(sizes, batches),
                    batches + sizes.mostPartsBesideEntries());
      }
}

struct Part {
  int64_t number, begin, visited, masked;
};

/// The parts of all walks, by batch entry, head and first query.
std::map<std::vector<int64_t>, std::vector<Part>>
decodeAll(const RandomInstance &instance, const KeyPartSizes &sizes) {
  TestKernel kernel(instance.spec);
  KernelBuilder &b = kernel.b;
  KeyParts parts(b, sizes, kernel.sequence, instance.spec.heads);
  RowTiles rows(b, kernel.op, kernel.sequence,
                kernel.sequence.queryTiles(b, 64),
                {64, 16, 64, RowLayout{}, /*fromFirstKey=*/false});
  rows.setParts(&parts);
  Value count = rows.count();
  b.when(b.isWarp(0), [&] {
    auto loop = b.forLoop(0, count);
    b.in(loop.getBody(), [&] {
      WorkTile tile = rows.decode(loop.getInductionVar());
      kernel.record("part",
                    {tile.batch, tile.head, b.ops.materialize(tile.first),
                     tile.part->number, b.ops.materialize(tile.part->first),
                     tile.visited, tile.maskedCount});
    });
  });
  kernel.end();
  Machine machine = kernel.machine(instance.call);
  EXPECT_EQ(machine.run(), "");
  std::map<std::vector<int64_t>, std::vector<Part>> walks;
  for (const Machine::Event &event : machine.events["part"]) {
    std::vector<int64_t> x = event.numbers();
    walks[{x[0], x[1], x[2]}].push_back({x[3], x[4], x[5], x[6]});
  }
  return walks;
}

/// Parts of a walk follow each other, are as many as there are numbers for, and
/// visit each tile once; all but the last that visits any are of one size.
TEST(KeyParts, AreTheWalk) {
  std::mt19937 random(19);
  for (int round = 0; round < 24; ++round) {
    RandomInstance instance(random, 400, /*numHeads=*/2);
    KeyPartSizes sizes =
        sizesOf(2 + round % 5, 1 + round % 3, round % 2 ? 0 : 10 * round);
    SCOPED_TRACE(instance.str());
    HostAlgebra algebra = instance.algebra();
    auto walks = decodeAll(instance, sizes);
    for (const auto &[place, parts] : walks) {
      auto [tiles, masked] =
          visitingOrder(algebra.keyTiles(place[1], place[2] / 64, {64, 16}));
      int64_t batches = instance.call.batches, length = tiles.size();
      ASSERT_EQ(int64_t(parts.size()), partsOf(sizes, batches));
      int64_t most =
          std::min(partsOf(sizes, batches),
                   std::max<int64_t>(
                       1, llvm::divideCeil(length, sizes.tilesOf(batches))));
      int64_t size = llvm::divideCeil(length, most), begin = 0;
      for (const Part &part : parts) {
        EXPECT_EQ(part.number, &part - parts.data());
        EXPECT_EQ(part.begin, begin);
        EXPECT_EQ(part.visited, std::min(size, length - begin));
        EXPECT_EQ(part.masked,
                  std::clamp<int64_t>(masked - begin, 0, part.visited));
        begin += part.visited;
      }
      EXPECT_EQ(begin, length);
    }
  }
}

/// Whole kernels, of whose parts the results are merged here.
class SplitKeysTest : public testing::Test {
protected:
  void run(const AttentionSpec &spec, const CallSpec &call,
           const KeyPartSizes &sizes, bool late, int64_t packedHeads = 1) {
    KernelRun kernel(spec, call, /*seed=*/call.queries);
    kernel.build("sm_90a", [&](OpBuilder &builder, KernelProgram &program) {
      ForwardConfig config{*TargetCapabilities::of("sm_90a"),
                           int64_t(llvm::alignTo(spec.headDim, 64)),
                           int64_t(llvm::alignTo(spec.valueDim, 64))};
      config.mmaWarpgroups = 1 + late;
      config.keyTile = 32;
      config.dynamicScheduler = late;
      config.hasSequences = spec.sequences;
      config.rows.heads = packedHeads;
      config.pageSize = spec.pageSize;
      config.itemStages = 2;
      config.parts = sizes;
      config.item = layoutOfRowTiles(kernel.op, config.queryTile(),
                                     config.keyTile, config.fromFirstKey());
      width = config.valueDim;
      buildForwardKernel(builder, cast<AttentionOp>(*kernel.op), "kernel",
                         config, program);
    });
    ASSERT_EQ(kernel.run("kernel", late), "");
    if (sizes.areCut())
      merge(kernel, partsOf(sizes, call.batches));
    kernel.expectRows("o", kernel.reference.out, 1e-2);
    if (spec.lse)
      kernel.expectRows("lse", kernel.reference.lse, 1e-5);
    kernel.expectGapsKept();
  }

  /// What buildCombineKernel computes.
  void merge(KernelRun &kernel, int64_t parts) {
    const std::vector<float> &outs = kernel.scratch(kPartialOut.str());
    const std::vector<float> &lses = kernel.scratch(kPartialLse.str());
    const AttentionSpec &spec = kernel.spec;
    int64_t heads = spec.heads, queries = kernel.call.queries;
    for (int64_t b = 0; b < kernel.call.batches; ++b)
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t i = 0; i < queries; ++i) {
          std::vector<double> out(spec.valueDim);
          double sum = 0;
          for (int64_t part = 0; part < parts; ++part) {
            int64_t row = ((b * parts + part) * heads + h) * queries + i;
            double weight = std::exp(double(lses[row]));
            // What is empty may not have been written; the first part has.
            if (weight == 0 && part > 0)
              continue;
            sum += weight;
            for (int64_t c = 0; c < spec.valueDim; ++c)
              out[c] += weight * outs[row * width + c];
          }
          for (int64_t c = 0; c < spec.valueDim; ++c)
            kernel.at("o", b, h, i, c) = sum == 0 ? out[c] : out[c] / sum;
          if (spec.lse)
            kernel.at("lse", b, h, i) = std::log(sum);
        }
  }

  std::mt19937 random{67};
  int64_t width = 0;
};

TEST_F(SplitKeysTest, IsAttention) {
  for (int round = 0; round < 12; ++round) {
    RandomInstance instance(random, 300);
    instance.vary(round);
    instance.spec.lse = round % 3 != 0;
    instance.spec.sinks = round % 4 >= 2;
    instance.spec.softCap = round == 1 || round == 5;
    instance.spec.slopes = round == 2 || round == 5;
    instance.spec.distances = round == 3 ? 40 : round == 7 ? 151 : 0;
    instance.spec.region = round == 6;
    instance.spec.causalPositions = round == 8;
    instance.spec.wideOutput = round == 9;
    if (round >= 9)
      instance.addSequences(random, /*count=*/1 + round % 3);
    // As many parts for any batch, or fewer for two entries than for one.
    KeyPartSizes sizes =
        sizesOf(2 + round % 4, 1 + round % 2, round % 5 == 4 ? 24 : 0);
    SCOPED_TRACE(instance.str());
    run(instance.spec, instance.call, sizes, /*late=*/round % 2);
    if (HasFatalFailure())
      return;
  }
}

/// Keys in pages that are larger and smaller than tiles, of entries that end
/// anywhere, with parts of walks or without.
TEST_F(SplitKeysTest, Pages) {
  for (int round = 0; round < 8; ++round) {
    AttentionSpec spec;
    spec.heads = 4;
    spec.keyHeads = 1 + round % 2;
    spec.lse = round % 3 != 0;
    spec.sinks = round % 4 == 1;
    spec.slopes = round % 4 == 2;
    spec.headDim = round == 5 ? 72 : 64;
    spec.structure = round % 3 == 0   ? "#spattn.causal"
                     : round % 3 == 1 ? "#spattn.window<left = 50, right = 3>"
                                      : "#spattn.union<#spattn.sink<40>, "
                                        "#spattn.distances<70 to 200>>";
    spec.pageSize = 16 << round % 4;
    spec.sequences = round % 4 != 0;
    // More than a tile, and of no whole number of tiles.
    int64_t pages = 3 + 256 / spec.pageSize;
    CallSpec call{/*batches=*/2, /*queries=*/1 + 7 * (round % 3),
                  /*keys=*/pages * spec.pageSize, /*ctas=*/3, /*scale=*/0.2f};
    if (spec.sequences)
      for (int64_t b = 0; b < call.batches; ++b) {
        int64_t keys =
            round == 6 && b == 0 ? 0 : 1 + int64_t(random() % call.keys);
        call.sequences.push_back({{0, call.queries - b % 2, 0, keys}});
      }
    KeyPartSizes sizes =
        round % 2 ? KeyPartSizes() : sizesOf(2 + round % 3, 1, 0);
    SCOPED_TRACE(round);
    run(spec, call, sizes, /*late=*/round % 2,
        /*packedHeads=*/round >= 4 ? 4 / spec.keyHeads : 1);
    if (HasFatalFailure())
      return;
  }
}

TEST_F(SplitKeysTest, PackedHeads) {
  AttentionSpec spec;
  spec.heads = 8;
  spec.keyHeads = 2;
  spec.lse = true;
  spec.valueDim = 40;
  for (int round = 0; round < 4; ++round) {
    spec.structure = round % 2 ? "#spattn.window<left = 200, right = 0>"
                               : "#spattn.union<#spattn.sink<40>, "
                                 "#spattn.distances<70 to 200>>";
    spec.sinks = round >= 2;
    CallSpec call{/*batches=*/2, /*queries=*/1 + 9 * round, /*keys=*/330,
                  /*ctas=*/3, /*scale=*/0.2f};
    run(spec, call, sizesOf(4, 2, 0), /*late=*/round % 2, /*packedHeads=*/4);
  }
}

} // namespace
