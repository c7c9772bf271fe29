//===- SoftmaxTest.cpp - The online softmax -------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/Softmax.h"

#include "TestKernel.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

constexpr int64_t kColumns = 64;
constexpr float kNone = -std::numeric_limits<float>::infinity();

/// Scores of a warp's rows for each of some tiles.
using Tiles = std::vector<std::vector<float>>;

struct Result {
  /// By row and column: the output where values are such that each column has
  /// the sum of its probabilities.
  std::vector<float> output;
  std::vector<float> lse;
  /// Whether each tile has rescaled what was before it.
  std::vector<bool> grew;
};

using Step = Softmax::State (Softmax::*)(Value, Value, Value);

/// Runs the softmax over tiles, as a mainloop and its epilogue do.
Result run(const Tiles &tiles, float scale, Step step) {
  TestKernel kernel({});
  KernelBuilder &b = kernel.b;
  ScoreModifier modifier(b, kernel.scale);
  Softmax softmax(b, modifier);
  Value max = b.fillRows(kNegInf), sum = b.fillRows(0);
  for (size_t t = 0; t < tiles.size(); ++t) {
    Value scores =
        kernel.input("scores" + std::to_string(t), b.accType(kColumns));
    // Ones become what the output so far is multiplied by.
    Softmax::State state = (softmax.*step)(scores, max, sum);
    Value factors = softmax.rescale(b.fillAcc(kColumns, 1), state);
    kernel.record("tile", {state.probabilities, factors});
    max = state.max;
    sum = state.sum;
    kernel.record("grew", {state.grew});
  }
  Value total = softmax.total(sum);
  kernel.record("result", {softmax.normalize(b.fillAcc(kColumns, 1), total),
                           modifier.logSumExp(max, total)});
  kernel.end();
  CallSpec call;
  call.scale = scale;
  Machine machine = kernel.machine(call);
  for (size_t t = 0; t < tiles.size(); ++t)
    machine.inputs["scores" + std::to_string(t)] = [&, t](int64_t) {
      Datum datum;
      datum.elements = tiles[t];
      return datum;
    };
  EXPECT_EQ(machine.run(), "");
  const Machine::Event &event = machine.events["result"].front();
  Result result = {std::vector<float>(Datum::kRows * kColumns), {}, {}};
  for (const Machine::Event &tile : machine.events["tile"])
    for (size_t i = 0; i < result.output.size(); ++i)
      result.output[i] = result.output[i] * tile.values[1].elements[i] +
                         tile.values[0].elements[i];
  for (size_t i = 0; i < result.output.size(); ++i)
    result.output[i] *= event.values[0].elements[i];
  for (int64_t row = 0; row < Datum::kRows; ++row) {
    result.lse.push_back(event.values[1].elements[row * Datum::kQuad]);
    // All threads of a row have it.
    for (int64_t i = 1; i < Datum::kQuad; ++i)
      EXPECT_EQ(event.values[1].elements[row * Datum::kQuad + i],
                result.lse.back());
  }
  for (const Machine::Event &event : machine.events["grew"])
    result.grew.push_back(event.numbers().front() != 0);
  return result;
}

/// Compares with what the definition gives in double precision.
void checkStep(const Tiles &tiles, float scale, Step step) {
  Result result = run(tiles, scale, step);
  // Operands are rounded to 8 bits.
  double tolerance = step == &Softmax::step ? 2e-4 : 4e-3;
  for (int64_t row = 0; row < Datum::kRows; ++row) {
    double max = kNone, sum = 0;
    auto forEach = [&](auto visit) {
      for (const std::vector<float> &tile : tiles)
        for (int64_t column = 0; column < kColumns; ++column)
          visit(column, double(scale) * tile[row * kColumns + column]);
    };
    forEach([&](int64_t, double x) { max = std::max(max, x); });
    std::vector<double> output(kColumns);
    forEach([&](int64_t column, double x) {
      double p = std::isinf(x) ? 0 : std::exp(x - max);
      output[column] += p;
      sum += p;
    });
    if (sum == 0)
      EXPECT_EQ(result.lse[row], kNone) << "row " << row;
    else
      EXPECT_NEAR(result.lse[row], max + std::log(sum),
                  1e-5 * (10 + std::abs(max)))
          << "row " << row;
    for (int64_t column = 0; column < kColumns; ++column)
      EXPECT_NEAR(result.output[row * kColumns + column],
                  sum == 0 ? 0 : output[column] / sum, tolerance)
          << "row " << row << " column " << column;
  }
}

/// Scores that are all the same.
std::vector<float> constant(float score) {
  return std::vector<float>(Datum::kRows * kColumns, score);
}

