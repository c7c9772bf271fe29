//===- Operands.h - Operands of an attention in memory ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_REFERENCE_OPERANDS_H
#define SPATTN_LIB_REFERENCE_OPERANDS_H

#include "spattn/Reference/Attention.h"
#include "spattn/Support/Elements.h"

namespace spattn {

/// An operand and the sizes that it should have.
struct OperandSizes {
  llvm::StringRef name;
  const BufferView &view;
  int64_t batch, heads, length, width;
};

/// What of an operand does not fit, if anything. `lse` has no width.
llvm::Error checkOperand(const AttentionProblem &problem,
                         const OperandSizes &expected, bool hasWidth = true);

/// The row of an operand at (b, h, n): what `d` runs over. For `lse` it is one
/// element.
ElementRow getRow(const AttentionProblem &problem, const BufferView &view,
                  int64_t b, int64_t h, int64_t n);

} // namespace spattn

#endif // SPATTN_LIB_REFERENCE_OPERANDS_H
