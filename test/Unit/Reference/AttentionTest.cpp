//===- AttentionTest.cpp - Attention in float64, row by row ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Attention.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/MLIRContext.h"
#include "spattn/Support/Elements.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <vector>

using namespace mlir;
using namespace spattn;
using testing::DoubleNear;
using testing::HasSubstr;

namespace {
class AttentionTest : public testing::Test {
protected:
  AttentionTest() {
    context.loadDialect<SpattnDialect>();
    problem.structure = CausalAttr::get(&context);
  }

  BufferView view(std::vector<double> &data, ArrayRef<int64_t> sizes) {
    return BufferView::contiguous(data.data(), f64, sizes);
  }

  static OperandArrays makeArrays(const BufferView &q, const BufferView &k,
                                  const BufferView &v,
                                  const BufferView &out = {},
                                  const BufferView &lse = {}) {
    OperandArrays arrays;
    arrays[OperandKind::Query] = q;
    arrays[OperandKind::Key] = k;
    arrays[OperandKind::Value] = v;
    arrays[OperandKind::Out] = out;
    arrays[OperandKind::Lse] = lse;
    return arrays;
  }

  std::string errorOf(const BufferView &q, const BufferView &k,
                      const BufferView &v, const BufferView &out) {
    return llvm::toString(evaluate(problem, makeArrays(q, k, v, out)));
  }

  MLIRContext context;
  static constexpr auto f64 = runtime::ElementType::F64;
  AttentionProblem problem;
};
} // namespace

TEST_F(AttentionTest, EqualScoresGiveTheMean) {
  std::vector<double> q(3), k = {5, 6, 7}, v = {1, 2, 6}, out(3), lse(3);
  BufferView lseView = view(lse, {1, 1, 3});
  ASSERT_FALSE(
      evaluate(problem, makeArrays(view(q, {1, 1, 3, 1}), view(k, {1, 1, 3, 1}),
                                   view(v, {1, 1, 3, 1}),
                                   view(out, {1, 1, 3, 1}), lseView)));
  EXPECT_THAT(out, testing::ElementsAre(1, 1.5, DoubleNear(3, 1e-15)));
  EXPECT_THAT(lse, testing::ElementsAre(0, std::log(2), std::log(3)));
}

TEST_F(AttentionTest, SoftmaxOfScaledScores) {
  problem.headDim = 2;
  problem.scale = 0.5;
  // Scores 0.5 * (3 + 8) and 0.5 * (-1 + 4).
  std::vector<double> q = {1, 2}, k = {3, 4, -1, 2}, v = {10, 20}, out(1);
  double lse =
      attentionRow(problem,
                   makeArrays(view(q, {1, 1, 1, 2}), view(k, {1, 1, 2, 2}),
                              view(v, {1, 1, 2, 1})),
                   0, 0, 0, out.data());
  double a = std::exp(5.5), b = std::exp(1.5);
  EXPECT_NEAR(out[0], (10 * a + 20 * b) / (a + b), 1e-13);
  EXPECT_NEAR(lse, std::log(a + b), 1e-14);
}

TEST_F(AttentionTest, TheDefaultScaleIsThatOfTheHeadDimension) {
  problem.headDim = 16;
  EXPECT_EQ(problem.getScale(), 0.25);
  problem.scale = 3;
  EXPECT_EQ(problem.getScale(), 3);
}

TEST_F(AttentionTest, LargeScoresDoNotOverflow) {
  std::vector<double> q = {1}, k = {1e5, 1e5}, v = {2, 4}, out(1);
  double lse =
      attentionRow(problem,
                   makeArrays(view(q, {1, 1, 1, 1}), view(k, {1, 1, 2, 1}),
                              view(v, {1, 1, 2, 1})),
                   0, 0, 0, out.data());
  EXPECT_EQ(out[0], 3);
  EXPECT_DOUBLE_EQ(lse, 1e5 + std::log(2));
}

TEST_F(AttentionTest, EmptyRowsAreZero) {
  problem.structure = parseAttribute("#spattn.distances<1 to 2>", &context);
  std::vector<double> q(2), k(2), v = {7, 8}, out(2, 9), lse(2, 9);
  BufferView lseView = view(lse, {1, 1, 2});
  ASSERT_FALSE(
      evaluate(problem, makeArrays(view(q, {1, 1, 2, 1}), view(k, {1, 1, 2, 1}),
                                   view(v, {1, 1, 2, 1}),
                                   view(out, {1, 1, 2, 1}), lseView)));
  EXPECT_THAT(out, testing::ElementsAre(0, 7));
  EXPECT_THAT(lse, testing::ElementsAre(-HUGE_VAL, 0));
}

