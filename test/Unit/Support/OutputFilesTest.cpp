//===- OutputFilesTest.cpp - Files that appear whole or not at all --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Support/OutputFiles.h"

#include "TempFolder.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace spattn;
using testing::HasSubstr;

static void printHello(llvm::raw_ostream &stream) { stream << "hello"; }

TEST(OutputFilesTest, AppearsOnCommit) {
  TempFolder folder;
  OutputFiles files;
  ASSERT_EQ(toText(files.add(folder.path("a"), printHello)), "");
  EXPECT_FALSE(llvm::sys::fs::exists(folder.path("a")));
  ASSERT_EQ(toText(files.commit()), "");
  EXPECT_EQ(folder.read("a"), "hello");
  EXPECT_EQ(folder.countFiles(), 1u);
}

TEST(OutputFilesTest, LeavesNothingWithoutCommit) {
  TempFolder folder;
  folder.write("a", "old");
  {
    OutputFiles files;
    ASSERT_EQ(toText(files.add(folder.path("a"), printHello)), "");
    ASSERT_EQ(toText(files.add(folder.path("b"), printHello)), "");
  }
  EXPECT_EQ(folder.read("a"), "old");
  EXPECT_EQ(folder.countFiles(), 1u);
}

TEST(OutputFilesTest, WritesBehindLinks) {
  TempFolder folder;
  folder.write("a", "old");
  ASSERT_FALSE(llvm::sys::fs::create_link("a", folder.path("link")));
  ASSERT_EQ(toText(writeFile(folder.path("link"), printHello)), "");
  EXPECT_EQ(folder.read("a"), "hello");
  EXPECT_TRUE(llvm::sys::fs::is_symlink_file(folder.path("link")));
}

TEST(OutputFilesTest, TellsWhatIsWrong) {
  TempFolder folder;
  EXPECT_THAT(toText(writeFile(folder.path("no/a"), printHello)),
              HasSubstr("there is no folder"));
  EXPECT_THAT(toText(writeFile(folder.path("."), printHello)),
              HasSubstr("directory"));
  EXPECT_THAT(toText(writeFile("", printHello)), HasSubstr("empty"));
}

TEST(OutputFilesTest, AFullDiskIsAnError) {
  if (!llvm::sys::fs::exists("/dev/full"))
    GTEST_SKIP();
  EXPECT_THAT(toText(writeFile("/dev/full", printHello)),
              HasSubstr("No space left"));
  // Devices are written to, not replaced.
  EXPECT_FALSE(llvm::sys::fs::is_regular_file("/dev/full"));
}
