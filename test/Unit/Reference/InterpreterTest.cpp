//===- InterpreterTest.cpp - Runs functions of attention directly ---------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace spattn;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {
class InterpreterTest : public testing::Test {
protected:
  InterpreterTest()
      : handler(&context, [this](Diagnostic &diagnostic) {
          llvm::raw_string_ostream(diagnostics)
              << diagnostic.getLocation() << ": " << diagnostic;
          return success();
        }) {
    context.loadDialect<SpattnDialect, arith::ArithDialect,
                        cf::ControlFlowDialect, func::FuncDialect,
                        memref::MemRefDialect, tensor::TensorDialect>();
  }

  /// Runs the only function of a module.
  FailureOr<SmallVector<ReferenceValue>>
  run(StringRef source, ArrayRef<ReferenceValue> arguments) {
    module = parseSourceString<ModuleOp>(source, &context);
    EXPECT_TRUE(module) << diagnostics;
    if (!module)
      return failure();
    return interpretFunction(*module->getOps<func::FuncOp>().begin(),
                             arguments);
  }

  ReferenceArray array(std::vector<float> &data, ArrayRef<int64_t> sizes) {
    return {
        BufferView::contiguous(data.data(), runtime::ElementType::F32, sizes),
        nullptr};
  }

  static std::vector<float> floats(const ReferenceValue &value) {
    const BufferView &view = std::get<ReferenceArray>(value).view;
    auto *data = static_cast<const float *>(view.data);
    return {data, data + view.getNumElements()};
  }

  MLIRContext context;
  std::string diagnostics;
  ScopedDiagnosticHandler handler;
  OwningOpRef<ModuleOp> module;
};
} // namespace

TEST_F(InterpreterTest, RunsAttentionOnTensors) {
  std::vector<float> q(3), k(3), v = {1, 2, 6};
  auto results = run(
      R"(
    !t = tensor<1x1x?x1xf32>
    func.func @f(%q: !t, %k: !t, %v: !t) -> (!t, tensor<1x1x?xf32>, index) {
      %c2 = arith.constant 2 : index
      %n = tensor.dim %q, %c2 : !t
      %o = tensor.empty(%n) : !t
      %l = tensor.empty(%n) : tensor<1x1x?xf32>
      %r, %lse = spattn.attention structure(#spattn.causal)
          ins(%q, %k, %v : !t, !t, !t) outs(%o, %l : !t, tensor<1x1x?xf32>)
      return %r, %lse, %n : !t, tensor<1x1x?xf32>, index
    })",
      {array(q, {1, 1, 3, 1}), array(k, {1, 1, 3, 1}), array(v, {1, 1, 3, 1})});
  ASSERT_TRUE(succeeded(results)) << diagnostics;
  EXPECT_THAT(floats((*results)[0]), ElementsAre(1, 1.5, 3));
  EXPECT_FLOAT_EQ(floats((*results)[1])[2], 1.0986123f);
  EXPECT_EQ(std::get<int64_t>((*results)[2]), 3);
}

TEST_F(InterpreterTest, RunsAttentionOnBuffers) {
  std::vector<float> q(2), k(2), v = {2, 4}, o(2);
  auto results = run(R"(
    !m = memref<1x1x2x1xf32>
    func.func @f(%q: !m, %k: !m, %v: !m, %o: !m) {
      spattn.attention structure(#spattn.causal)
          ins(%q, %k, %v : !m, !m, !m) outs(%o : !m)
      return
    })",
                     {array(q, {1, 1, 2, 1}), array(k, {1, 1, 2, 1}),
                      array(v, {1, 1, 2, 1}), array(o, {1, 1, 2, 1})});
  ASSERT_TRUE(succeeded(results)) << diagnostics;
  EXPECT_TRUE(results->empty());
  EXPECT_THAT(o, ElementsAre(2, 3));
}

// The destination of an attention on tensors is a value, not a place.
TEST_F(InterpreterTest, LeavesTensorArgumentsAlone) {
  std::vector<float> q(1), k(1), v = {2}, o = {9};
  auto results = run(R"(
    !t = tensor<1x1x1x1xf32>
    func.func @f(%q: !t, %k: !t, %v: !t, %o: !t, %s: f32) -> (!t, !t) {
      %r = spattn.attention structure(#spattn.causal)
          ins(%q, %k, %v : !t, !t, !t) scale(%s) outs(%o : !t)
      return %r, %o : !t, !t
    })",
                     {array(q, {1, 1, 1, 1}), array(k, {1, 1, 1, 1}),
                      array(v, {1, 1, 1, 1}), array(o, {1, 1, 1, 1}), 0.5});
  ASSERT_TRUE(succeeded(results)) << diagnostics;
  EXPECT_THAT(floats((*results)[0]), ElementsAre(2));
  EXPECT_THAT(floats((*results)[1]), ElementsAre(9));
}

