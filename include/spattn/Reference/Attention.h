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
#include "spattn/Support/Elements.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <optional>

namespace spattn {

/// What a `spattn.attention` computes. It does not refer to the operation, and
/// lives as long as the MLIR context.
struct AttentionProblem {
  mlir::Attribute structure;
  Alignment alignment = Alignment::End;
  Layout layout;
  int64_t queryHeads = 1, keyHeads = 1;
  int64_t headDim = 1, valueDim = 1;
  /// Distances that `distance_bias` has a number for.
  int64_t distances = 0;
  /// `1/sqrt(headDim)` if not given.
  std::optional<double> scale;
  /// None if not given.
  std::optional<double> softCap;
  BoundLength boundLength = BoundLength::Sequence;
  /// Whether keys at later positions are not seen.
  bool causalPositions = false;
  /// The score of pairs at equal positions; none if that is theirs.
  std::optional<double> selfScore;
  /// What lists of tiles are of; null if there are none.
  TileListsAttr tileLists;
  /// A copy of the region that modifies scores; null if there is none.
  std::shared_ptr<mlir::Region> score;

  /// The problem of an operation that verifies. Its scalars are taken over if
  /// they are constants; any others are the caller's to set.
  static AttentionProblem get(AttentionOpInterface op);

  double getScale() const;
  /// A scalar operand, by its kind.
  std::optional<double> &getScalar(OperandKind kind);
};

/// Batch size and lengths of operands, and how many sequences a batch entry
/// has.
struct AttentionSizes {
  int64_t batch, queryLength, keyLength, sequences;
};

/// Arrays of an attention or its gradients: what they read, and where what they
/// compute is written. One that is left out has no element type.
using OperandArrays = OperandMap<BufferView>;
inline bool isGiven(const BufferView &array) { return !array.sizes.empty(); }

/// Batch size and lengths, or which of the arrays that are there do not fit the
/// problem or one another. Sequences have to be apart and within the lengths.
/// What the operation reads has to be there unless it is optional, and with
/// `needsOutputs` so has what it writes. `infos` are those of the operation.
llvm::Expected<AttentionSizes> getSizes(const AttentionProblem &problem,
                                        const OperandArrays &arrays,
                                        llvm::ArrayRef<OperandInfo> infos,
                                        bool needsOutputs = false);

/// The number of keys: rows of `key`, or of the pages that a table has room
/// for. The arrays have the ranks that they should have.
int64_t getKeyLength(const AttentionProblem &problem,
                     const OperandArrays &arrays);

/// The row of an array at (b, h, n), as far as it has these dimensions: the
/// elements that its width runs over, or the one of an array without. That of a
/// key or value in pages is where the page table says.
ElementRow getRow(const AttentionProblem &problem, const OperandArrays &arrays,
                  OperandKind kind, int64_t b, int64_t h, int64_t n);

/// A sequence of a batch entry: where its rows are, and the `N` of bounds.
struct Sequence {
  int64_t firstQuery, queries, firstKey, keys, boundLength;

  bool hasQuery(int64_t i) const {
    return firstQuery <= i && i < firstQuery + queries;
  }
};

/// Sequence `s` of batch element `b`. Sizes are those of the arrays.
Sequence getSequence(const AttentionProblem &problem,
                     const OperandArrays &arrays, int64_t b, int64_t s);
/// The sequence of a query of batch element `b`; none for padding.
std::optional<Sequence> findSequence(const AttentionProblem &problem,
                                     const OperandArrays &arrays, int64_t b,
                                     int64_t i);
/// Whether query `i` of head `h` and key `j` of batch element `b` are of the
/// same sequence, whose structure allows the pair, or in a tile that is listed,
/// whose mask does.
bool isPairAllowed(const AttentionProblem &problem, const OperandArrays &arrays,
                   const std::optional<Sequence> &sequence, int64_t b,
                   int64_t h, int64_t i, int64_t j);

/// Whether positions allow the pair of query `i` of head `h` and key `j` of
/// batch element `b`. Where there are none, they do.
bool isPairOrdered(const AttentionProblem &problem, const OperandArrays &arrays,
                   int64_t b, int64_t h, int64_t i, int64_t j);

/// The sink logit of a query head, `-inf` if there is none.
double getSinkLogit(const AttentionProblem &problem,
                    const OperandArrays &arrays, int64_t h);

/// What the softmax takes of a pair, and the derivative of it by the scaled
/// product of query and key.
struct Score {
  double value, derivative;
  /// The derivative by a bias, which comes behind the soft cap.
  double biasDerivative = 1;
  int64_t distance = 0;
};

/// The score of query `i` and key `j` of query head `h` and batch element `b`,
/// by the product of their rows: scaled, capped, biased, and what the region
/// makes of it, in this order, or that of equal positions. Both are of
/// `sequence`. Arrays have been checked
/// with `getSizes`.
Score getScore(const AttentionProblem &problem, const OperandArrays &arrays,
               const Sequence &sequence, int64_t b, int64_t h, int64_t i,
               int64_t j, double product);

/// Row `i` of query head `h` and batch element `b`: writes `valueDim` numbers
/// to `out` and returns the row's log-sum-exp. A row without keys, or without a
/// logit above `-inf`, is 0, its log-sum-exp the sink logit, or `-inf` for a
/// row of no sequence. Arrays have been checked with `getSizes`, and the row is
/// one of theirs.
double attentionRow(const AttentionProblem &problem,
                    const OperandArrays &arrays, int64_t b, int64_t h,
                    int64_t i, double *out);

/// All rows, rounded to the element types of `out` and, if it is there, `lse`.
/// Rows run in parallel.
llvm::Error evaluate(const AttentionProblem &problem,
                     const OperandArrays &arrays);

} // namespace spattn

#endif // SPATTN_REFERENCE_ATTENTION_H
