//===- MergeKernels.h - The kernels of merges -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A merge, or its gradients, is one kernel, which is bound by memory: each row
// is read and written once, 16 bytes a lane at a time.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_MERGE_MERGEKERNELS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_MERGE_MERGEKERNELS_H

#include "../Parts/KernelSignature.h"

namespace spattn {

/// Fails, with an error, if there is no kernel for a merge or its gradients.
mlir::LogicalResult checkMergeKernel(KernelOpInterface op);

/// Build the kernel, and add it to `program`.
void buildMergeKernel(mlir::OpBuilder &builder, MergeOp op,
                      llvm::StringRef name, KernelProgram &program);
void buildMergeKernel(mlir::OpBuilder &builder, MergeBackwardOp op,
                      llvm::StringRef name, KernelProgram &program);
void buildMergeKernel(mlir::OpBuilder &builder, KernelOpInterface op,
                      llvm::StringRef name, KernelProgram &program);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_MERGE_MERGEKERNELS_H
