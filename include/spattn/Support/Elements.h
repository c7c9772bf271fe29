//===- Elements.h - Elements of arrays -------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_SUPPORT_ELEMENTS_H
#define SPATTN_SUPPORT_ELEMENTS_H

#include "mlir/IR/Types.h"
#include "spattn/Runtime/ElementType.h"

#include <optional>

namespace spattn {

using runtime::ElementType;

/// What elements of a type are in memory: f16, bf16, f32, f64, signless
/// integers of 8, 16, 32 and 64 bits, and index, which is as i64. Nothing for
/// other types.
std::optional<ElementType> getElementType(mlir::Type type);

/// Bytes of an element in memory. Nothing for other types than these.
std::optional<int64_t> getElementBytes(mlir::Type type);

/// Whether elements are of a type that the functions below take: f16, bf16, f32
/// or f64.
bool isFloatElement(mlir::Type type);
bool isFloatElement(ElementType type);

/// Elements of an array in a row: the first one, which need not be aligned, and
/// the stride in elements.
struct ElementRow {
  void *data;
  ElementType type;
  int64_t stride;
};

/// Reads a row.
void loadElements(const ElementRow &row, int64_t count, double *values);

/// Writes a row, rounded to nearest, ties to even.
void storeElements(const ElementRow &row, int64_t count, const double *values);

} // namespace spattn

#endif // SPATTN_SUPPORT_ELEMENTS_H
