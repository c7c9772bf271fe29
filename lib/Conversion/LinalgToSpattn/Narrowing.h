//===- Narrowing.h - Results that are rounded -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of f16 are f32 in linalg, and rounded behind. Attention rounds by
// itself, which saves memory, and kernels have fewer limits.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_NARROWING_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_NARROWING_H

#include "mlir/IR/PatternMatch.h"

namespace spattn {

/// Whether all that happens to a tensor is that it changes its shape and is
/// then rounded to that type.
bool isRoundedTo(mlir::Value tensor, mlir::Type element);

/// Replaces what a tensor is rounded to, where `isRoundedTo` holds, by
/// `rounded`, the same tensor with rounded elements. Leaves operations without
/// a use.
void replaceRounded(mlir::RewriterBase &rewriter, mlir::Value tensor,
                    mlir::Value rounded);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_NARROWING_H
