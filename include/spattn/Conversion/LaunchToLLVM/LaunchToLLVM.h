//===- LaunchToLLVM.h - Launches as calls of the runtime -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For the pass, see convert-spattn-launch-to-llvm in Conversion/Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_LAUNCHTOLLVM_LAUNCHTOLLVM_H
#define SPATTN_CONVERSION_LAUNCHTOLLVM_LAUNCHTOLLVM_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class ConversionTarget;
class DialectRegistry;
class LLVMTypeConverter;
class RewritePatternSet;
} // namespace mlir

namespace spattn {

#define GEN_PASS_DECL_CONVERTSPATTNLAUNCHTOLLVM
#include "spattn/Conversion/Passes.h.inc"

/// Adds the patterns for `spattn.launch` and for each `gpu.binary` that holds
/// an artifact, and says which of them are to be converted. The operation that
/// the conversion is applied to has to hold the symbol tables of both.
void populateSpattnLaunchToLLVMPatterns(mlir::LLVMTypeConverter &converter,
                                        mlir::RewritePatternSet &patterns,
                                        mlir::ConversionTarget &target);

/// Makes those patterns a part of upstream's `convert-to-llvm`.
void registerConvertSpattnLaunchToLLVMInterface(
    mlir::DialectRegistry &registry);

} // namespace spattn

#endif // SPATTN_CONVERSION_LAUNCHTOLLVM_LAUNCHTOLLVM_H
