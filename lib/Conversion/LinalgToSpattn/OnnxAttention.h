//===- OnnxAttention.h - What ONNX's attentions have in common --*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_ONNXATTENTION_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_ONNXATTENTION_H

#include "Refusal.h"
#include "mlir/IR/PatternMatch.h"

#include <optional>

namespace spattn {

/// What the operations of ONNX and of its extensions have in common.
struct OnnxAttention {
  mlir::Value query, key, value, mask;
  /// Of operands of three dimensions, whose last one has the heads.
  int64_t queryHeads = 0, keyHeads = 0;
  std::optional<double> scale;
  double softCap = 0;
  /// Distances i - j that are seen, with their ends; none is unbounded.
  std::optional<int64_t> least, greatest;
  /// Whether there are as many keys as queries.
  bool isSelf = false;

  /// What replaces the first result of `op`. Null if it is refused.
  mlir::Value raise(mlir::PatternRewriter &rewriter, mlir::Operation *op,
                    Refusal &refusal) const;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_ONNXATTENTION_H