TEST_F(InterpreterTest, RunsConstants) {
  auto results = run(R"(
    func.func @f() -> (tensor<3xf32>, tensor<2x2xf32>, f32, i64) {
      %splat = arith.constant dense<1.5> : tensor<3xf32>
      %dense = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
      %float = arith.constant 2.5 : f32
      %integer = arith.constant -7 : i64
      return %splat, %dense, %float, %integer
          : tensor<3xf32>, tensor<2x2xf32>, f32, i64
    })",
                     {});
  ASSERT_TRUE(succeeded(results)) << diagnostics;
  EXPECT_THAT(floats((*results)[0]), ElementsAre(1.5, 1.5, 1.5));
  EXPECT_THAT(floats((*results)[1]), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(std::get<double>((*results)[2]), 2.5);
  EXPECT_EQ(std::get<int64_t>((*results)[3]), -7);
}

TEST_F(InterpreterTest, TellsWhatItDoesNotRun) {
  EXPECT_TRUE(failed(run(R"(
func.func @f(%x: f32) -> f32 {
  %y = arith.addf %x, %x : f32
  return %y : f32
})",
                         {1.0})));
  EXPECT_THAT(
      diagnostics,
      HasSubstr(":3:8): the reference interpreter does not run "
                "'arith.addf'; it runs spattn.attention, "
                "spattn.attention_backward, spattn.merge, "
                "spattn.merge_backward, spattn.gather_rows, "
                "spattn.sum_rows, spattn.hash_rows, tensor.empty, tensor.dim, "
                "memref.dim, arith.constant and func.return"));
}

TEST_F(InterpreterTest, RejectsSeveralBlocks) {
  EXPECT_TRUE(failed(run("func.func @f() { cf.br ^bb1\n ^bb1: return }", {})));
  EXPECT_THAT(diagnostics, HasSubstr("functions of one block, got 2"));
}

TEST_F(InterpreterTest, RejectsArgumentsThatDoNotFit) {
  std::vector<float> data(2);
  const char *source = "func.func @f(%x: tensor<?x2xf32>) { return }";
  EXPECT_TRUE(succeeded(run(source, {array(data, {1, 2})})));
  EXPECT_TRUE(failed(run(source, {array(data, {2, 1})})));
  EXPECT_THAT(diagnostics, HasSubstr("argument 0 does not fit its type"));
  EXPECT_TRUE(failed(run(source, {array(data, {2})})));
  EXPECT_TRUE(failed(run(source, {1.0})));
  diagnostics.clear();
  EXPECT_TRUE(failed(run(source, {})));
  EXPECT_THAT(diagnostics, HasSubstr("expected 1 arguments, got 0"));
}

TEST_F(InterpreterTest, RejectsSizesThatDisagree) {
  std::vector<float> data(3);
  EXPECT_TRUE(
      failed(run(R"(
    !t = tensor<1x1x?x1xf32>
    func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
      %r = spattn.attention structure(#spattn.causal)
          ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
      return %r : !t
    })",
                 {array(data, {1, 1, 3, 1}), array(data, {1, 1, 3, 1}),
                  array(data, {1, 1, 2, 1}), array(data, {1, 1, 3, 1})})));
  EXPECT_THAT(diagnostics, HasSubstr("'value' has a length of 2, expected 3"));
}

TEST_F(InterpreterTest, RejectsAbsurdArrays) {
  EXPECT_TRUE(failed(run(R"(
    func.func @f(%n: index) -> tensor<?x?xf32> {
      %t = tensor.empty(%n, %n) : tensor<?x?xf32>
      return %t : tensor<?x?xf32>
    })",
                         {int64_t(1) << 40})));
  EXPECT_THAT(diagnostics, HasSubstr("2^63 bytes or more"));
  EXPECT_TRUE(failed(run(R"(
    func.func @f(%n: index) -> tensor<?xf32> {
      %t = tensor.empty(%n) : tensor<?xf32>
      return %t : tensor<?xf32>
    })",
                         {int64_t(-1)})));
  EXPECT_THAT(diagnostics, HasSubstr("expected sizes from 0, got -1"));
}

// The softmax of two equal scores: p = 1/2 for both keys, out = (1 + 3) / 2.
// With dout = 2: dv = 1 each, ds = 1/2 * (2 v - 4) = -1 and 1, the first query
// sees one key, whose gradient by its score is 0.
TEST_F(InterpreterTest, ComputesGradients) {
  std::vector<float> q = {0, 4}, k = {5, 5}, v = {1, 3}, o = {1, 2},
                     l = {0, 20.693147f}, d = {7, 2};
  auto results = run(R"(
!t = tensor<1x1x2x1xf32>
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t, %l: tensor<1x1x2xf32>, %do: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %do : !t, !t, !t, !t, tensor<1x1x2xf32>, !t) outs(%q, %q, %q : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
})",
                     {array(q, {1, 1, 2, 1}), array(k, {1, 1, 2, 1}),
                      array(v, {1, 1, 2, 1}), array(o, {1, 1, 2, 1}),
                      array(l, {1, 1, 2}), array(d, {1, 1, 2, 1})});
  ASSERT_TRUE(succeeded(results)) << diagnostics;
  using testing::FloatNear;
  EXPECT_THAT(floats((*results)[0]), ElementsAre(0, FloatNear(0, 1e-5f)));
  EXPECT_THAT(floats((*results)[1]),
              ElementsAre(FloatNear(-4, 1e-5f), FloatNear(4, 1e-5f)));
  EXPECT_THAT(floats((*results)[2]),
              ElementsAre(FloatNear(8, 1e-5f), FloatNear(1, 1e-5f)));
}
