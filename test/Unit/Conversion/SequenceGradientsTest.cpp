//===- SequenceGradientsTest.cpp - Gradients of documents and padding -----===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All kernels of gradients, one after the other, where batch entries hold
// sequences: tiles end in the next document, in padding that holds NaN, or at
// the last row, and scratch is laid out by slots.
//
//===----------------------------------------------------------------------===//

#include "GradientRun.h"
#include "QueueKernel.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

class SequenceGradientsTest : public testing::TestWithParam<GradientVariant> {
protected:
  void run(const AttentionSpec &spec, const CallSpec &call, bool late) {
    const GradientVariant &v = GetParam();
    GradientRun kernel(spec, call, v);
    ASSERT_EQ(
        kernel.run(v.deterministic ? "kernel_queries" : "kernel_preprocess",
                   late),
        "");
    if (spec.sinks)
      ASSERT_EQ(kernel.run("kernel_sinks", /*late=*/false, /*lanes=*/1), "");
    if (spec.biasGradients)
      ASSERT_EQ(kernel.run("kernel_biases", /*late=*/false, /*lanes=*/1), "");
    if (v.keyGradients == KeyGradients::ByKernel)
      ASSERT_EQ(kernel.run("kernel_values", late), "");
    ASSERT_EQ(kernel.run("kernel", late), "");
    if (kernel.roundsAfter)
      ASSERT_EQ(kernel.run("kernel_postprocess", late), "");
    kernel.expectRows("dq", kernel.reference.dq, 2e-2);
    kernel.expectRows("dk", kernel.reference.dk, 2e-2);
    kernel.expectRows("dv", kernel.reference.dv, 1e-2);
    for (int64_t h = 0; spec.sinks && h < spec.heads; ++h)
      ASSERT_NEAR(kernel.at("dsink", 0, h, 0), kernel.reference.dsink[h],
                  1e-3 * (1 + std::abs(kernel.reference.dsink[h])))
          << "head " << h;
    if (spec.biasGradients)
      kernel.expectBiases();
    kernel.expectGapsKept();
  }
  std::mt19937 random{111};
};

INSTANTIATE_TEST_SUITE_P(
    Kernels, SequenceGradientsTest,
    testing::Values(
        GradientVariant{},
        GradientVariant{"sm_90a", 2, 64, 2, 1, false, false, 128, 64},
        GradientVariant{"sm_90a", 2, 128, 3, 2, false, true, 64, 104},
        GradientVariant{"sm_80", 1, 64, 1, 1, false, false, 64, 128},
        GradientVariant{"sm_90a", 1, 64, 2, 1, true, false, 64, 64},
        GradientVariant{"sm_90a", 2, 128, 3, 2, true, false, 128, 64},
        GradientVariant{"sm_80", 1, 64, 1, 1, true, false, 64, 64},
        GradientVariant{"sm_90a", 2, 64, 2, 1, false, true, 192, 128,
                        KeyGradients::ByWarpgroup, 1},
        GradientVariant{"sm_90a", 2, 64, 2, 1, true, false, 64, 136,
                        KeyGradients::ByWarpgroup},
        GradientVariant{"sm_80", 1, 64, 2, 1, false, false, 136, 64,
                        KeyGradients::ByKernel, 1},
        GradientVariant{"sm_80", 1, 64, 1, 1, true, false, 64, 192,
                        KeyGradients::ByKernel}));

TEST_P(SequenceGradientsTest, AreThoseOfEachSequence) {
  // Tiles of these take several times as long.
  bool isWide = GetParam().keyGradients != KeyGradients::Together;
  for (int round = 0; round < (isWide ? 3 : 6); ++round) {
    RandomInstance instance(random, isWide ? 150 : 260);
    instance.vary(round);
    instance.spec.dlse = round % 3 == 1;
    instance.spec.sinks = round % 3 == 2;
    // Distances are those within a sequence.
    instance.spec.slopes = round % 3 == 1;
    instance.spec.distances = round == 2 || round == 4 ? 33 : 0;
    instance.spec.softCap = round == 4;
    instance.spec.biasGradients =
        GetParam().deterministic &&
        (instance.spec.slopes || instance.spec.distances);
    instance.spec.region = round == 3 || round == 4;
    // Gradients of one key alone are errors of rounding.
    for (int64_t *length : {&instance.call.queries, &instance.call.keys})
      *length = std::max<int64_t>(*length, 90);
    instance.addSequences(random, /*count=*/round == 0 ? 1 : 1 + round);
    SCOPED_TRACE(instance.str());
    run(instance.spec, instance.call, /*late=*/round % 2);
    if (HasFatalFailure())
      return;
  }
}

/// Pairs of equal positions have a score that nothing is the gradient of.
TEST_P(SequenceGradientsTest, Positions) {
  bool isWide = GetParam().keyGradients != KeyGradients::Together;
  for (int round = 0; round < (isWide ? 3 : 6); ++round) {
    RandomInstance instance(random, isWide ? 150 : 260);
    instance.vary(round);
    instance.spec.dlse = round % 3 == 1;
    instance.spec.causalPositions = round % 3 != 1;
    if (round % 3 != 0)
      instance.spec.selfScore = -0.5f;
    instance.spec.softCap = round == 2;
    instance.spec.region = round == 2 || round == 4;
    for (int64_t *length : {&instance.call.queries, &instance.call.keys})
      *length = std::max<int64_t>(*length, 90);
    if (round == 3 || round == 4)
      instance.addSequences(random, /*count=*/2);
    SCOPED_TRACE(instance.str());
    run(instance.spec, instance.call, /*late=*/round % 2);
    if (HasFatalFailure())
      return;
  }
}

} // namespace
