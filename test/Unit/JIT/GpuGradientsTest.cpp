//===- GpuGradientsTest.cpp - Gradients for a GPU, on a fake one ----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuFixture.h"
#include "gmock/gmock.h"

using namespace mlir;
using namespace spattn;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

// Neither arguments nor results are in the order of the operands.
constexpr char kGradients[] = R"mlir(
!q = tensor<?x4x?x64xbf16>
!k = tensor<?x2x?x64xbf16>
!l = tensor<?x4x?xf32>
func.func @f(%dk: !k, %dv: !k, %dq: !q, %s: f32, %q: !q, %k: !k, %v: !k,
             %o: !q, %l: !l, %do: !q) -> (!k, !q, !k) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !k, !q, !l, !q) scale(%s)
      outs(%dq, %dk, %dv : !q, !k, !k)
      {tile_shape = #spattn.tile_shape<query_tile = 64, key_tile = 64>}
  return %r#2, %r#0, %r#1 : !k, !q, !k
}
)mlir";
/// Places of arguments.
enum { DK, DV, DQ, Scale, Q, K, V, O, Lse, DO };

class GpuGradientsTest : public GpuFixture {
protected:
  GpuGradientsTest() {
    state->functions["f_preprocess"].parameters = {128, 128, 8, 8, 8, 8, 8,
                                                   8,   4,   4, 4, 8, 8, 8};
    state->functions["f"].parameters = {
        128, 128, 128, 128, 128, 128, 8, 8, 8, 8, 8, 8, 128, 8,
        8,   4,   4,   4,   4,   8,   8, 8, 8, 8, 8, 8, 8,   8};
  }

  std::vector<KernelArgument> makeArguments() {
    KernelArgument scale = 0.25f;
    std::vector<KernelArgument> arguments(10, scale);
    for (unsigned i : {DQ, Q, O, DO})
      arguments[i] = make(bf16, {3, 4, 300, 64});
    for (unsigned i : {DK, DV, K, V})
      arguments[i] = make(bf16, {3, 2, 500, 64});
    arguments[Lse] = make(f32, {3, 4, 300});
    return arguments;
  }

  static uint64_t addressOf(const KernelArgument &argument) {
    return reinterpret_cast<uintptr_t>(std::get<BufferView>(argument).data);
  }
};

