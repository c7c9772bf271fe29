//===- DecomposeMerge.h - Merges as linalg operations -----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_DIALECT_SPATTN_TRANSFORMS_DECOMPOSEMERGE_H
#define SPATTN_LIB_DIALECT_SPATTN_TRANSFORMS_DECOMPOSEMERGE_H

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace spattn {

/// Adds the pattern that replaces merges on tensors.
void populateDecomposeMergePatterns(mlir::RewritePatternSet &patterns);

} // namespace spattn

#endif // SPATTN_LIB_DIALECT_SPATTN_TRANSFORMS_DECOMPOSEMERGE_H
