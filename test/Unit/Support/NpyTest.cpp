//===- NpyTest.cpp - NumPy's array files ----------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Support/Npy.h"

#include "TempFolder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstring>
#include <random>

using namespace spattn;
using testing::ElementsAre;
using testing::HasSubstr;

/// A file of format `major`.0 with this dictionary and data.
static std::string makeFile(llvm::StringRef dictionary, llvm::StringRef data,
                            int major = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(major);
  file += '\0';
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i)
    file += static_cast<char>(dictionary.size() >> (8 * i));
  return file + dictionary.str() + data.str();
}

static std::string dictionary(llvm::StringRef descr, llvm::StringRef shape,
                              bool fortranOrder = false) {
  return ("{'descr': '" + descr + "', 'fortran_order': " +
          (fortranOrder ? "True" : "False") + ", 'shape': " + shape + ", }\n")
      .str();
}

static llvm::Expected<NpyArray> parse(llvm::StringRef contents) {
  return parseNpy(llvm::MemoryBuffer::getMemBufferCopy(contents), "a.npy");
}

/// What is wrong with a file.
static std::string errorOf(llvm::StringRef contents) {
  auto array = parse(contents);
  return array ? "no error" : toText(array.takeError());
}

TEST(NpyTest, ReadsAllFormats) {
  for (int major : {1, 2, 3}) {
    auto array = parse(makeFile(dictionary("<i2", "(2, 1)"), "abcd", major));
    ASSERT_TRUE(bool(array)) << toText(array.takeError());
    EXPECT_EQ(array->type, NpyType::I2);
    EXPECT_THAT(array->sizes, ElementsAre(2, 1));
    EXPECT_THAT(array->strides, ElementsAre(1, 1));
    EXPECT_EQ(std::memcmp(array->data, "abcd", 4), 0);
  }
}

TEST(NpyTest, ReadsAllTypes) {
  for (llvm::StringRef descr :
       {"<f2", "<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4",
        "<u8", "|V2", "<V2", "=f4", "<i1"}) {
    unsigned size = descr.back() - '0';
    auto array =
        parse(makeFile(dictionary(descr, "()"), std::string(size, 'x')));
    ASSERT_TRUE(bool(array)) << toText(array.takeError());
    EXPECT_EQ(getNpySize(array->type), size);
    EXPECT_EQ(getNpyDescr(array->type).drop_front(), descr.drop_front());
    EXPECT_TRUE(array->sizes.empty());
  }
}

TEST(NpyTest, FortranOrderIsStrides) {
  auto array =
      parse(makeFile(dictionary("|u1", "(2, 3, 4)", true), std::string(24, 0)));
  ASSERT_TRUE(bool(array)) << toText(array.takeError());
  EXPECT_THAT(array->strides, ElementsAre(1, 2, 6));
}

TEST(NpyTest, ArraysWithoutElementsHaveAnySizes) {
  auto array = parse(makeFile(
      dictionary("<f8", "(9223372036854775807, 9223372036854775807, 0)"), ""));
  ASSERT_TRUE(bool(array)) << toText(array.takeError());
  EXPECT_EQ(array->sizes[1], INT64_MAX);
}

TEST(NpyTest, ReadsOtherSpellings) {
  auto array = parse(makeFile(
      R"({"shape" :(3L,),"fortran_order":False, "descr":"|u1"})", "abc"));
  ASSERT_TRUE(bool(array)) << toText(array.takeError());
  EXPECT_THAT(array->sizes, ElementsAre(3));
}

TEST(NpyTest, RejectsWhatIsNoFileOfArrays) {
  EXPECT_THAT(errorOf(""), HasSubstr("'a.npy': not a .npy file"));
  EXPECT_THAT(errorOf("PK\x03\x04"), HasSubstr("not a .npy file"));
  std::string four = makeFile(dictionary("<f4", "()"), "abcd", 4);
  EXPECT_THAT(errorOf(four), HasSubstr("format 4.0 is not supported; supported "
                                       "are 1.0, 2.0 and 3.0"));
}

TEST(NpyTest, RejectsEveryTruncation) {
  for (int major : {1, 2}) {
    std::string whole = makeFile(dictionary("<f4", "(2,)"), "abcdefgh", major);
    ASSERT_EQ(errorOf(whole), "no error");
    for (size_t length = 6; length < whole.size(); ++length)
      EXPECT_THAT(errorOf(llvm::StringRef(whole).take_front(length)),
                  HasSubstr("truncated"))
          << length;
  }
}

TEST(NpyTest, RejectsMoreDataThanElements) {
  EXPECT_THAT(errorOf(makeFile(dictionary("<f4", "(1,)"), "abcdefgh")),
              HasSubstr("8 bytes of data, but the header asks for 4"));
}

TEST(NpyTest, RejectsTypes) {
  EXPECT_THAT(
      errorOf(makeFile(dictionary(">f4", "(1,)"), "abcd")),
      HasSubstr("big-endian ('>f4'); little-endian ones are supported"));
  for (llvm::StringRef descr :
       {"<c8", "|O", "|b1", "<U4", "<f16", "|V3", "<M8[ns]", "", "<"})
    EXPECT_THAT(errorOf(makeFile(dictionary(descr, "(1,)"), "abcd")),
                HasSubstr("supported are <f2, <f4, <f8, |i1, <i2, <i4, <i8, "
                          "|u1, <u2, <u4, <u8, |V2 (bfloat16 as <u2 or |V2)"))
        << descr.str();
  EXPECT_THAT(errorOf(makeFile("{'descr': [('a', '<f4')], 'fortran_order': "
                               "False, 'shape': ()}",
                               "abcd")),
              HasSubstr("arrays of records are not supported"));
}

