//===- Operands.h - Tensors that hold query, key and value ------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_OPERANDS_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_OPERANDS_H

#include "AttentionParts.h"

namespace spattn {

/// What a dimension of a tensor counts. Heads may be one dimension, be merged
/// with the batch, or be split in two.
enum class Role {
  Unit,
  Batch,
  Head,
  Length,
  Width,
  BatchHead,
  OuterHead,
  InnerHead
};

/// A tensor that an operand can be made of by changing its shape, and
/// transposing it.
struct OperandTensor {
  mlir::Value tensor;
  llvm::SmallVector<Role> roles;
  /// So many query heads share one of its heads.
  int64_t group = 1;
  /// What its elements have to be multiplied by.
  double scale = 1;

  mlir::Type elementType() const {
    return llvm::cast<mlir::RankedTensorType>(tensor.getType())
        .getElementType();
  }
};

/// The tensors that a read can be had of, from the one that is read up to where
/// it comes from. `length` and `width` are the loops of its rows and columns.
llvm::SmallVector<OperandTensor> traceOperand(const AttentionParts &parts,
                                              Expr *read,
                                              mlir::AffineExpr length,
                                              mlir::AffineExpr width);

/// The order of the four dimensions: a permutation of "bhnd".
std::string getOrder(const OperandTensor &operand);

/// The tensor with four dimensions in an order, of so many heads.
mlir::Value shapeOperand(mlir::OpBuilder &builder, mlir::Location loc,
                         const OperandTensor &operand, int64_t heads,
                         llvm::StringRef order);

/// A tensor with its four dimensions in another order.
mlir::Value reorder(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value tensor, llvm::StringRef from,
                    llvm::StringRef to);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_OPERANDS_H
