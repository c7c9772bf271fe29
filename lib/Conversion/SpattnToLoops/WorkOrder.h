//===- WorkOrder.h - The order in which tile rows run ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_WORKORDER_H
#define SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_WORKORDER_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace spattn {

/// Emits a counting sort of `[0, count)` by descending cost. `cost` emits the
/// cost of a row, an index in `[0, maxCost]`. Returns a buffer of `count`
/// indices, which the caller deallocates; memory is two words a row and one
/// for each possible cost.
mlir::Value
emitWorkOrder(mlir::ImplicitLocOpBuilder &b, mlir::Value count,
              mlir::Value maxCost,
              llvm::function_ref<mlir::Value(mlir::Value row)> cost);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_WORKORDER_H
