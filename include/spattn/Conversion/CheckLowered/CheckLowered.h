//===- CheckLowered.h - What is not in the LLVM dialect ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_CHECKLOWERED_CHECKLOWERED_H
#define SPATTN_CONVERSION_CHECKLOWERED_CHECKLOWERED_H

#include "mlir/Pass/Pass.h"

namespace spattn {

#define GEN_PASS_DECL_SPATTNCHECKLOWERED
#include "spattn/Conversion/Passes.h.inc"

/// Fails with an error at each operation of the levels above the LLVM dialect
/// in `root`, but for those in modules of other kinds, such as gpu.module.
llvm::LogicalResult checkLowered(mlir::Operation *root);

} // namespace spattn

#endif // SPATTN_CONVERSION_CHECKLOWERED_CHECKLOWERED_H
