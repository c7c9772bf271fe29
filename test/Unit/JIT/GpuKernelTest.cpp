//===- GpuKernelTest.cpp - Compiling for a GPU, on a fake one -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuFixture.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "gmock/gmock.h"

#include <cmath>

using namespace mlir;
using namespace spattn;
using testing::HasSubstr;

namespace {

constexpr char kAttention[] = R"mlir(
!t = tensor<?x16x?x64xbf16>
!l = tensor<?x16x?xf32>
func.func @f(%s: f32, %q: !t, %k: !t, %v: !t, %o: !t, %l: !l) -> (!l, !t) {
  %r, %m = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !t, !t, !t) scale(%s) outs(%o, %l : !t, !l)
  return %m, %r : !l, !t
}
)mlir";

class GpuKernelTest : public GpuFixture {
protected:
  GpuKernelTest() {
    state->functions["f"].parameters = {128, 128, 128, 128, 8, 8, 4, 4, 4,
                                        4,   8,   8,   8,   8, 8, 8, 8};
  }

  std::vector<KernelArgument> makeArguments() {
    return {0.25f,
            make(bf16, {2, 16, 300, 64}),
            make(bf16, {2, 16, 500, 64}),
            make(bf16, {2, 16, 500, 64}),
            make(bf16, {2, 16, 300, 64}),
            make(f32, {2, 16, 300})};
  }
};

TEST_F(GpuKernelTest, CompilesAndLaunches) {
  auto kernel = compile(kAttention, runtime);
  ASSERT_TRUE(kernel);
  const rt::Artifact &artifact = kernel->getProgram()->artifact();
  EXPECT_EQ(artifact.codeKind, rt::CodeKind::Ptx);
  EXPECT_THAT(artifact.code, HasSubstr(".version 8.7"));
  EXPECT_GT(kernel->getTimes().passes, 0);
  EXPECT_GT(kernel->getTimes().ptx, 0);
  EXPECT_EQ(kernel->getTimes().ptxas, 0);
  EXPECT_EQ(kernel->getResults(), (ArrayRef<unsigned>{5, 4}));

  auto stream = reinterpret_cast<rt::cuda::Stream>(uintptr_t(0x1230));
  std::vector<KernelArgument> arguments = makeArguments();
  llvm::Error error = kernel->launch(*driver, arguments, stream);
  ASSERT_FALSE(error) << llvm::toString(std::move(error));
  ASSERT_EQ(state->launches.size(), 1u);
  const fake::Launch &launch = state->launches[0];
  EXPECT_EQ(launch.stream, stream);
  EXPECT_EQ(launch.block[0], 512u);
  // 2 * 16 * ceil(300 / 192) items on 132 multiprocessors.
  EXPECT_EQ(launch.grid[0], 64u);
  EXPECT_EQ(state->setAttributes["f"][rt::cuda::kFunctionMaxDynamicShared],
            int(launch.sharedBytes));
  EXPECT_EQ(getAs<uint64_t>(launch.arguments[4]), buffers[3].address());
  EXPECT_EQ(getAs<uint64_t>(launch.arguments[5]), buffers[4].address());
  EXPECT_EQ(getAs<int32_t>(launch.arguments[6]), 2);
  EXPECT_EQ(getAs<int32_t>(launch.arguments[7]), 300);
  EXPECT_EQ(getAs<int32_t>(launch.arguments[8]), 500);
  EXPECT_EQ(getAs<float>(launch.arguments[9]), 0.25f);
  EXPECT_EQ(getAs<int64_t>(launch.arguments[11]), 300 * 64);
  // The counter of items: lent for the launch, and cleared ahead of it.
  ASSERT_EQ(state->memsets.size(), 1u);
  EXPECT_EQ(getAs<uint64_t>(launch.arguments[16]), state->memsets[0].address);
  EXPECT_EQ(state->memsets[0].stream, stream);
  EXPECT_LT(state->memsets[0].order, launch.order);
  ASSERT_EQ(state->streamFrees.size(), 1u);
  EXPECT_EQ(state->streamFrees[0].address, state->memsets[0].address);
  ASSERT_EQ(state->tensorMaps.size(), 4u);
  EXPECT_EQ(state->tensorMaps[1].sizes,
            (std::vector<uint64_t>{64, 500, 16, 2}));
  EXPECT_EQ(state->tensorMaps[1].box, (std::vector<uint32_t>{64, 128, 1, 1}));
}

