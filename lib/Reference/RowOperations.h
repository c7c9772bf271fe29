//===- RowOperations.h - Operations on rows in the interpreter --*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_REFERENCE_ROWOPERATIONS_H
#define SPATTN_LIB_REFERENCE_ROWOPERATIONS_H

#include "spattn/Reference/Attention.h"

namespace spattn {

/// Computes a merge, its gradients, or an operation on rows by number, on
/// arrays in the order that the operation has them in.
llvm::Error evaluateRows(KernelOpInterface op,
                         llvm::ArrayRef<BufferView> views);

} // namespace spattn

#endif // SPATTN_LIB_REFERENCE_ROWOPERATIONS_H
