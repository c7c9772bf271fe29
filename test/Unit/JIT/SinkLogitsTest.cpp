//===- SinkLogitsTest.cpp - Sink logits on a CPU --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GradientsFixture.h"
#include "gmock/gmock.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;
using testing::Each;

namespace {

using SinkLogitsTest = GradientsTest;

// Without a logit above -inf, a query has no part in the gradient by its sink
// logit, whatever it holds.
TEST_F(SinkLogitsTest, QueriesWithoutLogits) {
  auto module = derive("#spattn.partition<exclusive>", "end",
                       {/*lse=*/true, /*sink=*/true});
  auto forward = compile(*module, "f"),
       backward = compile(*module, "f_backward");
  ASSERT_TRUE(forward && backward);
  Arrays arrays{Sizes()};
  arrays.sink.data.assign(kHeads, -INFINITY);
  ASSERT_FALSE(runForward(*forward, arrays));
  int64_t empty = 0;
  for (size_t row = 0; row < arrays.lse.data.size(); ++row) {
    if (std::isfinite(arrays.lse.data[row]))
      continue;
    EXPECT_EQ(arrays.lse.data[row], -INFINITY);
    arrays.dlse.data[row] = ++empty % 2 ? NAN : INFINITY;
    for (int64_t c = 0; c < kValueDim; ++c) {
      EXPECT_EQ(arrays.o.data[row * kValueDim + c], 0);
      arrays.dout.data[row * kValueDim + c] = NAN;
    }
  }
  ASSERT_GT(empty, 8);
  ASSERT_FALSE(runBackward(*backward, arrays));
  EXPECT_THAT(arrays.dsink.data, Each(0));
  Arrays oracle = arrays;
  ASSERT_FALSE(evaluateGradients(getProblem(*module), views(oracle)));
  EXPECT_THAT(oracle.dsink.data, Each(0));
}

// -inf is the same as none, to the last bit.
TEST_F(SinkLogitsTest, OfMinusInfinity) {
  auto without = derive("#spattn.window<left = 3, right = 0>", "end");
  Arrays expected{Sizes()};
  auto forward = compile(*without, "f"),
       backward = compile(*without, "f_backward");
  ASSERT_TRUE(forward && backward);
  ASSERT_FALSE(runForward(*forward, expected));
  ASSERT_FALSE(runBackward(*backward, expected));

  auto with = derive("#spattn.window<left = 3, right = 0>", "end",
                     {/*lse=*/false, /*sink=*/true});
  Arrays actual{Sizes()};
  actual.sink.data.assign(kHeads, -INFINITY);
  forward = compile(*with, "f");
  backward = compile(*with, "f_backward");
  ASSERT_TRUE(forward && backward);
  ASSERT_FALSE(runForward(*forward, actual));
  EXPECT_EQ(actual.o.data, expected.o.data);
  EXPECT_EQ(actual.lse.data, expected.lse.data);
  ASSERT_FALSE(runBackward(*backward, actual));
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(actual.gradients()[i]->data, expected.gradients()[i]->data);
  EXPECT_THAT(actual.dsink.data, Each(0));
}

// Far above and far below all scores, for rows with keys and without.
TEST_F(SinkLogitsTest, FarFromScores) {
  auto module = derive("#spattn.partition<exclusive>", "end",
                       {/*lse=*/true, /*sink=*/true});
  auto forward = compile(*module, "f"),
       backward = compile(*module, "f_backward");
  ASSERT_TRUE(forward && backward);
  Arrays oracle{Sizes()};
  oracle.sink.data = {-60, 60, -1e30, 1e30};
  Arrays compiled = oracle;
  runOracle(getProblem(*module), oracle);
  ASSERT_FALSE(runForward(*forward, compiled));
  expectNear(compiled.o, oracle.o, 1e-5);
  for (auto [actual, expected] :
       llvm::zip_equal(compiled.lse.data, oracle.lse.data))
    EXPECT_NEAR(actual, expected, 1e-6 * std::max(1.0, std::abs(expected)));
  // The log-sum-exp as f32 holds it: 1e30 is not what the logit was.
  compiled.sink.data = {-60, 60, -40, 40};
  oracle = compiled;
  ASSERT_FALSE(runForward(*forward, compiled));
  oracle.lse = compiled.lse;
  oracle.o = compiled.o;
  ASSERT_FALSE(evaluateGradients(getProblem(*module), views(oracle)));
  ASSERT_FALSE(runBackward(*backward, compiled));
  for (size_t i = 0; i < 3; ++i)
    expectNear(*compiled.gradients()[i], *oracle.gradients()[i], 1e-5);
  expectNear(compiled.dsink, oracle.dsink, 1e-5);
  EXPECT_NE(compiled.dsink.data[3], 0);
}

} // namespace
