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

/// Checks the constraints of the specification that are not those of a single
/// operand. The scratch of a tile is `scratchFactor` times that of the forward
/// step.
llvm::LogicalResult verifyAttention(AttentionOpInterface op,
                                    int64_t scratchFactor);
/// Those of lists of tiles, after the ranks and sizes of operands.
llvm::LogicalResult verifyTileLists(AttentionOpInterface op);
/// And those of page tables.
llvm::LogicalResult verifyPageTable(AttentionOpInterface op);

} // namespace spattn

#endif // SPATTN_LIB_DIALECT_SPATTN_IR_ATTENTIONVERIFIER_H
