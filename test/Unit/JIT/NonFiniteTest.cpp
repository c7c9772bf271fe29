//===- NonFiniteTest.cpp - NaN, infinities and extremes -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled attention and the oracle agree on where NaN and infinities go.
//
//===----------------------------------------------------------------------===//

#include "Arrays.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "spattn/InitAll.h"
#include "spattn/JIT/CpuKernel.h"
#include "spattn/Reference/Gradients.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace spattn;
using testing::HasSubstr;

namespace {

constexpr float kInf = INFINITY;

using Array = test::Array<float>;

struct Shape {
  int64_t heads = 4, keyHeads = 2, queries = 9, keys = 11;
  // Whole groups of vectors, whole vectors, and a remainder.
  int64_t headDim = 19, valueDim = 9;
};

struct Arrays : test::AttentionArrays<float> {
  explicit Arrays(const Shape &s)
      : AttentionArrays({/*batch=*/1, s.heads, s.keyHeads, s.queries, s.keys,
                         s.headDim, s.valueDim}) {}
};

class NonFiniteTest : public testing::Test {
protected:
  NonFiniteTest() {
    registerAllDialects(registry);
    context = std::make_unique<MLIRContext>(registry);
    context->getDiagEngine().registerHandler([](Diagnostic &) {});
  }

  /// Compiles @forward and @backward of an attention, whose scale is an
  /// argument.
  void compile(const std::string &structure, const Shape &s = {},
               int64_t keyTile = 3) {
    auto type = [](int64_t heads, int64_t dim) {
      return "tensor<1x" + std::to_string(heads) + "x?x" + std::to_string(dim) +
             "xf32>";
    };
    std::string text =
        "!q = " + type(s.heads, s.headDim) +
        "\n!k = " + type(s.keyHeads, s.headDim) +
        "\n!v = " + type(s.keyHeads, s.valueDim) +
        "\n!o = " + type(s.heads, s.valueDim) + "\n!l = tensor<1x" +
        std::to_string(s.heads) + R"(x?xf32>
func.func @forward(%q: !q, %k: !k, %v: !v, %s: f32, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure()" +
        structure + R"() ins(%q, %k, %v : !q, !k, !v) scale(%s)
      outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @backward(%q: !q, %k: !k, %v: !v, %s: f32, %o: !o, %l: !l, %do: !o,
                    %dl: !l, %dq: !q, %dk: !k, %dv: !v) -> (!q, !k, !v) {
  %r:3 = spattn.attention_backward structure()" +
        structure + R"() ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o)
      dlse(%dl : !l) scale(%s) outs(%dq, %dk, %dv : !q, !k, !v)
  return %r#0, %r#1, %r#2 : !q, !k, !v
})";
    auto module = parseSourceString<ModuleOp>(text, context.get());
    ASSERT_TRUE(module) << text;
    module->walk([&](AttentionOp op) { problem = AttentionProblem::get(op); });
    CpuCompileOptions options;
    options.queryTile = 4;
    options.keyTile = keyTile;
    options.vectorWidth = 4;
    for (auto [name, kernel] :
         {std::pair("forward", &forward), std::pair("backward", &backward)}) {
      auto compiled =
          CpuKernel::compile(*module, name, RuntimeContext(), options);
      ASSERT_TRUE(bool(compiled)) << llvm::toString(compiled.takeError());
      *kernel = std::move(*compiled);
    }
  }

  BufferView view(Array &array) { return array.view(f32); }

  OperandArrays views(Arrays &arrays) { return arrays.views(f32); }

  void runForward(Arrays &a, float scale) {
    auto results = forward->run(
        {view(a.q), view(a.k), view(a.v), scale, view(a.o), view(a.lse)});
    ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  }

  void runBackward(Arrays &a, float scale) {
    auto results = backward->run(
        {view(a.q), view(a.k), view(a.v), scale, view(a.o), view(a.lse),
         view(a.dout), view(a.dlse), view(a.dq), view(a.dk), view(a.dv)});
    ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  }

