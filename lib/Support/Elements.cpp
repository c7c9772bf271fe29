//===- Elements.cpp - Elements of arrays ----------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Support/Elements.h"

#include "spattn/Support/Float.h"

#include <cstring>

using namespace mlir;
using namespace spattn;

bool spattn::isFloatElement(Type type) {
  return type.isF16() || type.isBF16() || type.isF32() || type.isF64();
}

bool spattn::isFloatElement(ElementType type) {
  return type == ElementType::F16 || type == ElementType::BF16 ||
         type == ElementType::F32 || type == ElementType::F64;
}

std::optional<ElementType> spattn::getElementType(Type type) {
  if (type.isF16())
    return ElementType::F16;
  if (type.isBF16())
    return ElementType::BF16;
  if (type.isF32())
    return ElementType::F32;
  if (type.isF64())
    return ElementType::F64;
  if (type.isSignlessInteger(8))
    return ElementType::I8;
  if (type.isSignlessInteger(16))
    return ElementType::I16;
  if (type.isSignlessInteger(32))
    return ElementType::I32;
  if (type.isSignlessInteger(64) || type.isIndex())
    return ElementType::I64;
  return std::nullopt;
}

std::optional<int64_t> spattn::getElementBytes(Type type) {
  if (std::optional<ElementType> element = getElementType(type))
    return getElementBytes(*element);
  return std::nullopt;
}

template <class T, class F>
static void load(const ElementRow &row, int64_t count, double *values,
                 F convert) {
  auto *data = static_cast<const char *>(row.data);
  for (int64_t i = 0; i < count; ++i) {
    T element;
    std::memcpy(&element, data + i * row.stride * int64_t(sizeof(T)),
                sizeof(T));
    values[i] = convert(element);
  }
}

template <class T, class F>
static void store(const ElementRow &row, int64_t count, const double *values,
                  F convert) {
  auto *data = static_cast<char *>(row.data);
  for (int64_t i = 0; i < count; ++i) {
    T element = convert(values[i]);
    std::memcpy(data + i * row.stride * int64_t(sizeof(T)), &element,
                sizeof(T));
  }
}

void spattn::loadElements(const ElementRow &row, int64_t count,
                          double *values) {
  if (row.type == ElementType::F32)
    return load<float>(row, count, values, [](float x) { return double(x); });
  if (row.type == ElementType::F64)
    return load<double>(row, count, values, [](double x) { return x; });
  if (row.type == ElementType::F16)
    return load<uint16_t>(row, count, values, f16ToDouble);
  return load<uint16_t>(row, count, values, bf16ToDouble);
}

void spattn::storeElements(const ElementRow &row, int64_t count,
                           const double *values) {
  if (row.type == ElementType::F32)
    return store<float>(row, count, values, [](double x) { return float(x); });
  if (row.type == ElementType::F64)
    return store<double>(row, count, values, [](double x) { return x; });
  if (row.type == ElementType::F16)
    return store<uint16_t>(row, count, values, doubleToF16);
  return store<uint16_t>(row, count, values, doubleToBF16);
}
