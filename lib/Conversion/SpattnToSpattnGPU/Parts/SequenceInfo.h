//===- SequenceInfo.h - Lengths and rows of a batch entry -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SEQUENCEINFO_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SEQUENCEINFO_H

#include "KernelBuilder.h"
#include "spattn/Dialect/Spattn/Transforms/Sequences.h"
#include "spattn/Structure/NormalForm.h"

#include <memory>

namespace spattn {

/// The sequences of a batch, of the same length each: how many there are, and
/// their lengths, as i32.
struct SequenceInfo {
  mlir::Value batches, queryLength, keyLength;
  /// Where the sequences of a batch entry are; null if each has one, of all
  /// rows.
  std::shared_ptr<Sequences> sequences;

  /// The lengths as the algebra takes them.
  Lengths<KernelBuilder::Index> lengths(KernelBuilder &b) const {
    return {b.ops.wrap(queryLength), b.ops.wrap(keyLength)};
  }
  /// Query tiles of a batch entry, the last of which may be ragged; or slots,
  /// where it has sequences.
  mlir::Value queryTiles(KernelBuilder &b, int64_t size) const {
    if (sequences)
      return b.ops.materialize(
          sequences->slots(Sequences::Side::Queries, size));
    return b.ops.materialize(b.ops.ceilDiv(b.ops.wrap(queryLength), size));
  }
  /// The same of key tiles.
  mlir::Value keyTiles(KernelBuilder &b, int64_t size) const {
    if (sequences)
      return b.ops.materialize(sequences->slots(Sequences::Side::Keys, size));
    return b.ops.materialize(b.ops.ceilDiv(b.ops.wrap(keyLength), size));
  }
  /// Queries of a batch entry in whole tiles: rows that scratch has for a head.
  mlir::Value paddedQueries(KernelBuilder &b, int64_t size) const {
    if (sequences) {
      mlir::Value slots = queryTiles(b, size);
      return b.mul(slots, b.i32(size));
    }
    return b.ops.materialize(b.ops.mul(
        b.ops.ceilDiv(b.ops.wrap(queryLength), size), b.ops.constant(size)));
  }
};

/// An array of the caller that a kernel addresses itself: its address, and its
/// strides for batch, head and row, in elements.
struct StridedArray {
  mlir::Value pointer, batchStride, headStride, rowStride;

  /// The address of a row.
  mlir::Value row(KernelBuilder &b, mlir::Value batch, mlir::Value head,
                  mlir::Value row, mlir::Type type) const {
    auto elementsTo = [&](mlir::Value number, mlir::Value stride) {
      mlir::Value apart = b.asIndex(stride);
      return b.mul(b.asIndex(number), apart);
    };
    mlir::Value toRow = elementsTo(row, rowStride);
    mlir::Value toHead = elementsTo(head, headStride);
    mlir::Value toBatch = elementsTo(batch, batchStride);
    return b.pointer(pointer, b.add(b.add(toBatch, toHead), toRow), type);
  }
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SEQUENCEINFO_H