// A sink logit is like the logit of a key whose value is 0.
TEST_F(AttentionTest, SinkLogitsHaveWeightAndNoValue) {
  problem.queryHeads = 2;
  std::vector<double> q = {1, 2, -1, 3}, k = {0.5, 2}, v = {10, 20}, out(4),
                      lse(4), sink = {0.75, -2};
  OperandArrays arrays = makeArrays(
      view(q, {1, 2, 2, 1}), view(k, {1, 1, 2, 1}), view(v, {1, 1, 2, 1}),
      view(out, {1, 2, 2, 1}), view(lse, {1, 2, 2}));
  arrays[OperandKind::SinkLogits] = view(sink, {2});
  ASSERT_FALSE(evaluate(problem, arrays));
  for (int h = 0; h < 2; ++h)
    for (int i = 0; i < 2; ++i) {
      double sum = std::exp(sink[h]), weighted = 0;
      for (int j = 0; j <= i; ++j) {
        double weight = std::exp(q[2 * h + i] * k[j]);
        sum += weight;
        weighted += weight * v[j];
      }
      EXPECT_NEAR(out[2 * h + i], weighted / sum, 1e-13);
      EXPECT_NEAR(lse[2 * h + i], std::log(sum), 1e-13);
    }
}

TEST_F(AttentionTest, SinkLogitsOfRowsWithoutKeys) {
  problem.structure = parseAttribute("#spattn.distances<1 to 2>", &context);
  std::vector<double> q(2), k(2), v = {7, 8}, out(2, 9), lse(2, 9), sink(1);
  OperandArrays arrays = makeArrays(
      view(q, {1, 1, 2, 1}), view(k, {1, 1, 2, 1}), view(v, {1, 1, 2, 1}),
      view(out, {1, 1, 2, 1}), view(lse, {1, 1, 2}));
  arrays[OperandKind::SinkLogits] = view(sink, {1});
  for (double logit : {-3.0, 1e300}) {
    sink = {logit};
    ASSERT_FALSE(evaluate(problem, arrays));
    EXPECT_EQ(out[0], 0);
    EXPECT_EQ(lse[0], logit);
  }
  // Far below the scores, and none at all.
  for (double logit : {-1e300, -HUGE_VAL}) {
    sink = {logit};
    ASSERT_FALSE(evaluate(problem, arrays));
    EXPECT_THAT(out, testing::ElementsAre(0, 7));
    EXPECT_THAT(lse, testing::ElementsAre(logit, 0));
  }
}

TEST_F(AttentionTest, RefusesSinkLogitsOfAnotherSize) {
  std::vector<double> q(2), out(2), sink(2);
  BufferView rows = view(q, {1, 1, 2, 1});
  OperandArrays arrays = makeArrays(rows, rows, rows, view(out, {1, 1, 2, 1}));
  arrays[OperandKind::SinkLogits] = view(sink, {2});
  EXPECT_EQ(llvm::toString(evaluate(problem, arrays)),
            "'sink_logits' has a number of heads of 2, expected 1");
  arrays[OperandKind::SinkLogits] = view(sink, {1, 2});
  EXPECT_EQ(llvm::toString(evaluate(problem, arrays)),
            "'sink_logits' has rank 2, expected 1");
}

