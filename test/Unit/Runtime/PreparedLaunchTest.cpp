//===- PreparedLaunchTest.cpp - Launches that repeat ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/PreparedLaunch.h"
#include "Samples.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

using namespace spattn::runtime;
using testing::HasSubstr;

namespace {

/// Operands of makeArtifact, at addresses of the driver's.
class PreparedLaunchTest : public FakeDriverTest {
protected:
  PreparedLaunchTest() {
    context = getPrimary();
    auto loaded =
        Module::load(std::make_shared<const Artifact>(makeArtifact()), context);
    EXPECT_TRUE(loaded) << loaded.message();
    module = *loaded;
    for (DeviceBuffer &buffer : buffers)
      buffer = *DeviceBuffer::allocate(context, 2 * 16 * 300 * 128 * 2);
  }

  /// With or without addresses and the log-sum-exp.
  LaunchArguments makeArguments(bool withAddresses, bool withLse = true) {
    LaunchArguments arguments;
    for (size_t i = 0; i < 3; ++i)
      arguments.operands.push_back(
          {withAddresses ? buffers[i].address() : 0, {2, 16, 300, 128}});
    arguments.operands.emplace_back();
    if (withLse)
      arguments.operands.back() = {withAddresses ? buffers[3].address() : 0,
                                   {2, 16, 300}};
    arguments.values = {{"scale", 0.5}};
    return arguments;
  }

  std::unique_ptr<const PreparedLaunch> prepare(bool withLse = true) {
    auto prepared = PreparedLaunch::make(
        module, makeArguments(/*withAddresses=*/false, withLse));
    EXPECT_TRUE(prepared) << prepared.message();
    return *std::move(prepared);
  }

  std::vector<cuda::DevicePtr> getAddresses() const {
    std::vector<cuda::DevicePtr> addresses;
    for (const DeviceBuffer &buffer : buffers)
      addresses.push_back(buffer.address());
    return addresses;
  }

