//===- Samples.h - An artifact and a driver to test with --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_RUNTIME_SAMPLES_H
#define SPATTN_TEST_RUNTIME_SAMPLES_H

#include "FakeCuda.h"
#include "spattn/Runtime/Artifact.h"
#include "spattn/Runtime/Device.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <string>

namespace spattn {
namespace runtime {

/// The value of an argument that the fake driver recorded.
template <class T>
T get(const std::string &bytes) {
  T value{};
  EXPECT_EQ(bytes.size(), sizeof(T));
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(T)));
  return value;
}

/// As a forward kernel on Hopper has it: four operands and an optional one,
/// tensor maps, scratch, a persistent grid; then a second kernel with a grid by
/// formula.
inline Artifact makeArtifact() {
  Artifact artifact;
  artifact.architecture = "sm_90a";
  artifact.codeKind = CodeKind::Ptx;
  artifact.code = ".version 8.0";
  Dimension batch{"b", "batch", 0}, heads{"h", "", 16}, width{"d", "", 128};
  Dimension queries{"n", "queryLength", 0}, keys{"n", "keyLength", 0};
  artifact.operands = {
      {"q",
       ElementType::BF16,
       {batch, heads, queries, width},
       16,
       true,
       false,
       false},
      {"k",
       ElementType::BF16,
       {batch, heads, keys, width},
       16,
       true,
       false,
       false},
      {"o",
       ElementType::BF16,
       {batch, heads, queries, width},
       16,
       true,
       false,
       true},
      {"lse", ElementType::F32, {batch, heads, queries}, 4, true, true, true}};
  auto map = [](uint32_t operand, uint32_t rows) {
    TensorMapRecipe recipe;
    recipe.operand = operand;
    recipe.dimensions = {{"d", 64}, {"n", rows}, {"h", 1}, {"b", 1}};
    recipe.swizzle = Swizzle::Bytes128;
    recipe.l2Promotion = L2Promotion::Bytes256;
    return recipe;
  };
  artifact.tensorMaps = {map(0, 128), map(1, 64)};
  Formula rows = Formula::product(16, {{"batch", 1}, {"queryLength", 128}});
  Formula bytes = Formula::product(4 * 16, {{"batch", 1}, {"queryLength", 1}});
  bytes.terms.push_back({256, {}});
  artifact.scratch = {{"delta", bytes, 256, false},
                      {"counter", Formula::constant(4), 4, true}};
  artifact.limits = {{Formula::product(1, {{"queryLength", 1}}), 1 << 20}};
  artifact.positive = {"scale"};
  Kernel forward;
  forward.entry = "forward";
  forward.threads = 384;
  forward.dynamicSharedBytes = 200000;
  forward.grid = {GridKind::Persistent, 1, rows, {}, {}};
  forward.arguments = {Argument::tensorMap(0),
                       Argument::tensorMap(1),
                       Argument::pointer(2),
                       Argument::pointer(3),
                       Argument::scratch(1),
                       Argument::scalar(ArgumentKind::I32, "batch"),
                       Argument::scalar(ArgumentKind::I64, "keyLength"),
                       Argument::scalar(ArgumentKind::F32, "scale"),
                       Argument::scalar(ArgumentKind::I64, "stride:o:n"),
                       Argument::scalar(ArgumentKind::I32, "size:q:d")};
  Kernel finish;
  finish.entry = "finish";
  finish.grid.x = Formula::product(1, {{"queryLength", 128}});
  finish.grid.y = Formula::constant(16);
  finish.grid.z = Formula::product(1, {{"batch", 1}});
  finish.arguments = {Argument::scratch(0), Argument::pointer(2)};
  artifact.kernels = {forward, finish};
  artifact.metadata = {{"structure", "#spattn.partition<exclusive>"},
                       {"compiler", "spattn 0.1.0"}};
  return artifact;
}

/// A test with a fake driver of its own, and without a current context.
class FakeDriverTest : public testing::Test {
protected:
  explicit FakeDriverTest(const char *library = FAKE_CUDA) {
    void *handle = dlopen(library, RTLD_NOW);
    state =
        reinterpret_cast<fake::State *(*)()>(dlsym(handle, "fakeCudaState"))();
    makeContext = reinterpret_cast<cuda::Context (*)(int)>(
        dlsym(handle, "fakeCudaMakeContext"));
    reinterpret_cast<void (*)()>(dlsym(handle, "fakeCudaReset"))();
    auto opened = Driver::open(library);
    EXPECT_TRUE(opened) << opened.message();
    driver = *std::move(opened);
    EXPECT_TRUE(driver->ctxSetCurrent(nullptr).ok());
    state->functions["forward"].parameters = {128, 128, 8, 8, 8, 4, 8, 4, 8, 4};
    state->functions["finish"].parameters = {8, 8};
  }

  cuda::Context getCurrent() const {
    cuda::Context context = nullptr;
    EXPECT_TRUE(driver->ctxGetCurrent(&context).ok());
    return context;
  }

  DeviceContext getPrimary(int ordinal = 0) const {
    auto context = DeviceContext::primary(*driver, ordinal);
    EXPECT_TRUE(context) << context.message();
    return *context;
  }

  std::unique_ptr<const Driver> driver;
  fake::State *state = nullptr;
  cuda::Context (*makeContext)(int) = nullptr;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_TEST_RUNTIME_SAMPLES_H
