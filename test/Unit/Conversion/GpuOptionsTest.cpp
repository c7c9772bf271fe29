//===- GpuOptionsTest.cpp - Options of GPU kernels as text --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/SpattnToSpattnGPU/GpuOptions.h"

#include "../Support/OptionsText.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace spattn;
using testing::HasSubstr;

namespace {
constexpr auto parse = test::parseOptions<GpuOptions>;
constexpr auto problemOf = test::problemOf<GpuOptions>;

TEST(GpuOptionsTest, Defaults) {
  GpuOptions options = parse("");
  EXPECT_EQ(options.str(), "");
  EXPECT_EQ(options.getTarget(), "sm_90a");
  EXPECT_EQ(options.keyTile, 0);
  EXPECT_TRUE(options.pingpong);
  EXPECT_EQ(options.scheduler, Scheduler::Auto);
  EXPECT_EQ(llvm::toString(options.check()), "");
}

TEST(GpuOptionsTest, EveryOptionIsReadAndPrinted) {
  GpuOptions options = parse(
      "shared-memory=101376 deterministic=false scheduler=dynamic "
      "pingpong=false intra-warpgroup-overlap=true expected-length=300 "
      "query-stages=3 stages=1 key-tile=64 ctas-per-sm=2 mma-warpgroups=1 "
      "target=sm_86 tuning={claim-keys=0 empty-rows=4} packed-heads=4 "
      "expected-queries=2 split-keys=8");
  EXPECT_EQ(options.getTarget(), "sm_86");
  EXPECT_EQ(options.mmaWarpgroups, 1);
  EXPECT_EQ(options.ctasPerSM, 2);
  EXPECT_EQ(options.keyTile, 64);
  EXPECT_EQ(options.stages, 1);
  EXPECT_EQ(options.queryStages, 3);
  EXPECT_EQ(options.expectedLength, 300);
  EXPECT_EQ(options.expectedQueries, 2);
  EXPECT_EQ(options.packedHeads, 4);
  EXPECT_EQ(options.splitKeys, 8);
  EXPECT_EQ(options.intraWarpgroupOverlap, Choice::Yes);
  EXPECT_FALSE(options.pingpong);
  EXPECT_EQ(options.scheduler, Scheduler::Dynamic);
  EXPECT_EQ(options.deterministic, Choice::No);
  EXPECT_EQ(options.sharedMemory, 101376);
  EXPECT_EQ(options.tuning, "claim-keys=0 empty-rows=4");
  EXPECT_EQ(llvm::toString(options.check()), "");
  std::string text = options.str();
  EXPECT_EQ(text, "target=sm_86 mma-warpgroups=1 ctas-per-sm=2 key-tile=64 "
                  "stages=1 query-stages=3 expected-length=300 "
                  "expected-queries=2 packed-heads=4 split-keys=8 "
                  "intra-warpgroup-overlap=true pingpong=false "
                  "scheduler=dynamic deterministic=false "
                  "shared-memory=101376 "
                  "tuning={claim-keys=0 empty-rows=4}");
  EXPECT_EQ(parse(text).str(), text);
}

TEST(GpuOptionsTest, WhatIsNoOption) {
  for (const char *text : {"tile=1", "key-tile=abc", "key-tile", "=",
                           "key-tile=64 =", "key-tile 64", "scheduler=fair",
                           "pingpong=2", "deterministic"}) {
    llvm::Expected<GpuOptions> options = GpuOptions::parse(text);
    EXPECT_FALSE(bool(options)) << text;
    if (!options)
      llvm::consumeError(options.takeError());
  }
  EXPECT_THAT(llvm::toString(GpuOptions::parse("tile=1").takeError()),
              HasSubstr("no such option tile"));
}

TEST(GpuOptionsTest, Ranges) {
  EXPECT_EQ(problemOf("key-tile=100"),
            "expected 'key-tile' to be 0, or a "
            "multiple of 16 from 16 to 256, got 100");
  EXPECT_EQ(problemOf("key-tile=256 stages=9"),
            "expected 'stages' to be from 0 to 8, got 9");
  EXPECT_EQ(problemOf("query-stages=-1"),
            "expected 'query-stages' to be from 0 to 8, got -1");
  EXPECT_EQ(problemOf("mma-warpgroups=5"),
            "expected 'mma-warpgroups' to be from 0 to 4, got 5");
  EXPECT_EQ(problemOf("shared-memory=-5"),
            "expected 'shared-memory' to be 0 or more, got -5");
  EXPECT_EQ(problemOf("expected-length=1073741823"), "");
  EXPECT_EQ(problemOf("expected-queries=-1"),
            "expected 'expected-queries' to be from 0 to 1073741823, got -1");
  EXPECT_EQ(problemOf("packed-heads=65"),
            "expected 'packed-heads' to be from 0 to 64, got 65");
  EXPECT_EQ(problemOf("split-keys=129"),
            "expected 'split-keys' to be from 0 to 128, got 129");
  EXPECT_THAT(problemOf("tuning={part-keys=1073741824}"),
              HasSubstr("expected 'part-keys' to be from 0 to 1073741823"));
  EXPECT_EQ(problemOf("target=sm_75"),
            "expected 'target' to be sm_90a, or sm_80 or later, got 'sm_75'");
  EXPECT_THAT(problemOf("tuning={static-warpgroups=0}"),
              HasSubstr("expected 'static-warpgroups' to be from 1 to 4"));
}
} // namespace
