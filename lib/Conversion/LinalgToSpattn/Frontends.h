//===- Frontends.h - What attention is written in ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each gives what the one result of an operation is replaced by. Null if that
// is no attention, or if it is refused, with the reason.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_FRONTENDS_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_FRONTENDS_H

#include "AttentionParts.h"

namespace spattn {

/// Attention that ends in a contraction of linalg: weights times values.
mlir::Value raiseContraction(mlir::OpBuilder &builder, mlir::Operation *op,
                             Refusal &refusal);

/// `tm_tensor.attention` of torch-mlir.
mlir::Value raiseTMTensor(mlir::OpBuilder &builder, mlir::Operation *op,
                          Refusal &refusal);

/// `iree_linalg_ext.attention` of IREE.
mlir::Value raiseLinalgExt(mlir::OpBuilder &builder, mlir::Operation *op,
                           Refusal &refusal);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_FRONTENDS_H
