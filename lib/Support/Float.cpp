//===- Float.cpp - Half, bfloat16 and double ------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Support/Float.h"

#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cmath>

namespace {
constexpr uint64_t kDoubleInfinity = uint64_t(0x7ff) << 52;
constexpr uint64_t kDoubleImplicitBit = uint64_t(1) << 52;
constexpr uint64_t kDoubleQuietBit = uint64_t(1) << 51;

/// A 16-bit format of `exponentBits` and `15 - exponentBits` bits of mantissa.
template <int exponentBits>
struct Format {
  static constexpr int mantissaBits = 15 - exponentBits;
  static constexpr int bias = (1 << (exponentBits - 1)) - 1;
  static constexpr uint16_t infinity = ((1 << exponentBits) - 1)
                                       << mantissaBits;
  static constexpr uint16_t implicitBit = 1 << mantissaBits;

  static double widen(uint16_t bits) {
    uint64_t sign = uint64_t(bits >> 15) << 63;
    int exponent = (bits & infinity) >> mantissaBits;
    uint64_t mantissa = bits & (implicitBit - 1);
    if (exponent == 0) {
      double magnitude =
          std::ldexp(static_cast<double>(mantissa), 1 - bias - mantissaBits);
      return sign ? -magnitude : magnitude;
    }
    mantissa <<= 52 - mantissaBits;
    if ((bits & infinity) == infinity) {
      uint64_t quiet = mantissa ? kDoubleQuietBit : 0;
      return llvm::bit_cast<double>(sign | kDoubleInfinity | quiet | mantissa);
    }
    uint64_t rebased = uint64_t(exponent - bias + 1023) << 52;
    return llvm::bit_cast<double>(sign | rebased | mantissa);
  }

  static uint16_t narrow(double value) {
    auto bits = llvm::bit_cast<uint64_t>(value);
    uint16_t sign = static_cast<uint16_t>(bits >> 48) & 0x8000;
    uint64_t magnitude = bits & ~(uint64_t(1) << 63);
    uint64_t mantissa = magnitude & (kDoubleImplicitBit - 1);
    if (magnitude > kDoubleInfinity)
      return sign | infinity | (implicitBit >> 1) |
             static_cast<uint16_t>(mantissa >> (52 - mantissaBits));
    int exponent = static_cast<int>(magnitude >> 52) - 1023;
    if (exponent > bias)
      return sign | infinity;

    // Subnormal results lose more bits; doubles that are subnormal themselves
    // lose all.
    int below = std::max(0, 1 - bias - exponent);
    int shift = 52 - mantissaBits + below;
    if (shift > 53)
      return sign;
    mantissa |= kDoubleImplicitBit;
    uint64_t kept = mantissa >> shift;
    uint64_t rest = mantissa & ((uint64_t(1) << shift) - 1);
    uint64_t half = uint64_t(1) << (shift - 1);
    if (rest > half || (rest == half && (kept & 1)))
      ++kept;
    // `kept` holds the implicit bit, which counts for one exponent. A carry
    // goes into the exponent, up to infinity.
    uint64_t rebased = below ? 0 : exponent + bias - 1;
    return sign | static_cast<uint16_t>((rebased << mantissaBits) + kept);
  }
};
} // namespace

double spattn::f16ToDouble(uint16_t bits) { return Format<5>::widen(bits); }
uint16_t spattn::doubleToF16(double value) { return Format<5>::narrow(value); }
double spattn::bf16ToDouble(uint16_t bits) { return Format<8>::widen(bits); }
uint16_t spattn::doubleToBF16(double value) { return Format<8>::narrow(value); }