TEST_F(GpuGradientsTest, TwoKernelsOfOneCall) {
  auto kernel = compile(kGradients, runtime);
  ASSERT_TRUE(kernel);
  EXPECT_THAT(kernel->getResults(), ElementsAre(DV, DQ, DK));
  auto stream = reinterpret_cast<rt::cuda::Stream>(uintptr_t(0x1230));
  std::vector<KernelArgument> arguments = makeArguments();
  llvm::Error error = kernel->launch(*driver, arguments, stream);
  ASSERT_FALSE(error) << llvm::toString(std::move(error));

  ASSERT_EQ(state->launches.size(), 2u);
  const fake::Launch &prepare = state->launches[0], &main = state->launches[1];
  EXPECT_EQ(prepare.entry, "f_preprocess");
  EXPECT_EQ(main.entry, "f");
  for (const fake::Launch &launch : state->launches)
    EXPECT_EQ(launch.stream, stream);
  // Five tiles of 64 queries of 12 heads.
  // One more starts the counter of key tiles.
  EXPECT_EQ(prepare.grid[0], 5u * 12 + 1);
  // Eight tiles of 64 keys of 6 heads, and two items of 256 queries of 12.
  EXPECT_EQ(main.grid[0], 8u * 6 + 2u * 12);

  // What each reads and writes itself.
  EXPECT_EQ(getAs<uint64_t>(prepare.arguments[2]), addressOf(arguments[Lse]));
  EXPECT_EQ(getAs<uint64_t>(main.arguments[6]), addressOf(arguments[DK]));
  EXPECT_EQ(getAs<uint64_t>(main.arguments[7]), addressOf(arguments[DV]));
  EXPECT_EQ(getAs<uint64_t>(main.arguments[13]), addressOf(arguments[DQ]));
  // And through tensor maps, in the order in which kernels take them first.
  std::vector<uint64_t> mapped;
  for (const fake::TensorMapCall &map : state->tensorMaps)
    mapped.push_back(map.address);
  std::vector<uint64_t> expected;
  for (unsigned i : {O, DO, Q, K, V, DK, DV, DQ})
    expected.push_back(addressOf(arguments[i]));
  EXPECT_EQ(mapped, expected);
  for (const fake::Launch &launch : state->launches) {
    size_t lengths = &launch == &prepare ? 8 : 15;
    EXPECT_EQ(getAs<int32_t>(launch.arguments[lengths]), 3);
    EXPECT_EQ(getAs<int32_t>(launch.arguments[lengths + 1]), 300);
    EXPECT_EQ(getAs<int32_t>(launch.arguments[lengths + 2]), 500);
    if (&launch != &prepare)
      EXPECT_EQ(getAs<float>(launch.arguments[lengths + 3]), 0.25f);
  }

  // All see the same scratch, lent in the order of the stream for as long as
  // they run. Nothing clears it but the first of them.
  for (size_t i = 0; i < 4; ++i)
    EXPECT_EQ(prepare.arguments[3 + i], main.arguments[8 + i]);
  EXPECT_EQ(prepare.arguments[7], main.arguments[14]);
  EXPECT_TRUE(state->memsets.empty());
  ASSERT_EQ(state->streamFrees.size(), 1u);
  for (const fake::StreamFree &freed : state->streamFrees) {
    EXPECT_EQ(freed.stream, stream);
    EXPECT_EQ(freed.order, 2u);
  }
}

TEST_F(GpuGradientsTest, DevicesWithoutCopyEngine) {
  state->attributes[rt::cuda::kComputeCapabilityMajor] = 8;
  state->attributes[rt::cuda::kTensorMapAccess] = 0;
  options.chip = "sm_80";
  state->functions["f_preprocess"].parameters = {128, 128, 8, 8, 8, 8, 8,
                                                 4,   4,   4, 8, 8, 8};
  state->functions["f"].parameters = {128, 128, 128, 128, 128, 128, 8, 8,
                                      8,   8,   8,   8,   4,   4,   4, 4,
                                      8,   8,   8,   8,   8,   8};
  state->functions["f_postprocess"].parameters = {8, 8, 128, 8, 4, 4,
                                                  4, 4, 8,   8, 8};
  auto kernel = compile(kGradients, runtime);
  ASSERT_TRUE(kernel);
  llvm::Error error = kernel->launch(*driver, makeArguments());
  ASSERT_FALSE(bool(error)) << llvm::toString(std::move(error));
  EXPECT_EQ(state->launches.size(), 3u);
  EXPECT_TRUE(state->tensorMaps.empty());
}

TEST_F(GpuGradientsTest, AreCached) {
  ASSERT_TRUE(compile(kGradients, runtime));
  ASSERT_TRUE(compile(kGradients, runtime));
  EXPECT_EQ(cache.getCounts().compiles, 1u);
  EXPECT_EQ(cache.getCounts().memoryHits, 1u);
}

TEST_F(GpuGradientsTest, ArgumentsAreChecked) {
  auto kernel = compile(kGradients, runtime);
  ASSERT_TRUE(kernel);
  std::vector<KernelArgument> good = makeArguments();
  auto check = [&](const char *message, unsigned i, auto change) {
    std::vector<KernelArgument> arguments = good;
    change(std::get<BufferView>(arguments[i]));
    EXPECT_THAT(launchError(*kernel, arguments), HasSubstr(message));
  };
  check("operand 'do': dimension 'n' has size 299, but queryLength is 300", DO,
        [](BufferView &view) { view.sizes[2] = 299; });
  check("operand 'dk': dimension 'n' has size 300, but keyLength is 500", DK,
        [](BufferView &view) { view.sizes[2] = 300; });
  check("operand 'lse': dimension 'b' has size 2, but batch is 3", Lse,
        [](BufferView &view) { view.sizes[0] = 2; });
  check(
      "operand 'dq': the address is not a multiple of 16 bytes", DQ,
      [](BufferView &view) { view.data = static_cast<char *>(view.data) + 2; });
  check("argument 1 has elements of type f32, expected", DV,
        [&](BufferView &view) { view.elementType = f32; });
  check("argument 8 has no data", Lse,
        [](BufferView &view) { view.data = nullptr; });
  good[Scale] = -1.0f;
  EXPECT_THAT(launchError(*kernel, good),
              HasSubstr("expected a positive, finite number"));
}

