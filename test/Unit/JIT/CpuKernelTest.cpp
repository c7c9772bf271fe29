//===- CpuKernelTest.cpp - Compiling and running on the host --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/JIT/CpuKernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "spattn/InitAll.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <random>
#include <thread>

using namespace mlir;
using namespace spattn;
using testing::HasSubstr;

namespace {

const char *const kAttention = R"(
!t = tensor<?x2x?x8xf32>
func.func @attention(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.partition<exclusive>)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
})";

class CpuKernelTest : public testing::Test {
protected:
  CpuKernelTest() {
    registerAllDialects(registry);
    context = std::make_unique<MLIRContext>(registry);
    // Errors come back as values; the diagnostics are for people.
    context->getDiagEngine().registerHandler([](Diagnostic &) {});
  }

  std::unique_ptr<CpuKernel> compile(const char *text,
                                     const char *entry = "attention",
                                     const CpuCompileOptions &options = {}) {
    auto module = parseSourceString<ModuleOp>(text, context.get());
    EXPECT_TRUE(module);
    auto kernel = CpuKernel::compile(*module, entry, runtime, options);
    if (!kernel) {
      ADD_FAILURE() << llvm::toString(kernel.takeError());
      return nullptr;
    }
    return std::move(*kernel);
  }

  std::string compileError(const char *text, const char *entry = "f") {
    auto module = parseSourceString<ModuleOp>(text, context.get());
    EXPECT_TRUE(module);
    auto kernel = CpuKernel::compile(*module, entry, runtime);
    EXPECT_FALSE(kernel);
    return llvm::toString(kernel.takeError());
  }

  BufferView view(std::vector<float> &data, ArrayRef<int64_t> sizes) {
    return BufferView::contiguous(data.data(), f32, sizes);
  }

  static std::vector<float> random(size_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    std::vector<float> data(count);
    for (float &x : data)
      x = normal(generator);
    return data;
  }

  std::string runError(const CpuKernel &kernel,
                       ArrayRef<KernelArgument> arguments) {
    auto results = kernel.run(arguments);
    EXPECT_FALSE(results);
    return llvm::toString(results.takeError());
  }

  DialectRegistry registry;
  std::unique_ptr<MLIRContext> context;
  RuntimeContext runtime;
  static constexpr auto f32 = spattn::runtime::ElementType::F32;
};

/// What the definition gives for causal bands of width n / heads.
std::vector<float> expectedBands(const std::vector<float> &q,
                                 const std::vector<float> &k,
                                 const std::vector<float> &v, int64_t heads,
                                 int64_t n, int64_t dim) {
  std::vector<float> out(q.size());
  for (int64_t h = 0; h < heads; ++h)
    for (int64_t i = 0; i < n; ++i) {
      std::vector<double> sums(dim);
      double total = 0;
      for (int64_t j = 0; j <= i; ++j) {
        int64_t width = n / heads, distance = i - j;
        if (distance < h * width || distance >= (h + 1) * width)
          continue;
        double score = 0;
        for (int64_t c = 0; c < dim; ++c)
          score += double(q[(h * n + i) * dim + c]) * k[(h * n + j) * dim + c];
        double p = std::exp(score / std::sqrt(double(dim)));
        total += p;
        for (int64_t c = 0; c < dim; ++c)
          sums[c] += p * v[(h * n + j) * dim + c];
      }
      for (int64_t c = 0; c < dim; ++c)
        out[(h * n + i) * dim + c] = total > 0 ? sums[c] / total : 0;
    }
  return out;
}

void expectClose(const std::vector<float> &actual,
                 const std::vector<float> &expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], 2e-6) << "element " << i;
}

TEST_F(CpuKernelTest, RunsForManyLengths) {
  auto kernel = compile(kAttention);
  ASSERT_TRUE(kernel);
  EXPECT_GT(kernel->getCompileTime(), 0);
  for (int64_t n : {2, 6, 64, 66, 128, 190, 514}) {
    auto q = random(2 * n * 8, 1), k = random(2 * n * 8, 2),
         v = random(2 * n * 8, 3);
    std::vector<float> o(q.size(), NAN);
    int64_t sizes[] = {1, 2, n, 8};
    auto results = kernel->run(
        {view(q, sizes), view(k, sizes), view(v, sizes), view(o, sizes)});
    ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
    ASSERT_EQ(results->size(), 1u);
    EXPECT_EQ((*results)[0].view().data, o.data());
    expectClose(o, expectedBands(q, k, v, 2, n, 8));
  }
}

