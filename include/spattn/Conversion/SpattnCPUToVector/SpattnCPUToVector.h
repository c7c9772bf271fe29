//===- SpattnCPUToVector.h - Tile operations to vector loops ----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_SPATTNCPUTOVECTOR_SPATTNCPUTOVECTOR_H
#define SPATTN_CONVERSION_SPATTNCPUTOVECTOR_SPATTNCPUTOVECTOR_H

#include "mlir/Pass/Pass.h"
#include "spattn/Conversion/SpattnCPUToVector/RegisterOptions.h"

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace spattn {

#define GEN_PASS_DECL_CONVERTSPATTNCPUTOVECTOR
#include "spattn/Conversion/Passes.h.inc"

std::unique_ptr<mlir::Pass>
createConvertSpattnCPUToVector(const RegisterOptions &options);

/// Patterns of convert-spattn-cpu-to-vector: each replaces one operation of the
/// dialect spattn_cpu. They do not match a step whose mask region holds an
/// operation on positions that is not elementwise. They create operations of
/// the dialects arith, math, memref, scf and vector.
void populateSpattnCPUToVectorPatterns(mlir::RewritePatternSet &patterns,
                                       const RegisterBlock &block);

} // namespace spattn

#endif // SPATTN_CONVERSION_SPATTNCPUTOVECTOR_SPATTNCPUTOVECTOR_H
