//===- TensorMapTest.cpp - The rules of tensor maps -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/TensorMap.h"
#include "Samples.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <functional>
#include <random>

using namespace spattn::runtime;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// Keys of 2 x 16 x 1000 x 128 in bf16, read in tiles of 64 x 64.
TensorMapRecipe makeRecipe() {
  TensorMapRecipe recipe = makeArtifact().tensorMaps[1];
  recipe.fill = OobFill::Nan;
  return recipe;
}

TensorMapSource makeSource() {
  return {0x10000, {128, 1000, 16, 2}, {2, 256, 256000, 4096000}};
}

class TensorMapTest : public FakeDriverTest {};

TEST_F(TensorMapTest, PassesEverythingOn) {
  auto map = encodeTensorMap(*driver, makeRecipe(), makeSource());
  ASSERT_TRUE(map) << map.message();
  EXPECT_NE(map->words[0], 0u);
  ASSERT_EQ(state->tensorMaps.size(), 1u);
  const fake::TensorMapCall &call = state->tensorMaps[0];
  EXPECT_EQ(call.type, 9);
  EXPECT_EQ(call.rank, 4u);
  EXPECT_EQ(call.address, 0x10000u);
  EXPECT_THAT(call.sizes, ElementsAre(128, 1000, 16, 2));
  EXPECT_THAT(call.strides, ElementsAre(256, 256000, 4096000));
  EXPECT_THAT(call.box, ElementsAre(64, 64, 1, 1));
  EXPECT_THAT(call.steps, ElementsAre(1, 1, 1, 1));
  EXPECT_EQ(call.interleave, 0);
  EXPECT_EQ(call.swizzle, 3);
  EXPECT_EQ(call.l2Promotion, 3);
  EXPECT_EQ(call.fill, 1);
}

TEST_F(TensorMapTest, Has64Bits) {
  // 2^31 keys of 256 bytes, batch elements 2^39 bytes apart.
  TensorMapSource source = {uint64_t(1) << 45,
                            {128, uint64_t(1) << 31, 1, 2},
                            {2, 256, 0, int64_t(1) << 39}};
  auto map = encodeTensorMap(*driver, makeRecipe(), source);
  ASSERT_TRUE(map) << map.message();
  EXPECT_EQ(state->tensorMaps[0].sizes[1], uint64_t(1) << 31);
  EXPECT_EQ(state->tensorMaps[0].strides[2], uint64_t(1) << 39);
  EXPECT_EQ(state->tensorMaps[0].address, uint64_t(1) << 45);
}

TEST_F(TensorMapTest, StridesOfSingleElementsAreNotLookedAt) {
  TensorMapSource source = makeSource();
  source.sizes[2] = 1;
  source.byteStrides[2] = -7;
  source.sizes[3] = 1;
  source.byteStrides[3] = int64_t(1) << 50;
  auto map = encodeTensorMap(*driver, makeRecipe(), source);
  ASSERT_TRUE(map) << map.message();
  EXPECT_THAT(state->tensorMaps[0].strides, ElementsAre(256, 16, 16));
}

TEST_F(TensorMapTest, NothingToRead) {
  TensorMapSource source = makeSource();
  source.address = 0;
  source.sizes[1] = 0;
  auto map = encodeTensorMap(*driver, makeRecipe(), source);
  ASSERT_TRUE(map) << map.message();
  for (uint64_t word : map->words)
    EXPECT_EQ(word, 0u);
  EXPECT_TRUE(state->tensorMaps.empty());
}

