//===- StableHLOToLinalg.h - What attention is made of ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For the pass, see spattn-legalize-stablehlo in Conversion/Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_STABLEHLOTOLINALG_STABLEHLOTOLINALG_H
#define SPATTN_CONVERSION_STABLEHLOTOLINALG_STABLEHLOTOLINALG_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace spattn {

#define GEN_PASS_DECL_SPATTNLEGALIZESTABLEHLO
#include "spattn/Conversion/Passes.h.inc"

/// Adds patterns for the operations of StableHLO that attention is made of, on
/// tensors of static shapes, in generic form: to `arith`, `math`, `tensor` and
/// `linalg`.
void populateStableHLOToLinalgPatterns(mlir::RewritePatternSet &patterns);

} // namespace spattn

#endif // SPATTN_CONVERSION_STABLEHLOTOLINALG_STABLEHLOTOLINALG_H