TEST_F(CpuKernelTest, EmptyProblems) {
  auto kernel = compile(R"(
!t = tensor<?x1x?x4xf32>
!l = tensor<?x1x?xf32>
func.func @attention(%q: !t, %k: !t, %o: !t, %l: !l) -> (!t, !l) {
  %r:2 = spattn.attention structure(#spattn.full)
           ins(%q, %k, %k : !t, !t, !t) outs(%o, %l : !t, !l)
  return %r#0, %r#1 : !t, !l
})");
  ASSERT_TRUE(kernel);
  std::vector<float> q(12, 1), none, o(12, NAN), l(3, NAN);
  // No keys: zeros, and the logarithm of nothing.
  auto results = kernel->run({view(q, {1, 1, 3, 4}), view(none, {1, 1, 0, 4}),
                              view(o, {1, 1, 3, 4}), view(l, {1, 1, 3})});
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  for (float x : o)
    EXPECT_EQ(x, 0);
  for (float x : l)
    EXPECT_EQ(x, -INFINITY);
  // No queries, no batch: nothing to do.
  results = kernel->run({view(none, {1, 1, 0, 4}), view(q, {1, 1, 3, 4}),
                         view(none, {1, 1, 0, 4}), view(none, {1, 1, 0})});
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  results = kernel->run({view(none, {0, 1, 3, 4}), view(none, {0, 1, 3, 4}),
                         view(none, {0, 1, 3, 4}), view(none, {0, 1, 3})});
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
}

TEST_F(CpuKernelTest, HonoursStrides) {
  auto kernel = compile(kAttention);
  ASSERT_TRUE(kernel);
  constexpr int64_t n = 70;
  auto q = random(2 * n * 8, 1), k = random(2 * n * 8, 2),
       v = random(2 * n * 8, 3);
  auto expected = expectedBands(q, k, v, 2, n, 8);
  // The same values with the length before the heads, and rows 12 apart.
  auto interleaved = [&](const std::vector<float> &data) {
    std::vector<float> result(2 * n * 12, NAN);
    for (int64_t h = 0; h < 2; ++h)
      for (int64_t i = 0; i < n; ++i)
        for (int64_t c = 0; c < 8; ++c)
          result[(i * 2 + h) * 12 + c] = data[(h * n + i) * 8 + c];
    return result;
  };
  auto strided = [&](std::vector<float> &data) {
    BufferView result = view(data, {1, 2, n, 8});
    result.strides = {2 * n * 12, 12, 24, 1};
    return result;
  };
  auto qs = interleaved(q), ks = interleaved(k), vs = interleaved(v);
  std::vector<float> os(2 * n * 12, 7);
  auto results =
      kernel->run({strided(qs), strided(ks), strided(vs), strided(os)});
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  for (int64_t h = 0; h < 2; ++h)
    for (int64_t i = 0; i < n; ++i)
      for (int64_t c = 0; c < 12; ++c) {
        float actual = os[(i * 2 + h) * 12 + c];
        // What lies between the rows is not written.
        if (c >= 8)
          ASSERT_EQ(actual, 7);
        else
          ASSERT_NEAR(actual, expected[(h * n + i) * 8 + c], 2e-6);
      }
}

TEST_F(CpuKernelTest, ReturnsNewBuffers) {
  auto kernel = compile(R"(
!t = tensor<1x1x5x4xf32>
func.func @attention(%q: !t) -> (!t, !t) {
  %o = tensor.empty() : !t
  %0 = spattn.attention structure(#spattn.full) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  %1 = spattn.attention structure(#spattn.causal) ins(%0, %0, %0 : !t, !t, !t) outs(%o : !t)
  return %0, %1 : !t, !t
})");
  ASSERT_TRUE(kernel);
  auto q = random(20, 1);
  auto results = kernel->run({view(q, {1, 1, 5, 4})});
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  ASSERT_EQ(results->size(), 2u);
  auto *first = static_cast<float *>((*results)[0].view().data);
  auto *second = static_cast<float *>((*results)[1].view().data);
  EXPECT_NE(first, second);
  // The first row of the second sees only itself.
  for (int c = 0; c < 4; ++c)
    EXPECT_NEAR(second[c], first[c], 1e-6);
}

TEST_F(CpuKernelTest, ScalarsAndSequentialCode) {
  const char *text = R"(
!t = tensor<1x1x?x4xf32>
func.func @attention(%q: !t, %s: f32, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.full) ins(%q, %q, %q : !t, !t, !t) scale(%s) outs(%o : !t)
  return %r : !t
})";
  for (bool parallel : {true, false}) {
    CpuCompileOptions options;
    options.parallel = parallel;
    auto kernel = compile(text, "attention", options);
    ASSERT_TRUE(kernel);
    auto q = random(100 * 4, 1);
    std::vector<float> o(q.size(), NAN);
    auto results =
        kernel->run({view(q, {1, 1, 100, 4}), 0.0f, view(o, {1, 1, 100, 4})});
    ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
    // With a scale of 0 every row is the mean of the values.
    for (int c = 0; c < 4; ++c) {
      double mean = 0;
      for (int j = 0; j < 100; ++j)
        mean += q[j * 4 + c] / 100.0;
      EXPECT_NEAR(o[c], mean, 1e-6);
      EXPECT_NEAR(o[99 * 4 + c], mean, 1e-6);
    }
  }
}

