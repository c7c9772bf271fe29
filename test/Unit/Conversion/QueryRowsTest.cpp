//===- QueryRowsTest.cpp - What kernels do with 64 queries ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Backward/QueryRows.h"

#include "GradientRun.h"
#include "QueueKernel.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

class QueryRowsTest : public testing::Test {
protected:
  RandomInstance draw(int round) {
    RandomInstance instance(random, 220);
    instance.spec.keyHeads = 1 + round % 2;
    instance.spec.dlse = round % 3 != 0;
    instance.call.scale = 0.2f;
    return instance;
  }
  std::mt19937 random{71};
};

/// The preprocess: what scores and dP start from, an accumulator that is zero
/// where a query tile sees keys, or semaphores, and the ticket counter.
TEST_F(QueryRowsTest, Preprocess) {
  for (int round = 0; round < 12; ++round) {
    RandomInstance instance = draw(round);
    SCOPED_TRACE(instance.str());
    GradientVariant variant;
    variant.queryTile = round % 2 ? 64 : 128;
    variant.claimsSums = round % 4 > 1;
    variant.inPairs = round % 3 == 0;
    GradientRun run(instance.spec, instance.call, variant);
    ASSERT_EQ(run.run("kernel_preprocess", /*late=*/round % 2), "");
    run.expectStarts();
    EXPECT_EQ(run.counter(0), 0);
    HostAlgebra algebra = instance.algebra();
    int64_t tiles = run.padded / variant.queryTile;
    for (int64_t tile = 0; tile < tiles * 2 * instance.call.batches; ++tile) {
      if (variant.claimsSums)
        EXPECT_EQ(run.counter(1 + tile), 0) << "tile " << tile;
      int64_t head = tile / tiles % 2;
      bool seesKeys = !visitingOrder(algebra.keyTiles(head, tile % tiles,
                                                      {variant.queryTile, 64}))
                           .first.empty();
      int64_t elements = variant.queryTile * run.headDim;
      const float *sums = &run.scratch("dq_sums")[tile * elements];
      for (int64_t i = 0; i < elements; ++i) {
        if (!variant.claimsSums && seesKeys)
          ASSERT_EQ(sums[i], 0) << "tile " << tile << " element " << i;
        else
          ASSERT_TRUE(std::isnan(sums[i])) << "tile " << tile;
      }
    }
  }
}

/// With pairs, from the middle outwards: all of any number of heads.
TEST_F(QueryRowsTest, HeadsOfPairs) {
  for (int64_t heads : {1, 2, 3, 5})
    for (int64_t batches : {1, 2}) {
      AttentionSpec spec;
      spec.heads = spec.keyHeads = heads;
      GradientVariant variant;
      variant.inPairs = true;
      GradientRun run(spec, {batches, 70, 70, 1, 0.2f}, variant);
      ASSERT_EQ(run.run("kernel_preprocess", /*late=*/false), "");
      run.expectStarts();
    }
}

/// Whatever queries without keys have, nothing depends on it.
TEST_F(QueryRowsTest, QueriesWithoutKeysCountForNothing) {
  AttentionSpec spec;
  spec.structure = "#spattn.partition<exclusive>";
  spec.heads = spec.keyHeads = 2;
  spec.dlse = true;
  GradientRun run(spec, {1, 150, 150, 1, 0.2f}, {});
  int64_t empty = 0;
  for (int64_t h = 0; h < 2; ++h)
    for (int64_t i = 0; i < 150; ++i)
      if (std::isinf(run.reference.lse[h * 150 + i])) {
        run.at("dlse", 0, h, i) = ++empty % 2 ? INFINITY : NAN;
        // Finite, as the kernels ask for.
        for (int64_t d = 0; d < 64; ++d)
          run.at("o", 0, h, i, d) = run.at("do", 0, h, i, d) = 0;
      }
  EXPECT_EQ(empty, 75);
  ASSERT_EQ(run.run("kernel_preprocess", /*late=*/false), "");
  run.forScratchRows([&](int64_t at, int64_t) {
    ASSERT_TRUE(std::isfinite(run.scratch("delta_start")[at])) << at;
  });
  run.expectStarts();
}

/// The postprocess: sums by fragment, scaled and rounded, and zeros for queries
/// that see no key or that nobody has come to add to.
TEST_F(QueryRowsTest, Postprocess) {
  for (int round = 0; round < 8; ++round) {
    RandomInstance instance = draw(round);
    SCOPED_TRACE(instance.str());
    GradientVariant variant;
    variant.claimsSums = round % 4 > 1;
    variant.inPairs = round % 3 == 0;
    variant.headDim = round % 2 ? 128 : 72;
    variant.roundsDq = false;
    GradientRun run(instance.spec, instance.call, variant);
    for (int64_t tile = 0; tile < run.padded / 64 * 2 * instance.call.batches;
         ++tile)
      run.counter(1 + tile) = tile % 3;
    std::vector<float> &sums = run.scratch("dq_sums");
    for (size_t i = 0; i < sums.size(); ++i)
      sums[i] = float(i * 7 % 127) - 63;
    ASSERT_EQ(run.run("kernel_postprocess", /*late=*/round % 2), "");
    HostAlgebra algebra = instance.algebra();
    std::vector<double> expected(run.reference.dq.size(), 0.0);
    run.forScratchRows([&](int64_t at, int64_t row) {
      int64_t tile = at / 64, head = tile / (run.padded / 64) % 2;
      bool isThere =
          !visitingOrder(
               algebra.keyTiles(head, tile % (run.padded / 64), {64, 64}))
               .first.empty() &&
          !(variant.claimsSums && tile % 3 == 0);
      for (int64_t d = 0; row >= 0 && isThere && d < variant.headDim; ++d) {
        int64_t fragment = tile * run.headDim / 64 + d / 64;
        expected[row * variant.headDim + d] =
            0.2f * sums[fragment * 4096 + at % 64 * 64 + d % 64];
      }
    });
    run.expectRows("dq", expected, 5e-3);
    run.expectGapsKept();
  }
}

} // namespace