/// Gradients in one line, with destinations and results of choice.
std::string makeGradients(const char *body, const char *dim = "64",
                          const char *type = "bf16") {
  return std::string("!t = tensor<1x2x?x") + dim + "x" + type +
         ">\n!l = tensor<1x2x?xf32>\n"
         "func.func @f(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l, %g: !t,\n"
         "    %dq: !t, %dk: !t, %dv: !t) -> !t {\n" +
         body + "}\n";
}

TEST_F(GpuGradientsTest, FunctionsAreChecked) {
  auto check = [&](const std::string &text, const char *message) {
    EXPECT_THAT(compileError(text.c_str()), HasSubstr(message));
  };
  const char *good = R"mlir(
  %r:3 = spattn.attention_backward structure(#spattn.full)
      ins(%q, %k, %v, %o, %l, %g : !t, !t, !t, !t, !l, !t)
      outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0 : !t
)mlir";
  ASSERT_TRUE(compile(makeGradients(good).c_str(), runtime));
  // An attention and its gradients are two functions.
  check(makeGradients(R"mlir(
  %f:2 = spattn.attention structure(#spattn.full)
      ins(%q, %k, %v : !t, !t, !t) outs(%o, %l : !t, !l)
  %r:3 = spattn.attention_backward structure(#spattn.full)
      ins(%q, %k, %v, %f#0, %f#1, %g : !t, !t, !t, !t, !l, !t)
      outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0 : !t
)mlir"),
        "a function for a GPU has one attention or merge; this is its second");
  check(makeGradients(R"mlir(
  %z = arith.constant dense<0.0> : tensor<1x2x8x64xbf16>
  %r:3 = spattn.attention_backward structure(#spattn.full)
      ins(%q, %k, %v, %o, %l, %z : !t, !t, !t, !t, !l, tensor<1x2x8x64xbf16>)
      outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0 : !t
)mlir"),
        "operand 'dout' is not an argument of the function");
  check(makeGradients(R"mlir(
  %r:3 = spattn.attention_backward structure(#spattn.full)
      ins(%q, %k, %v, %o, %l, %g : !t, !t, !t, !t, !l, !t)
      outs(%dq, %dk, %dv : !t, !t, !t)
  return %dk : !t
)mlir"),
        "result 0 is not written by the attention");
  check(makeGradients(R"mlir(
  %r:3 = spattn.attention_backward structure(#spattn.full)
      ins(%q, %k, %v, %o, %l, %g : !t, !t, !t, !t, !l, !t)
      outs(%dq, %dk, %dk : !t, !t, !t)
  return %r#0 : !t
)mlir"),
        "argument 7 is a destination and another operand, too");
  check(makeGradients(good, "64", "f32"), "could not compile function 'f'");
  EXPECT_THAT(diagnostics, HasSubstr("expected elements of type f16 or bf16"));
  check(makeGradients(good, "264"), "could not compile function 'f'");
  EXPECT_THAT(diagnostics, HasSubstr("expected a head dimension that is a "
                                     "multiple of 8 up to 256"));
  options.pipeline.keyTile = 96;
  check(makeGradients(good), "could not compile function 'f'");
  EXPECT_THAT(diagnostics, HasSubstr("expected a 'key-tile' of a multiple of "
                                     "64 for gradients, got 96"));
}

} // namespace