  /// Compares forward and gradients with the oracle; the gradients are by its
  /// output in both.
  void check(const Arrays &inputs, float scale = 0.25f) {
    Arrays expected = inputs, actual = inputs;
    problem.scale = scale;
    ASSERT_FALSE(evaluate(problem, views(expected)));
    runForward(actual, scale);
    expectSame("out", actual.o, expected.o);
    expectSame("lse", actual.lse, expected.lse);
    actual.o = expected.o;
    actual.lse = expected.lse;
    ASSERT_FALSE(evaluateGradients(problem, views(expected)));
    runBackward(actual, scale);
    expectSame("dquery", actual.dq, expected.dq);
    expectSame("dkey", actual.dk, expected.dk);
    expectSame("dvalue", actual.dv, expected.dv);
  }

  static void expectSame(const char *name, const Array &actual,
                         const Array &expected) {
    int64_t width = expected.sizes.back();
    for (size_t i = 0; i < expected.data.size(); ++i) {
      float x = actual.data[i], y = expected.data[i];
      bool same = std::isfinite(y)
                      ? std::abs(x - y) <= 1e-5f * (1 + std::abs(y))
                      : x == y || (std::isnan(x) && std::isnan(y));
      ASSERT_TRUE(same) << name << ", row " << i / width << ", element "
                        << i % width << ": " << x << ", expected " << y;
    }
  }

  DialectRegistry registry;
  std::unique_ptr<MLIRContext> context;
  static constexpr auto f32 = runtime::ElementType::F32;
  AttentionProblem problem;
  std::unique_ptr<CpuKernel> forward, backward;
};

const char *const kStructures[] = {
    "#spattn.causal",
    "#spattn.window<left = 2, right = 1>",
    "#spattn.partition<exclusive>",
    "#spattn.union<#spattn.sink<2>, #spattn.distances<4 to 6>>",
    "#spattn.full",
};

class EachStructure : public NonFiniteTest,
                      public testing::WithParamInterface<const char *> {};

} // namespace

// One element of one row at a time: what it reaches is what sees the row.
TEST_P(EachStructure, ReachesWhatSeesIt) {
  compile(GetParam());
  Arrays inputs{Shape()};
  for (Array Arrays::*operand :
       {&Arrays::q, &Arrays::k, &Arrays::v, &Arrays::dout, &Arrays::dlse}) {
    std::vector<float> &data = (inputs.*operand).data;
    int64_t width =
        operand == &Arrays::dlse ? 1 : (inputs.*operand).sizes.back();
    // All rows in turn, and elements in vectors and in the remainder.
    for (size_t row = 0, rows = data.size() / width; row < rows; ++row) {
      size_t element = row * width + row * 5 % width;
      for (float poison : {NAN, kInf}) {
        SCOPED_TRACE(testing::Message() << "row " << row << ", " << poison);
        float before = std::exchange(data[element], poison);
        check(inputs);
        data[element] = before;
        if (HasFatalFailure())
          return;
      }
    }
  }
}

// The other rows of a tile with a NaN are those without it, to the last bit.
TEST_P(EachStructure, ChangesNothingElse) {
  compile(GetParam());
  Arrays clean{Shape()};
  runForward(clean, 0.25f);
  Arrays poisoned = clean;
  int64_t width = poisoned.v.sizes.back();
  std::fill_n(poisoned.v.data.begin() + 5 * width, width, NAN);
  runForward(poisoned, 0.25f);
  for (size_t i = 0; i < clean.o.data.size(); ++i)
    if (!std::isnan(poisoned.o.data[i]))
      ASSERT_EQ(poisoned.o.data[i], clean.o.data[i]) << i;
  EXPECT_EQ(poisoned.lse.data, clean.lse.data);
}