TEST_F(CpuKernelTest, ManyThreads) {
  auto kernel = compile(kAttention);
  ASSERT_TRUE(kernel);
  constexpr int64_t n = 200;
  std::vector<std::thread> threads;
  std::vector<std::vector<float>> outputs(8), expected(8);
  for (unsigned t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      auto q = random(2 * n * 8, 3 * t), k = random(2 * n * 8, 3 * t + 1),
           v = random(2 * n * 8, 3 * t + 2);
      expected[t] = expectedBands(q, k, v, 2, n, 8);
      for (int repeat = 0; repeat < 20; ++repeat) {
        outputs[t].assign(q.size(), NAN);
        int64_t sizes[] = {1, 2, n, 8};
        llvm::cantFail(kernel->run({view(q, sizes), view(k, sizes),
                                    view(v, sizes), view(outputs[t], sizes)}));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  for (unsigned t = 0; t < 8; ++t)
    expectClose(outputs[t], expected[t]);
}

TEST_F(CpuKernelTest, OutlivesModuleContextAndHandles) {
  std::unique_ptr<CpuKernel> kernel;
  {
    MLIRContext own(registry);
    auto module = parseSourceString<ModuleOp>(kAttention, &own);
    RuntimeOptions options;
    options.threads = 3;
    auto compiled =
        CpuKernel::compile(*module, "attention", RuntimeContext(options));
    ASSERT_TRUE(bool(compiled)) << llvm::toString(compiled.takeError());
    kernel = std::move(*compiled);
  }
  const CallSignature &signature = kernel->getSignature();
  ASSERT_EQ(signature.arguments.size(), 4u);
  EXPECT_EQ(signature.arguments[0].text, "tensor<?x2x?x8xf32>");
  EXPECT_EQ(signature.arguments[0].element, f32);
  EXPECT_FALSE(signature.arguments[0].isScalar);
  EXPECT_EQ(signature.arguments[0].sizes[0], ParameterType::kDynamic);
  EXPECT_EQ(signature.arguments[0].sizes[3], 8);
  EXPECT_TRUE(signature.arguments[0].strides.empty());
  ASSERT_EQ(signature.results.size(), 1u);
  constexpr int64_t n = 66;
  auto q = random(2 * n * 8, 1), k = random(2 * n * 8, 2),
       v = random(2 * n * 8, 3);
  std::vector<float> o(q.size(), NAN);
  auto results = kernel->run({view(q, {1, 2, n, 8}), view(k, {1, 2, n, 8}),
                              view(v, {1, 2, n, 8}), view(o, {1, 2, n, 8})});
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  expectClose(o, expectedBands(q, k, v, 2, n, 8));
}

TEST_F(CpuKernelTest, CompilesOnManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> compiled{0};
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      MLIRContext own(registry);
      auto module = parseSourceString<ModuleOp>(kAttention, &own);
      auto kernel = CpuKernel::compile(*module, "attention", runtime);
      if (kernel)
        ++compiled;
      else
        llvm::consumeError(kernel.takeError());
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(compiled, 4);
}

TEST_F(CpuKernelTest, RefusesFunctions) {
  EXPECT_EQ(compileError("func.func @g() { return }"),
            "no function 'f' in the module");
  EXPECT_EQ(compileError("func.func private @f()"), "function 'f' has no body");
  EXPECT_THAT(compileError("func.func @f(%x: f64) { return }"),
              HasSubstr("has an argument of type f64; supported are"));
  EXPECT_THAT(compileError("func.func @f(%x: tensor<*xf32>) { return }"),
              HasSubstr("has an argument of type tensor<*xf32>"));
  EXPECT_THAT(compileError("func.func @f(%x: f32) -> f32 { return %x : f32 }"),
              HasSubstr("has a result of type f32"));
  EXPECT_THAT(compileError(R"(
func.func @f(%x: index) {
  cf.br ^bb1
^bb1:
  return
})"),
              HasSubstr("several blocks"));
}

TEST_F(CpuKernelTest, RefusesArguments) {
  auto kernel = compile(kAttention);
  ASSERT_TRUE(kernel);
  std::vector<float> data(2 * 8 * 8);
  BufferView good = view(data, {1, 2, 8, 8});
  EXPECT_EQ(runError(*kernel, {good, good, good}),
            "expected 4 arguments, got 3");
  EXPECT_THAT(
      runError(*kernel, {good, 1.0f, good, good}),
      HasSubstr("argument 1 should be a buffer for tensor<?x2x?x8xf32>"));
  BufferView rank = view(data, {2, 8, 8});
  EXPECT_THAT(runError(*kernel, {good, good, rank, good}),
              HasSubstr("argument 2 has rank 3, expected tensor<?x2x?x8xf32>"));
  BufferView heads = view(data, {1, 1, 16, 8});
  EXPECT_THAT(runError(*kernel, {heads, good, good, good}),
              HasSubstr("argument 0 has a dimension of size 1"));
  BufferView type = good;
  type.elementType = spattn::runtime::ElementType::F16;
  EXPECT_THAT(runError(*kernel, {good, type, good, good}),
              HasSubstr("argument 1 has elements of type f16"));
  BufferView stride = good;
  stride.strides.back() = 2;
  EXPECT_THAT(runError(*kernel, {good, stride, good, good}),
              HasSubstr("argument 1 has an innermost stride of 2, expected 1"));
  BufferView null = good;
  null.data = nullptr;
  EXPECT_THAT(runError(*kernel, {good, good, good, null}),
              HasSubstr("argument 3 has no data"));
  BufferView shorter = view(data, {1, 2, 7, 8});
  EXPECT_EQ(runError(*kernel, {good, good, shorter, good}),
            "arguments 1 and 2 should have the same length, got 8 and 7");
  BufferView batch = view(data, {2, 2, 4, 8});
  EXPECT_EQ(runError(*kernel, {good, batch, batch, good}),
            "arguments 0 and 1 should have the same batch size, got 1 and 2");
}

TEST_F(CpuKernelTest, ResultsAreFoundWhereverTheyAre) {
  // A copy, an argument as it came in, a slice of the copy, and the copy again.
  auto kernel = compile(R"mlir(
!t = tensor<1x1x4x4xf32>
!s = tensor<1x1x1x4xf32>
func.func private @layer(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
func.func @attention(%q: !t, %o: !t) -> (!t, !t, !s, !t) {
  %r = func.call @layer(%q, %o) : (!t, !t) -> !t
  %s = tensor.extract_slice %r[0, 0, 0, 0] [1, 1, 1, 4] [1, 1, 1, 1] : !t to !s
  return %r, %o, %s, %r : !t, !t, !s, !t
})mlir");
  ASSERT_TRUE(kernel);
  auto q = random(16, 1), o = random(16, 2);
  std::vector<float> before = o;
  int64_t sizes[] = {1, 1, 4, 4};
  auto results = kernel->run({view(q, sizes), view(o, sizes)});
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  ASSERT_EQ(results->size(), 4u);
  EXPECT_EQ(o, before);
  EXPECT_EQ((*results)[1].view().data, o.data());
  for (size_t i : {0, 2, 3}) {
    // The first row sees itself alone.
    auto *row = static_cast<float *>((*results)[i].view().data);
    for (int64_t c = 0; c < 4; ++c)
      EXPECT_NEAR(row[c], q[c], 1e-6);
  }
}

TEST_F(CpuKernelTest, ModulesAreVerified) {
  auto module = parseSourceString<ModuleOp>(
      "func.func @f(%x: index) { return }", context.get());
  ASSERT_TRUE(module);
  auto function = module->lookupSymbol<func::FuncOp>("f");
  function.setType(
      FunctionType::get(context.get(), {Float32Type::get(context.get())}, {}));
  auto kernel = CpuKernel::compile(*module, "f", runtime);
  ASSERT_FALSE(kernel);
  EXPECT_THAT(llvm::toString(kernel.takeError()),
              HasSubstr("the module is not valid: "));
}

TEST_F(CpuKernelTest, FunctionsWithoutBodyAreLookedUp) {
  EXPECT_THAT(compileError(R"mlir(
func.func private @spattn_nowhere(index)
func.func @f(%x: index) {
  func.call @spattn_nowhere(%x) : (index) -> ()
  return
})mlir"),
              HasSubstr("could not compile function 'f' for the CPU"));
}

TEST_F(CpuKernelTest, StaticStridesAreChecked) {
  auto kernel = compile("func.func @f(%m: memref<2x4xf32>) { return }", "f");
  ASSERT_TRUE(kernel);
  std::vector<float> data(16);
  BufferView strided = view(data, {2, 4});
  strided.strides[0] = 8;
  EXPECT_THAT(runError(*kernel, {strided}), HasSubstr("has a stride of 8"));
}

} // namespace
