//===- Numbers.cpp - Numbers of a program, as doubles ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Numbers.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

std::optional<double> spattn::fitTo(Type type, double number) {
  if (auto floatType = dyn_cast<FloatType>(type)) {
    APFloat rounded(number);
    bool losesInfo;
    rounded.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
    rounded.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
    return rounded.convertToDouble();
  }
  if (!type.isIntOrIndex() || !(std::abs(number) <= 0x1p52))
    return std::nullopt;
  if (type.isInteger(1))
    return number == 0 || number == 1 ? std::optional(number) : std::nullopt;
  unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  if (width >= 53)
    return number;
  double modulus = std::ldexp(1.0, static_cast<int>(width));
  double rest = number - std::floor(number / modulus) * modulus;
  return rest < modulus / 2 ? rest : rest - modulus;
}

bool spattn::holdsIndices(Type type) {
  if (auto floatType = dyn_cast<FloatType>(type))
    return floatType.getFPMantissaWidth() >= 24;
  return type.isIndex() ||
         (type.isInteger() && type.getIntOrFloatBitWidth() >= 32);
}
