//===- SeveralKernelsTest.cpp - Kernels that are launched together --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Runtime/Samples.h"
#include "mlir/Parser/Parser.h"
#include "spattn/InitAll.h"
#include "spattn/Runtime/Module.h"
#include "spattn/Target/EmitArtifact.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstring>

using namespace mlir;
using namespace spattn;
using testing::ElementsAre;
namespace rt = spattn::runtime;

namespace {

// The order is neither that of the names nor of first use; the function between
// them is no kernel.
constexpr char kKernels[] = R"mlir(
llvm.func @finish(%x: !llvm.ptr, %partial: !llvm.ptr) attributes {
  nvvm.kernel,
  spattn_gpu.launch = #spattn_gpu.launch<
    buffers = [<"x", f32, [n = length], alignment = 4>],
    scratch = [<"counter", bytes = <4>, alignment = 4, zeroed = true>,
               <"partial", bytes = <4 * length + 256>, alignment = 256>],
    threads = 128, grid = <ceil(length / 128)>,
    arguments = [<buffer "x">, <scratch "partial">]>} {
  llvm.return
}
llvm.func @helper(%x: i32) -> i32 {
  llvm.return %x : i32
}
llvm.func @forward(%partial: !llvm.ptr, %counter: !llvm.ptr, %length: i32) attributes {
  nvvm.kernel,
  spattn_gpu.launch = #spattn_gpu.launch<
    buffers = [<"x", f32, [n = length], alignment = 4>],
    scratch = [<"counter", bytes = <4>, alignment = 4, zeroed = true>,
               <"partial", bytes = <4 * length + 256>, alignment = 256>],
    threads = 256, grid = persistent 2 for <ceil(length / 256)>,
    arguments = [<scratch "partial">, <scratch "counter">, <i32 "length">]>} {
  llvm.return
}
)mlir";

uint64_t getAddress(const std::string &bytes) {
  uint64_t address = 0;
  std::memcpy(&address, bytes.data(), sizeof(address));
  return address;
}

class SeveralKernelsTest : public rt::FakeDriverTest {};

TEST_F(SeveralKernelsTest, FromModulesToLaunches) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  auto module = parseSourceString<ModuleOp>(kKernels, &context);
  ASSERT_TRUE(module);
  TargetOptions options;
  options.code = TargetOptions::Ptx;
  auto emitted = emitArtifact(*module, options);
  ASSERT_TRUE(emitted) << emitted.message();
  // Through a file's bytes, as another process would get it.
  auto bytes = emitted->serialize();
  ASSERT_TRUE(bytes) << bytes.message();
  auto artifact = rt::Artifact::parse(*bytes);
  ASSERT_TRUE(artifact) << artifact.message();
  rt::Program program(*std::move(artifact));
  state->functions["finish"].parameters = {8, 8};
  state->functions["forward"].parameters = {8, 8, 4};
  auto loaded = program.load(*driver);
  ASSERT_TRUE(loaded) << loaded.message();
  EXPECT_EQ(state->images.size(), 1u);

  auto x = rt::DeviceBuffer::allocate(getPrimary(), 4000);
  ASSERT_TRUE(x);
  rt::LaunchArguments arguments;
  arguments.operands = {{x->address(), {1000}}};
  arguments.stream = reinterpret_cast<rt::cuda::Stream>(uintptr_t(0x40));
  auto sizes = (*loaded)->getScratchBytes(arguments);
  ASSERT_TRUE(sizes) << sizes.message();
  EXPECT_THAT(*sizes, ElementsAre(4, 4256));
  rt::Status status = (*loaded)->launchWithScratch(arguments);
  ASSERT_TRUE(status.ok()) << status.message();

  ASSERT_EQ(state->memsets.size(), 1u);
  ASSERT_EQ(state->launches.size(), 2u);
  const fake::Launch &first = state->launches[0], &second = state->launches[1];
  EXPECT_EQ(first.entry, "finish");
  EXPECT_EQ(second.entry, "forward");
  EXPECT_THAT(first.grid, ElementsAre(8, 1, 1));
  EXPECT_THAT(second.grid, ElementsAre(4, 1, 1));
  EXPECT_THAT(second.block, ElementsAre(256, 1, 1));
  // Both see the same scratch, which is cleared once, ahead of the first.
  EXPECT_EQ(state->memsets[0].order, 0u);
  EXPECT_EQ(getAddress(second.arguments[1]), state->memsets[0].address);
  EXPECT_EQ(getAddress(first.arguments[0]), x->address());
  EXPECT_EQ(getAddress(first.arguments[1]), getAddress(second.arguments[0]));
  EXPECT_NE(getAddress(first.arguments[1]), 0u);
  ASSERT_EQ(state->streamFrees.size(), 1u);
  EXPECT_EQ(state->streamFrees[0].order, 3u);
}

} // namespace
