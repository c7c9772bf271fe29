//===- GradientsTest.cpp - Gradients that are derived and compiled --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Gradients.h"
#include "Arrays.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/InitAll.h"
#include "spattn/JIT/CpuKernel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace spattn;
using testing::Each;
using testing::HasSubstr;

namespace {

constexpr int64_t kHeads = 4, kKeyHeads = 2, kHeadDim = 3, kValueDim = 2;

using Array = test::Array<double>;

struct Sizes {
  int64_t batch = 1, queries = 9, keys = 11;
};

struct Arrays : test::AttentionArrays<double> {
  explicit Arrays(Sizes n)
      : AttentionArrays({n.batch, kHeads, kKeyHeads, n.queries, n.keys,
                         kHeadDim, kValueDim}) {}

  std::vector<Array *> gradients() { return {&dq, &dk, &dv}; }
};

class GradientsTest : public testing::Test {
protected:
  GradientsTest() {
    registerAllDialects(registry);
    context = std::make_unique<MLIRContext>(registry);
  }

  /// A module with @f, which the structure is of, and @f_backward. The loss
  /// depends on the log-sum-exp, too, if that is asked for.
  OwningOpRef<ModuleOp> derive(const std::string &structure,
                               const std::string &alignment,
                               bool ofLse = false) {
    usesLse = ofLse;
    std::string text = R"(
!q = tensor<?x4x?x3xf32>
!k = tensor<?x2x?x3xf32>
!v = tensor<?x2x?x2xf32>
!o = tensor<?x4x?x2xf32>
!l = tensor<?x4x?xf32>
func.func @f(%q: !q, %k: !k, %v: !v, %o: !o)" +
                       std::string(ofLse ? ", %l: !l) -> (!o, !l) {\n  %r:2"
                                         : ") -> !o {\n  %r") +
                       " = spattn.attention structure(" + structure +
                       ") ins(%q, %k, %v : !q, !k, !v) outs(%o" +
                       (ofLse ? ", %l : !o, !l)" : " : !o)") +
                       "{differentiated, alignment = #spattn.alignment<" +
                       alignment + ">}\n  return " +
                       (ofLse ? "%r#0, %r#1 : !o, !l\n}" : "%r : !o\n}");
    auto module = parseSourceString<ModuleOp>(text, context.get());
    if (!module)
      return nullptr;
    PassManager pm(context.get());
    pm.addPass(createSpattnDeriveBackward());
    EXPECT_TRUE(succeeded(pm.run(*module)));
    return module;
  }

  static AttentionProblem getProblem(ModuleOp module) {
    AttentionProblem problem;
    module.walk([&](AttentionOp op) { problem = AttentionProblem::get(op); });
    return problem;
  }

  BufferView view(Array &array) { return array.view(f64); }

  OperandArrays views(Arrays &arrays) {
    OperandArrays views = arrays.views(f64);
    if (!usesLse)
      views[OperandKind::LseGradient] = {};
    return views;
  }

  void runOracle(const AttentionProblem &problem, Arrays &arrays) {
    ASSERT_FALSE(evaluate(problem, views(arrays)));
    ASSERT_FALSE(evaluateGradients(problem, views(arrays)));
  }

  double getLoss(const AttentionProblem &problem, Arrays &arrays) {
    EXPECT_FALSE(evaluate(problem, views(arrays)));
    double loss = std::inner_product(arrays.o.data.begin(), arrays.o.data.end(),
                                     arrays.dout.data.begin(), 0.0);
    if (usesLse)
      for (auto [lse, factor] : llvm::zip(arrays.lse.data, arrays.dlse.data))
        if (std::isfinite(lse))
          loss += lse * factor;
    return loss;
  }

  std::unique_ptr<CpuKernel> compile(ModuleOp module, StringRef entry,
                                     bool parallel = true) {
    CpuCompileOptions options;
    // Several tiles, with remainders.
    options.queryTile = 4;
    options.keyTile = 3;
    options.parallel = parallel;
    auto kernel = CpuKernel::compile(module, entry, RuntimeContext(), options);
    if (!kernel) {
      ADD_FAILURE() << llvm::toString(kernel.takeError());
      return nullptr;
    }
    return std::move(*kernel);
  }

  /// Runs a kernel on f32 copies of arrays, and copies them back.
  llvm::Error run(const CpuKernel &kernel, std::vector<Array *> arrays) {
    std::vector<std::vector<float>> copies;
    std::vector<KernelArgument> arguments;
    for (Array *array : arrays)
      copies.emplace_back(array->data.begin(), array->data.end());
    for (auto [copy, array] : llvm::zip(copies, arrays))
      arguments.push_back(
          BufferView::contiguous(copy.data(), f32, array->sizes));
    auto results = kernel.run(arguments);
    if (!results)
      return results.takeError();
    for (auto [copy, array] : llvm::zip(copies, arrays))
      array->data.assign(copy.begin(), copy.end());
    return llvm::Error::success();
  }

  llvm::Error runBackward(const CpuKernel &kernel, Arrays &a) {
    for (Array *gradient : a.gradients())
      // What is not written shows.
      gradient->data.assign(gradient->data.size(), NAN);
    std::vector<Array *> arrays = {&a.q, &a.k, &a.v, &a.o, &a.lse, &a.dout};
    if (usesLse)
      arrays.push_back(&a.dlse);
    llvm::append_range(arrays, a.gradients());
    return run(kernel, arrays);
  }

  /// Whether the loss depends on the log-sum-exp: on those that are finite.
  bool usesLse = false;

