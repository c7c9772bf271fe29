//===- ScoreOperations.h - What score regions compute with -----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_SCOREOPERATIONS_H
#define SPATTN_DIALECT_SPATTN_IR_SCOREOPERATIONS_H

#include "mlir/IR/Operation.h"

#include <optional>
#include <string>

namespace spattn {

/// Why an operation cannot be one of a score region, if it cannot. All
/// lowerings and the oracle have those that can.
std::optional<std::string> findScoreError(mlir::Operation &op);

} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_IR_SCOREOPERATIONS_H
