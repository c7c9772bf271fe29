//===- CpuOptionsTest.cpp - Options of code for a CPU as text -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Pipelines/CpuOptions.h"

#include "../Support/OptionsText.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace spattn;
using testing::HasSubstr;

namespace {
constexpr auto parse = test::parseOptions<CpuOptions>;
constexpr auto problemOf = test::problemOf<CpuOptions>;

TEST(CpuOptionsTest, Defaults) {
  CpuOptions options = parse("");
  EXPECT_EQ(options.str(), "");
  EXPECT_TRUE(options.parallel);
  EXPECT_FALSE(options.remarks);
  EXPECT_EQ(llvm::toString(options.check()), "");
}

TEST(CpuOptionsTest, EveryOptionIsReadAndPrinted) {
  CpuOptions options = parse("parallel=false register-vectors=3 "
                             "register-rows=2 vector-width=8 remarks "
                             "key-tile=4096 query-tile=32");
  EXPECT_EQ(options.queryTile, 32);
  EXPECT_EQ(options.keyTile, 4096);
  EXPECT_TRUE(options.remarks);
  EXPECT_EQ(options.vectorWidth, 8);
  EXPECT_EQ(options.registerRows, 2);
  EXPECT_EQ(options.registerVectors, 3);
  EXPECT_FALSE(options.parallel);
  EXPECT_EQ(llvm::toString(options.check()), "");
  std::string text = options.str();
  EXPECT_EQ(text, "query-tile=32 key-tile=4096 remarks=true vector-width=8 "
                  "register-rows=2 register-vectors=3 parallel=false");
  EXPECT_EQ(parse(text).str(), text);
}

TEST(CpuOptionsTest, WhatIsNoOption) {
  llvm::Expected<CpuOptions> options = CpuOptions::parse("stages=2");
  EXPECT_FALSE(bool(options));
  EXPECT_THAT(llvm::toString(options.takeError()),
              HasSubstr("no such option stages"));
}

TEST(CpuOptionsTest, Ranges) {
  EXPECT_EQ(problemOf("query-tile=4097"),
            "expected 'query-tile' to be from 0 to 4096, got 4097");
  EXPECT_EQ(problemOf("key-tile=-1"),
            "expected 'key-tile' to be from 0 to 4096, got -1");
  EXPECT_EQ(problemOf("register-rows=17"),
            "expected 'register-rows' to be from 0 to 16, got 17");
  EXPECT_EQ(problemOf("register-vectors=9"),
            "expected 'register-vectors' to be from 0 to 8, got 9");
  for (const char *width : {"-4", "3", "128"})
    EXPECT_EQ(problemOf(std::string("vector-width=") + width),
              std::string("expected 'vector-width' to be 0, or a power of two "
                          "up to 64, got ") +
                  width);
  EXPECT_EQ(problemOf("vector-width=1"), "");
  EXPECT_EQ(problemOf("vector-width=64"), "");
}

TEST(CpuOptionsTest, BlocksFillTheRegisterFile) {
  auto block = [](llvm::StringRef text) { return parse(text).getBlock(); };
  EXPECT_EQ(block("").width, 16);
  EXPECT_EQ(block("").rows, 4);
  EXPECT_EQ(block("").vectors, 4);
  EXPECT_EQ(block("vector-width=8").vectors, 2);
  EXPECT_EQ(block("vector-width=8 register-vectors=5").vectors, 5);
  EXPECT_EQ(block("register-rows=1").rows, 1);
}
} // namespace