  DialectRegistry registry;
  std::unique_ptr<MLIRContext> context;
  static constexpr auto f64 = runtime::ElementType::F64;
  static constexpr auto f32 = runtime::ElementType::F32;
};

void expectNear(const Array &actual, const Array &expected, double tolerance) {
  ASSERT_EQ(actual.sizes, expected.sizes);
  for (size_t i = 0; i < actual.data.size(); ++i)
    ASSERT_NEAR(actual.data[i], expected.data[i], tolerance) << "element " << i;
}

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
    "#spattn.heads<1 x #spattn.causal, 3 x #spattn.partition<exclusive>>",
};

/// The structure, how lengths line up, and whether there is a gradient by the
/// log-sum-exp.
class CentralDifferences : public GradientsTest,
                           public testing::WithParamInterface<
                               std::tuple<const char *, const char *, bool>> {};

TEST_P(CentralDifferences, Agree) {
  auto [structure, alignment, ofLse] = GetParam();
  auto module = derive(structure, alignment, ofLse);
  ASSERT_TRUE(module);
  AttentionProblem problem = getProblem(*module);

  Arrays expected{Sizes()};
  constexpr double step = 1e-5;
  std::pair<Array *, Array *> pairs[] = {{&expected.q, &expected.dq},
                                         {&expected.k, &expected.dk},
                                         {&expected.v, &expected.dv}};
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
  ASSERT_FALSE(run(*forward, {&compiled.q, &compiled.k, &compiled.v,
                              &compiled.o, &compiled.lse}));
  ASSERT_FALSE(runBackward(*backward, compiled));
  for (size_t i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    expectNear(*oracle.gradients()[i], *expected.gradients()[i], 1e-8);
    expectNear(*compiled.gradients()[i], *expected.gradients()[i], 5e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Structures, CentralDifferences,
                         testing::Combine(testing::ValuesIn(kStructures),
                                          testing::Values("end", "start"),
                                          testing::Bool()));

// Whatever a query that sees no key holds, its gradient is 0, and those of
// keys and values do not notice.
TEST_F(GradientsTest, QueriesWithoutKeys) {
  auto module = derive("#spattn.partition<exclusive>", "end", /*ofLse=*/true);
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
  auto module = derive("#spattn.partition<local_band>", "end");
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
  }
}

TEST_F(GradientsTest, NoQueriesOrKeys) {
  auto module = derive("#spattn.full", "end");
  auto kernel = compile(*module, "f_backward");
  ASSERT_TRUE(kernel);
  for (Sizes sizes : {Sizes{0, 9, 9}, Sizes{2, 0, 5}, Sizes{2, 5, 0}}) {
    Arrays arrays{sizes};
    arrays.lse.data.assign(arrays.lse.data.size(), -INFINITY);
    ASSERT_FALSE(runBackward(*kernel, arrays));
    for (Array *gradient : arrays.gradients())
      EXPECT_THAT(gradient->data, Each(0));
  }
}

// Buffers of another order of dimensions, with a gap behind each row.
TEST_F(GradientsTest, HonourStrides) {
  auto module = derive("#spattn.causal", "end", /*ofLse=*/true);
  auto kernel = compile(*module, "f_backward");
  ASSERT_TRUE(kernel);
  Arrays expected{Sizes()};
  runOracle(getProblem(*module), expected);
  Array *arrays[] = {
      &expected.q,    &expected.k,    &expected.v,  &expected.o,  &expected.lse,
      &expected.dout, &expected.dlse, &expected.dq, &expected.dk, &expected.dv};
  std::vector<std::vector<float>> buffers;
  std::vector<KernelArgument> arguments;
  // The position of row (h, n) of a buffer.
  auto position = [](const Array &array, int64_t h, int64_t n) {
    int64_t width = array.sizes.size() == 4 ? array.sizes[3] + 5 : 1;
    return (n * array.sizes[1] + h) * width;
  };
  auto forElements = [&](Array &array, auto visit) {
    int64_t width = array.sizes.size() == 4 ? array.sizes[3] : 1;
    for (int64_t h = 0; h < array.sizes[1]; ++h)
      for (int64_t n = 0; n < array.sizes[2]; ++n)
        for (int64_t c = 0; c < width; ++c)
          visit(array.data[(h * array.sizes[2] + n) * width + c],
                position(array, h, n) + c);
  };
  for (Array *array : arrays) {
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
  auto module = derive("#spattn.causal", "end", /*ofLse=*/true);
  Arrays with{Sizes()};
  with.dout.data.assign(with.dout.data.size(), 0);
  AttentionProblem problem = getProblem(*module);
  runOracle(problem, with);
  // The keys, weighted by probabilities: the output where values are keys.
  AttentionProblem ofKeys = problem;
  ofKeys.valueDim = ofKeys.headDim;
  OperandArrays arrays = views(with);
  Array weighted(with.q.sizes);
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
  arrays.dout = Array({1, kHeads, 10, kValueDim});
  EXPECT_EQ(errorOf(arrays),
            "arguments 0 and 5 should have the same length, got 9 and 10");
  arrays = Arrays{Sizes()};
  arrays.dk = Array({1, kKeyHeads, 9, kHeadDim});
  EXPECT_EQ(errorOf(arrays),
            "arguments 1 and 7 should have the same length, got 11 and 9");
  arrays = Arrays{Sizes()};
  arrays.lse = Array({2, kHeads, 9});
  EXPECT_EQ(errorOf(arrays),
            "arguments 0 and 4 should have the same batch size, got 1 and 2");
  module = derive("#spattn.full", "end", /*ofLse=*/true);
  kernel = compile(*module, "f_backward");
  ASSERT_TRUE(kernel);
  arrays = Arrays{Sizes()};
  arrays.dlse = Array({1, kHeads, 8});
  EXPECT_EQ(errorOf(arrays),
            "arguments 0 and 6 should have the same length, got 9 and 8");
}

} // namespace