TEST_F(GpuKernelTest, ArgumentsAreChecked) {
  auto kernel = compile(kAttention, runtime);
  ASSERT_TRUE(kernel);
  std::vector<KernelArgument> good = makeArguments();
  auto check = [&](const char *message, auto change) {
    std::vector<KernelArgument> arguments = good;
    change(arguments);
    EXPECT_THAT(launchError(*kernel, arguments), HasSubstr(message));
  };
  auto view = [](KernelArgument &argument) -> BufferView & {
    return std::get<BufferView>(argument);
  };
  using Arguments = std::vector<KernelArgument>;
  check("expected 6 arguments, got 5", [](Arguments &a) { a.pop_back(); });
  for (float scale : {0.0f, -1.0f, NAN, INFINITY})
    check("expected a positive, finite number",
          [&](Arguments &a) { a[0] = scale; });
  check("argument 0 should be a scalar of type f32",
        [](Arguments &a) { a[0] = int64_t(1); });
  check("argument 1 has elements of type f32, expected",
        [&](Arguments &a) { view(a[1]).elementType = f32; });
  check("argument 1 has a dimension of size 8, expected",
        [&](Arguments &a) { view(a[1]).sizes[1] = 8; });
  check("operand 'k': dimension 'b' has size 3, but batch is 2",
        [&](Arguments &a) { view(a[2]).sizes[0] = 3; });
  check("operand 'q': the address is not a multiple of 16 bytes",
        [&](Arguments &a) {
          view(a[1]).data = static_cast<char *>(view(a[1]).data) + 2;
        });
  check("operand 'k': dimension 'n' has a stride of 65 elements, which is not "
        "a multiple of 16 bytes",
        [&](Arguments &a) { view(a[2]).strides[2] = 65; });
  check("argument 1 has an innermost stride of 2",
        [&](Arguments &a) { view(a[1]).strides[3] = 2; });
  check("argument 5 has rank 2, expected", [&](Arguments &a) {
    view(a[5]).sizes.pop_back();
    view(a[5]).strides.pop_back();
  });
}

TEST_F(GpuKernelTest, LengthsAreLimited) {
  auto kernel = compile(kAttention, runtime);
  ASSERT_TRUE(kernel);
  std::vector<KernelArgument> arguments = makeArguments();
  // No keys are read, so none need exist.
  for (unsigned i : {2, 3})
    std::get<BufferView>(arguments[i]).sizes[2] = (int64_t(1) << 30) - 300;
  EXPECT_THAT(launchError(*kernel, arguments),
              HasSubstr("'queryLength + keyLength' is 1073741824; the kernels "
                        "support up to 1073740800"));
}

TEST_F(GpuKernelTest, MemoryOfAnotherDeviceIsRefused) {
  auto kernel = compile(kAttention, runtime);
  ASSERT_TRUE(kernel);
  std::vector<KernelArgument> arguments = makeArguments();
  auto error = kernel->launch(*driver, arguments, nullptr, /*ordinal=*/1);
  EXPECT_THAT(llvm::toString(std::move(error)),
              HasSubstr("the memory is on device 0, but the kernel runs on "
                        "device 1"));
  static char host[64];
  std::get<BufferView>(arguments[1]).data = host;
  EXPECT_NE(launchError(*kernel, arguments), "");
}

