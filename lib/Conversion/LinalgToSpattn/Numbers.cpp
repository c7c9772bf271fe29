//===- Numbers.cpp - Numbers of a program, as doubles ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Numbers.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

std::optional<double> spattn::fitTo(Type type, double number) {
  if (std::isnan(number))
    return number;
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

/// The elements of a resource, as those of any constant; null if they are not
/// there, or of a type of less than a byte.
static DenseElementsAttr readResource(DenseResourceElementsAttr resource) {
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  ShapedType type = resource.getType();
  if (!blob || !type.hasStaticShape())
    return {};
  ArrayRef<char> data = blob->getData();
  if (type.getElementType().isInteger(1)) {
    // A byte each.
    if (static_cast<int64_t>(data.size()) != type.getNumElements())
      return {};
    SmallVector<bool> bits;
    for (char byte : data)
      bits.push_back(byte != 0);
    return DenseElementsAttr::get(type, ArrayRef<bool>(bits));
  }
  bool isSplat;
  if (!type.getElementType().isIntOrFloat() ||
      !DenseElementsAttr::isValidRawBuffer(type, data, isSplat))
    return {};
  return DenseElementsAttr::getFromRawBuffer(type, data);
}

std::vector<double> spattn::readConstant(Value tensor) {
  Attribute constant;
  if (!matchPattern(tensor, m_Constant(&constant)))
    return {};
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant))
    constant = readResource(resource);
  auto elements = dyn_cast_or_null<DenseElementsAttr>(constant);
  if (!elements)
    return {};
  std::vector<double> numbers;
  numbers.reserve(elements.getNumElements());
  Type type = elements.getElementType();
  if (type.isInteger(1)) {
    for (bool bit : elements.getValues<bool>())
      numbers.push_back(bit);
  } else if (type.isIntOrIndex()) {
    for (const APInt &number : elements.getValues<APInt>())
      numbers.push_back(static_cast<double>(number.getSExtValue()));
  } else if (isa<FloatType>(type)) {
    for (APFloat number : elements.getValues<APFloat>()) {
      bool losesInfo;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &losesInfo);
      numbers.push_back(number.convertToDouble());
    }
  }
  return numbers;
}
