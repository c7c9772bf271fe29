//===- KeyMainloopTest.cpp - dK and dV of key tiles ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Backward/KeyMainloop.h"

#include "GradientRun.h"
#include "QueueKernel.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

class KeyMainloopTest : public testing::TestWithParam<GradientVariant> {
protected:
  /// dK and dV; and dQ, rounded by this kernel or the one after it.
  void run(const AttentionSpec &spec, const CallSpec &call, bool late) {
    const GradientVariant &v = GetParam();
    GradientRun kernel(spec, call, v);
    kernel.giveStarts();
    // The kernel before this one starts the counter, also where that is all
    // that it does.
    if (call.queries == 0) {
      kernel.counter(0) = -3;
      ASSERT_EQ(
          kernel.run(v.deterministic ? "kernel_queries" : "kernel_preprocess",
                     late),
          "");
      ASSERT_EQ(kernel.counter(0), 0);
    }
    if (!v.deterministic && !v.claimsSums) {
      std::vector<float> &sums = kernel.scratch("dq_sums");
      std::fill(sums.begin(), sums.end(), 0.0f);
    }
    if (v.keyGradients == KeyGradients::ByKernel)
      ASSERT_EQ(kernel.run("kernel_values", late), "");
    ASSERT_EQ(kernel.run("kernel", late), "");
    kernel.expectRows("dk", kernel.reference.dk, 2e-2);
    kernel.expectRows("dv", kernel.reference.dv, 1e-2);
    if (kernel.roundsAfter)
      ASSERT_EQ(kernel.run("kernel_postprocess", late), "");
    if (!v.deterministic)
      kernel.expectRows("dq", kernel.reference.dq, 2e-2);
    kernel.expectGapsKept();
  }
  /// Tiles of these take several times as long.
  static bool isWide() {
    return GetParam().keyGradients != KeyGradients::Together;
  }
  std::mt19937 random{91};
};

INSTANTIATE_TEST_SUITE_P(
    Kernels, KeyMainloopTest,
    testing::Values(
        // Sums through shared memory, by one warpgroup and by two; claimed.
        GradientVariant{},
        GradientVariant{"sm_90a", 2, 64, 2, 1, false, false, 128, 64},
        GradientVariant{"sm_90a", 2, 128, 3, 2, false, true, 64, 104},
        // Warpgroups that take turns and skip query tiles.
        GradientVariant{"sm_90a", 2, 64, 2, 1, false, true, 128, 64,
                        KeyGradients::Together, 0, true},
        GradientVariant{"sm_90a", 3, 64, 2, 1, false, false, 64, 64,
                        KeyGradients::Together, 0, true},
        // dQ rounded by a kernel of its own.
        GradientVariant{"sm_90a", 2, 64, 2, 1, false, true, 64, 64,
                        KeyGradients::Together, 0, false, false, false},
        // From registers.
        GradientVariant{"sm_80", 1, 64, 1, 1, false, false, 64, 128},
        GradientVariant{"sm_80", 2, 64, 2, 2, false, false, 72, 64},
        // No dQ, and warpgroups that skip query tiles.
        GradientVariant{"sm_90a", 1, 64, 2, 1, true, false, 64, 64},
        GradientVariant{"sm_90a", 2, 64, 3, 2, true, false, 128, 64},
        GradientVariant{"sm_80", 1, 64, 1, 1, true, false, 64, 64},
        // A warpgroup each for dK and dV. Their parts of dQ are as many, one
        // more, or none; dO comes ahead or when dV has used the one before.
        GradientVariant{"sm_90a", 2, 64, 2, 1, false, false, 256, 256,
                        KeyGradients::ByWarpgroup, 1},
        GradientVariant{"sm_90a", 2, 64, 2, 1, false, true, 192, 128,
                        KeyGradients::ByWarpgroup},
        GradientVariant{"sm_90a", 2, 64, 2, 2, false, false, 64, 136,
                        KeyGradients::ByWarpgroup},
        GradientVariant{"sm_90a", 2, 64, 2, 1, true, false, 136, 64,
                        KeyGradients::ByWarpgroup},
        GradientVariant{"sm_90a", 2, 64, 3, 1, true, false, 64, 64,
                        KeyGradients::ByWarpgroup, 1},
        // A kernel each.
        GradientVariant{"sm_80", 1, 64, 1, 1, false, false, 192, 256,
                        KeyGradients::ByKernel},
        GradientVariant{"sm_80", 1, 64, 2, 1, false, false, 136, 128,
                        KeyGradients::ByKernel, 1},
        GradientVariant{"sm_80", 1, 64, 1, 2, true, false, 64, 136,
                        KeyGradients::ByKernel}));

TEST_P(KeyMainloopTest, IsTheGradient) {
  int rounds = isWide() ? 3 : 6;
  for (int round = 0; round < rounds; ++round) {
    RandomInstance instance(random, isWide() ? 150 : 260);
    instance.vary(round);
    instance.spec.softCap = round == 1 || round == 5;
    instance.spec.region = round == 4 || round == 5;
    // The maximum is that of scaled scores.
    if (round == 0)
      instance.spec.signedScale = true, instance.call.scale = -0.2f;
    instance.spec.slopes = round == 2 || round == 5;
    instance.spec.distances = round == 3 ? 40 : round == 5 ? 151 : 0;
    SCOPED_TRACE(instance.str());
    run(instance.spec, instance.call, /*late=*/round % 2);
    if (HasFatalFailure())
      return;
  }
}

/// What spans many tiles, masked and full ones, and narrow bands, of which
/// warpgroups skip the ends; every other time with modified scores.
TEST_P(KeyMainloopTest, LongColumns) {
  AttentionSpec spec;
  spec.heads = spec.keyHeads = 2;
  CallSpec call = {1, isWide() ? 200 : 400, isWide() ? 130 : 200, 1, 0.3f};
  bool late = false;
  for (const char *structure :
       {"#spattn.causal", "#spattn.window<left = 30, right = 0>",
        "#spattn.partition<local_band>",
        "#spattn.union<#spattn.window<left = 30, right = 20>, #spattn.keys<0 "
        "to 70>, #spattn.queries<0 to 70>>"}) {
    spec.structure = structure;
    spec.slopes = !late;
    spec.softCap = StringRef(structure).contains("partition");
    spec.distances = spec.softCap ? 97 : 0;
    run(spec, call, late);
    late = !late;
  }
}

/// Lengths of 0: keys that no query sees have gradients of 0.
TEST_P(KeyMainloopTest, Nothing) {
  AttentionSpec spec;
  spec.structure = "#spattn.full";
  spec.heads = spec.keyHeads = 2;
  for (CallSpec call : {CallSpec{2, 0, 5, 2}, CallSpec{2, 5, 0, 2},
                        CallSpec{2, 0, 0, 2}, CallSpec{0, 5, 5, 2}})
    run(spec, call, /*late=*/false);
}

} // namespace