  DeviceContext context;
  std::shared_ptr<const Module> module;
  DeviceBuffer buffers[4];
};

/// The array that a tensor map among a launch's arguments is of.
static fake::TensorMapCall getMap(const fake::State &state,
                                  const std::string &bytes) {
  uint64_t number;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return state.tensorMaps[number - 1];
}

TEST_F(PreparedLaunchTest, LaunchesTheSame) {
  auto stream = reinterpret_cast<cuda::Stream>(uintptr_t(0x77));
  LaunchArguments arguments = makeArguments(/*withAddresses=*/true);
  arguments.stream = stream;
  Status status = module->launchWithScratch(arguments);
  ASSERT_TRUE(status.ok()) << status.message();
  auto prepared = prepare();
  double scale = 0.5;
  status = prepared->launch(getAddresses().data(), &scale, 0, stream);
  ASSERT_TRUE(status.ok()) << status.message();

  ASSERT_EQ(state->launches.size(), 4u);
  for (size_t kernel : {0, 1}) {
    const fake::Launch &a = state->launches[kernel];
    const fake::Launch &b = state->launches[kernel + 2];
    EXPECT_EQ(a.entry, b.entry);
    EXPECT_EQ(a.stream, b.stream);
    EXPECT_EQ(a.sharedBytes, b.sharedBytes);
    for (unsigned axis : {0, 1, 2}) {
      EXPECT_EQ(a.grid[axis], b.grid[axis]);
      EXPECT_EQ(a.block[axis], b.block[axis]);
    }
    ASSERT_EQ(a.arguments.size(), b.arguments.size());
    for (size_t i = 0; i < a.arguments.size(); ++i) {
      const std::string &x = a.arguments[i], &y = b.arguments[i];
      bool isMap = x.size() == sizeof(cuda::TensorMap);
      bool isScratch = kernel == 0 ? i == 4 : i == 0;
      if (isMap) {
        EXPECT_EQ(getMap(*state, x).address, getMap(*state, y).address);
      } else if (!isScratch) {
        EXPECT_EQ(x, y);
      }
    }
  }
  // All scratch is one allocation, of which as much is zeroed as has to be.
  ASSERT_EQ(state->memsets.size(), 2u);
  EXPECT_EQ(state->memsets[1].bytes, 4u);
  EXPECT_EQ(state->memsets[1].stream, stream);
  EXPECT_EQ(getCurrent(), nullptr);
}

TEST_F(PreparedLaunchTest, AsksTheDriverForNothingAgain) {
  LaunchArguments arguments = makeArguments(/*withAddresses=*/false);
  arguments.checkAddresses = false;
  auto made = PreparedLaunch::make(module, arguments);
  ASSERT_TRUE(made) << made.message();
  auto prepared = *std::move(made);
  auto scratch = *DeviceBuffer::allocate(context, prepared->scratchBytes());
  EXPECT_EQ(prepared->scratchAlignment(), 256u);
  state->calls.clear();
  double scale = 2;
  Status status = prepared->launch(getAddresses().data(), &scale,
                                   scratch.address(), nullptr);
  ASSERT_TRUE(status.ok()) << status.message();
  for (const auto &[function, count] : state->calls)
    EXPECT_TRUE(function == "cuCtxGetCurrent" ||
                function == "cuCtxSetCurrent" ||
                function == "cuTensorMapReplaceAddress" ||
                function == "cuMemsetD8Async" || function == "cuLaunchKernel")
        << function;
  EXPECT_EQ(state->calls["cuLaunchKernel"], 2);
  float given = 0;
  const std::string &bytes = state->launches[0].arguments[7];
  ASSERT_EQ(bytes.size(), sizeof(given));
  std::memcpy(&given, bytes.data(), sizeof(given));
  EXPECT_EQ(given, 2.0f);
}

TEST_F(PreparedLaunchTest, LeavesOperandsOut) {
  auto prepared = prepare(/*withLse=*/false);
  std::vector<cuda::DevicePtr> addresses = getAddresses();
  addresses[3] = 0;
  double scale = 1;
  Status status = prepared->launch(addresses.data(), &scale, 0, nullptr);
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST_F(PreparedLaunchTest, Refuses) {
  auto prepared = prepare();
  auto refuse = [&](size_t operand, cuda::DevicePtr address, double scale,
                    const char *message, cuda::DevicePtr scratch = 0) {
    std::vector<cuda::DevicePtr> addresses = getAddresses();
    addresses[operand] = address;
    Status status =
        prepared->launch(addresses.data(), &scale, scratch, nullptr);
    EXPECT_THAT(status.message(), HasSubstr(message));
    EXPECT_TRUE(state->launches.empty());
  };
  cuda::DevicePtr good = buffers[1].address();
  refuse(1, 0, 1, "operand 'k': address 0");
  refuse(1, good + 8, 1, "operand 'k': the address is not a multiple of 16");
  refuse(1, uint64_t(1) << 62, 1, "operand 'k': the address is not one of");
  refuse(1, ~uint64_t(15), 1, "beyond the address space");
  refuse(1, good, -1, "'scale' is -1, expected a positive, finite number");
  refuse(1, good, std::nan(""), "'scale' is nan");
  refuse(1, good, 1e300, "which no f32 holds");
  refuse(1, good, 1, "the scratch is not a multiple of 256 bytes", 16);

  LaunchArguments arguments = makeArguments(/*withAddresses=*/false);
  arguments.operands[1].strides[3] = 2;
  EXPECT_THAT(PreparedLaunch::make(module, arguments).message(),
              HasSubstr("'d' has stride 2, expected 1"));
  arguments = makeArguments(/*withAddresses=*/false);
  arguments.values = {{"scale", 1.0}, {"batch", 2.0}};
  EXPECT_FALSE(PreparedLaunch::make(module, arguments));
}

} // namespace
