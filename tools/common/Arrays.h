//===- Arrays.h - Arguments in memory ---------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_ARRAYS_H
#define SPATTN_TOOLS_COMMON_ARRAYS_H

#include "spattn/Reference/Interpreter.h"
#include "spattn/Support/Npy.h"

namespace spattn::tool {

/// An array and its memory.
using Array = ReferenceArray;

/// `1x16x4096x128xbf16`.
std::string getShapeText(llvm::ArrayRef<int64_t> sizes, mlir::Type elementType);

/// A contiguous array, its elements not set. Fails if it does not fit the
/// address space or the memory.
llvm::Expected<Array> allocate(runtime::ElementType elementType,
                               llvm::ArrayRef<int64_t> sizes);

/// Fills an array of floats with normal numbers, one of integers with zeros.
/// Each element depends on the seed, the stream and its position only.
void fillRandom(const Array &array, uint64_t seed, uint64_t stream);

/// Fills an array with NaN, or with -1 if it holds integers.
void fillPoison(const Array &array);

/// Fails, and says which types would do, if a file's elements cannot be an
/// argument's.
llvm::Error checkNpyType(NpyType type, mlir::Type elementType);

/// An array of this type with what a file holds, converted if need be.
llvm::Expected<Array> convertNpy(const NpyView &array, mlir::Type elementType);

/// A view of an array as it is written. Its elements are of a type that
/// `getElementBytes` knows.
NpyView toNpy(const BufferView &view);

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_ARRAYS_H
