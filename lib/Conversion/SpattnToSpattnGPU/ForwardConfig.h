//===- ForwardConfig.h - How a forward kernel is built ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARDCONFIG_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARDCONFIG_H

#include "Parts/KeyParts.h"
#include "Parts/RowLayout.h"
#include "Parts/WorkTileLayout.h"
#include "Registers.h"
#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"

namespace spattn {

/// The configuration of a forward kernel; chooseKernelConfig makes it.
struct ForwardConfig {
  TargetCapabilities target;
  /// Columns in shared memory: head dimensions, rounded up to chunks.
  int64_t headDim, valueDim;
  /// Warpgroups that compute; each has 64 rows of a tile of queries.
  int64_t mmaWarpgroups = 2;
  /// What these rows are.
  RowLayout rows;
  int64_t keyTile = 128;
  /// Clocks of a work tile, and of a key tile of it, as far as they are known:
  /// their ratio counts.
  int64_t workTileClocks = 0, keyTileClocks = 0;
  /// Tiles of queries under way, and of keys and of values.
  int64_t queryStages = 2, stages = 2;
  /// The scores of a tile and the output of the one before are under way at
  /// once, across work tiles too.
  bool intraWarpgroupOverlap = true;
  /// With that, MMA warpgroups issue their MMAs in turn, so that one's softmax
  /// runs beside another's MMAs.
  bool pingpong = true;
  /// With that, the softmax takes it that maxima hardly grow, and looks at the
  /// sums afterwards.
  bool optimisticSoftmax = true;
  /// The softmax of a tile runs beside the output of the one before. If it is
  /// optimistic, registers then hold the scores beside the probabilities of
  /// both tiles. Without it, both MMAs end before the softmax begins.
  bool softmaxBesideOutput = false;
  /// CTAs that an SM holds at once.
  int64_t ctasPerSM = 1;
  /// CTAs get work tiles one by one, from a counter in scratch memory, rather
  /// than in rounds.
  bool dynamicScheduler = false;
  /// Work tiles come in pairs, one from each end, since many tiles of queries
  /// see no key: always with the static scheduler.
  bool inPairs = false;
  /// Rows of the tile of zeros, from which the TMA fills empty rows; 0 where
  /// threads do.
  int64_t zeroRows = 0;
  /// Whether batch entries hold sequences, and whether there are lists of
  /// tiles.
  bool hasSequences = false, hasLists = false;
  /// Rows of a page of keys; 0 where they are not in pages.
  int64_t pageSize = 0;
  /// How walks over key tiles are cut, each part of which is a work tile.
  KeyPartSizes parts;
  /// How work tiles are posted. Depends on all of the above.
  WorkTileLayout item{};
  /// Posted work tiles that wait for their readers at most: fewer where there
  /// is no room for more. What a CTA has taken, no other can do.
  int64_t itemStages = 4;
  /// Registers of a thread that loads.
  int64_t producerRegisters = 40;
  /// Bytes of keys and values of the heads that are worked on together; 0: all
  /// heads are. Query tiles that are near each other read the same ones, from
  /// the L2 cache if those of all of them fit.
  int64_t sectionBytes = 0;

  /// Rows of a tile of queries, and how many queries they are.
  int64_t tileRows() const { return 64 * mmaWarpgroups; }
  int64_t queryTile() const { return rows.queriesOf(tileRows()); }
  /// Whether key tiles are counted from the first key that a work tile sees: as
  /// its queries are few, so are its keys. Lists count from the first of all,
  /// and so do pages, which hold whole tiles then.
  bool fromFirstKey() const {
    return rows.isPacked() && !hasLists && pageSize == 0;
  }
  int64_t threads() const { return 128 * (mmaWarpgroups + 1); }
  /// Registers that a thread is launched with, and of one that computes.
  int64_t launchedRegisters() const {
    return spattn::launchedRegisters(target, threads(), ctasPerSM);
  }
  int64_t consumerRegisters() const {
    return registersOfConsumer(target, mmaWarpgroups, ctasPerSM,
                               producerRegisters);
  }
  /// Registers that one of those has left beside a tile's scores, the output
  /// and the probabilities of two tiles.
  int64_t spareRegisters() const {
    return consumerRegisters() - keyTile / 2 - valueDim / 2 - 2 * keyTile / 4;
  }
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARDCONFIG_H