TEST(NpyTest, RejectsSizesThatOverflow) {
  EXPECT_THAT(
      errorOf(makeFile(dictionary("<f8", "(4294967296, 4294967296)"), "")),
      HasSubstr("2^63 bytes or more"));
  EXPECT_THAT(
      errorOf(makeFile(dictionary("<f8", "(2305843009213693952,)"), "")),
      HasSubstr("2^63 bytes or more"));
  EXPECT_THAT(
      errorOf(makeFile(dictionary("<f8", "(99999999999999999999,)"), "")),
      HasSubstr("expected sizes from 0 to 2^63 - 1"));
  EXPECT_THAT(errorOf(makeFile(dictionary("<f8", "(-1,)"), "")),
              HasSubstr("expected sizes from 0 to 2^63 - 1"));
}

TEST(NpyTest, RejectsAbsurdHeaders) {
  std::string file = "\x93NUMPY\x02";
  file += '\0';
  file += "\xff\xff\xff\xff";
  EXPECT_THAT(errorOf(file), HasSubstr("a header of 4294967295 bytes"));
  std::string shape = "(";
  for (int i = 0; i < 65; ++i)
    shape += "1,";
  EXPECT_THAT(errorOf(makeFile(dictionary("|u1", shape + ")"), "a")),
              HasSubstr("more than 64 dimensions"));
}

TEST(NpyTest, RejectsMalformedHeaders) {
  for (llvm::StringRef text :
       {"", "{", "[]", "{'descr'", "{'descr': '<f4}", "{'descr': '<f4'}",
        "{'descr': 4, 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 4}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x",
        "{'descr': '<f4' 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}"})
    EXPECT_THAT(errorOf(makeFile(text, "abcd")), HasSubstr("malformed header"))
        << text.str();
}

// No input may crash the reader, or make it read outside the file.
TEST(NpyTest, SurvivesDamagedFiles) {
  std::mt19937 engine(7);
  std::string whole = makeFile(dictionary("<f4", "(2, 3)"), std::string(24, 1));
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = whole;
    for (unsigned n = 1 + engine() % 3; n > 0; --n)
      damaged[engine() % damaged.size()] = static_cast<char>(engine());
    auto array = parse(damaged);
    if (!array) {
      llvm::consumeError(array.takeError());
      continue;
    }
    int64_t last = 0;
    bool empty = false;
    for (size_t d = 0; d < array->sizes.size(); ++d) {
      last += (array->sizes[d] - 1) * array->strides[d];
      empty |= array->sizes[d] == 0;
    }
    if (empty)
      continue;
    ASSERT_LE((last + 1) * getNpySize(array->type), 24);
  }
}

TEST(NpyTest, WritesAndReadsBack) {
  TempFolder folder;
  float data[2 * 3 * 4];
  for (int i = 0; i < 24; ++i)
    data[i] = i;
  // A transposed view: it is written in its own order.
  NpyView view{NpyType::F4, {4, 2, 3}, {1, 12, 4}, data};
  ASSERT_EQ(toText(writeNpy(folder.path("a.npy"), view)), "");
  auto array = readNpy(folder.path("a.npy"));
  ASSERT_TRUE(bool(array)) << toText(array.takeError());
  EXPECT_THAT(array->sizes, ElementsAre(4, 2, 3));
  auto *read = static_cast<const float *>(array->data);
  for (int a = 0; a < 4; ++a)
    for (int b = 0; b < 2; ++b)
      for (int c = 0; c < 3; ++c)
        EXPECT_EQ(*read++, data[a + 12 * b + 4 * c]);
}

TEST(NpyTest, WritesShapesAsPythonDoes) {
  auto print = [](llvm::SmallVector<int64_t, 4> sizes) {
    char data[8] = {};
    llvm::SmallVector<int64_t, 4> strides(sizes.size(), 0);
    std::string text;
    llvm::raw_string_ostream stream(text);
    printNpy(stream, {NpyType::I1, sizes, strides, data});
    EXPECT_EQ(errorOf(text), "no error");
    EXPECT_EQ(text.find('\n') % 64, 63u);
    return text;
  };
  EXPECT_THAT(print({}), HasSubstr("'descr': '|i1', 'fortran_order': False, "
                                   "'shape': (), }"));
  EXPECT_THAT(print({5}), HasSubstr("'shape': (5,), }"));
  EXPECT_THAT(print({0, 5}), HasSubstr("'shape': (0, 5), }"));
  EXPECT_THAT(print({2, 5}), HasSubstr("'shape': (2, 5), }"));
}

TEST(NpyTest, ReadsRegularFilesOnly) {
  TempFolder folder;
  auto error = [](llvm::StringRef path) {
    auto array = readNpy(path);
    return array ? "no error" : toText(array.takeError());
  };
  EXPECT_THAT(error(folder.path("none.npy")), HasSubstr("No such file"));
  EXPECT_THAT(error(folder.path(".")), HasSubstr("not a regular file"));
  EXPECT_THAT(error("/dev/zero"), HasSubstr("not a regular file"));
}
