//===- QueryMainloopTest.cpp - dQ of query tiles -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Backward/QueryMainloop.h"

#include "GradientRun.h"
#include "QueueKernel.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

/// The head dimensions, and those of values.
class QueryMainloopTest
    : public testing::TestWithParam<std::pair<int64_t, int64_t>> {
protected:
  /// dQ, and what is left for the key kernel.
  void run(const AttentionSpec &spec, const CallSpec &call, bool late) {
    GradientVariant variant;
    variant.deterministic = true;
    std::tie(variant.headDim, variant.valueDim) = GetParam();
    GradientRun kernel(spec, call, variant);
    ASSERT_EQ(kernel.run("kernel_queries", late), "");
    kernel.expectRows("dq", kernel.reference.dq, 2e-2);
    kernel.expectStarts();
    EXPECT_EQ(kernel.counter(0), 0);
    kernel.expectGapsKept();
  }
  std::mt19937 random{81};
};

INSTANTIATE_TEST_SUITE_P(Dimensions, QueryMainloopTest,
                         testing::Values(std::pair(64, 64), std::pair(128, 64),
                                         std::pair(72, 104)));

TEST_P(QueryMainloopTest, IsTheGradient) {
  for (int round = 0; round < 8; ++round) {
    RandomInstance instance(random, 220);
    instance.vary(round);
    instance.spec.softCap = round == 1 || round == 5;
    instance.spec.region = round == 4 || round == 5;
    // The maximum is that of scaled scores.
    if (round == 0)
      instance.spec.signedScale = true, instance.call.scale = -0.2f;
    instance.spec.slopes = round == 2 || round == 5;
    instance.spec.distances = round == 3 ? 40 : round == 5 ? 151 : 0;
    instance.spec.dlse = round % 3 != 0;
    SCOPED_TRACE(instance.str());
    run(instance.spec, instance.call, /*late=*/round % 2);
    if (HasFatalFailure())
      return;
  }
}

/// Gradients by slopes and biases, of which there may be one for all distances.
TEST_P(QueryMainloopTest, Biases) {
  for (int round = 0; round < 8; ++round) {
    RandomInstance instance(random, 220);
    instance.vary(round);
    instance.spec.softCap = round % 4 == 1;
    instance.spec.region = round == 2 || round == 5;
    instance.spec.slopes = round % 3 != 0;
    instance.spec.distances = std::array{40, 0, 1, 151}[round % 4];
    if (!instance.spec.slopes && !instance.spec.distances)
      continue;
    instance.spec.biasGradients = true;
    if (round == 1 || round == 5)
      instance.spec.selfScore = -1.5f;
    instance.spec.causalPositions = round == 4 || round == 5;
    SCOPED_TRACE(instance.str());
    GradientVariant variant;
    variant.target = round % 2 ? "sm_80" : "sm_90a";
    variant.deterministic = true;
    std::tie(variant.headDim, variant.valueDim) = GetParam();
    GradientRun kernel(instance.spec, instance.call, variant);
    ASSERT_EQ(kernel.run("kernel_queries", /*late=*/round % 2), "");
    ASSERT_EQ(kernel.run("kernel_biases", /*late=*/false, /*lanes=*/1), "");
    kernel.expectRows("dq", kernel.reference.dq, 2e-2);
    kernel.expectBiases();
    kernel.expectGapsKept();
    if (HasFatalFailure())
      return;
  }
}

/// What spans many tiles, masked and full ones.
TEST_P(QueryMainloopTest, LongRows) {
  AttentionSpec spec;
  spec.heads = spec.keyHeads = 2;
  spec.dlse = true;
  CallSpec call = {1, 100, 400, 1, 0.3f};
  bool late = false;
  for (const char *structure :
       {"#spattn.causal", "#spattn.partition<local_band>",
        "#spattn.union<#spattn.window<left = 30, right = 20>, #spattn.keys<0 "
        "to 70>, #spattn.queries<300 to 370>>"}) {
    spec.structure = structure;
    run(spec, call, late);
    late = !late;
  }
}

} // namespace
