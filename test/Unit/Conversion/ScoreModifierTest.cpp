//===- ScoreModifierTest.cpp - From scores to logits, and back ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/ScoreModifier.h"

#include "TestKernel.h"

#include <cmath>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

constexpr float kNone = -std::numeric_limits<float>::infinity();

/// What a modifier does to rows of one value each, for each of two inputs.
class ScoreModifierTest : public testing::TestWithParam<float> {
protected:
  using Emit = llvm::function_ref<Value(KernelBuilder &, ScoreModifier &,
                                        Value x, Value y)>;

  float evaluate(float x, float y, Emit emit) {
    TestKernel kernel({});
    KernelBuilder &b = kernel.b;
    ScoreModifier modifier(b, kernel.scale);
    Value rows = kernel.input("x", b.rowsType());
    Value others = kernel.input("y", b.rowsType());
    kernel.record("result", {emit(b, modifier, rows, others)});
    kernel.end();
    CallSpec call;
    call.scale = scale;
    Machine machine = kernel.machine(call);
    auto rowsOf = [](float value) {
      return [=](int64_t) {
        Datum datum;
        datum.elements.assign(Datum::kRows * Datum::kQuad, value);
        return datum;
      };
    };
    machine.inputs = {{"x", rowsOf(x)}, {"y", rowsOf(y)}};
    EXPECT_EQ(machine.run(), "");
    return machine.events["result"].front().values.front().elements.front();
  }

  const float scale = GetParam();
};

INSTANTIATE_TEST_SUITE_P(Scales, ScoreModifierTest,
                         testing::Values(0.125f, 1.0f, 2.5f));

constexpr float kSamples[] = {-7.5f, -1.0f, 0.0f, 0.25f, 6.0f};
constexpr double kTolerance = 1e-5;

TEST_P(ScoreModifierTest, Logits) {
  for (float x : kSamples)
    for (float above : {0.0f, 8.0f})
      EXPECT_NEAR(evaluate(x, 0,
                           [&](auto &, ScoreModifier &modifier, Value rows,
                               Value) { return modifier.logits(rows, above); }),
                  scale * x / std::log(2.0) + above, 1e-4);
}

/// Relative to a maximum, exponentials are at most 1; a row that has seen no
/// key has 0 throughout, and not a difference of infinities.
TEST_P(ScoreModifierTest, ExponentialOfShift) {
  auto emit = [](auto &, ScoreModifier &modifier, Value score, Value max) {
    return modifier.exponential(score, modifier.shift(max));
  };
  for (float max : kSamples)
    for (float below : {0.0f, 0.5f, 20.0f})
      EXPECT_NEAR(evaluate(max - below, max, emit),
                  std::exp(double(scale) * -below), kTolerance);
  EXPECT_EQ(evaluate(kNone, 3, emit), 0);
  EXPECT_EQ(evaluate(kNone, kNone, emit), 0);
}

TEST_P(ScoreModifierTest, LogSumExp) {
  auto emit = [](auto &, ScoreModifier &modifier, Value max, Value sum) {
    return modifier.logSumExp(max, sum);
  };
  for (float max : kSamples)
    for (float sum : {0.5f, 1.0f, 300.0f})
      EXPECT_NEAR(evaluate(max, sum, emit), scale * max + std::log(sum), 1e-4);
  EXPECT_EQ(evaluate(kNone, 0, emit), kNone);
}

/// A sink that is far above the maximum, or far below, with neither an overflow
/// nor a difference of infinities.
TEST_P(ScoreModifierTest, LogSumExpWithSink) {
  for (float sink : {kNone, -300.0f, -1.0f, 2.0f, 300.0f}) {
    auto emit = [&](KernelBuilder &b, ScoreModifier &modifier, Value max,
                    Value sum) {
      Value logit = b.f32(sink);
      Value shift = modifier.shiftWithSink(max, logit);
      Value correction = modifier.exponential(max, shift);
      Value total = modifier.addSink(sum, correction, logit, shift);
      return modifier.logSumExpAt(shift, total);
    };
    for (float max : kSamples)
      for (float sum : {1.0f, 300.0f}) {
        double own = scale * max + std::log(sum);
        double larger = std::max(own, double(sink));
        double expected =
            larger + std::log(std::exp(own - larger) + std::exp(sink - larger));
        EXPECT_NEAR(evaluate(max, sum, emit), expected,
                    1e-5 * std::max(1.0, std::abs(expected)) + 1e-4);
      }
    if (sink == kNone)
      EXPECT_EQ(evaluate(kNone, 0, emit), kNone);
    else
      EXPECT_NEAR(evaluate(kNone, 0, emit), sink, 1e-4 * std::abs(sink));
  }
}

/// Both ways to take the log-sum-exp off give the probability.
TEST_P(ScoreModifierTest, ProbabilityByLogSumExp) {
  for (float score : kSamples)
    for (float lse : {2.0f, 16.0f}) {
      double expected = std::exp(double(scale) * score - lse);
      double tolerance = std::max(expected, 1.0) * kTolerance;
      EXPECT_NEAR(evaluate(score, -lse,
                           [](KernelBuilder &b, ScoreModifier &modifier,
                              Value scores, Value negated) {
                             Value start =
                                 modifier.scoreStart(negated, b.rowsType());
                             Value sum = b.map({scores, start}, b.rowsType(),
                                               [&](ValueRange x) -> Value {
                                                 return arith::AddFOp::create(
                                                     b, x[0], x[1]);
                                               });
                             return modifier.probability(sum);
                           }),
                  expected, tolerance);
      float logits = evaluate(
          score, -lse,
          [](auto &, ScoreModifier &modifier, Value scores, Value negated) {
            return modifier.logitsFrom(scores, modifier.logitStart(negated));
          });
      EXPECT_NEAR(std::exp2(double(logits)), expected, tolerance);
    }
}

TEST_P(ScoreModifierTest, Chain) {
  for (float x : kSamples)
    EXPECT_FLOAT_EQ(
        evaluate(x, 0,
                 [](auto &, ScoreModifier &modifier, Value gradients, Value) {
                   return modifier.chain(gradients);
                 }),
        scale * x);
}

} // namespace
