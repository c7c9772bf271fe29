//===- ForwardItems.h - Which items a forward kernel does -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARDITEMS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARDITEMS_H

#include "ForwardKernel.h"
#include "KernelBuilder.h"

namespace spattn {

/// The part of a forward kernel that finds its items: query tiles of a head of
/// a batch element. What it does with them is ForwardKernel's.
class ForwardItems : protected KernelBuilder {
protected:
  ForwardItems(mlir::OpBuilder &builder, AttentionOp op, llvm::StringRef name,
               const ForwardShape &shape);

  /// Arguments of the kernel, in order.
  enum Argument {
    MapQuery,
    MapKey,
    MapValue,
    MapOut,
    Out,
    Lse,
    Batch,
    QueryLength,
    KeyLength,
    Scale,
    OutBatchStride,
    OutHeadStride,
    OutRowStride,
    LseBatchStride,
    LseHeadStride,
    LseRowStride,
    /// With `fetch`.
    Counter,
    NumArguments
  };

  /// The work of the warp that finds the block's items, ahead of everyone else,
  /// and posts them: to decode one takes as long as some products. An item that
  /// visits nothing is the end. Items without tiles are not posted but written.
  void emitScheduler();

  /// A row of an output.
  Value rowPointer(Argument output, Value batch, Value head, Value row,
                   Type type);

  AttentionOp op;
  ForwardShape shape;
  ForwardLayout layout;
  HeadStructures heads;
  Type outElement;

private:
  void declare(llvm::StringRef name);
  void readArguments();
  void emitFetched();
  WorkItem decode(Value number);
  void emitEmptyRows(const WorkItem &item);

  /// Query tiles of a head, heads of all batch elements, and their product.
  Value tileRows, rowHeads, items;
  RowItems rows;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARDITEMS_H