TEST_F(TensorMapTest, Software) {
  TensorMapRecipe recipe = makeRecipe();
  recipe.form = TensorMapForm::Software;
  recipe.fill = OobFill::Zero;
  auto words = [&](const TensorMapSource &source) {
    auto map = encodeTensorMap(*driver, recipe, source);
    EXPECT_TRUE(map) << map.message();
    return std::vector<uint64_t>(std::begin(map->words), std::end(map->words));
  };
  EXPECT_THAT(words(makeSource()),
              ElementsAre(0x10000, 256, 256000, 4096000, 0, 128, 1000, 16, 2, 0,
                          0, 0, 0, 0, 0, 0));
  // Rows may go backwards, and what is never used may be anything.
  TensorMapSource source = makeSource();
  source.byteStrides[1] = -256;
  source.sizes[3] = 1;
  source.byteStrides[3] = 7;
  EXPECT_THAT(words(source),
              ElementsAre(0x10000, uint64_t(-256), 256000, 0, 0, 128, 1000, 16,
                          1, 0, 0, 0, 0, 0, 0, 0));
  source.sizes[1] = 0;
  EXPECT_THAT(words(source), Each(0u));
  EXPECT_TRUE(state->tensorMaps.empty());

  auto error = [&](auto change) {
    TensorMapSource source = makeSource();
    change(source);
    return encodeTensorMap(*driver, recipe, source).message();
  };
  EXPECT_THAT(error([](TensorMapSource &s) { s.address += 8; }),
              HasSubstr("cp.async needs an address that is a multiple of 16"));
  EXPECT_THAT(error([](TensorMapSource &s) { s.byteStrides[1] = 264; }),
              HasSubstr("a stride of 264 bytes; cp.async needs a multiple of "
                        "16"));
  EXPECT_THAT(error([](TensorMapSource &s) { s.byteStrides[0] = 4; }),
              HasSubstr("cp.async needs that of an element, 2"));
  EXPECT_THAT(error([](TensorMapSource &s) { s.sizes[0] = 100; }),
              HasSubstr("dimension 'd', the innermost, has 200 bytes; cp.async "
                        "needs a multiple of 16"));
  EXPECT_THAT(
      error([](TensorMapSource &s) { s.sizes[1] = 1u << 31; }),
      HasSubstr("dimension 'n' has size 2147483648; software tensor maps "
                "take 1 to 2^31 - 1"));
}

TEST_F(TensorMapTest, DriverFails) {
  state->failures["cuTensorMapEncodeTiled"] = cuda::kInvalidValue;
  EXPECT_THAT(encodeTensorMap(*driver, makeRecipe(), makeSource()).message(),
              HasSubstr("cuTensorMapEncodeTiled failed: "
                        "CUDA_ERROR_INVALID_VALUE"));
}

