//===- DeviceTest.cpp - Devices, contexts and memory ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/Device.h"
#include "Samples.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace spattn::runtime;
using testing::HasSubstr;

namespace {

class DeviceTest : public FakeDriverTest {
protected:
  int holds(int device = 0) { return state->primaryHolds[device]; }
};

TEST_F(DeviceTest, Info) {
  auto info = getDeviceInfo(*driver, 1);
  ASSERT_TRUE(info) << info.message();
  EXPECT_EQ(info->device, 1);
  EXPECT_EQ(info->name, "Fake H100");
  EXPECT_EQ(info->major, 9);
  EXPECT_EQ(info->minor, 0);
  EXPECT_EQ(info->multiprocessors, 132);
  EXPECT_EQ(info->sharedBytesPerBlock, 232448);
  EXPECT_EQ(info->memoryBytes, int64_t(80) << 30);
  EXPECT_EQ(info->driverVersion, 12080);
  EXPECT_TRUE(info->clusterLaunch);
  EXPECT_TRUE(info->tensorMaps);
  EXPECT_FALSE(info->pageableMemory);
}

TEST_F(DeviceTest, InfoOfOldDrivers) {
  // They don't know the attributes of later devices.
  state->attributes.erase(cuda::kTensorMapAccess);
  state->attributes.erase(cuda::kClusterLaunch);
  auto info = getDeviceInfo(*driver, 0);
  ASSERT_TRUE(info) << info.message();
  EXPECT_FALSE(info->clusterLaunch);
  EXPECT_FALSE(info->tensorMaps);
}

TEST_F(DeviceTest, InfoFails) {
  for (int ordinal : {-1, 2})
    EXPECT_THAT(getDeviceInfo(*driver, ordinal).message(),
                HasSubstr("there is no device " + std::to_string(ordinal) +
                          "; the CUDA driver finds 2"));
  state->failures["cuDeviceGetAttribute"] = cuda::kInvalidValue;
  EXPECT_THAT(getDeviceInfo(*driver, 0).message(),
              HasSubstr("cuDeviceGetAttribute failed"));
}

TEST_F(DeviceTest, PrimaryContextIsHeldByAllCopies) {
  {
    auto context = DeviceContext::current(*driver, 1);
    ASSERT_TRUE(context) << context.message();
    EXPECT_EQ(context->device(), 1);
    EXPECT_EQ(holds(1), 1);
    DeviceContext copy = *context;
    context = Status::error("gone");
    EXPECT_EQ(holds(1), 1);
  }
  EXPECT_EQ(holds(1), 0);
  EXPECT_EQ(getCurrent(), nullptr);
}

TEST_F(DeviceTest, CallersContextIsTaken) {
  cuda::Context own = makeContext(1);
  ASSERT_TRUE(driver->ctxSetCurrent(own).ok());
  auto context = DeviceContext::current(*driver, 0);
  ASSERT_TRUE(context) << context.message();
  EXPECT_EQ(context->handle(), own);
  EXPECT_EQ(context->device(), 1);
  // No primary context was made for that.
  EXPECT_EQ(state->calls["cuDevicePrimaryCtxRetain"], 0);
}

TEST_F(DeviceTest, CallersPrimaryContextIsHeld) {
  DeviceContext first = getPrimary();
  auto scope = ContextScope::enter(first);
  ASSERT_TRUE(scope);
  {
    auto context = DeviceContext::current(*driver);
    ASSERT_TRUE(context);
    EXPECT_EQ(context->handle(), first.handle());
    EXPECT_EQ(holds(), 2);
  }
  EXPECT_EQ(holds(), 1);
  // But not on account of another context of the same device.
  ASSERT_TRUE(driver->ctxSetCurrent(makeContext(0)).ok());
  auto context = DeviceContext::current(*driver);
  ASSERT_TRUE(context);
  EXPECT_EQ(holds(), 1);
}

TEST_F(DeviceTest, ScopesNest) {
  DeviceContext zero = getPrimary(0), one = getPrimary(1);
  {
    auto outer = ContextScope::enter(zero);
    ASSERT_TRUE(outer);
    EXPECT_EQ(getCurrent(), zero.handle());
    {
      auto inner = ContextScope::enter(one);
      ASSERT_TRUE(inner);
      EXPECT_EQ(getCurrent(), one.handle());
      int before = state->calls["cuCtxSetCurrent"];
      auto same = ContextScope::enter(one);
      ASSERT_TRUE(same);
      EXPECT_EQ(state->calls["cuCtxSetCurrent"], before);
    }
    EXPECT_EQ(getCurrent(), zero.handle());
  }
  EXPECT_EQ(getCurrent(), nullptr);
}

TEST_F(DeviceTest, ContextsFail) {
  EXPECT_THAT(DeviceContext::primary(*driver, 5).message(),
              HasSubstr("there is no device 5"));
  state->failures["cuDevicePrimaryCtxRetain"] = cuda::kOutOfMemory;
  EXPECT_THAT(DeviceContext::current(*driver).message(),
              HasSubstr("cuDevicePrimaryCtxRetain failed: "
                        "CUDA_ERROR_OUT_OF_MEMORY"));
}

TEST_F(DeviceTest, BuffersAreFreed) {
  DeviceContext context = getPrimary();
  {
    auto buffer = DeviceBuffer::allocate(context, 1000);
    ASSERT_TRUE(buffer) << buffer.message();
    EXPECT_NE(buffer->address(), 0u);
    EXPECT_EQ(buffer->size(), 1000u);
    DeviceBuffer moved = *std::move(buffer);
    EXPECT_EQ(state->allocations.size(), 1u);
    auto none = DeviceBuffer::allocate(context, 0);
    ASSERT_TRUE(none);
    EXPECT_EQ(none->address(), 0u);
  }
  EXPECT_EQ(state->allocations.size(), 0u);
  EXPECT_EQ(getCurrent(), nullptr);
}

TEST_F(DeviceTest, CopiesOnTheDevice) {
  DeviceContext context = getPrimary();
  auto scope = ContextScope::enter(context);
  ASSERT_TRUE(scope);
  auto from = DeviceBuffer::allocate(context, 8);
  auto to = DeviceBuffer::allocate(context, 8);
  ASSERT_TRUE(from && to);
  uint64_t sent = 0x0123456789abcdef, received = 0;
  ASSERT_TRUE(driver->memcpyHtoD(from->address(), &sent, 8).ok());
  ASSERT_TRUE(
      driver->memcpyDtoDAsync(to->address(), from->address(), 8, nullptr).ok());
  ASSERT_TRUE(driver->memcpyDtoH(&received, to->address(), 8).ok());
  EXPECT_EQ(received, sent);
  state->failures["cuMemcpyDtoDAsync"] = cuda::kInvalidValue;
  EXPECT_THAT(
      driver->memcpyDtoDAsync(to->address(), from->address(), 8, nullptr)
          .message(),
      HasSubstr("cuMemcpyDtoDAsync_v2 failed: CUDA_ERROR_INVALID_VALUE"));
}

TEST_F(DeviceTest, TooLittleMemory) {
  state->freeBytes = 500;
  auto buffer = DeviceBuffer::allocate(getPrimary(), 1000);
  ASSERT_FALSE(buffer);
  EXPECT_THAT(buffer.message(),
              HasSubstr("not enough device memory for 1000 bytes: 500 of"));
  EXPECT_EQ(buffer.status().driverCode(), cuda::kOutOfMemory);
}

} // namespace
