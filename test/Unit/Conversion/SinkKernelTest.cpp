//===- SinkKernelTest.cpp - Gradients by sinks ----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GradientRun.h"
#include "QueueKernel.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

void check(const AttentionSpec &spec, const CallSpec &call,
           bool deterministic) {
  GradientVariant variant;
  variant.deterministic = deterministic;
  GradientRun kernel(spec, call, variant);
  kernel.giveStarts();
  ASSERT_EQ(kernel.run("kernel_sinks", /*late=*/false, /*lanes=*/1), "");
  for (int64_t h = 0; h < spec.heads; ++h)
    ASSERT_NEAR(kernel.at("dsink", 0, h, 0), kernel.reference.dsink[h],
                1e-4 * (1 + std::abs(kernel.reference.dsink[h])))
        << "head " << h;
  kernel.expectGapsKept();
}

TEST(SinkKernelTest, IsTheGradient) {
  std::mt19937 random{101};
  for (int round = 0; round < 8; ++round) {
    RandomInstance instance(random, 200);
    instance.spec.sinks = true;
    instance.spec.dlse = round % 2;
    SCOPED_TRACE(instance.str());
    check(instance.spec, instance.call, /*deterministic=*/round % 4 < 2);
    if (testing::Test::HasFatalFailure())
      return;
  }
}

/// More rows than threads, of several batch entries.
TEST(SinkKernelTest, ManyRows) {
  AttentionSpec spec;
  spec.structure = "#spattn.window<left = 3, right = 0>";
  spec.sinks = spec.dlse = true;
  check(spec, {3, 500, 500, 1, 0.3f}, /*deterministic=*/true);
}

} // namespace
