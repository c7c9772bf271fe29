//===- ElementType.h - Types of elements in memory --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_ELEMENTTYPE_H
#define SPATTN_RUNTIME_ELEMENTTYPE_H

#include <cstdint>

namespace spattn {
namespace runtime {

enum class ElementType : uint8_t { I8, I16, I32, I64, F16, BF16, F32, F64 };

unsigned getElementBytes(ElementType type);
/// "bf16"
const char *getElementName(ElementType type);

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_ELEMENTTYPE_H
