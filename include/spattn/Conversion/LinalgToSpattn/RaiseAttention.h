//===- RaiseAttention.h - Attention in other frontends' IR ------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For the pass, see spattn-raise-attention in Conversion/Passes.td; docs/
// Raising.md lists the forms that are recognized.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_LINALGTOSPATTN_RAISEATTENTION_H
#define SPATTN_CONVERSION_LINALGTOSPATTN_RAISEATTENTION_H

#include "mlir/Pass/Pass.h"

#include <functional>

namespace mlir {
class RewritePatternSet;
namespace linalg {
class LinalgDialect;
} // namespace linalg
namespace tensor {
class TensorDialect;
} // namespace tensor
} // namespace mlir

namespace spattn {

class SpattnDialect;

#define GEN_PASS_DECL_SPATTNRAISEATTENTION
#include "spattn/Conversion/Passes.h.inc"

/// Called for what is attention and stays as it is: with the operation that
/// would be replaced, the one in the way, which may be null, and what keeps it
/// from being raised, as in "makes the mask depend on the batch entry".
using RefusalHandler = std::function<void(
    mlir::Operation *op, mlir::Operation *inTheWay, llvm::StringRef reason)>;

/// Adds a pattern for each form of attention on tensors: contractions of
/// linalg, `tm_tensor.attention`, `iree_linalg_ext.attention`, `onnx.Attention`
/// and `onnx.Custom`. Each replaces the last operation of an attention, what
/// rounds its result, and log-sum-exps; all that is no longer needed is left
/// without a use.
void populateRaiseAttentionPatterns(mlir::RewritePatternSet &patterns,
                                    RefusalHandler onRefusal = nullptr);

} // namespace spattn

#endif // SPATTN_CONVERSION_LINALGTOSPATTN_RAISEATTENTION_H
