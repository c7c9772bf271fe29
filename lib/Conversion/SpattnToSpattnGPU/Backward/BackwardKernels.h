//===- BackwardKernels.h - The gradient kernels -----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients take two or three kernels, one after the other:
//
//   preprocess   for each query, what its scores and the gradients of its
//                probabilities start from: -log-sum-exp, and -delta, the dot
//                product of O and dO; clears the dQ accumulator
//   key          for each key tile, dK and dV; adds dQ up; at the end, scales
//                and rounds it
//   postprocess  scales and rounds dQ, where the key kernel does not
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
// Where lists say at run time which tiles are visited, that is the way, and one
// more kernel comes first, which makes the lists of key tiles (QueryLists.h).
//
// Where registers do not hold both gradients of a key tile, there are two key
// kernels, one for dV and one for dK and what is left.
//
// With gradients by slopes or biases, it is these two: the query kernel adds up
// what each row gives, and a kernel behind it what the rows of a head do.
//
// What kernels pass on is in scratch memory, by query tile: `lse_start` and
// `delta_start`, an f32 for each query, `dq_sums`, an f32 for each element of
// the queries, `counter`, the ticket counter of the dynamic scheduler, followed
// by a semaphore for each query tile of `dq_sums`, and `heads_done`, the
// counter of what is rounded, followed by a semaphore for each key head.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_BACKWARDKERNELS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_BACKWARDKERNELS_H

#include "../BackwardConfig.h"
#include "../Parts/KernelSignature.h"
#include "../Parts/WorkTile.h"
#include "../Parts/ZeroFill.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// Buffers for dS: one is written while another is read.
inline constexpr int64_t kScoreBuffers = 2;

/// 64x64 f32 of a query tile's dQ. Wider parts are several of these.
inline constexpr int64_t kSumsWords = kRowsOfGroup * kRowsOfGroup;

/// What a key kernel computes: dV alone, or dK and its part of dQ, or all.
enum class KeyPart { All, Values, Keys };

/// The key kernels of a configuration, in their order.
llvm::ArrayRef<KeyPart> keyParts(const BackwardConfig &config);

/// The shared memory of a key kernel. dK and dV take the place of keys and
/// values; of the kernel for dV alone, that of keys.
struct KeyKernelLayout {
  explicit KeyKernelLayout(const BackwardConfig &config,
                           KeyPart part = KeyPart::All);

  /// A key tile.
  mlir::Value key(KernelBuilder &b, mlir::Value stage) const {
    return keyTiles.narrowed(b, stage, headDim);
  }
  /// Where dV goes.
  mlir::Value dv(KernelBuilder &b, mlir::Value keyStage,
                 mlir::Value valueStage) const {
    return part == KeyPart::Values ? keyTiles.narrowed(b, keyStage, valueDim)
                                   : valueTiles.at(b, valueStage);
  }

  /// Where MMA warpgroups say that dV is written.
  mlir::Value dvWritten(KernelBuilder &b, mlir::Value keyStage,
                        mlir::Value valueStage) const {
    return part == KeyPart::Values ? outputs.at(b, keyStage)
                                   : valueOutputs.at(b, valueStage);
  }

  KeyPart part;
  int64_t headDim, valueDim;
  SharedLayout shared;
  TileRing keyTiles, valueTiles, queryTiles, doTiles, dsTiles;
  /// A tile of zeros, from which the TMA fills gradients of unseen keys.
  TileRing zeroTile;
  /// Parts of dQ on their way to the accumulator.
  SharedRegion sums;
  WordRing lse, delta;
  PipelineLayout keys, values, queries, dos;
  /// Where MMA warpgroups say that the gradient in the place of keys is
  /// written, and that in the place of values, which they need no more.
  BarrierArray outputs, valueOutputs;
  /// Where the two warps that load wait for ragged tiles, if there are
  /// sequences.
  BarrierArray ragged;
  WorkTileQueueLayout workTiles;
  PipelineLayout scores, sumParts;
  /// Where the MMA warpgroup of dV says that probabilities are where dS will
  /// be, if that of dK is another.
  BarrierArray probabilities;
};

