//===- SpattnToLoops.h - Attention to loops over its tiles ------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_SPATTNTOLOOPS_SPATTNTOLOOPS_H
#define SPATTN_CONVERSION_SPATTNTOLOOPS_SPATTNTOLOOPS_H

#include "mlir/Pass/Pass.h"
#include "spattn/Conversion/SpattnToLoops/LoopOptions.h"

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace spattn {

#define GEN_PASS_DECL_CONVERTSPATTNTOLOOPS
#include "spattn/Conversion/Passes.h.inc"

std::unique_ptr<mlir::Pass>
createConvertSpattnToLoops(const LoopOptions &options);

/// Patterns of convert-spattn-to-loops: each replaces one attention or merge,
/// or its gradients, on buffers. They do not match operations on tensors, and
/// those whose scale is a constant that is not finite. They create operations
/// of the dialects arith, math, memref, scf, vector and spattn_cpu.
void populateSpattnToLoopsPatterns(mlir::RewritePatternSet &patterns);

} // namespace spattn

#endif // SPATTN_CONVERSION_SPATTNTOLOOPS_SPATTNTOLOOPS_H
