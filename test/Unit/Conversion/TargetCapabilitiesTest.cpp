//===- TargetCapabilitiesTest.cpp - What a GPU can do -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"

#include "gtest/gtest.h"

using namespace spattn;

namespace {
TEST(TargetCapabilitiesTest, HopperHasAll) {
  auto target = TargetCapabilities::of("sm_90a");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->chip, "sm_90a");
  EXPECT_TRUE(target->asyncMma);
  EXPECT_TRUE(target->bulkReduce);
  EXPECT_TRUE(target->registerReallocation);
  EXPECT_TRUE(target->hardwareTensorMaps);
  EXPECT_EQ(target->sharedMemory, 227 * 1024);
  EXPECT_EQ(target->threads, 2048);
  EXPECT_EQ(target->registers, 65536);
}

TEST(TargetCapabilitiesTest, OthersHaveWhatSm80Has) {
  struct Case {
    const char *chip;
    int64_t sharedMemory, threads;
  };
  for (Case c : {Case{"sm_80", 163 * 1024, 2048},
                 {"sm_86", 99 * 1024, 1536},
                 {"sm_87", 163 * 1024, 1536},
                 {"sm_89", 99 * 1024, 1536},
                 {"sm_90", 227 * 1024, 2048},
                 {"sm_100a", 227 * 1024, 2048},
                 {"sm_120f", 99 * 1024, 1536}}) {
    auto target = TargetCapabilities::of(c.chip);
    ASSERT_TRUE(target) << c.chip;
    EXPECT_FALSE(target->asyncMma || target->bulkReduce ||
                 target->registerReallocation || target->hardwareTensorMaps)
        << c.chip;
    EXPECT_EQ(target->sharedMemory, c.sharedMemory) << c.chip;
    EXPECT_EQ(target->threads, c.threads) << c.chip;
  }
}

TEST(TargetCapabilitiesTest, UnknownChips) {
  for (const char *name : {"", "sm_", "sm_75", "sm_1000", "sm_90b", "sm_90aa",
                           "compute_90", "90", "sm_-90"})
    EXPECT_FALSE(TargetCapabilities::of(name)) << name;
}
} // namespace
