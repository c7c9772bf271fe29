//===- DriverTest.cpp - Opening the CUDA driver ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/Driver.h"
#include "Samples.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstdlib>
#include <iostream>
#include <thread>

using namespace spattn::runtime;
using testing::AllOf;
using testing::HasSubstr;

namespace {

std::string openError(const std::string &library) {
  auto driver = Driver::open(library);
  EXPECT_FALSE(driver);
  return driver.message();
}

TEST(Driver, MissingLibrary) {
  EXPECT_THAT(openError("libno-such-driver.so"),
              AllOf(HasSubstr("cannot open the CUDA driver"),
                    HasSubstr("libno-such-driver.so")));
}

TEST(Driver, NotADriver) {
  EXPECT_THAT(openError(FAKE_CUDA_EMPTY_LIBRARY),
              HasSubstr("is not a CUDA driver: it has no cuInit"));
}

TEST(Driver, TooOld) {
  EXPECT_THAT(openError(FAKE_CUDA_WITHOUT_EVENTS_LIBRARY),
              AllOf(HasSubstr("is too old: it supports CUDA 12.8 and has no "
                              "cuEventRecord"),
                    HasSubstr("CUDA 11.0 or later is needed")));
}

TEST(Driver, FormatsVersions) {
  EXPECT_EQ(formatCudaVersion(12080), "12.8");
  EXPECT_EQ(formatCudaVersion(13000), "13.0");
}

class DriverTest : public FakeDriverTest {};

TEST_F(DriverTest, Opens) {
  EXPECT_EQ(driver->library(), FAKE_CUDA);
  EXPECT_EQ(driver->version(), 12080);
  EXPECT_EQ(driver->deviceCount(), 2);
  EXPECT_TRUE(driver->tensorMapEncodeTiled);
}

TEST_F(DriverTest, InitFails) {
  state->failures["cuInit"] = cuda::kNoDevice;
  EXPECT_THAT(openError(FAKE_CUDA),
              HasSubstr("cuInit failed: CUDA_ERROR_NO_DEVICE: no CUDA-capable "
                        "device is detected"));
  EXPECT_EQ(Driver::open(FAKE_CUDA).status().driverCode(), cuda::kNoDevice);
}

TEST_F(DriverTest, NoDevice) {
  state->devices = 0;
  EXPECT_THAT(openError(FAKE_CUDA), HasSubstr("finds no device"));
  EXPECT_EQ(Driver::open(FAKE_CUDA).status().driverCode(), cuda::kNoDevice);
}

TEST_F(DriverTest, CallsGiveTheDriversText) {
  state->failures["cuCtxSynchronize"] = cuda::kInvalidValue;
  Status status = driver->ctxSynchronize();
  EXPECT_EQ(status.message(), "cuCtxSynchronize failed: "
                              "CUDA_ERROR_INVALID_VALUE: invalid argument");
  EXPECT_EQ(status.driverCode(), cuda::kInvalidValue);
  // The driver has no text for an error that it does not know.
  state->failures["cuCtxSynchronize"] = 4711;
  EXPECT_EQ(driver->ctxSynchronize().message(),
            "cuCtxSynchronize failed: error 4711");
  state->failures.clear();
  EXPECT_TRUE(driver->ctxSynchronize().ok());
}

class OldDriverTest : public FakeDriverTest {
protected:
  OldDriverTest() : FakeDriverTest(FAKE_CUDA_OLD_LIBRARY) {}
};

TEST_F(OldDriverTest, OpensWithoutHoppersFunctions) {
  EXPECT_FALSE(driver->tensorMapEncodeTiled);
  EXPECT_FALSE(driver->launchKernelEx);
  EXPECT_THAT(driver->ctxGetId(nullptr, nullptr).message(),
              HasSubstr("is too old: it supports CUDA 12.8 and has no "
                        "cuCtxGetId"));
}

} // namespace
