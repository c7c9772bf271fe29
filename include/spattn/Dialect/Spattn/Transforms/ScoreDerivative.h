//===- ScoreDerivative.h - Derivatives of score regions --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_TRANSFORMS_SCOREDERIVATIVE_H
#define SPATTN_DIALECT_SPATTN_TRANSFORMS_SCOREDERIVATIVE_H

#include "mlir/IR/Builders.h"

namespace spattn {

/// What a score region makes of its arguments, and its derivative by the score;
/// null if that was not asked for.
struct ScoreWithDerivative {
  mlir::Value score, derivative;
};

/// Emits what a verified score region computes, for an f32 and four i32, and
/// its derivative by forward-mode differentiation: each operation is followed
/// by what makes the derivative of its result of those of its operands, and
/// nothing where these do not depend on the score.
ScoreWithDerivative emitScoreRegion(mlir::OpBuilder &b, mlir::Location loc,
                                    mlir::Region &region,
                                    mlir::ValueRange arguments,
                                    bool withDerivative);

} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_TRANSFORMS_SCOREDERIVATIVE_H
