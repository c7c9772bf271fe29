//===- KnownOperands.h - What a lowering computes with ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_KNOWNOPERANDS_H
#define SPATTN_DIALECT_SPATTN_IR_KNOWNOPERANDS_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// All operands but those of sequences: every lowering computes with them.
llvm::ArrayRef<OperandKind> getBasicOperands();
/// The same, and those that say where sequences start and end.
llvm::ArrayRef<OperandKind> getOperandsWithSequences();
/// All of those, and lists of tiles.
llvm::ArrayRef<OperandKind> getOperandsWithTileLists();
/// All of those, and page tables.
llvm::ArrayRef<OperandKind> getOperandsWithPages();

/// Emits an error if an operation is given an operand that is not among those
/// that a lowering knows, and so would leave out of what it computes. `what` is
/// what the lowering makes, as in "no <what> computes with 'x' yet".
llvm::LogicalResult checkKnownOperands(AttentionOpInterface op,
                                       llvm::ArrayRef<OperandKind> known,
                                       llvm::StringRef what);

} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_IR_KNOWNOPERANDS_H
