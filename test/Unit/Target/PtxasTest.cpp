//===- PtxasTest.cpp - What ptxas says, and versions of PTX ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Target/Ptxas.h"
#include "spattn/Target/Ptx.h"
#include "gtest/gtest.h"

using namespace spattn;

namespace {

TEST(Ptxas, LogsOfSeveralKernelsAreRead) {
  PtxasReport report = parsePtxasLog(
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : (C7510) Potential Performance Loss: something\r\n"
      "ptxas info    : (C7519) warpgroup.arrive is injected in around line 7\n"
      "ptxas info    : Compiling entry function 'a' for 'sm_90a'\n"
      "ptxas info    : Function properties for a\n"
      "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
      "ptxas info    : Used 168 registers, used 1 barriers\n"
      "ptxas info    : Compiling entry function 'b' for 'sm_90a'\n"
      "ptxas info    : Function properties for b\n"
      "    144 bytes stack frame, 160 bytes spill stores, 168 bytes spill "
      "loads\n"
      "ptxas info    : Used 255 registers\n"
      "ptxas warning : Too big maxrregcount\n");
  ASSERT_EQ(report.kernels.size(), 2u);
  EXPECT_EQ(report.kernels[0].name, "a");
  EXPECT_EQ(report.kernels[0].registers, 168);
  EXPECT_FALSE(report.kernels[0].spills());
  EXPECT_EQ(report.kernels[1].stackBytes, 144);
  EXPECT_EQ(report.kernels[1].spillStoreBytes, 160);
  EXPECT_EQ(report.kernels[1].spillLoadBytes, 168);
  EXPECT_TRUE(report.kernels[1].spills());
  ASSERT_EQ(report.warnings.size(), 2u);
  EXPECT_EQ(report.warnings[0], "ptxas info    : (C7510) Potential Performance "
                                "Loss: something");
}

TEST(Ptxas, LogsOfAnythingAreRead) {
  EXPECT_TRUE(parsePtxasLog("").kernels.empty());
  PtxasReport report = parsePtxasLog(
      "8 bytes stack frame, 99999999999999999999 bytes spill stores, 1 bytes "
      "spill loads");
  ASSERT_EQ(report.kernels.size(), 1u);
  EXPECT_EQ(report.kernels[0].stackBytes, 8);
}

TEST(Ptx, VersionsFollowTheDriver) {
  EXPECT_EQ(getPtxVersion(0), 0u);
  EXPECT_EQ(getPtxVersion(11080), 78u);
  EXPECT_EQ(getPtxVersion(12000), 80u);
  EXPECT_EQ(getPtxVersion(12050), 85u);
  EXPECT_EQ(getPtxVersion(12060), 85u);
  EXPECT_EQ(getPtxVersion(12080), 87u);
  EXPECT_EQ(getPtxVersion(12090), 88u);
  EXPECT_EQ(getPtxVersion(13000), 90u);
  EXPECT_EQ(getPtxVersion(13050), 90u);
}

} // namespace