/// The shared memory of the query kernel, which takes 64 queries at a time, and
/// visits as many keys at a time. The first tile of values of a work tile is
/// its output.
struct QueryKernelLayout {
  static constexpr int64_t kKeyTile = 64, kThreads = 256;
  explicit QueryKernelLayout(const BackwardConfig &config);

  SharedLayout shared;
  TileRing queryTile, doTile, keyTiles, valueTiles, gradientTile;
  PipelineLayout query, dO, gradient, keys, values;
  BarrierArray ragged;
  WorkTileQueueLayout workTiles;
};

/// The shared memory of a CTA of the key kernel that rounds dQ, as much as it
/// had before.
struct DqRoundingLayout {
  /// Bytes from a stage's words to the next one's.
  static constexpr int64_t kWordStride = 16;
  /// Stages of a warpgroup, with which memory is busy.
  static constexpr int64_t kMostStages = 4;
  explicit DqRoundingLayout(const BackwardConfig &config);
  /// Whether the key kernel stages sums, and there is room.
  static bool isPossible(const BackwardConfig &config) {
    return config.sumsAreStaged() && DqRoundingLayout(config).stagesOfGroup > 0;
  }

  /// The stage of the `count`-th rows that a warpgroup rounds. Each warpgroup
  /// has stages of its own: one that is ahead of another in the same ring could
  /// take a phase for the one before the last.
  PipelineState state(KernelBuilder &b, mlir::Value group,
                      mlir::Value count) const;
  /// That of the `count`-th rows of the CTA. Warpgroups take turns.
  PipelineState stateOfPosted(KernelBuilder &b, mlir::Value count) const;

  /// Stages of sums of a warpgroup; none if there is no room. Tiles of it: one
  /// may be written while the other is stored.
  int64_t stagesOfGroup, tilesOfGroup = 2;
  SharedLayout shared;
  TileRing tiles;
  /// Sums of 64 rows, in register order, and the words posted with them.
  SharedRegion sums, words;
  PipelineLayout pipeline;
};

/// The shared memory of the preprocess and the postprocess kernel.
struct PreprocessLayout {
  explicit PreprocessLayout(const BackwardConfig &config);

  SharedLayout shared;
  TileRing outTile, doTile;
  BarrierArray loaded;
};
struct PostprocessLayout {
  explicit PostprocessLayout(const BackwardConfig &config);

  SharedLayout shared;
  TileRing gradientTile;
};

/// Build the kernels, and add them to `program`.
void buildPreprocessKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
                           llvm::StringRef name, const BackwardConfig &config,
                           KernelProgram &program);
void buildKeyKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
                    llvm::StringRef name, const BackwardConfig &config,
                    KernelProgram &program, KeyPart part = KeyPart::All);
void buildPostprocessKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
                            llvm::StringRef name, const BackwardConfig &config,
                            KernelProgram &program);
void buildQueryKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
                      llvm::StringRef name, const BackwardConfig &config,
                      KernelProgram &program);
void buildSinkKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
                     llvm::StringRef name, const BackwardConfig &config,
                     KernelProgram &program);
void buildBiasKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
                     llvm::StringRef name, const BackwardConfig &config,
                     KernelProgram &program);
/// CTAs that take 64 queries of a head of a batch entry each, of whole query
/// tiles.
spattn_gpu::FormulaAttr rowCtas(KernelProgram &program, AttentionBackwardOp op,
                                const BackwardConfig &config);
/// The same and one more, of a kernel that starts counters: it has to run even
/// if there are no queries.
spattn_gpu::FormulaAttr startingCtas(KernelProgram &program,
                                     AttentionBackwardOp op,
                                     const BackwardConfig &config);

/// Builds all kernels of gradients, in the order of their launches. `name` is
/// that of the key kernel; others have a suffix.
void buildBackwardKernels(mlir::OpBuilder &builder, AttentionBackwardOp op,
                          llvm::StringRef name, const BackwardConfig &config,
                          KernelProgram &program);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_BACKWARDKERNELS_H