// Scaled, capped, biased by the size of the distance, and by the distance.
TEST_F(AttentionTest, Scores) {
  problem.queryHeads = 2;
  problem.scale = 0.5;
  problem.softCap = 3;
  problem.distances = 5;
  std::vector<double> q(6), k(4), v(4),
      slopes = {0.25, -1}, bias = {1, 2, 3, 4, 5, 10, 20, 30, 40, 50};
  OperandArrays arrays =
      makeArrays(view(q, {1, 2, 3, 1}), view(k, {1, 2, 2, 1}),
                 view(v, {1, 2, 2, 1}), view(q, {1, 2, 3, 1}));
  arrays[OperandKind::AlibiSlopes] = view(slopes, {2});
  arrays[OperandKind::DistanceBias] = view(bias, {2, 5});
  // Of query 2 and key 0, at distance 1 from the ends and 2 from the starts; of
  // query 0 and key 1, at distances -2 and -1.
  double capped = 3 * std::tanh(4 * 0.5 / 3);
  auto score = [&](int64_t h, int64_t i, int64_t j) {
    return getScore(problem, arrays, getSequence(problem, arrays, 0, 0),
                    /*b=*/0, h, i, j, /*product=*/4)
        .value;
  };
  EXPECT_NEAR(score(0, 2, 0), capped - 0.25 + 4, 1e-14);
  EXPECT_NEAR(score(1, 0, 1), capped + 2 + 10, 1e-14);
  problem.alignment = Alignment::Start;
  EXPECT_NEAR(score(0, 2, 0), capped - 0.5 + 5, 1e-14);
  EXPECT_NEAR(score(1, 0, 1), capped + 1 + 20, 1e-14);
  // Within a sequence of queries 1 and 2 and key 1, query 2 is at distance 1 of
  // the key from the starts, and 0 from the ends.
  int32_t one = 1;
  auto starts = BufferView::contiguous(&one, runtime::ElementType::I32, {1, 1});
  arrays[OperandKind::QueryStarts] = arrays[OperandKind::KeyStarts] = starts;
  EXPECT_NEAR(score(0, 2, 1), capped - 0.25 + 4, 1e-14);
  problem.alignment = Alignment::End;
  EXPECT_NEAR(score(0, 2, 1), capped + 3, 1e-14);
  problem.alignment = Alignment::Start;
  arrays[OperandKind::QueryStarts] = arrays[OperandKind::KeyStarts] = {};
  // Past the last distance, its number stands.
  problem.distances = 2;
  arrays[OperandKind::DistanceBias] = view(bias, {2, 2});
  EXPECT_NEAR(score(0, 2, 0), capped - 0.5 + 2, 1e-14);
  // The derivative is by the scaled product.
  double step = 1e-6;
  for (double product : {-9.0, 0.0, 0.5, 20.0}) {
    auto at = [&](double x) {
      return getScore(problem, arrays, getSequence(problem, arrays, 0, 0),
                      /*b=*/0, 0, 0, 0, x / 0.5);
    };
    double scaled = 0.5 * product;
    EXPECT_NEAR(
        at(scaled).derivative,
        (at(scaled + step).value - at(scaled - step).value) / (2 * step), 1e-9);
  }
  problem.softCap = 0;
  EXPECT_EQ(llvm::toString(evaluate(problem, arrays)),
            "expected a positive, finite soft_cap, got 0");
}

TEST_F(AttentionTest, LogitsOfMinusInfinity) {
  problem.structure = FullAttr::get(&context);
  std::vector<double> q = {1}, k = {-HUGE_VAL, 0, 0}, v = {1, 2, 4}, out(1);
  auto run = [&](int64_t keys) {
    return attentionRow(problem,
                        makeArrays(view(q, {1, 1, 1, 1}),
                                   view(k, {1, 1, keys, 1}),
                                   view(v, {1, 1, keys, 1})),
                        0, 0, 0, out.data());
  };
  EXPECT_EQ(run(3), std::log(2));
  EXPECT_EQ(out[0], 3);
  EXPECT_EQ(run(1), -HUGE_VAL);
  EXPECT_EQ(out[0], 0);
}

TEST_F(AttentionTest, InfiniteLogitsAndNaNGiveNaN) {
  for (double key : {HUGE_VAL, double(NAN)}) {
    std::vector<double> q = {1}, k = {key, 0}, v = {1, 2}, out(1);
    EXPECT_TRUE(std::isnan(
        attentionRow(problem,
                     makeArrays(view(q, {1, 1, 1, 1}), view(k, {1, 1, 2, 1}),
                                view(v, {1, 1, 2, 1})),
                     0, 0, 0, out.data())));
    EXPECT_TRUE(std::isnan(out[0]));
  }
}

TEST_F(AttentionTest, NoKeysAtAll) {
  std::vector<double> q(2), none, out(2, 9);
  ASSERT_FALSE(evaluate(
      problem, makeArrays(view(q, {1, 1, 2, 1}), view(none, {1, 1, 0, 1}),
                          view(none, {1, 1, 0, 1}), view(out, {1, 1, 2, 1}))));
  EXPECT_THAT(out, testing::ElementsAre(0, 0));
}

