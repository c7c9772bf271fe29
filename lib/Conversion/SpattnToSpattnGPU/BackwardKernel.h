//===- BackwardKernel.h - The gradient kernels in tile form ----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients take three kernels, one after the other:
//
//   prepare  for each query, what its scores and the gradients of its
//            probabilities start from: -log-sum-exp, and -delta, the
//            product of its output and the gradient of that; clears where the
//            gradients of queries are added up
//   main     for each key tile, the gradients of keys and values; adds up those
//            of queries
//   finish   scales and rounds the gradients of queries
//
// Adding up takes them as they come. Where results have to be the same bits
// every time, the main kernel leaves the gradients of queries out, and there
// are two kernels:
//
//   queries  for each query tile, the gradients of queries, from probabilities
//            of its own; leaves for the main kernel what it starts from
//   main     for each key tile, the gradients of keys and values
//
// That is seven products for a pair instead of five, and nothing is cleared,
// added up or rounded.
//
// What they pass on is in scratch, by query tile: `lse` and `delta`, an f32 for
// each query, and `dq`, an f32 for each element of the queries.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDKERNEL_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDKERNEL_H

#include "ItemLayout.h"
#include "Registers.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include <algorithm>

namespace spattn {

/// Rows that a warpgroup has of a tile, and columns of a fragment that is added
/// up in memory.
inline constexpr int64_t kRowsOfGroup = 64;

/// The shape of the gradient kernels.
struct BackwardShape {
  /// Columns in shared memory: head dimensions, rounded up to chunks.
  int64_t headDim, valueDim;
  /// Warpgroups that compute; each has 64 keys of a tile.
  int64_t consumers = 2;
  int64_t queryTile = 64;
  /// Tiles under way: of keys, of values, and of queries and output gradients.
  int64_t keyStages = 2, valueStages = 2, queryStages = 2;
  /// Products are asynchronous: softmax and products overlap.
  bool overlap = true;
  /// Blocks that a multiprocessor holds at once.
  int64_t blocks = 1;
  /// Nothing depends on the order in which blocks come.
  bool deterministic = false;
  /// Query heads share key heads.
  bool grouped = false;

  int64_t keyTile() const { return kRowsOfGroup * consumers; }
  int64_t threads() const { return 128 * (consumers + 1); }
  /// Parts that the gradient of a query tile is computed in.
  int64_t fragments() const {
    return queryTile / kRowsOfGroup * (headDim / kRowsOfGroup);
  }

  /// Whether a warpgroup leaves out query tiles that see none of its keys:
  /// where it need not give the others its part of a product. Where heads share
  /// keys, or items have tables, the warp that finds items has no registers
  /// left to look for those.
  bool skipsTiles() const {
    return overlap && deterministic && !grouped && !item.hasTables() &&
           consumers > 1 && queryStages > 2;
  }

  /// Whether sums of the gradients of queries go through shared memory, from
  /// where they are added by a warp that does not compute. Else those that
  /// compute add them.
  bool sumsAreStaged() const { return overlap && !deterministic; }

  /// Whether the first who has something for a query tile's sums writes it, so
  /// that they need not be cleared. Others look who is first, which takes
  /// longer than a narrow tile's products.
  bool claimsSums = false;

  /// How the main kernel's items are posted, and those of the kernel for
  /// queries. Depends on all of the above.
  ItemLayout item, queryItem;
  /// Posted items that wait for their readers at most: one that is under way,
  /// and one more where there is room. What a block has taken no other can
  /// take.
  int64_t itemStages = 2;
  /// Blocks of the kernel for queries that a multiprocessor holds at once,
  /// where there is room for them.
  int64_t queryBlocks = 1;
  /// Its tiles of values under way: two where there is room.
  int64_t queryValueStages = 2;

  /// Registers of a thread that loads, and of one that computes.
  int64_t producerRegisters() const { return 40; }
  int64_t consumerRegisters() const {
    return registersOfConsumer(consumers, blocks, producerRegisters());
  }
};

/// Where things are in the shared memory of the main kernel, in bytes.
struct BackwardLayout {
  explicit BackwardLayout(const BackwardShape &shape);
  int64_t key, value, query, dout, dscores, sums, lse, delta, barriers, items,
      total;
};

/// The same of the kernels before and after it.
struct PrepareLayout {
  explicit PrepareLayout(const BackwardShape &shape);
  int64_t out, dout, barrier, total;
};
struct FinishLayout {
  explicit FinishLayout(const BackwardShape &shape);
  int64_t total;
};

/// The same of the kernel for queries, which takes 64 of them at a time, and
/// goes through as many keys at a time.
struct QueryGradientLayout {
  static constexpr int64_t kKeyTile = 64, kThreads = 256;
  /// Registers of a thread that loads: more than the main kernel leaves it, as
  /// the warp that finds items also writes what nobody computes.
  static constexpr int64_t kProducerRegisters = 56;
  explicit QueryGradientLayout(const BackwardShape &shape);
  int64_t query, dout, key, value, gradient, barriers, items, total;
};

/// Build the kernels as LLVM functions in tile form.
mlir::LLVM::LLVMFuncOp buildPrepareKernel(mlir::OpBuilder &builder,
                                          AttentionBackwardOp op,
                                          llvm::StringRef name,
                                          const BackwardShape &shape);
mlir::LLVM::LLVMFuncOp buildBackwardKernel(mlir::OpBuilder &builder,
                                           AttentionBackwardOp op,
                                           llvm::StringRef name,
                                           const BackwardShape &shape);
mlir::LLVM::LLVMFuncOp buildFinishKernel(mlir::OpBuilder &builder,
                                         AttentionBackwardOp op,
                                         llvm::StringRef name,
                                         const BackwardShape &shape);

mlir::LLVM::LLVMFuncOp buildQueryGradientKernel(mlir::OpBuilder &builder,
                                                AttentionBackwardOp op,
                                                llvm::StringRef name,
                                                const BackwardShape &shape);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDKERNEL_H
