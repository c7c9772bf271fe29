//===- ForwardKernel.h - The forward kernel in tile form -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDKERNEL_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDKERNEL_H

#include "../Parts/KernelSignature.h"
#include "../Parts/WorkTile.h"
#include "../Registers.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include <algorithm>

namespace spattn {

/// The shape of a forward kernel.
struct ForwardShape {
  /// Columns in shared memory: head dimensions, rounded up to chunks.
  int64_t headDim, valueDim;
  /// Warpgroups that compute; each has 64 queries of a tile.
  int64_t consumers = 2;
  int64_t keyTile = 128;
  /// Tiles of queries under way, and of keys and of values.
  int64_t queryStages = 2, stages = 2;
  /// The scores of a tile and the output of the one before are under way at
  /// once, across items too.
  bool overlap = true;
  /// With overlap, warpgroups that compute start their products in turn, so
  /// that one's softmax runs beside another's products.
  bool takeTurns = true;
  /// Blocks that a multiprocessor holds at once.
  int64_t blocks = 1;
  /// Blocks fetch items one by one, through a counter in scratch memory, rather
  /// than being dealt them.
  bool fetch = false;
  /// How items are posted. Depends on all of the above.
  WorkTileLayout item;

  int64_t queryTile() const { return 64 * consumers; }
  int64_t threads() const { return 128 * (consumers + 1); }
  /// Items that wait for their readers at most: fewer where there is no room
  /// for more. What a block has fetched, no other can do.
  int64_t mostItemStages = 4;
  int64_t itemStages() const {
    return std::min<int64_t>(mostItemStages, fetch ? 2 : 4);
  }

  /// With three warpgroups that compute each needs all registers there are, and
  /// finding items needs less if they are fetched.
  bool savesRegisters() const { return consumers > 2 && fetch; }
  /// Registers of a thread that loads, and of one that computes.
  int64_t producerRegisters() const { return savesRegisters() ? 32 : 40; }
  int64_t consumerRegisters() const {
    return registersOfConsumer(consumers, blocks, producerRegisters());
  }
  /// Bytes of keys and values of the heads that are worked on together; 0: all
  /// heads are. Query tiles that are near each other read the same ones, from
  /// the L2 cache if those of all of them fit. What is fetched evens out where
  /// a section is not a large part of all.
  int64_t sectionBytes() const {
    if (savesRegisters())
      return 0;
    return int64_t(fetch ? 64 : 8) << 20;
  }
};

/// The shared memory of a forward kernel. The output of a work tile takes the
/// place of its queries.
struct ForwardLayout {
  explicit ForwardLayout(const ForwardShape &shape);

  SharedLayout shared;
  TileRing queryTiles, keyTiles, valueTiles;
  PipelineLayout queries;
  /// Where MMA warpgroups say that a work tile's output is written.
  BarrierArray outputs;
  PipelineLayout keys, values;
  WorkTileQueueLayout workTiles;
};

/// Whether a kernel gathers its output in shared memory, where it takes the
/// place of the queries and so has their element type. Others store from
/// registers.
bool storesThroughShared(AttentionOp op);

/// Builds the kernel of an attention, and adds it to `program`.
mlir::LLVM::LLVMFuncOp buildForwardKernel(mlir::OpBuilder &builder,
                                          AttentionOp op, llvm::StringRef name,
                                          const ForwardShape &shape,
                                          KernelProgram &program);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDKERNEL_H