TEST_F(AttentionTest, QueryHeadsOfAGroupShareKeysAndValues) {
  problem.queryHeads = 4;
  problem.keyHeads = 2;
  std::vector<double> q(4), k(2), v = {1, 2}, out(4);
  ASSERT_FALSE(evaluate(
      problem, makeArrays(view(q, {1, 4, 1, 1}), view(k, {1, 2, 1, 1}),
                          view(v, {1, 2, 1, 1}), view(out, {1, 4, 1, 1}))));
  EXPECT_THAT(out, testing::ElementsAre(1, 1, 2, 2));
}

// The same arrays in another order of dimensions, with gaps between elements.
TEST_F(AttentionTest, LayoutAndStrides) {
  problem = {problem.structure, Alignment::End, Layout(), 2, 2, 3, 5, {}};
  int64_t batch = 2, heads = 2, length = 4;
  std::vector<double> q(48), k(48), v(80), out(80), lse(16);
  for (size_t i = 0; i < 80; ++i) {
    v[i] = std::sin(i);
    if (i < 48)
      q[i] = std::cos(i), k[i] = std::sin(i * i);
  }
  BufferView lseView = view(lse, {batch, heads, length});
  ASSERT_FALSE(evaluate(
      problem, makeArrays(view(q, {batch, heads, length, 3}),
                          view(k, {batch, heads, length, 3}),
                          view(v, {batch, heads, length, 5}),
                          view(out, {batch, heads, length, 5}), lseView)));

  // From b, h, n, d to n, d, b, h, every second element.
  auto transpose = [&](std::vector<double> &data, int64_t width,
                       std::vector<double> &to) {
    to.assign(data.size() * 2, NAN);
    BufferView view{to.data(), f64, {length, width, batch, heads}, {}};
    view.strides = {width * batch * heads * 2, batch * heads * 2, heads * 2, 2};
    for (int64_t i = 0; i < int64_t(data.size()); ++i) {
      int64_t d = i % width, n = i / width % length,
              h = i / width / length % heads, b = i / width / length / heads;
      to[n * view.strides[0] + d * view.strides[1] + b * view.strides[2] +
         h * view.strides[3]] = data[i];
    }
    return view;
  };
  problem.layout = *Layout::parse("ndbh");
  std::vector<double> q2, k2, v2, out2, expected, lse2(32, NAN);
  BufferView transposedLse{lse2.data(), f64, {length, batch, heads}, {8, 4, 2}};
  std::vector<double> nothing(80, NAN);
  BufferView outView = transpose(nothing, 5, out2);
  ASSERT_FALSE(evaluate(
      problem, makeArrays(transpose(q, 3, q2), transpose(k, 3, k2),
                          transpose(v, 5, v2), outView, transposedLse)));
  transpose(out, 5, expected);
  for (size_t i = 0; i < out2.size(); i += 2)
    EXPECT_EQ(out2[i], expected[i]);
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t n = 0; n < length; ++n)
        EXPECT_EQ(lse2[n * 8 + b * 4 + h * 2],
                  lse[(b * heads + h) * length + n]);
}

TEST_F(AttentionTest, AllElementTypes) {
  for (ElementType type : {ElementType::F16, ElementType::BF16,
                           ElementType::F32, ElementType::F64}) {
    std::vector<char> memory(4 * 8);
    auto array = [&](int index, double value) {
      BufferView view =
          BufferView::contiguous(memory.data() + 8 * index, type, {1, 1, 1, 1});
      storeElements({view.data, type, 1}, 1, &value);
      return view;
    };
    BufferView out = array(3, NAN);
    ASSERT_FALSE(evaluate(
        problem, makeArrays(array(0, 1), array(1, 2), array(2, -0.375), out)));
    double result;
    loadElements({out.data, type, 1}, 1, &result);
    EXPECT_EQ(result, -0.375);
  }
}