TEST_F(GpuKernelTest, OlderDevicesAreRefused) {
  auto kernel = compile(kAttention, runtime);
  ASSERT_TRUE(kernel);
  state->attributes[rt::cuda::kComputeCapabilityMajor] = 8;
  EXPECT_THAT(launchError(*kernel, makeArguments()),
              HasSubstr("the PTX is for sm_90a, which device 0"));
  auto device = rt::getDeviceInfo(*driver, 0);
  ASSERT_TRUE(device);
  EXPECT_EQ(llvm::cantFail(getChip(*device)), "sm_80");
  device->major = 7;
  device->minor = 5;
  EXPECT_THAT(llvm::toString(getChip(*device).takeError()),
              HasSubstr("compute capability 7.5; there are kernels from 8.0 "
                        "on"));
  device->major = 9;
  device->minor = 0;
  EXPECT_EQ(llvm::cantFail(getChip(*device)), "sm_90a");
  device->major = 12;
  EXPECT_EQ(llvm::cantFail(getChip(*device)), "sm_120");
}

TEST_F(GpuKernelTest, DevicesWithoutCopyEngine) {
  state->attributes[rt::cuda::kComputeCapabilityMajor] = 8;
  state->attributes[rt::cuda::kTensorMapAccess] = 0;
  options.chip = "sm_80";
  auto kernel = compile(kAttention, runtime);
  ASSERT_TRUE(kernel);
  EXPECT_THAT(kernel->getProgram()->artifact().code, HasSubstr("mma.sync"));
  std::vector<KernelArgument> arguments = makeArguments();
  llvm::Error error = kernel->launch(*driver, arguments);
  ASSERT_FALSE(bool(error)) << llvm::toString(std::move(error));
  ASSERT_EQ(state->launches.size(), 1u);
  // Maps that the driver has nothing to do with: address, strides, sizes.
  EXPECT_TRUE(state->tensorMaps.empty());
  uint64_t words[16];
  ASSERT_EQ(state->launches[0].arguments[1].size(), sizeof(words));
  std::memcpy(words, state->launches[0].arguments[1].data(), sizeof(words));
  auto key = std::get<BufferView>(arguments[2]);
  EXPECT_EQ(words[0], reinterpret_cast<uintptr_t>(key.data));
  EXPECT_EQ(words[1], 64u * 2);
  EXPECT_EQ(words[5], 64u);
  EXPECT_EQ(words[6], 500u);
}

TEST_F(GpuKernelTest, FunctionsAreChecked) {
  EXPECT_THAT(compileError("func.func @f() { return }"),
              HasSubstr("has one attention or merge, got none"));
  EXPECT_THAT(compileError("func.func @g() { return }"),
              HasSubstr("no function 'f' in the module"));
  EXPECT_THAT(compileError(R"mlir(
!t = tensor<1x2x?x64xf16>
func.func @f(%q: !t) -> !t {
  %c0 = arith.constant 2 : index
  %n = tensor.dim %q, %c0 : !t
  %o = tensor.empty(%n) : !t
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
})mlir"),
              HasSubstr("'tensor.dim' has no kernel for a GPU"));
  EXPECT_THAT(compileError(R"mlir(
!t = tensor<1x2x?x64xf16>
func.func @f(%q: !t, %o: !t) -> (!t, !t) {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  %s = spattn.attention structure(#spattn.causal) ins(%r, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r, %s : !t, !t
})mlir"),
              HasSubstr("this is its second"));
  EXPECT_THAT(compileError(R"mlir(
!t = tensor<1x2x?x64xf32>
func.func @f(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
})mlir"),
              HasSubstr("could not compile function 'f' for the GPU"));
  EXPECT_THAT(diagnostics, HasSubstr("expected elements of type f16 or bf16"));
  EXPECT_THAT(compileError(R"mlir(
!t = tensor<1x2x?x64xf16>
func.func @f(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %o : !t
})mlir"),
              HasSubstr("result 0 is not written by the attention"));
  EXPECT_THAT(compileError(R"mlir(
!t = tensor<1x2x?x64xf16>
func.func @f(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %o : !t, !t, !t) outs(%o : !t)
  return %r : !t
})mlir"),
              HasSubstr("argument 1 is a destination and another operand, too; "
                        "a kernel for a GPU writes while it reads"));
  // What stands around attention would be lost.
  EXPECT_THAT(compileError(R"mlir(
!t = tensor<1x2x?x64xf16>
func.func @f(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  %x = arith.addf %r, %q : !t
  return %x : !t
})mlir"),
              HasSubstr("'arith.addf' has no kernel for a GPU"));
  options.pipeline.keyTile = 100;
  EXPECT_THAT(compileError(kAttention),
              HasSubstr("expected 'key-tile' to be 0, or a multiple of 16"));
  options.pipeline = {};
  options.pipeline.target = "sm_75";
  EXPECT_THAT(compileError(kAttention), HasSubstr("expected 'target' to be"));
  options.pipeline = {};
  options.chip = "sm_1";
  EXPECT_THAT(compileError(kAttention), HasSubstr("unknown chip 'sm_1'"));
}

