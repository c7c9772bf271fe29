//===- RowLayout.h - Which query and head a row is --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_ROWLAYOUT_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_ROWLAYOUT_H

#include "SequenceInfo.h"

namespace spattn {

/// What the rows of a tile of queries are. Row `r` is that of query `r / heads`
/// of the tile and of head `r mod heads` of those of a work tile, which are of
/// one group of query heads and see the same. With more than one, query heads
/// are packed: FlashAttention's PackGQA. The one place that knows.
///
/// Numbers of heads are powers of two that divide the rows of a fragment, so
/// that a fragment has whole queries.
struct RowLayout {
  using Value = mlir::Value;
  using Index = KernelBuilder::Index;

  int64_t heads = 1;

  bool isPacked() const { return heads > 1; }
  /// How many queries so many rows are, of whole ones.
  int64_t queriesOf(int64_t rows) const { return rows / heads; }
  Value queriesOf(KernelBuilder &b, Value rows) const;
  /// The query of a row, counted as rows are.
  Index queryOf(KernelBuilder &b, Index row) const;
  /// How many rows so many queries are.
  Value rowsOf(KernelBuilder &b, Value queries) const;

  /// The number of the query of each row, from the one of the first row on, and
  /// that of its head, from that of the work tile on, as rows of f32.
  Value queryNumbers(KernelBuilder &b, Value first) const;
  Value headNumbers(KernelBuilder &b, Value first) const;
  /// The distance of each row's query from each column, which is `first` for
  /// the first row and the first column.
  Value distances(KernelBuilder &b, mlir::Type type, Value first) const;

  /// Runs `body` for each head, of which the first is given.
  template <class Body>
  void forEachHead(KernelBuilder &b, Value first, Body body) const {
    if (!isPacked())
      return body(first);
    auto loop = b.forLoop(0, b.i32(heads));
    b.in(loop.getBody(), [&] { body(b.add(first, loop.getInductionVar())); });
  }

  /// How far apart heads of an array are, as an operand of operations on rows;
  /// null if rows are of one head.
  Value headStride(KernelBuilder &b, const StridedArray &array) const {
    return isPacked() ? b.asIndex(array.headStride) : Value();
  }
  /// Starts a copy of a tile whose first query and head are given, and the
  /// opposite one. Tensor maps are those of KernelSignature::tensorMap.
  void load(KernelBuilder &b, Value map, Value query, Value head, Value batch,
            Value tile, Value barrier, KernelBuilder::Eviction eviction) const;
  void store(KernelBuilder &b, Value tile, Value map, Value query, Value head,
             Value batch) const;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_ROWLAYOUT_H
