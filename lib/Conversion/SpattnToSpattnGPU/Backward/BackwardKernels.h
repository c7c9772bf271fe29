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
//   preprocess   for each query, what its scores and the gradients of its
//                probabilities start from: -log-sum-exp, and -delta, the dot
//                product of O and dO; clears the dQ accumulator
//   key          for each key tile, dK and dV; adds dQ up
//   postprocess  scales and rounds dQ
//
// Sums depend on the order in which CTAs add to them. Where results have to be
// the same bits every time, the key kernel leaves dQ out, and there are two
// kernels:
//
//   query  for each query tile, dQ, from probabilities of its own; leaves for
//          the key kernel what it starts from
//   key    for each key tile, dK and dV
//
// That is seven MMAs for a pair of tiles instead of five, and nothing is
// cleared, added up or rounded.
//
// What kernels pass on is in scratch memory, by query tile: `lse_start` and
// `delta_start`, an f32 for each query, `dq_sums`, an f32 for each element of
// the queries, and `counter`, the ticket counter of the dynamic scheduler,
// followed by a semaphore for each query tile of `dq_sums`.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_BACKWARDKERNELS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_BACKWARDKERNELS_H

#include "../Parts/KernelSignature.h"
#include "../Parts/WorkTile.h"
#include "../Registers.h"
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
  WorkTileLayout item, queryItem;
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

/// Buffers for dS: one is written while another is read.
inline constexpr int64_t kScoreBuffers = 2;

/// A warpgroup's part of a query tile's dQ, 64x64 f32.
inline constexpr int64_t kSumsWords = kRowsOfGroup * kRowsOfGroup;
inline constexpr int64_t kSumsBytes = 4 * kSumsWords;

/// The shared memory of the key kernel. dK and dV take the place of keys and
/// values.
struct KeyKernelLayout {
  explicit KeyKernelLayout(const BackwardShape &shape);

  SharedLayout shared;
  TileRing keyTiles, valueTiles, queryTiles, doTiles, dsTiles;
  /// A part of dQ for each MMA warpgroup, on its way to the accumulator.
  SharedRegion sums;
  WordRing lse, delta;
  PipelineLayout keys, values, queries, dos;
  /// Where MMA warpgroups say that dK and dV are written.
  BarrierArray outputs;
  WorkTileQueueLayout workTiles;
  PipelineLayout scores, sumParts;
};

/// The shared memory of the query kernel, which takes 64 queries at a time, and
/// visits as many keys at a time. The first tile of values of a work tile is
/// its output.
struct QueryKernelLayout {
  static constexpr int64_t kKeyTile = 64, kThreads = 256, kStages = 2;
  /// Registers of a producer thread: more than in the key kernel, as the
  /// scheduler warp also writes rows without keys.
  static constexpr int64_t kProducerRegisters = 56;
  explicit QueryKernelLayout(const BackwardShape &shape);

  SharedLayout shared;
  TileRing queryTile, doTile, keyTiles, valueTiles, gradientTile;
  PipelineLayout query, dO, gradient, keys, values;
  WorkTileQueueLayout workTiles;
};

/// The shared memory of the preprocess and the postprocess kernel.
struct PreprocessLayout {
  explicit PreprocessLayout(const BackwardShape &shape);

  SharedLayout shared;
  TileRing outTile, doTile;
  BarrierArray loaded;
};
struct PostprocessLayout {
  explicit PostprocessLayout(const BackwardShape &shape);

  SharedLayout shared;
  TileRing gradientTile;
};

/// Build the kernels, and add them to `program`.
void buildPreprocessKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
                           llvm::StringRef name, const BackwardShape &shape,
                           KernelProgram &program);
void buildKeyKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
                    llvm::StringRef name, const BackwardShape &shape,
                    KernelProgram &program);
void buildPostprocessKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
                            llvm::StringRef name, const BackwardShape &shape,
                            KernelProgram &program);
void buildQueryKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
                      llvm::StringRef name, const BackwardShape &shape,
                      KernelProgram &program);
/// CTAs that take 64 queries of a head of a batch entry each, of whole query
/// tiles.
spattn_gpu::FormulaAttr rowCtas(KernelProgram &program, AttentionBackwardOp op,
                                const BackwardShape &shape);

/// Builds all kernels of gradients, in the order of their launches. `name` is
/// that of the key kernel; others have a suffix.
void buildBackwardKernels(mlir::OpBuilder &builder, AttentionBackwardOp op,
                          llvm::StringRef name, const BackwardShape &shape,
                          KernelProgram &program);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_BACKWARDKERNELS_H
