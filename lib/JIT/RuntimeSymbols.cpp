//===- RuntimeSymbols.cpp - What compiled code calls ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RuntimeSymbols.h"

#include "spattn/Runtime/ParallelFor.h"
#include "spattn/Support/Float.h"

#include <cmath>
#include <cstring>

using namespace spattn;

extern "C" void memrefCopy(int64_t elementBytes, const void *source,
                           const void *target);

/// A 16-bit float in the low bits of a vector register, where the calling
/// conventions of x86-64 and AArch64 have it. Compilers before GCC 13 have no
/// type for it.
static float toRegister(uint16_t bits) {
  uint32_t wide = bits;
  float result;
  std::memcpy(&result, &wide, sizeof(result));
  return result;
}

static uint16_t fromRegister(float value) {
  uint32_t wide;
  std::memcpy(&wide, &value, sizeof(wide));
  return uint16_t(wide);
}

// Compilers' libraries have these only from GCC 12 or 13 on.
static float truncateF32ToBF16(float value) {
  return toRegister(doubleToBF16(value));
}
static float truncateF64ToBF16(double value) {
  return toRegister(doubleToBF16(value));
}
static float truncateF32ToF16(float value) {
  return toRegister(doubleToF16(value));
}
static float truncateF64ToF16(double value) {
  return toRegister(doubleToF16(value));
}
static float extendF16ToF32(float value) {
  return float(f16ToDouble(fromRegister(value)));
}

template <class Function>
static void *addressOf(Function *function) {
  return reinterpret_cast<void *>(function);
}

const llvm::StringMap<void *> &spattn::getRuntimeSymbols() {
  using Unary = double(double);
  using UnaryF = float(float);
  using Binary = double(double, double);
  using BinaryF = float(float, float);
#define SPATTN_MATH(NAME, TYPE)                                                \
  {#NAME, addressOf<TYPE>(::NAME)}, { #NAME "f", addressOf<TYPE##F>(::NAME##f) }
  static const llvm::StringMap<void *> symbols = {
      {"spattn_parallel_for", addressOf(spattn_parallel_for)},
      {"memrefCopy", addressOf(memrefCopy)},
      {"__truncsfbf2", addressOf(truncateF32ToBF16)},
      {"__truncdfbf2", addressOf(truncateF64ToBF16)},
      {"__truncsfhf2", addressOf(truncateF32ToF16)},
      {"__truncdfhf2", addressOf(truncateF64ToF16)},
      {"__extendhfsf2", addressOf(extendF16ToF32)},
      SPATTN_MATH(acos, Unary),
      SPATTN_MATH(acosh, Unary),
      SPATTN_MATH(asin, Unary),
      SPATTN_MATH(asinh, Unary),
      SPATTN_MATH(atan, Unary),
      SPATTN_MATH(atan2, Binary),
      SPATTN_MATH(atanh, Unary),
      SPATTN_MATH(cbrt, Unary),
      SPATTN_MATH(ceil, Unary),
      SPATTN_MATH(cos, Unary),
      SPATTN_MATH(cosh, Unary),
      SPATTN_MATH(erf, Unary),
      SPATTN_MATH(erfc, Unary),
      SPATTN_MATH(exp, Unary),
      SPATTN_MATH(exp2, Unary),
      SPATTN_MATH(expm1, Unary),
      SPATTN_MATH(floor, Unary),
      SPATTN_MATH(fmod, Binary),
      SPATTN_MATH(log, Unary),
      SPATTN_MATH(log10, Unary),
      SPATTN_MATH(log1p, Unary),
      SPATTN_MATH(log2, Unary),
      SPATTN_MATH(pow, Binary),
      SPATTN_MATH(round, Unary),
      SPATTN_MATH(rint, Unary),
      SPATTN_MATH(sin, Unary),
      SPATTN_MATH(sinh, Unary),
      SPATTN_MATH(sqrt, Unary),
      SPATTN_MATH(tan, Unary),
      SPATTN_MATH(tanh, Unary),
      SPATTN_MATH(trunc, Unary)};
#undef SPATTN_MATH
  return symbols;
}
