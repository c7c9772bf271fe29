//===- ArrayVerifier.h - What arrays of operations obey ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What operations on rows, and merges, ask of their arrays alike.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_DIALECT_SPATTN_IR_ARRAYVERIFIER_H
#define SPATTN_LIB_DIALECT_SPATTN_IR_ARRAYVERIFIER_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// Verifies layout, ranks, elements, sizes and results, with an error of the
/// operation for the first that is wrong.
mlir::LogicalResult verifyArrays(KernelOpInterface op);

/// Verifies that an array has the elements of another one, which messages call
/// `what`, or f32 where that is allowed.
mlir::LogicalResult verifyElementsOf(KernelOpInterface op,
                                     const KernelArray &array,
                                     const KernelArray &model,
                                     llvm::StringRef what, bool orF32);

/// The result types of an operation: those of destinations that are tensors.
mlir::LogicalResult inferResults(llvm::ArrayRef<mlir::ValueRange> destinations,
                                 llvm::SmallVectorImpl<mlir::Type> &types);

} // namespace spattn

#endif // SPATTN_LIB_DIALECT_SPATTN_IR_ARRAYVERIFIER_H
