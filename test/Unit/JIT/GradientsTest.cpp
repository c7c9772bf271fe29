//===- GradientsTest.cpp - Gradients that are derived and compiled --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Gradients.h"
#include "GradientsFixture.h"
#include "gmock/gmock.h"

#include <cmath>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;
using testing::Each;
using testing::HasSubstr;

namespace {

const char *const kStructures[] = {
    "#spattn.full",
    "#spattn.causal",
    "#spattn.window<left = 3, right = 0>",
    "#spattn.window<left = 2, right = 4>",
    "#spattn.window<left = -1>",
    "#spattn.sink<2>",
    "#spattn.prefix<5>",
    "#spattn.keys<N floordiv 3 to N - 2>",
    "#spattn.distances<5 to inf>",
    "#spattn.distances<0 to 2, N floordiv 2 to N floordiv 2 + 3>",
    "#spattn.distances<0 to 1, 4 to 5, 8 to 9>",
    "#spattn.distances<100 to 200>",
    "#spattn.partition<exclusive>",
    "#spattn.partition<local_band>",
    "#spattn.partition<gapped>",
    "#spattn.partition<local>",
    "#spattn.band<local_band, 3 of 7>",
    "#spattn.partition<exclusive, length = 6>",
    "#spattn.partition<local_band, length = 20>",
    "#spattn.union<#spattn.sink<2>, #spattn.window<left = 3, right = 0>>",
    "#spattn.union<#spattn.partition<exclusive>, #spattn.sink<2>>",
    ("#spattn.intersection<#spattn.causal, #spattn.union<#spattn.keys<2 to 6>, "
     "#spattn.distances<4 to 7>>>"),
    ("#spattn.union<#spattn.window<left = 1, right = 0>, #spattn.keys<0 to 2>, "
     "#spattn.queries<0 to 2>>"),
    ("#spattn.union<#spattn.intersection<#spattn.queries<1 to 6>, "
     "#spattn.keys<1 to 6>>, #spattn.intersection<#spattn.queries<6 to inf>, "
     "#spattn.keys<6 to inf>>>"),
    "#spattn.heads<1 x #spattn.causal, 3 x #spattn.partition<exclusive>>",
};

/// The structure, how lengths line up, and what else the loss depends on.
class CentralDifferences : public GradientsTest,
                           public testing::WithParamInterface<
                               std::tuple<const char *, const char *, Extras>> {
};

TEST_P(CentralDifferences, Agree) {
  auto [structure, alignment, with] = GetParam();
  auto module = derive(structure, alignment, with);
  ASSERT_TRUE(module);
  AttentionProblem problem = getProblem(*module);

  Arrays expected{Sizes()};
  constexpr double step = 1e-5;
  std::pair<DoubleArray *, DoubleArray *> pairs[] = {
      {&expected.q, &expected.dq},
      {&expected.k, &expected.dk},
      {&expected.v, &expected.dv},
      {&expected.sink, &expected.dsink}};
  for (auto [input, gradient] : pairs)
    for (auto [x, derivative] : llvm::zip(input->data, gradient->data)) {
      double at = x;
      x = at + step;
      double above = getLoss(problem, expected);
      x = at - step;
      double below = getLoss(problem, expected);
      x = at;
      derivative = (above - below) / (2 * step);
    }

  Arrays oracle{Sizes()};
  runOracle(problem, oracle);
  Arrays compiled{Sizes()};
  auto forward = compile(*module, "f"),
       backward = compile(*module, "f_backward");
  ASSERT_TRUE(forward && backward);
  ASSERT_FALSE(runForward(*forward, compiled));
  ASSERT_FALSE(runBackward(*backward, compiled));
  for (size_t i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    expectNear(*oracle.gradients()[i], *expected.gradients()[i], 1e-8);
    expectNear(*compiled.gradients()[i], *expected.gradients()[i], 5e-6);
  }
  expectNear(oracle.dsink, expected.dsink, 1e-8);
  expectNear(compiled.dsink, expected.dsink, 5e-6);
}

INSTANTIATE_TEST_SUITE_P(Structures, CentralDifferences,
                         testing::Combine(testing::ValuesIn(kStructures),
                                          testing::Values("end", "start"),
                                          testing::Values(Extras{},
                                                          Extras{true},
                                                          Extras{true, true})));

// Whatever a query that sees no key holds, its gradient is 0, and those of
// keys and values do not notice.
TEST_F(GradientsTest, QueriesWithoutKeys) {
  auto module = derive("#spattn.partition<exclusive>", "end", {/*lse=*/true});
  Arrays oracle{Sizes()};
  runOracle(getProblem(*module), oracle);
  Arrays poisoned = oracle;
  int64_t empty = 0;
  for (size_t row = 0; row < poisoned.lse.data.size(); ++row) {
    if (std::isfinite(poisoned.lse.data[row]))
      continue;
    ++empty;
    poisoned.dlse.data[row] = empty % 2 ? NAN : INFINITY;
    for (int64_t c = 0; c < kHeadDim; ++c)
      poisoned.q.data[row * kHeadDim + c] = NAN;
    for (int64_t c = 0; c < kValueDim; ++c)
      poisoned.o.data[row * kValueDim + c] =
          poisoned.dout.data[row * kValueDim + c] = NAN;
  }
  ASSERT_GT(empty, 8);
  auto kernel = compile(*module, "f_backward");
  ASSERT_TRUE(kernel);
  ASSERT_FALSE(runBackward(*kernel, poisoned));
  for (size_t row = 0; row < poisoned.lse.data.size(); ++row)
    if (!std::isfinite(poisoned.lse.data[row]))
      for (int64_t c = 0; c < kHeadDim; ++c)
        EXPECT_EQ(poisoned.dq.data[row * kHeadDim + c], 0);
  for (size_t i = 0; i < 3; ++i)
    expectNear(*poisoned.gradients()[i], *oracle.gradients()[i], 5e-6);
}

TEST_F(GradientsTest, DoNotDependOnThreads) {
  auto module = derive("#spattn.partition<local_band>", "end",
                       {/*lse=*/false, /*sink=*/true});
  Sizes sizes = {3, 70, 81};
  Arrays sequential{sizes};
  runOracle(getProblem(*module), sequential);
  Arrays parallel = sequential;
  auto one = compile(*module, "f_backward", /*parallel=*/false);
  auto many = compile(*module, "f_backward");
  ASSERT_TRUE(one && many);
  ASSERT_FALSE(runBackward(*one, sequential));
  for (int i = 0; i < 5; ++i) {
    ASSERT_FALSE(runBackward(*many, parallel));
    EXPECT_EQ(parallel.dq.data, sequential.dq.data);
    EXPECT_EQ(parallel.dk.data, sequential.dk.data);
    EXPECT_EQ(parallel.dv.data, sequential.dv.data);
    EXPECT_EQ(parallel.dsink.data, sequential.dsink.data);
  }
}

TEST_F(GradientsTest, NoQueriesOrKeys) {
  auto module = derive("#spattn.full", "end", {/*lse=*/false, /*sink=*/true});
  auto kernel = compile(*module, "f_backward");
  ASSERT_TRUE(kernel);
  for (Sizes sizes : {Sizes{0, 9, 9}, Sizes{2, 0, 5}, Sizes{2, 5, 0}}) {
    Arrays arrays{sizes};
    arrays.lse.data.assign(arrays.lse.data.size(), -INFINITY);
    ASSERT_FALSE(runBackward(*kernel, arrays));
    for (DoubleArray *gradient : arrays.gradients())
      EXPECT_THAT(gradient->data, Each(0));
    EXPECT_THAT(arrays.dsink.data, Each(0));
  }
}

// Buffers of another order of dimensions, with a gap behind each row.
TEST_F(GradientsTest, HonourStrides) {
  auto module = derive("#spattn.causal", "end", {/*lse=*/true});
  auto kernel = compile(*module, "f_backward");
  ASSERT_TRUE(kernel);
  Arrays expected{Sizes()};
  runOracle(getProblem(*module), expected);
  DoubleArray *arrays[] = {
      &expected.q,    &expected.k,    &expected.v,  &expected.o,  &expected.lse,
      &expected.dout, &expected.dlse, &expected.dq, &expected.dk, &expected.dv};
  std::vector<std::vector<float>> buffers;
  std::vector<KernelArgument> arguments;
  // The position of row (h, n) of a buffer.
  auto position = [](const DoubleArray &array, int64_t h, int64_t n) {
    int64_t width = array.sizes.size() == 4 ? array.sizes[3] + 5 : 1;
    return (n * array.sizes[1] + h) * width;
  };
  auto forElements = [&](DoubleArray &array, auto visit) {
    int64_t width = array.sizes.size() == 4 ? array.sizes[3] : 1;
    for (int64_t h = 0; h < array.sizes[1]; ++h)
      for (int64_t n = 0; n < array.sizes[2]; ++n)
        for (int64_t c = 0; c < width; ++c)
          visit(array.data[(h * array.sizes[2] + n) * width + c],
                position(array, h, n) + c);
  };
  for (DoubleArray *array : arrays) {
    buffers.emplace_back(position(*array, 0, array->sizes[2]), -7.0f);
    forElements(*array, [&](double x, int64_t at) { buffers.back()[at] = x; });
  }
  for (auto [buffer, array] : llvm::zip(buffers, arrays)) {
    BufferView strided =
        BufferView::contiguous(buffer.data(), f32, array->sizes);
    strided.strides[1] = position(*array, 1, 0);
    strided.strides[2] = position(*array, 0, 1);
    // The log-sum-exp has no innermost dimension of unit stride then.
    if (array->sizes.size() == 3) {
      strided.strides = {kHeads * array->sizes[2], array->sizes[2], 1};
      buffer.assign(array->data.begin(), array->data.end());
    }
    arguments.push_back(strided);
  }
  auto results = kernel->run(arguments);
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  for (size_t i = 7; i < 10; ++i) {
    std::vector<bool> written(buffers[i].size());
    forElements(*arrays[i], [&](double x, int64_t at) {
      EXPECT_NEAR(buffers[i][at], x, 5e-6);
      written[at] = true;
    });
    for (size_t at = 0; at < written.size(); ++at)
      EXPECT_TRUE(written[at] || buffers[i][at] == -7) << at;
  }
}

// Each query's scores have a sum of gradients: that by its log-sum-exp.
TEST_F(GradientsTest, OfTheLogSumExpAlone) {
  auto module = derive("#spattn.causal", "end", {/*lse=*/true});
  Arrays with{Sizes()};
  with.dout.data.assign(with.dout.data.size(), 0);
  AttentionProblem problem = getProblem(*module);
  runOracle(problem, with);
  // The keys, weighted by probabilities: the output where values are keys.
  AttentionProblem ofKeys = problem;
  ofKeys.valueDim = ofKeys.headDim;
  OperandArrays arrays = views(with);
  DoubleArray weighted(with.q.sizes);
  arrays[OperandKind::Value] = view(with.k);
  arrays[OperandKind::Out] = view(weighted);
  ASSERT_FALSE(evaluate(ofKeys, arrays));
  for (size_t i = 0; i < weighted.data.size(); ++i)
    EXPECT_NEAR(with.dq.data[i],
                problem.getScale() * with.dlse.data[i / kHeadDim] *
                    weighted.data[i],
                1e-12);
  EXPECT_THAT(with.dv.data, Each(0));
}

TEST_F(GradientsTest, RefuseSizesThatDoNotAgree) {
  auto module = derive("#spattn.full", "end");
  auto kernel = compile(*module, "f_backward");
  ASSERT_TRUE(kernel);
  auto errorOf = [&](Arrays arrays) {
    return llvm::toString(runBackward(*kernel, arrays));
  };
  Arrays arrays{Sizes()};
  arrays.dout = DoubleArray({1, kHeads, 10, kValueDim});
  EXPECT_EQ(errorOf(arrays),
            "arguments 0 and 5 should have the same length, got 9 and 10");
  arrays = Arrays{Sizes()};
  arrays.dk = DoubleArray({1, kKeyHeads, 9, kHeadDim});
  EXPECT_EQ(errorOf(arrays),
            "arguments 1 and 7 should have the same length, got 11 and 9");
  arrays = Arrays{Sizes()};
  arrays.lse = DoubleArray({2, kHeads, 9});
  EXPECT_EQ(errorOf(arrays),
            "arguments 0 and 4 should have the same batch size, got 1 and 2");
  module = derive("#spattn.full", "end", {/*lse=*/true});
  kernel = compile(*module, "f_backward");
  ASSERT_TRUE(kernel);
  arrays = Arrays{Sizes()};
  arrays.dlse = DoubleArray({1, kHeads, 8});
  EXPECT_EQ(errorOf(arrays),
            "arguments 0 and 6 should have the same length, got 9 and 8");
}

} // namespace