// Keys that nothing can be as far from as -inf: alone, in the first tiles, and
// everywhere.
TEST_P(EachStructure, LogitsOfMinusInfinity) {
  compile(GetParam());
  for (int64_t keys : {1, 3, 7, 11}) {
    SCOPED_TRACE(keys);
    Arrays inputs{Shape()};
    int64_t width = inputs.k.sizes.back();
    for (size_t row = 0; row < inputs.q.data.size() / width; ++row)
      inputs.q.data[row * width] = 1;
    for (size_t row = 0; row < inputs.k.data.size() / width; ++row)
      if (int64_t(row) % 11 < keys)
        inputs.k.data[row * width] = -kInf;
    check(inputs);
    // What a query that has a log-sum-exp of -inf has as the gradient by it
    // does not count.
    Arrays forward = inputs;
    runForward(forward, 0.25f);
    for (auto [lse, dlse] : llvm::zip(forward.lse.data, inputs.dlse.data))
      if (lse == -kInf)
        dlse = NAN;
    check(inputs);
  }
}

TEST_P(EachStructure, EveryFiniteScale) {
  compile(GetParam());
  Arrays inputs{Shape()};
  for (float scale : {0.0f, -0.0f, -0.5f, 1e-30f, 1e-42f}) {
    SCOPED_TRACE(scale);
    check(inputs, scale);
  }
}

INSTANTIATE_TEST_SUITE_P(Structures, EachStructure,
                         testing::ValuesIn(kStructures));

TEST_F(NonFiniteTest, RefusesOtherScales) {
  compile("#spattn.full");
  Arrays a{Shape()};
  for (float scale : {kInf, -kInf, NAN}) {
    auto results = forward->run(
        {view(a.q), view(a.k), view(a.v), scale, view(a.o), view(a.lse)});
    ASSERT_FALSE(bool(results));
    EXPECT_THAT(llvm::toString(results.takeError()),
                HasSubstr("argument 3 is a scale of "));
    problem.scale = scale;
    EXPECT_THAT(llvm::toString(evaluate(problem, views(a))),
                HasSubstr("expected a finite scale"));
  }
}

// Far beyond the integers of the exponential, up to where f32 ends.
TEST_F(NonFiniteTest, HugeLogits) {
  Shape shape = {1, 1, 4, 11, 1, 2};
  compile("#spattn.full", shape);
  for (float logit : {1e5f, 3e9f, 1e20f, 1e38f, 3e38f})
    for (bool descends : {false, true}) {
      SCOPED_TRACE(logit);
      Arrays inputs{shape};
      for (int64_t i = 0; i < 4; ++i)
        inputs.q.data[i] = i % 2 ? -1 : 1;
      for (int64_t j = 0; j < 11; ++j)
        inputs.k.data[j] = logit / 11 * (descends ? 5 - j : j - 5);
      Arrays expected = inputs;
      problem.scale = 1;
      ASSERT_FALSE(evaluate(problem, views(expected)));
      runForward(inputs, 1);
      expectSame("out", inputs.o, expected.o);
      expectSame("lse", inputs.lse, expected.lse);
    }
}

// A sum of 2^24 ones does not grow by adding 1. All rows are the same memory.
TEST_F(NonFiniteTest, MoreKeysThanF32Counts) {
  Shape shape = {1, 1, 1, 1, 1, 1};
  compile("#spattn.full", shape, /*keyTile=*/64);
  Arrays a{shape};
  a.q.data[0] = 0;
  a.v.data[0] = 3;
  int64_t keys = (int64_t(5) << 23) + 1;
  BufferView k = view(a.k), v = view(a.v);
  for (BufferView *many : {&k, &v}) {
    many->sizes[2] = keys;
    many->strides[2] = 0;
  }
  auto results = forward->run({view(a.q), k, v, 1.0f, view(a.o), view(a.lse)});
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  EXPECT_NEAR(a.o.data[0], 3, 1e-5);
  EXPECT_NEAR(a.lse.data[0], std::log(double(keys)), 1e-5);
}
