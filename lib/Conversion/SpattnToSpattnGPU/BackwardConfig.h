//===- BackwardConfig.h - How gradient kernels are built --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDCONFIG_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDCONFIG_H

#include "Parts/WorkTileLayout.h"
#include "Registers.h"
#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"

namespace spattn {

/// Rows that a warpgroup has of a tile, and columns of a fragment that is added
/// up in memory.
inline constexpr int64_t kRowsOfGroup = 64;

/// What computes dK and dV of a key tile, by what registers hold.
enum class KeyGradients {
  /// Each MMA warpgroup has both of its 64 keys.
  Together,
  /// Two MMA warpgroups have one each, of the same 64 keys.
  ByWarpgroup,
  /// Two kernels have one each.
  ByKernel
};

/// The configuration of the gradient kernels; chooseKernelConfig makes it.
struct BackwardConfig {
  TargetCapabilities target;
  /// Columns in shared memory: head dimensions, rounded up to chunks.
  int64_t headDim, valueDim;
  /// Warpgroups that compute.
  int64_t mmaWarpgroups = 2;
  int64_t queryTile = 64;
  /// Tiles under way: of keys, of values, of queries and of output gradients.
  int64_t keyStages = 2, valueStages = 2, queryStages = 2, doStages = 2;
  KeyGradients keyGradients = KeyGradients::Together;
  /// CTAs that an SM holds at once.
  int64_t ctasPerSM = 1;
  /// Nothing depends on the order in which CTAs come: gradients of queries have
  /// a kernel of their own.
  bool deterministic = false;
  /// Query heads share key heads.
  bool grouped = false;
  /// Whether the first who has something for a query tile's sums writes it, so
  /// that they need not be cleared. Others look who is first, which takes
  /// longer than a narrow tile's MMAs.
  bool claimsSums = false;
  /// Whether warpgroups that take turns with dQ may skip query tiles: where
  /// queries see many keys, few are skipped, and steps are longer.
  bool turnsMaySkip = false;
  /// Heads whose key tiles are under way at once. With few, what they read and
  /// add to stays in the L2 cache, where there is room for more without sums;
  /// with one all wait for the same.
  int64_t headsTogether = 8;
  /// Rows of queries of these heads whose data fits in the L2 cache; 0 if that
  /// does not matter. CTAs of wide bands drift apart in the long run, so that
  /// each row that any of them reads and adds to has to be there.
  int64_t rowsInL2 = 0;
  /// CTAs take key tiles in pairs, one from each end, since many are seen by no
  /// query.
  bool inPairs = false;
  /// Rows of the tile of zeros, from which the TMA fills dK and dV of those; 0
  /// where threads do.
  int64_t zeroRows = 0;
  /// Whether CTAs of the main kernel round dQ when there are no more key tiles,
  /// as they have room for it. Else a kernel behind it does.
  bool roundsDq = false;
  /// Registers of a thread that loads.
  int64_t producerRegisters = 40;

  /// Whether batch entries hold sequences.
  bool hasSequences = false;

  /// How the main kernel's work tiles are posted, and those of the kernel for
  /// queries. Depends on all of the above.
  WorkTileLayout item{}, queryItem{};
  /// Posted work tiles that wait for their readers at most: one that is under
  /// way, and one more where there is room. What a CTA has taken no other can
  /// take.
  int64_t itemStages = 2;

  /// Of the kernel for queries: CTAs that an SM holds at once, where there is
  /// room for them; tiles of keys and of values under way, two where there is
  /// room; registers of a thread that loads, more than the main kernel leaves
  /// it, as the scheduler warp also writes what nobody computes; and bytes of
  /// keys and values under way at once, few, so that CTAs that run together
  /// read the same.
  int64_t queryCtasPerSM = 1;
  int64_t queryKeyStages = 2, queryValueStages = 2;
  /// Whether there are gradients by slopes or biases.
  bool sumsBiases = false;
  int64_t queryProducerRegisters = 56;
  int64_t querySectionBytes = 2 << 20;

  bool isSplitByWarpgroup() const {
    return keyGradients == KeyGradients::ByWarpgroup;
  }
  int64_t keyTile() const {
    return kRowsOfGroup * (isSplitByWarpgroup() ? 1 : mmaWarpgroups);
  }
  int64_t threads() const { return 128 * (mmaWarpgroups + 1); }
  /// Parts that the gradient of a query tile is computed in.
  int64_t parts() const {
    return queryTile / kRowsOfGroup * (headDim / partColumns());
  }
  /// Columns of a part, which has 64 rows, and its bytes.
  int64_t partColumns() const {
    return rotatesParts() ? headDim : kRowsOfGroup;
  }
  int64_t partBytes() const { return 4 * kRowsOfGroup * partColumns(); }
  /// Whether MMA warpgroups take turns with the gradients of query tiles, which
  /// are one part each, so that only the one whose turn it is waits for all
  /// others.
  bool rotatesParts() const {
    return sumsAreStaged() && !isSplitByWarpgroup() && mmaWarpgroups > 1 &&
           queryTile == kRowsOfGroup;
  }
  /// Whether each MMA warpgroup computes as many parts of each query tile.
  bool sharesParts() const {
    return !deterministic && !isSplitByWarpgroup() && !rotatesParts();
  }
  /// Whether a part leaves no registers for the scores of the next tile.
  bool partIsWide() const { return partColumns() > kRowsOfGroup; }
  /// Parts in shared memory.
  int64_t partStages() const { return partIsWide() ? 1 : mmaWarpgroups; }

  /// Whether a warpgroup skips query tiles that see none of its keys; where it
  /// takes turns with dQ, it gives the others zeros. Where heads share keys, or
  /// work tiles have tables, the scheduler warp has no registers left to look
  /// for those.
  bool skipsTiles() const {
    return target.asyncMma && !grouped && !item.hasTables() &&
           mmaWarpgroups > 1 && !isSplitByWarpgroup() &&
           (deterministic ? queryStages > 2 : rotatesParts() && turnsMaySkip);
  }

  /// Whether it does so where it takes turns.
  bool skipsTurns() const { return skipsTiles() && rotatesParts(); }

  /// Whether sums of the gradients of queries go through shared memory, from
  /// where they are added by a warp that does not compute. Else those that
  /// compute add them.
  bool sumsAreStaged() const { return target.bulkReduce && !deterministic; }

  /// Whether dV is stored while dK and dQ of the last query tile are computed,
  /// so that the next values come early. Where heads share keys, another head
  /// may follow.
  bool storesValuesEarly() const {
    return target.asyncMma && !grouped &&
           keyGradients == KeyGradients::Together;
  }

  /// Registers that a thread is launched with, and of one that computes.
  int64_t launchedRegisters() const {
    return spattn::launchedRegisters(target, threads(), ctasPerSM);
  }
  int64_t consumerRegisters() const {
    return registersOfConsumer(target, mmaWarpgroups, ctasPerSM,
                               producerRegisters);
  }
  /// The latter of the kernel for queries.
  int64_t queryConsumerRegisters() const {
    return registersOfConsumer(target, /*mmaWarpgroups=*/1, queryCtasPerSM,
                               queryProducerRegisters);
  }
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDCONFIG_H
