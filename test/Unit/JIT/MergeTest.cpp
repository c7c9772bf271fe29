//===- MergeTest.cpp - Merges, and gradients that are built ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arrays.h"
#include "GpuFixture.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "spattn/Dialect/Spattn/Transforms/Gradients.h"
#include "spattn/JIT/CpuKernel.h"
#include "gmock/gmock.h"

#include <cmath>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;
using testing::HasSubstr;

namespace {

const char *const kMerge = R"(
!t = tensor<?x2x?x16xf32>
!l = tensor<?x2x?xf32>
func.func @f(%p: !t, %q: !t, %l: !l, %m: !l, %o: !t, %lse: !l) -> (!t, !l) {
  %r:2 = spattn.merge ins(%p, %q : !t, !t) lses(%l, %m : !l, !l)
    outs(%o, %lse : !t, !l)
  return %r#0, %r#1 : !t, !l
})";

class MergeTest : public GpuFixture {
protected:
  /// A module with the gradients of its merge as a function of what that reads
  /// and the gradients by its results.
  OwningOpRef<ModuleOp> derive() {
    context->loadDialect<tensor::TensorDialect>();
    auto module = parseSourceString<ModuleOp>(kMerge, context.get());
    MergeOp merge;
    module->walk([&](MergeOp op) { merge = op; });
    Type rows = merge.getOut().getType(), numbers = merge.getLse().getType();
    OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
    auto type = b.getFunctionType({rows, rows, numbers, numbers, rows, numbers},
                                  {rows, rows, numbers, numbers});
    auto function = func::FuncOp::create(b, merge.getLoc(), "backward", type);
    Block *body = function.addEntryBlock();
    b.setInsertionPointToStart(body);
    IRMapping mapping;
    for (auto [value, argument] :
         llvm::zip(merge->getOperands(), body->getArguments().take_front(4)))
      mapping.map(value, argument);
    auto empty = cast<MergeOp>(b.clone(*merge, mapping));
    auto gradients =
        buildGradients(b, empty, body->getArgument(4), body->getArgument(5));
    func::ReturnOp::create(b, merge.getLoc(), gradients->getResults());
    empty.erase();
    return module;
  }
};

// Against differences of the merge itself.
TEST_F(MergeTest, GradientsThatAreBuilt) {
  OwningOpRef<ModuleOp> module = derive();
  auto forward = CpuKernel::compile(*module, "f", runtime);
  auto backward = CpuKernel::compile(*module, "backward", runtime);
  ASSERT_TRUE(bool(forward) && bool(backward)) << diagnostics;
  std::vector<int64_t> rows{2, 2, 5, 16}, numbers{2, 2, 5};
  Array<float> p(rows, 1), q(rows, 2), l(numbers, 3), m(numbers, 4);
  Array<float> dout(rows, 5), dlse(numbers, 6), out(rows), lse(numbers);
  auto merge = [&] {
    auto results = (*forward)->run({p.view(f32), q.view(f32), l.view(f32),
                                    m.view(f32), out.view(f32), lse.view(f32)});
    EXPECT_TRUE(bool(results));
  };
  auto results =
      (*backward)->run({p.view(f32), q.view(f32), l.view(f32), m.view(f32),
                        dout.view(f32), dlse.view(f32)});
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  ASSERT_EQ(results->size(), 4u);
  // Of the loss along one number of each kind.
  auto loss = [&] {
    merge();
    double sum = 0;
    for (size_t i = 0; i < out.data.size(); ++i)
      sum += double(out.data[i]) * dout.data[i];
    for (size_t i = 0; i < lse.data.size(); ++i)
      sum += double(lse.data[i]) * dlse.data[i];
    return sum;
  };
  SmallVector<Array<float> *> arrays{&p, &q, &l, &m};
  for (auto [number, array] : llvm::enumerate(arrays)) {
    const auto *gradient =
        static_cast<const float *>((*results)[number].view().data);
    for (size_t i : {size_t(0), array->data.size() / 2}) {
      float before = array->data[i], step = 1e-2f;
      array->data[i] = before + step;
      double above = loss();
      array->data[i] = before - step;
      double below = loss();
      array->data[i] = before;
      EXPECT_NEAR(gradient[i], (above - below) / (2 * step), 2e-3)
          << "array " << number << " element " << i;
    }
  }
}

// The sizes of all arrays have to agree at run time, too.
TEST_F(MergeTest, SizesOnTheCPU) {
  auto module = parseSourceString<ModuleOp>(kMerge, context.get());
  auto kernel = CpuKernel::compile(*module, "f", runtime);
  ASSERT_TRUE(bool(kernel)) << diagnostics;
  Array<float> p({2, 2, 5, 16}), q({2, 2, 6, 16}), l({2, 2, 5}), out(p.sizes);
  auto results = (*kernel)->run({p.view(f32), q.view(f32), l.view(f32),
                                 l.view(f32), out.view(f32), l.view(f32)});
  ASSERT_FALSE(bool(results));
  EXPECT_THAT(llvm::toString(results.takeError()), HasSubstr("length"));
}

TEST_F(MergeTest, LaunchOnAGPU) {
  // Addresses, the length, and strides of batch, head and row.
  auto &parameters = state->functions["f"].parameters;
  parameters.assign(6, 8);
  parameters.push_back(4);
  parameters.insert(parameters.end(), 3 * 6, 8);
  auto kernel = compile(kMerge, runtime);
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->getResults(), (ArrayRef<unsigned>{4, 5}));
  std::vector<int64_t> rows{2, 2, 100, 16}, numbers{2, 2, 100};
  std::vector<KernelArgument> arguments;
  for (int i : {4, 4, 3, 3, 4, 3})
    arguments.push_back(make(f32, i == 4 ? rows : numbers));
  llvm::Error error = kernel->launch(*driver, arguments);
  ASSERT_FALSE(error) << llvm::toString(std::move(error));
  // Two lanes take a row, and a CTA 128 rows of a head.
  ASSERT_EQ(state->launches.size(), 1u);
  EXPECT_EQ(state->launches[0].grid[0], 2u * 2);
  EXPECT_EQ(state->launches[0].block[0], 256u);
  EXPECT_EQ(getAs<int32_t>(state->launches[0].arguments[6]), 100);
  state->launches.clear();

  arguments[3] = make(f32, {2, 2, 101});
  EXPECT_THAT(launchError(*kernel, arguments), HasSubstr("lse1"));
}

} // namespace
