//===- Attention.h - Attention in float64, row by row ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The oracle: softmax over the pairs that Mask.h allows, in float64, for arrays
// of any float type and any strides. Written to be read, not to be fast.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_REFERENCE_ATTENTION_H
#define SPATTN_REFERENCE_ATTENTION_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Support/BufferView.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>

namespace spattn {

/// What a `spattn.attention` computes. It does not refer to the operation, and
/// lives as long as the MLIR context.
struct AttentionProblem {
  mlir::Attribute structure;
  AlignmentKind alignment = AlignmentKind::End;
  std::string layout = "bhnd";
  int64_t queryHeads = 1, keyHeads = 1;
  int64_t headDim = 1, valueDim = 1;
  /// `1/sqrt(headDim)` if not given.
  std::optional<double> scale;

  /// The problem of an operation that verifies. Its scale is taken over if it
  /// is a constant; any other is the caller's to set.
  static AttentionProblem get(AttentionOpInterface op);

  double getScale() const;

  /// The position of dimension `b`, `h`, `n` or `d`; that of `lse` follows the
  /// same order without `d`.
  unsigned getDim(char name) const;
  unsigned getLseDim(char name) const;
};

/// Batch size and lengths of operands.
struct AttentionSizes {
  int64_t batch, queryLength, keyLength;
};

/// The sizes of operands, or what does not fit the problem or one another.
llvm::Expected<AttentionSizes> getSizes(const AttentionProblem &problem,
                                        const BufferView &query,
                                        const BufferView &key,
                                        const BufferView &value);

/// Row `i` of query head `h` and batch element `b`: writes `valueDim` numbers
/// to `out` and returns the row's log-sum-exp. A row without keys, or without a
/// logit above `-inf`, is 0, its log-sum-exp `-inf`. Operands have been checked
/// with `getSizes`, and the row is one of theirs.
double attentionRow(const AttentionProblem &problem, const BufferView &query,
                    const BufferView &key, const BufferView &value, int64_t b,
                    int64_t h, int64_t i, double *out);

/// All rows, rounded to the element types of `out` and `lse`, which may be
/// null. Rows run in parallel.
llvm::Error evaluate(const AttentionProblem &problem, const BufferView &query,
                     const BufferView &key, const BufferView &value,
                     const BufferView &out, const BufferView *lse = nullptr);

} // namespace spattn

#endif // SPATTN_REFERENCE_ATTENTION_H
