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
#include "spattn/Structure/NormalForm.h"

namespace spattn {

/// The sequences of a batch, of the same length each: how many there are, and
/// their lengths, as i32.
struct SequenceInfo {
  mlir::Value batches, queryLength, keyLength;

  /// The lengths as the algebra takes them.
  Lengths<KernelBuilder::Index> lengths(KernelBuilder &b) const {
    return {b.ops.wrap(queryLength), b.ops.wrap(keyLength)};
  }
  /// Query tiles of a sequence, the last of which may be ragged.
  mlir::Value queryTiles(KernelBuilder &b, int64_t size) const {
    return b.ops.materialize(b.ops.ceilDiv(b.ops.wrap(queryLength), size));
  }
  /// Queries of a sequence in whole tiles: rows that scratch has for a head.
  mlir::Value paddedQueries(KernelBuilder &b, int64_t size) const {
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
    mlir::Value position =
        b.add(b.add(b.mul(b.asIndex(batch), b.asIndex(batchStride)),
                    b.mul(b.asIndex(head), b.asIndex(headStride))),
              b.mul(b.asIndex(row), b.asIndex(rowStride)));
    return b.pointer(pointer, position, type);
  }
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SEQUENCEINFO_H
