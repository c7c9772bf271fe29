//===- Float.h - Half, bfloat16 and double ---------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conversions of 16-bit floats, given by their bits. Narrowing rounds to
// nearest, ties to even, in one step; widening is exact. NaNs stay NaNs, with
// their sign and as much of their payload as fits, and become quiet.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_SUPPORT_FLOAT_H
#define SPATTN_SUPPORT_FLOAT_H

#include <cstdint>

namespace spattn {

/// IEEE half precision: 5 bits of exponent, 10 of mantissa.
double f16ToDouble(uint16_t bits);
uint16_t doubleToF16(double value);

/// bfloat16: 8 bits of exponent, 7 of mantissa.
double bf16ToDouble(uint16_t bits);
uint16_t doubleToBF16(double value);

} // namespace spattn

#endif // SPATTN_SUPPORT_FLOAT_H
