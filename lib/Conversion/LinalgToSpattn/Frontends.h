//===- Frontends.h - What attention is written in ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each gives what the first result of an operation, which is the only one that
// is used, is replaced by. Null if that is no attention, or if it is refused,
// with the reason.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_FRONTENDS_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_FRONTENDS_H

#include "AttentionParts.h"

namespace spattn {

/// An attribute, also of an operation that is not registered.
mlir::Attribute getAttribute(mlir::Operation *op, llvm::StringRef name);

/// Attention that ends in a contraction of linalg: weights times values.
mlir::Value raiseContraction(mlir::PatternRewriter &rewriter,
                             mlir::Operation *op, Refusal &refusal);

/// `tm_tensor.attention` of torch-mlir.
mlir::Value raiseTMTensor(mlir::PatternRewriter &rewriter, mlir::Operation *op,
                          Refusal &refusal);

/// `iree_linalg_ext.attention` of IREE.
mlir::Value raiseLinalgExt(mlir::PatternRewriter &rewriter, mlir::Operation *op,
                           Refusal &refusal);

/// `onnx.Attention` of opset 23 and later.
mlir::Value raiseOnnx(mlir::PatternRewriter &rewriter, mlir::Operation *op,
                      Refusal &refusal);

/// `onnx.Custom` with the functions `MultiHeadAttention` and
/// `GroupQueryAttention` of `com.microsoft`.
mlir::Value raiseOnnxCustom(mlir::PatternRewriter &rewriter,
                            mlir::Operation *op, Refusal &refusal);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_FRONTENDS_H
