//===- RowsKernels.h - The kernels of rows by number ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A gather or a sum of rows is one kernel, which is bound by memory: lanes load
// 16 bytes each of all rows that they need, and only then use the first.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_ROWS_ROWSKERNELS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_ROWS_ROWSKERNELS_H

#include "../Parts/KernelSignature.h"

namespace spattn {

/// Fails, with an error, if there is no kernel for a gather or a sum of rows.
mlir::LogicalResult checkRowsKernel(KernelOpInterface op);

/// The same for hashes of rows, whose kernel computes products.
mlir::LogicalResult checkHashKernel(HashRowsOp op,
                                    const TargetCapabilities &target);
void buildHashKernel(mlir::OpBuilder &builder, HashRowsOp op,
                     llvm::StringRef name, KernelProgram &program,
                     const TargetCapabilities &target);

/// Build the kernel, and add it to `program`.
void buildRowsKernel(mlir::OpBuilder &builder, GatherRowsOp op,
                     llvm::StringRef name, KernelProgram &program);
void buildRowsKernel(mlir::OpBuilder &builder, SumRowsOp op,
                     llvm::StringRef name, KernelProgram &program);
void buildRowsKernel(mlir::OpBuilder &builder, KernelOpInterface op,
                     llvm::StringRef name, KernelProgram &program);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_ROWS_ROWSKERNELS_H