TEST_F(GpuKernelTest, KernelsAreCached) {
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("spattn-test", folder));
  {
    RuntimeOptions shared;
    shared.cacheFolder = folder.str().str();
    RuntimeContext one(shared), two(shared);
    rt::KernelCache &first = one.kernelCache(), &second = two.kernelCache();
    auto cold = compile(kAttention, one);
    auto warm = compile(kAttention, one);
    auto disk = compile(kAttention, two);
    ASSERT_TRUE(cold && warm && disk);
    EXPECT_EQ(cold->getProgram(), warm->getProgram());
    EXPECT_EQ(cold->getProgram()->artifact().code,
              disk->getProgram()->artifact().code);
    EXPECT_EQ(disk->getTimes().passes, 0);
    EXPECT_EQ(first.getCounts().compiles, 1u);
    EXPECT_EQ(first.getCounts().memoryHits, 1u);
    EXPECT_EQ(second.getCounts().diskHits, 1u);
    RecordProperty("coldMicroseconds", int(1e3 * cold->getTimes().total));
    RecordProperty("diskMicroseconds", int(1e3 * disk->getTimes().total));
    // What the code depends on.
    options.pipeline.keyTile = 64;
    compile(kAttention, two);
    EXPECT_EQ(second.getCounts().compiles, 1u);
    std::string other(kAttention);
    other.replace(other.find("causal"), 6, "full");
    compile(other.c_str(), two);
    EXPECT_EQ(second.getCounts().compiles, 2u);
    // What it does not.
    compile((other + "func.func @g() { return }").c_str(), two);
    EXPECT_EQ(second.getCounts().compiles, 2u);
  }
  llvm::sys::fs::remove_directories(folder);
}

TEST_F(GpuKernelTest, ScaleAndLogSumExpMayBeLeftOut) {
  auto kernel = compile(R"mlir(
!t = tensor<?x?x16x64xbf16>
func.func @f(%q: !t, %k: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %k : !t, !t, !t) outs(%o : !t) {layout = "bnhd"}
  return %r : !t
})mlir",
                        runtime);
  ASSERT_TRUE(kernel);
  std::vector<KernelArgument> arguments{make(bf16, {2, 10, 16, 64}),
                                        make(bf16, {2, 20, 16, 64}),
                                        make(bf16, {2, 10, 16, 64})};
  llvm::Error error = kernel->launch(*driver, arguments);
  ASSERT_FALSE(error) << llvm::toString(std::move(error));
  const fake::Launch &launch = state->launches[0];
  EXPECT_EQ(getAs<uint64_t>(launch.arguments[5]), 0u);
  EXPECT_EQ(getAs<float>(launch.arguments[9]), 0.125f);
  EXPECT_EQ(getAs<int64_t>(launch.arguments[11]), 64);
  EXPECT_EQ(getAs<int64_t>(launch.arguments[12]), 16 * 64);
  EXPECT_EQ(state->tensorMaps[1].strides,
            (std::vector<uint64_t>{16 * 64 * 2, 64 * 2, 20 * 16 * 64 * 2}));
}

} // namespace
