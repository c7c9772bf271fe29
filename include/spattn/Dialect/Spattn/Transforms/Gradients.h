//===- Gradients.h - Gradients of attention as IR --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a compiler that differentiates needs to know of attention: its rule.
// `spattn-derive-backward` is made of the same functions.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_TRANSFORMS_GRADIENTS_H
#define SPATTN_DIALECT_SPATTN_TRANSFORMS_GRADIENTS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// The type of the log-sum-exp of an attention on tensors.
mlir::RankedTensorType getLseType(AttentionOp op);

/// Replaces an attention on tensors that computes no log-sum-exp by one that
/// does, into `destination`, or into a new tensor if that is null. Returns an
/// attention that computes one already.
AttentionOp withLse(mlir::RewriterBase &rewriter, AttentionOp op,
                    mlir::Value destination = {});

/// Emits the gradients of an attention on tensors: with its structure,
/// alignment, layout and tile shape, at its location, from values that may be
/// those of another function. There is a gradient by each operand of the table
/// that has one and is given. Destinations that are not among `operands` are
/// new tensors of the types of what they are the gradients of.
AttentionBackwardOp buildGradients(mlir::OpBuilder &b, AttentionOp op,
                                   OperandValues operands);

/// As above, next to an attention that computes its log-sum-exp: `dout` is the
/// gradient by its output, and `dlse` that by its log-sum-exp, or null if the
/// loss does not depend on it.
AttentionBackwardOp buildGradients(mlir::OpBuilder &b, AttentionOp op,
                                   mlir::Value dout, mlir::Value dlse = {});

/// The gradients of a merge on tensors, into new tensors: by its parts, then by
/// their log-sum-exps. `dlse` is null if the loss does not depend on the
/// log-sum-exp. Null, with an error, for a merge with `rows`.
MergeBackwardOp buildGradients(mlir::OpBuilder &b, MergeOp op, mlir::Value dout,
                               mlir::Value dlse = {});

} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_TRANSFORMS_GRADIENTS_H
