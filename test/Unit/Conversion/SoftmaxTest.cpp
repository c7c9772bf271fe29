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

/// Runs the softmax over tiles, as a mainloop and its epilogue do.
Result run(const Tiles &tiles, float scale) {
  TestKernel kernel({});
  KernelBuilder &b = kernel.b;
  ScoreModifier modifier(b, kernel.scale);
  Softmax softmax(b, modifier);
  Value max = b.fillRows(kNegInf), sum = b.fillRows(0);
  Value output = b.fillAcc(kColumns, 0);
  for (size_t t = 0; t < tiles.size(); ++t) {
    Value scores =
        kernel.input("scores" + std::to_string(t), b.accType(kColumns));
    Softmax::State state = softmax.step(scores, max, sum);
    output = b.map({softmax.rescale(output, state), state.probabilities},
                   output.getType(), [&](ValueRange x) -> Value {
                     return arith::AddFOp::create(b, x[0], x[1]);
                   });
    max = state.max;
    sum = state.sum;
    kernel.record("grew", {state.grew});
  }
  Value total = softmax.total(sum);
  kernel.record("result", {softmax.normalize(output, total),
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
  Result result = {event.values[0].elements, {}, {}};
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
void check(const Tiles &tiles, float scale) {
  Result result = run(tiles, scale);
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
                  sum == 0 ? 0 : output[column] / sum, 2e-4)
          << "row " << row << " column " << column;
  }
}

class SoftmaxTest : public testing::Test {
protected:
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

TEST_F(SoftmaxTest, OneTile) { check({tile(0, 1)}, 1); }

TEST_F(SoftmaxTest, TilesAlike) {
  check({tile(0, 2), tile(0, 2), tile(0, 2), tile(0, 2)}, 0.5f);
}

/// Each tile is far above or far below the one before.
TEST_F(SoftmaxTest, MaximaThatGrowAndShrink) {
  check({tile(0, 3), tile(40, 3), tile(-60, 3), tile(300, 9), tile(299, 9)}, 1);
}

/// Scores that a float's exponential does not hold.
TEST_F(SoftmaxTest, LargeScores) {
  check({tile(-900, 50), tile(800, 50), tile(2000, 50)}, 1);
}

/// Rows that see no key, in no tile or in the first ones, beside rows that do.
TEST_F(SoftmaxTest, RowsWithoutKeys) {
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

TEST_F(SoftmaxTest, NoRowHasKeys) {
  std::vector<float> none(Datum::kRows * kColumns, kNone);
  check({none, none}, 1);
  EXPECT_EQ(run({none, none}, 1).grew, (std::vector<bool>{false, false}));
}

/// Single keys, in columns of different threads.
TEST_F(SoftmaxTest, SingleKeys) {
  std::vector<float> scores(Datum::kRows * kColumns, kNone);
  for (int64_t row = 0; row < Datum::kRows; ++row)
    scores[row * kColumns + 3 * row] = float(row) - 8;
  check({scores}, 2);
}

/// What is subtracted changes only if some score is 2^8 times above it.
TEST_F(SoftmaxTest, RescalesRarely) {
  auto constant = [](float score) {
    return std::vector<float>(Datum::kRows * kColumns, score);
  };
  // 8 ln(2) is 5.545.
  Tiles tiles = {constant(0), constant(5.5), constant(-9), constant(5.6f),
                 constant(11)};
  EXPECT_EQ(run(tiles, 1).grew,
            (std::vector<bool>{true, false, false, true, false}));
  check(tiles, 1);
  // One row is enough.
  tiles[1][9 * kColumns + 17] = 6;
  EXPECT_TRUE(run(tiles, 1).grew[1]);
  check(tiles, 1);
}

} // namespace