TEST_F(TensorMapTest, RulesAreNamed) {
  struct Case {
    const char *message;
    std::function<void(TensorMapRecipe &, TensorMapSource &)> change;
  };
  using Recipe = TensorMapRecipe;
  using Source = TensorMapSource;
  const Case cases[] = {
      {"ranks from 1 to 5, not 0",
       [](Recipe &r, Source &) { r.dimensions.clear(); }},
      {"ranks from 1 to 5, not 6",
       [](Recipe &r, Source &) { r.dimensions.resize(6); }},
      {"interleaved arrays of rank 3 or more only, not 2",
       [](Recipe &r, Source &) {
         r.interleave = Interleave::Bytes16;
         r.dimensions.resize(2);
       }},
      {"an interleave of 32 bytes needs a swizzle of 32 bytes",
       [](Recipe &r, Source &) { r.interleave = Interleave::Bytes32; }},
      {"elements of type i16 cannot be filled with NaN",
       [](Recipe &r, Source &) { r.type = ElementType::I16; }},
      {"dimension 'n' has a box of 0 elements; TMA takes 1 to 256",
       [](Recipe &r, Source &) { r.dimensions[1].box = 0; }},
      {"dimension 'n' has a box of 300 elements",
       [](Recipe &r, Source &) { r.dimensions[1].box = 300; }},
      {"a box of 262144 bytes; TMA takes up to 233472",
       [](Recipe &r, Source &) {
         r.dimensions[1].box = 256;
         r.dimensions[2].box = 8;
       }},
      {"dimension 'd', the innermost, has a box of 24 bytes; TMA takes "
       "multiples of 16",
       [](Recipe &r, Source &) { r.dimensions[0].box = 12; }},
      {"dimension 'd', the innermost, has a box of 256 bytes, more than the "
       "swizzle's 128",
       [](Recipe &r, Source &) { r.dimensions[0].box = 128; }},
      {"more than the swizzle's 64",
       [](Recipe &r, Source &) { r.swizzle = Swizzle::Bytes64; }},
      {"more than the swizzle's 32",
       [](Recipe &r, Source &) { r.swizzle = Swizzle::Bytes32; }},
      {"an address that is a multiple of 16 bytes, not 65544",
       [](Recipe &, Source &s) { s.address += 8; }},
      {"an address that is a multiple of 16 bytes, not 0",
       [](Recipe &, Source &s) { s.address = 0; }},
      {"an address that is a multiple of 32 bytes, not 65552",
       [](Recipe &r, Source &s) {
         r.interleave = Interleave::Bytes32;
         r.swizzle = Swizzle::Bytes32;
         s.address += 16;
       }},
      {"dimension 'n' has size 4294967297; TMA takes 1 to 2^32",
       [](Recipe &, Source &s) { s.sizes[1] = (uint64_t(1) << 32) + 1; }},
      {"dimension 'd', the innermost, has a stride of 4 bytes; TMA needs that "
       "of an element, 2",
       [](Recipe &, Source &s) { s.byteStrides[0] = 4; }},
      {"dimension 'n' has a stride of 264 bytes; TMA needs a multiple of 16",
       [](Recipe &, Source &s) { s.byteStrides[1] = 264; }},
      {"dimension 'h' has a stride of -256000 bytes; TMA takes 0 to less than "
       "2^40",
       [](Recipe &, Source &s) { s.byteStrides[2] = -256000; }},
      {"dimension 'b' has a stride of 1099511627776 bytes",
       [](Recipe &, Source &s) { s.byteStrides[3] = int64_t(1) << 40; }},
  };
  for (const Case &test : cases) {
    TensorMapRecipe recipe = makeRecipe();
    TensorMapSource source = makeSource();
    test.change(recipe, source);
    EXPECT_THAT(checkTensorMap(recipe, source).message(),
                HasSubstr(test.message));
    auto map = encodeTensorMap(*driver, recipe, source);
    EXPECT_THAT(map.message(), HasSubstr(test.message));
  }
  EXPECT_TRUE(state->tensorMaps.empty());
}

TEST_F(TensorMapTest, WhatIsAcceptedTheDriverAccepts) {
  std::mt19937_64 random(3);
  auto pick = [&](auto... values) {
    const int64_t choices[] = {int64_t(values)...};
    return choices[random() % sizeof...(values)];
  };
  unsigned accepted = 0;
  for (unsigned round = 0; round < 20000; ++round) {
    TensorMapRecipe recipe;
    recipe.type = ElementType(random() % 8);
    recipe.swizzle = Swizzle(random() % 4);
    recipe.fill = OobFill(random() % 8 == 0);
    unsigned rank = 1 + unsigned(random() % 5);
    TensorMapSource source;
    source.address = uint64_t(pick(16, 4096, 24, 1 << 20));
    for (unsigned i = 0; i < rank; ++i) {
      recipe.dimensions.push_back(
          {std::string(1, char('a' + i)),
           uint32_t(pick(1, 2, 8, 16, 32, 64, 128, 256, random() % 300))});
      source.sizes[i] = uint64_t(
          pick(1, 2, 100, 1000, int64_t(1) << 32, random() % 5000 + 1));
      source.byteStrides[i] =
          i == 0 ? int64_t(getElementBytes(recipe.type))
                 : pick(0, 16, 256, 1024, (int64_t(1) << 40) - 16,
                        random() % 64 * 8 + 16);
    }
    bool isValid = checkTensorMap(recipe, source).ok();
    auto map = encodeTensorMap(*driver, recipe, source);
    EXPECT_EQ(bool(map), isValid) << map.message();
    accepted += isValid;
  }
  EXPECT_EQ(state->tensorMaps.size(), accepted);
  EXPECT_GT(accepted, 1000u);
}

} // namespace
