//===- BufferView.h - A strided array in memory ----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_SUPPORT_BUFFERVIEW_H
#define SPATTN_SUPPORT_BUFFERVIEW_H

#include "spattn/Runtime/ElementType.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace spattn {

/// Memory of the caller: a strided array. Strides are in elements.
struct BufferView {
  void *data = nullptr;
  runtime::ElementType elementType = runtime::ElementType::F32;
  llvm::SmallVector<int64_t, 4> sizes, strides;

  /// A contiguous, row-major array.
  static BufferView contiguous(void *data, runtime::ElementType elementType,
                               llvm::ArrayRef<int64_t> sizes);

  /// Elements of the array; 1 for rank 0.
  int64_t getNumElements() const;
};

} // namespace spattn

#endif // SPATTN_SUPPORT_BUFFERVIEW_H
