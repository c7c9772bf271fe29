//===- DecomposeScores.h - Scores in linalg operations ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_DIALECT_SPATTN_TRANSFORMS_DECOMPOSESCORES_H
#define SPATTN_LIB_DIALECT_SPATTN_TRANSFORMS_DECOMPOSESCORES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"

namespace spattn {

/// What happens to a scaled score before the softmax, in the body of a
/// `linalg.generic` over batch elements, query heads, queries and keys.
class DecomposedScores {
public:
  using Value = mlir::Value;

  /// Emits what is outside of the body.
  DecomposedScores(mlir::ImplicitLocOpBuilder &b, AttentionOp op);

  Value modify(mlir::ImplicitLocOpBuilder &inner, Value score);
  /// How the positions of the body's pair compare.
  Value comparePositions(mlir::ImplicitLocOpBuilder &inner,
                         mlir::arith::CmpIPredicate predicate);

private:
  Value loadPosition(mlir::ImplicitLocOpBuilder &inner, OperandKind kind,
                     Value head, int64_t row);
  /// The distance of the body's pair.
  IndexOps::Value emitDistance(mlir::ImplicitLocOpBuilder &inner,
                               IndexOps &ops);
  /// A number of a head.
  Value load(mlir::ImplicitLocOpBuilder &inner, OperandKind kind,
             Value entry = Value());

  AttentionOp op;
  OperandValues operands;
  /// Of queries and keys, where distances are needed.
  Value queries, keys;
};

} // namespace spattn

#endif // SPATTN_LIB_DIALECT_SPATTN_TRANSFORMS_DECOMPOSESCORES_H