class SoftmaxTest : public testing::TestWithParam<Step> {
protected:
  void check(const Tiles &tiles, float scale) {
    checkStep(tiles, scale, GetParam());
  }
  /// Scores of a tile, around `mean`.
  std::vector<float> tile(float mean, float deviation) {
    std::normal_distribution<float> normal(mean, deviation);
    std::vector<float> scores(Datum::kRows * kColumns);
    for (float &score : scores)
      score = normal(random);
    return scores;
  }
  std::mt19937 random{5};
};

INSTANTIATE_TEST_SUITE_P(Steps, SoftmaxTest,
                         testing::Values(&Softmax::step,
                                         &Softmax::stepOptimistically),
                         [](const testing::TestParamInfo<Step> &info) {
                           return info.index == 0 ? "Exact" : "Optimistic";
                         });

TEST_P(SoftmaxTest, OneTile) { check({tile(0, 1)}, 1); }

TEST_P(SoftmaxTest, TilesAlike) {
  check({tile(0, 2), tile(0, 2), tile(0, 2), tile(0, 2)}, 0.5f);
}

/// Each tile is far above or far below the one before.
TEST_P(SoftmaxTest, MaximaThatGrowAndShrink) {
  check({tile(0, 3), tile(40, 3), tile(-60, 3), tile(300, 9), tile(299, 9)}, 1);
}

/// Scores that a float's exponential does not hold.
TEST_P(SoftmaxTest, LargeScores) {
  check({tile(-900, 50), tile(800, 50), tile(2000, 50)}, 1);
}

/// Rows that see no key, in no tile or in the first ones, beside rows that do.
TEST_P(SoftmaxTest, RowsWithoutKeys) {
  Tiles tiles = {tile(0, 1), tile(3, 1), tile(-2, 1)};
  auto hide = [&](size_t t, int64_t row) {
    std::fill_n(&tiles[t][row * kColumns], kColumns, kNone);
  };
  for (size_t t : {0, 1, 2})
    hide(t, 5);
  hide(0, 6);
  hide(0, 7), hide(1, 7);
  hide(2, 8);
  check(tiles, 1);
}

TEST_P(SoftmaxTest, NoRowHasKeys) {
  check({constant(kNone), constant(kNone)}, 1);
}

/// Single keys, in columns of different threads.
TEST_P(SoftmaxTest, SingleKeys) {
  std::vector<float> scores(Datum::kRows * kColumns, kNone);
  for (int64_t row = 0; row < Datum::kRows; ++row)
    scores[row * kColumns + 3 * row] = float(row) - 8;
  check({scores}, 2);
}

/// What is subtracted changes only if some score is 2^8 times above it.
TEST(SoftmaxSteps, RescalesRarely) {
  // 8 ln(2) is 5.545.
  Tiles tiles = {constant(0), constant(5.5), constant(-9), constant(5.6f),
                 constant(11)};
  auto grew = [&] { return run(tiles, 1, &Softmax::step).grew; };
  EXPECT_EQ(grew(), (std::vector<bool>{true, false, false, true, false}));
  checkStep(tiles, 1, &Softmax::step);
  // One row is enough.
  tiles[1][9 * kColumns + 17] = 6;
  EXPECT_TRUE(grew()[1]);
  checkStep(tiles, 1, &Softmax::step);
  EXPECT_EQ(run({constant(kNone), constant(kNone)}, 1, &Softmax::step).grew,
            (std::vector<bool>{false, false}));
}

/// An optimistic step keeps what it subtracts, 0 at first, as long as a
/// thread's sums are between 2^-24 and 2^24 for bf16; 24 ln(2) is 16.6.
TEST(SoftmaxSteps, KeepsSumsInRange) {
  Tiles tiles = {constant(10), constant(60), constant(-90), constant(300),
                 constant(310)};
  auto grew = [&] { return run(tiles, 1, &Softmax::stepOptimistically).grew; };
  auto checkAll = [&] { checkStep(tiles, 1, &Softmax::stepOptimistically); };
  EXPECT_EQ(grew(), (std::vector<bool>{false, true, false, true, false}));
  checkAll();
  // Probabilities that would vanish.
  tiles[0] = constant(-50);
  EXPECT_EQ(grew(), (std::vector<bool>{true, true, false, true, false}));
  checkAll();
  tiles[0] = constant(-200);
  EXPECT_TRUE(grew()[0]);
  checkAll();
  // Rows without keys are not known from those whose probabilities vanish.
  tiles[0] = constant(kNone);
  EXPECT_TRUE(grew()[0]);
  checkAll();
  // One row is enough.
  tiles = {constant(0), constant(1)};
  tiles[1][9 * kColumns + 17] = 18;
  EXPECT_EQ(grew(), (std::vector<bool>{false, true}));
  checkAll();
}

} // namespace
