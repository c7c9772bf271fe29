//===- QueryLists.h - Which query tiles list a key tile ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_QUERYLISTS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_QUERYLISTS_H

#include "../BackwardConfig.h"
#include "../Parts/TileLists.h"

namespace spattn {

/// The lists of tiles the other way round: for each key tile, the tiles of
/// queries that list it, ascending. They are in scratch memory, in the order of
/// batch entry, head and key tile, with room for all tiles of queries each, and
/// their number first. A kernel of its own makes them; sums over queries have
/// one order thereby.
class QueryLists {
public:
  using Value = mlir::Value;

  static constexpr llvm::StringLiteral kName = "query_lists";

  /// Of a kernel that reads or writes them. At its top level.
  QueryLists(KernelBuilder &b, AttentionOpInterface op,
             const SequenceInfo &sequence, Value base);

  /// The address of the number of a list, which entries follow.
  Value address(Value batch, Value listHead, Value keyTile) const;
  /// The lists for kernels whose work tiles are of keys, and visit `queryTile`
  /// queries at a time.
  TileLists getLists(int64_t queryTile) const;

  /// Tiles of queries, and of keys.
  Value queryTiles, keyTiles;

  /// Adds the scratch memory.
  static void addScratch(KernelProgram &program, AttentionOpInterface op);

private:
  KernelBuilder &b;
  AttentionOpInterface op;
  Value base, queryLength;
};

/// Builds the kernel that makes the lists: a warp for each.
void buildListKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
                     llvm::StringRef name, KernelProgram &program);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_QUERYLISTS_H