TEST_F(AttentionTest, RejectsWhatDoesNotFit) {
  std::vector<double> data(64);
  auto array = [&](ArrayRef<int64_t> sizes) { return view(data, sizes); };
  BufferView one = array({1, 1, 1, 1}), two = array({1, 1, 2, 1});
  EXPECT_EQ(errorOf(one, one, one, one), "");
  EXPECT_THAT(errorOf(array({1}), one, one, one), HasSubstr("rank 4"));
  EXPECT_THAT(errorOf(one, one, array({1}), one),
              HasSubstr("'value' has rank 1, expected 4"));
  EXPECT_THAT(errorOf(one, two, one, one),
              HasSubstr("'value' has a length of 1, expected 2"));
  EXPECT_THAT(errorOf(two, one, one, one),
              HasSubstr("'out' has a length of 1, expected 2"));
  EXPECT_THAT(errorOf(one, array({2, 1, 1, 1}), one, one),
              HasSubstr("'key' has a batch size of 2, expected 1"));
  EXPECT_THAT(errorOf(array({1, 2, 1, 1}), one, one, one),
              HasSubstr("'query' has a number of heads of 2, expected 1"));
  EXPECT_THAT(errorOf(array({1, 1, 1, 2}), one, one, one),
              HasSubstr("'query' has a head dimension of 2, expected 1"));
  BufferView integers = one;
  integers.elementType = runtime::ElementType::I32;
  EXPECT_THAT(errorOf(integers, one, one, one),
              HasSubstr("supported are f16, bf16, f32 and f64"));
  BufferView missing = one;
  missing.data = nullptr;
  EXPECT_THAT(errorOf(one, one, missing, one), HasSubstr("no data"));
}

// Two sequences of equal scores between rows of padding, which holds NaN.
TEST_F(AttentionTest, SequencesAreApart) {
  std::vector<double> q = {0, 0, 0, NAN, 0, NAN}, k = q,
                      v = {1, 2, 6, NAN, 5, NAN}, out(6, 9), lse(6, 9);
  std::vector<int32_t> starts = {0, 4}, ends = {3, 5};
  OperandArrays arrays = makeArrays(
      view(q, {1, 1, 6, 1}), view(k, {1, 1, 6, 1}), view(v, {1, 1, 6, 1}),
      view(out, {1, 1, 6, 1}), view(lse, {1, 1, 6}));
  auto numbers = [](std::vector<int32_t> &data) {
    return BufferView::contiguous(data.data(), runtime::ElementType::I32,
                                  {1, int64_t(data.size())});
  };
  for (OperandKind kind : {OperandKind::QueryStarts, OperandKind::KeyStarts})
    arrays[kind] = numbers(starts);
  for (OperandKind kind : {OperandKind::QueryEnds, OperandKind::KeyEnds})
    arrays[kind] = numbers(ends);
  ASSERT_FALSE(evaluate(problem, arrays));
  EXPECT_THAT(out, testing::ElementsAre(1, 1.5, 3, 0, 5, 0));
  EXPECT_THAT(lse, testing::ElementsAre(0, std::log(2), std::log(3), -HUGE_VAL,
                                        0, -HUGE_VAL));

  // Bounds of a band depend on the sequence, or on all keys.
  problem.structure =
      parseAttribute("#spattn.distances<N floordiv 3 to inf>", &context);
  ASSERT_FALSE(evaluate(problem, arrays));
  EXPECT_THAT(out, testing::ElementsAre(0, 1, 1.5, 0, 5, 0));
  problem.boundLength = BoundLength::Pack;
  ASSERT_FALSE(evaluate(problem, arrays));
  EXPECT_THAT(out, testing::ElementsAre(0, 0, 1, 0, 0, 0));

  auto error = [&] { return llvm::toString(evaluate(problem, arrays)); };
  starts = {0, 2};
  EXPECT_EQ(error(), "sequence 1 of batch element 0 is from 'query_starts' 2 "
                     "to 'query_ends' 5, expected ascending rows from 3 to 6");
  starts = {-1, 4};
  EXPECT_THAT(error(), HasSubstr("expected ascending rows from 0 to 6"));
  starts = {0, 4};
  ends = {3, 7};
  EXPECT_THAT(error(), HasSubstr("to 'query_ends' 7"));
  ends = {3, 3};
  EXPECT_THAT(error(), HasSubstr("expected ascending rows from 3 to 6"));
  arrays[OperandKind::KeyEnds].sizes = {1, 1};
  EXPECT_THAT(error(), HasSubstr("'key_ends' has a number of sequences of 1"));
  arrays[OperandKind::KeyEnds].elementType = runtime::ElementType::I64;
  EXPECT_THAT(error(), HasSubstr("'key_ends' has an unsupported element type; "
                                 "supported is i32"));
}

