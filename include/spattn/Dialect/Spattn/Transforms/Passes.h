//===- Passes.h - Passes over the spattn dialect ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_TRANSFORMS_PASSES_H
#define SPATTN_DIALECT_SPATTN_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include "spattn/Dialect/Spattn/Transforms/TileShapeOptions.h"

namespace mlir {
class DialectRegistry;
class ModuleOp;
class RewritePatternSet;
namespace arith {
class ArithDialect;
} // namespace arith
namespace bufferization {
class BufferizationDialect;
} // namespace bufferization
namespace func {
class FuncDialect;
} // namespace func
namespace linalg {
class LinalgDialect;
} // namespace linalg
namespace math {
class MathDialect;
} // namespace math
namespace memref {
class MemRefDialect;
} // namespace memref
namespace tensor {
class TensorDialect;
} // namespace tensor
} // namespace mlir

namespace spattn {

/// An attribute that asks spattn-bufferize where the results of a function are
/// found, whatever it holds: it gets, for each result that the function had,
/// the argument whose buffer it is, or -1 if it is still returned.
inline constexpr llvm::StringLiteral kResultArgumentsName =
    "spattn.result_arguments";

/// Lets One-Shot Bufferize handle `spattn.attention`.
void registerBufferizableOpInterfaceModels(mlir::DialectRegistry &registry);

/// The pattern of spattn-decompose: replaces attention on tensors, whose scale
/// is no constant that is not finite, by operations of the dialects arith,
/// linalg, math and tensor.
void populateSpattnDecomposePatterns(mlir::RewritePatternSet &patterns);

#define GEN_PASS_DECL
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"

std::unique_ptr<mlir::Pass>
createSpattnSelectTileShape(const TileShapeOptions &options);

#define GEN_PASS_REGISTRATION
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"
} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_TRANSFORMS_PASSES_H
