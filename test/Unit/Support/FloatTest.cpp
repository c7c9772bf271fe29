//===- FloatTest.cpp - Half, bfloat16 and double --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Support/Float.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <random>

using namespace spattn;
using llvm::APFloat;

namespace {
/// A 16-bit format, and LLVM's idea of it.
struct Format {
  const char *name;
  const llvm::fltSemantics &semantics;
  double (*widen)(uint16_t);
  uint16_t (*narrow)(double);
  uint16_t infinity;
};

const Format formats[] = {
    {"f16", APFloat::IEEEhalf(), f16ToDouble, doubleToF16, 0x7c00},
    {"bf16", APFloat::BFloat(), bf16ToDouble, doubleToBF16, 0x7f80}};

uint64_t expectedWide(const Format &format, uint16_t bits) {
  APFloat value(format.semantics, llvm::APInt(16, bits));
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.bitcastToAPInt().getZExtValue();
}

uint16_t expectedNarrow(const Format &format, double wide) {
  APFloat value(wide);
  bool losesInfo;
  value.convert(format.semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue());
}

class FloatTest : public testing::TestWithParam<Format> {};
} // namespace

TEST_P(FloatTest, WidensEveryPatternExactly) {
  const Format &format = GetParam();
  for (unsigned bits = 0; bits <= 0xffff; ++bits)
    ASSERT_EQ(llvm::bit_cast<uint64_t>(format.widen(bits)),
              expectedWide(format, bits))
        << "pattern " << bits;
}

TEST_P(FloatTest, EveryPatternSurvivesARoundTrip) {
  const Format &format = GetParam();
  // The first bit of the mantissa.
  unsigned quiet = (0x8000 - format.infinity) >> 1;
  for (unsigned bits = 0; bits <= 0xffff; ++bits) {
    bool isNaN = (bits & 0x7fff) > format.infinity;
    ASSERT_EQ(format.narrow(format.widen(bits)), isNaN ? bits | quiet : bits);
  }
}

// Between any two neighbours: half-way goes to the even one, anything else to
// the nearer one.
TEST_P(FloatTest, RoundsEveryGapToNearestEven) {
  const Format &format = GetParam();
  for (unsigned sign : {0u, 0x8000u})
    for (unsigned bits = 0; bits + 1 < format.infinity; ++bits) {
      unsigned lower = bits | sign, upper = (bits + 1) | sign;
      double a = format.widen(lower), b = format.widen(upper);
      double middle = a + (b - a) / 2;
      ASSERT_EQ(format.narrow(middle), bits % 2 ? upper : lower) << lower;
      ASSERT_EQ(format.narrow(std::nextafter(middle, a)), lower) << lower;
      ASSERT_EQ(format.narrow(std::nextafter(middle, b)), upper) << lower;
    }
}

TEST_P(FloatTest, OverflowsToInfinity) {
  const Format &format = GetParam();
  double largest = format.widen(format.infinity - 1);
  double spacing = largest - format.widen(format.infinity - 2);
  EXPECT_EQ(format.narrow(largest + spacing / 2), format.infinity);
  EXPECT_EQ(format.narrow(std::nextafter(largest + spacing / 2, 0.0)),
            format.infinity - 1);
  EXPECT_EQ(format.narrow(std::numeric_limits<double>::max()), format.infinity);
  EXPECT_EQ(format.narrow(-std::numeric_limits<double>::infinity()),
            format.infinity | 0x8000);
}

TEST_P(FloatTest, TinyDoublesBecomeZero) {
  const Format &format = GetParam();
  EXPECT_EQ(format.narrow(std::numeric_limits<double>::denorm_min()), 0);
  EXPECT_EQ(format.narrow(-std::numeric_limits<double>::min()), 0x8000);
  EXPECT_EQ(format.narrow(-0.0), 0x8000);
}

TEST_P(FloatTest, NarrowsRandomDoublesAsLLVMDoes) {
  const Format &format = GetParam();
  std::mt19937_64 engine(1);
  for (int i = 0; i < 200000; ++i) {
    uint64_t bits = engine();
    // Most exponents of a double are out of range; draw near the format's.
    if (i % 2)
      bits = (bits & ~(uint64_t(0x7ff) << 52)) |
             (uint64_t(1023 - 160 + engine() % 320) << 52);
    double value = llvm::bit_cast<double>(bits);
    ASSERT_EQ(format.narrow(value), expectedNarrow(format, value)) << value;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, FloatTest, testing::ValuesIn(formats),
                         [](const testing::TestParamInfo<Format> &info) {
                           return info.param.name;
                         });
