//===- AttentionVerifier.h - The constraints of attention ------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_DIALECT_SPATTN_IR_ATTENTIONVERIFIER_H
#define SPATTN_LIB_DIALECT_SPATTN_IR_ATTENTIONVERIFIER_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// What an operand is, which decides its shape and its elements.
enum class OperandKind {
  Query,
  Key,
  Value,
  Out,
  Lse,
  OutGradient,
  QueryGradient,
  KeyGradient,
  ValueGradient,
};

/// An operand by its name in messages; a null value is one that is not given.
struct AttentionOperand {
  mlir::Value value;
  llvm::StringRef name;
  OperandKind kind;
};

/// Checks the constraints of the specification that are not those of a single
/// operand: `operands` are all tensors or buffers, in the operation's order.
/// The scratch of a tile is `scratchFactor` times that of the forward step.
llvm::LogicalResult verifyAttention(AttentionOpInterface op,
                                    llvm::ArrayRef<AttentionOperand> operands,
                                    int64_t scratchFactor);

} // namespace spattn

#endif // SPATTN_LIB_DIALECT_SPATTN_IR_ATTENTIONVERIFIER_H