// Positions take pairs away, and give those of equal positions their score.
TEST_F(AttentionTest, Positions) {
  problem.structure = FullAttr::get(&context);
  problem.scale = 1;
  std::vector<double> q = {1, 1, 1}, k = {0, 0, 0}, v = {1, 2, 4}, out(3),
                      lse(3);
  OperandArrays arrays =
      makeArrays(view(q, {1, 1, 3, 1}), view(k, {1, 1, 3, 1}),
                 view(v, {1, 1, 3, 1}), view(out, {1, 1, 3, 1}));
  arrays[OperandKind::Lse] = view(lse, {1, 1, 3});
  std::vector<int32_t> queries = {7, -1, 3}, keys = {3, 7, 9};
  auto numbers = [](std::vector<int32_t> &array) {
    return BufferView::contiguous(array.data(), runtime::ElementType::I32,
                                  {1, 1, 3});
  };
  arrays[OperandKind::QueryPositions] = numbers(queries);
  arrays[OperandKind::KeyPositions] = numbers(keys);
  problem.causalPositions = true;
  ASSERT_FALSE(evaluate(problem, arrays));
  EXPECT_THAT(out, testing::ElementsAre(1.5, 0, 1));
  EXPECT_THAT(lse, testing::ElementsAre(std::log(2), -HUGE_VAL, 0));
  problem.selfScore = -50000;
  ASSERT_FALSE(evaluate(problem, arrays));
  EXPECT_THAT(out, testing::ElementsAre(1, 0, 1));
  EXPECT_THAT(lse, testing::ElementsAre(0, -HUGE_VAL, -50000));
  problem.causalPositions = false;
  ASSERT_FALSE(evaluate(problem, arrays));
  EXPECT_THAT(out, testing::ElementsAre(2.5, DoubleNear(7 / 3., 1e-15), 3));
  Score score = getScore(problem, arrays, getSequence(problem, arrays, 0, 0), 0,
                         0, 2, 0, /*product=*/1);
  EXPECT_EQ(score.value, -50000);
  EXPECT_EQ(score.derivative, 0);
  problem.selfScore.reset();
  EXPECT_THAT(llvm::toString(evaluate(problem, arrays)),
              HasSubstr("where pairs depend on them, and only there"));
}

// Keys are where the table says, as many as each batch element has.
TEST_F(AttentionTest, Pages) {
  problem.structure = FullAttr::get(&context);
  // Of two rows each; scores are equal.
  std::vector<double> q(2), k(6), v = {1, 2, 4, 8, 16, NAN}, out(2);
  std::vector<int32_t> pages = {2, 0, 1, 99}, ends = {1, 2};
  OperandArrays arrays =
      makeArrays(view(q, {2, 1, 1, 1}), view(k, {3, 1, 2, 1}),
                 view(v, {3, 1, 2, 1}), view(out, {2, 1, 1, 1}));
  arrays[OperandKind::PageTable] =
      BufferView::contiguous(pages.data(), runtime::ElementType::I32, {2, 2});
  arrays[OperandKind::KeyEnds] =
      BufferView::contiguous(ends.data(), runtime::ElementType::I32, {2, 1});
  EXPECT_EQ(getKeyLength(problem, arrays), 4);
  ASSERT_FALSE(evaluate(problem, arrays));
  EXPECT_THAT(out, testing::ElementsAre(16, 6));
  v[5] = 32;
  ends = {4, 1};
  ASSERT_FALSE(evaluate(problem, arrays));
  EXPECT_THAT(out, testing::ElementsAre(12.75, 4));

  auto error = [&] { return llvm::toString(evaluate(problem, arrays)); };
  ends = {4, 3};
  EXPECT_EQ(error(), "'page_table' has the page 99 at 1 of batch element 1, "
                     "expected pages from 0 to before 3");
  pages[1] = -1;
  EXPECT_THAT(error(), HasSubstr("has the page -1 at 1 of batch element 0"));
  ends = {5, 1};
  EXPECT_THAT(error(), HasSubstr("to 'key_ends' 5"));
  arrays[OperandKind::Value].sizes[0] = 2;
  EXPECT_THAT(error(), HasSubstr("'value' has a number of pages of 2, expected "
                                 "3"));
  arrays[OperandKind::PageTable].sizes = {4};
  EXPECT_THAT(error(), HasSubstr("expected 'page_table' of rank 2"));
}
