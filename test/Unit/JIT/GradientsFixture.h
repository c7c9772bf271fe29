//===- GradientsFixture.h - Gradients that are derived ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An attention of one shape with its gradients: derived, compiled for this
// machine, and evaluated by the oracle.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_JIT_GRADIENTSFIXTURE_H
#define SPATTN_TEST_UNIT_JIT_GRADIENTSFIXTURE_H

#include "Arrays.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/InitAll.h"
#include "spattn/JIT/CpuKernel.h"
#include "spattn/Reference/Gradients.h"
#include "gtest/gtest.h"

#include <cmath>
#include <numeric>

namespace spattn::test {

constexpr int64_t kHeads = 4, kKeyHeads = 2, kHeadDim = 3, kValueDim = 2;

using DoubleArray = Array<double>;

struct Sizes {
  int64_t batch = 1, queries = 9, keys = 11;
};

struct Arrays : test::AttentionArrays<double> {
  explicit Arrays(Sizes n)
      : AttentionArrays({n.batch, kHeads, kKeyHeads, n.queries, n.keys,
                         kHeadDim, kValueDim}) {}

  std::vector<DoubleArray *> gradients() { return {&dq, &dk, &dv}; }

  /// One for each head.
  DoubleArray sink{{kHeads}, 6}, dsink{{kHeads}};
};

/// What a loss depends on beside outputs and operands.
struct Extras {
  bool lse = false, sink = false;
};

class GradientsTest : public testing::Test {
protected:
  GradientsTest() {
    registerAllDialects(registry);
    context = std::make_unique<mlir::MLIRContext>(registry);
  }

  /// A module with @f, which the structure is of, and @f_backward. The loss
  /// depends on the log-sum-exp and on sink logits, too, if that is asked for.
  mlir::OwningOpRef<mlir::ModuleOp> derive(const std::string &structure,
                                           const std::string &alignment,
                                           Extras with = Extras()) {
    extras = with;
    bool ofLse = with.lse;
    std::string text = R"(
!q = tensor<?x4x?x3xf32>
!k = tensor<?x2x?x3xf32>
!v = tensor<?x2x?x2xf32>
!o = tensor<?x4x?x2xf32>
!l = tensor<?x4x?xf32>
!s = tensor<4xf32>
func.func @f(%q: !q, %k: !k, %v: !v, )" +
                       std::string(with.sink ? "%s: !s, " : "") + "%o: !o" +
                       std::string(ofLse ? ", %l: !l) -> (!o, !l) {\n  %r:2"
                                         : ") -> !o {\n  %r") +
                       " = spattn.attention structure(" + structure +
                       ") ins(%q, %k, %v : !q, !k, !v) " +
                       (with.sink ? "sink_logits(%s : !s) " : "") + "outs(%o" +
                       (ofLse ? ", %l : !o, !l)" : " : !o)") +
                       "{differentiated, alignment = #spattn.alignment<" +
                       alignment + ">}\n  return " +
                       (ofLse ? "%r#0, %r#1 : !o, !l\n}" : "%r : !o\n}");
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, context.get());
    if (!module)
      return nullptr;
    mlir::PassManager pm(context.get());
    pm.addPass(createSpattnDeriveBackward());
    EXPECT_TRUE(mlir::succeeded(pm.run(*module)));
    return module;
  }

  static AttentionProblem getProblem(mlir::ModuleOp module) {
    AttentionProblem problem;
    module.walk([&](AttentionOp op) { problem = AttentionProblem::get(op); });
    return problem;
  }

  BufferView view(DoubleArray &array) { return array.view(f64); }

  OperandArrays views(Arrays &arrays) {
    OperandArrays views = arrays.views(f64);
    if (!extras.lse)
      views[OperandKind::LseGradient] = {};
    if (extras.sink) {
      views[OperandKind::SinkLogits] = view(arrays.sink);
      views[OperandKind::SinkLogitsGradient] = view(arrays.dsink);
    }
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
    if (extras.lse)
      for (auto [lse, factor] : llvm::zip(arrays.lse.data, arrays.dlse.data))
        if (std::isfinite(lse))
          loss += lse * factor;
    return loss;
  }

  std::unique_ptr<CpuKernel>
  compile(mlir::ModuleOp module, llvm::StringRef entry, bool parallel = true) {
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
  llvm::Error run(const CpuKernel &kernel, std::vector<DoubleArray *> arrays) {
    std::vector<std::vector<float>> copies;
    std::vector<KernelArgument> arguments;
    for (DoubleArray *array : arrays)
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

  llvm::Error runForward(const CpuKernel &kernel, Arrays &a) {
    std::vector<DoubleArray *> arrays = {&a.q, &a.k, &a.v};
    if (extras.sink)
      arrays.push_back(&a.sink);
    arrays.insert(arrays.end(), {&a.o, &a.lse});
    return run(kernel, arrays);
  }

  llvm::Error runBackward(const CpuKernel &kernel, Arrays &a) {
    std::vector<DoubleArray *> arrays = {&a.q, &a.k,   &a.v,
                                         &a.o, &a.lse, &a.dout};
    if (extras.lse)
      arrays.push_back(&a.dlse);
    if (extras.sink)
      arrays.push_back(&a.sink);
    std::vector<DoubleArray *> gradients = a.gradients();
    if (extras.sink)
      gradients.push_back(&a.dsink);
    for (DoubleArray *gradient : gradients)
      // What is not written shows.
      gradient->data.assign(gradient->data.size(), NAN);
    llvm::append_range(arrays, gradients);
    return run(kernel, arrays);
  }

  /// The loss depends on the log-sum-exps that are finite.
  Extras extras;

  mlir::DialectRegistry registry;
  std::unique_ptr<mlir::MLIRContext> context;
  static constexpr auto f64 = runtime::ElementType::F64;
  static constexpr auto f32 = runtime::ElementType::F32;
};

inline void expectNear(const DoubleArray &actual, const DoubleArray &expected,
                       double tolerance) {
  ASSERT_EQ(actual.sizes, expected.sizes);
  for (size_t i = 0; i < actual.data.size(); ++i)
    ASSERT_NEAR(actual.data[i], expected.data[i], tolerance) << "element " << i;
}

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_JIT_GRADIENTSFIXTURE_H
