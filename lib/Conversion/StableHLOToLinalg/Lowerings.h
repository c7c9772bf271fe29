//===- Lowerings.h - Operations of StableHLO --------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations are read from names, operands and attributes, and need not be
// registered. Their attributes are text then: #stablehlo.dot<...>.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_STABLEHLOTOLINALG_LOWERINGS_H
#define SPATTN_LIB_CONVERSION_STABLEHLOTOLINALG_LOWERINGS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace spattn {

/// An operation with one result, all of whose tensors have static shapes and
/// elements that are floats or signless integers.
struct HloOp {
  mlir::Operation *op;
  /// Without the name of the dialect.
  llvm::StringRef name;

  mlir::RankedTensorType type() const {
    return llvm::cast<mlir::RankedTensorType>(op->getResult(0).getType());
  }
  mlir::RankedTensorType typeOf(unsigned operand) const {
    return llvm::cast<mlir::RankedTensorType>(
        op->getOperand(operand).getType());
  }
  mlir::Attribute attribute(llvm::StringRef name) const;
  /// An array of integers, or none.
  std::optional<llvm::SmallVector<int64_t>>
  integers(llvm::StringRef name) const;
  /// The text of an attribute of the dialect, as `dot<...>`.
  std::string text(llvm::StringRef name) const;
};

/// What an operation of each kind becomes, or null, with nothing changed.
mlir::Value lowerElementwise(mlir::OpBuilder &builder, const HloOp &hlo);
mlir::Value lowerMovement(mlir::OpBuilder &builder, const HloOp &hlo);
mlir::Value lowerReduction(mlir::OpBuilder &builder, const HloOp &hlo);

/// What `add`, `maximum`, and so on do to numbers, or to tensors of them. Null
/// for operations that are not known.
mlir::Value computeElements(mlir::OpBuilder &builder, mlir::Location loc,
                            llvm::StringRef name, mlir::ValueRange args);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_STABLEHLOTOLINALG_LOWERINGS_H
