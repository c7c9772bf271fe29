//===- Modifiers.h - What modifies scores besides masks ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MODIFIERS_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MODIFIERS_H

#include "DistanceBias.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include <memory>

namespace spattn {

/// How an attention says what its biases, and functions of scores, do.
struct Modifiers {
  std::optional<SlopeBias> slopes;
  /// Biases by distance, and the tables of those that are known pair by pair.
  llvm::SmallVector<Bias> byDistance;
  DistanceTables tables;
  /// The `score` region, or null.
  std::unique_ptr<mlir::Region> region;

  /// Finds them, without changing the program. False if something cannot be
  /// said.
  bool find(mlir::Location loc, const AttentionParts &parts,
            const MaskedHeads &masked, Refusal &refusal);

  /// Sets the operands of biases.
  void emit(mlir::OpBuilder &builder, mlir::Location loc,
            const AttentionParts &parts, Alignment alignment,
            OperandValues &operands) const;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MODIFIERS_H
