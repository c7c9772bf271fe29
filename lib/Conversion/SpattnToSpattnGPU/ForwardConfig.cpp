//===- ForwardConfig.cpp - Chooses how a forward kernel is built ----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpectedLengths.h"
#include "Forward/ForwardKernel.h"
#include "KernelConfig.h"
#include "KernelLimits.h"
#include "PackHeads.h"
#include "SplitKeys.h"
#include "spattn/Conversion/SpattnToSpattnGPU/KernelPlan.h"
#include "spattn/Dialect/Spattn/Transforms/TileShape.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

/// Clocks for one batch element, over all SMs.
static int64_t estimateClocks(const HostAlgebra &algebra,
                              const ForwardCandidate &candidate) {
  TileShape tile{64 * candidate.mmaWarpgroups, candidate.keyTile};
  int64_t clocks = 0;
  for (int64_t head = 0; head < algebra.numHeads(); ++head)
    for (int64_t visited : algebra.rowTiles(head, tile))
      if (visited > 0)
        clocks += candidate.workTileClocks + visited * candidate.keyTileClocks;
  return clocks;
}

int64_t spattn::countSpans(const HostAlgebra &algebra) {
  int64_t most = 0;
  for (int64_t head = 0; head < algebra.numHeads(); ++head)
    most = std::max(most, countIntervals(algebra.normalForm(head)));
  return most;
}

bool spattn::areManyEmpty(
    const HostAlgebra &algebra, const Tuning &tuning,
    function_ref<std::vector<int64_t>(int64_t, TileShape)> tilesOf) {
  int64_t tiles = 0, empty = 0;
  for (int64_t head = 0; head < algebra.numHeads(); ++head) {
    std::vector<int64_t> visited = tilesOf(head, {128, 128});
    tiles += visited.size();
    empty += llvm::count(visited, 0);
  }
  return empty * tuning.emptyRows >= tiles;
}

/// The candidate for a head dimension that takes least time.
static const ForwardCandidate &
chooseCandidate(const HostAlgebra &algebra, int64_t spans, bool areLengthsKnown,
                int64_t dim, const TargetCapabilities &target,
                const Tuning &tuning) {
  const ForwardCandidate *best = nullptr;
  int64_t bestClocks = 0;
  for (const ForwardCandidate &candidate : tuning.forward) {
    bool isForOtherDim = best && best->widestHead != candidate.widestHead;
    if (candidate.widestHead < dim || isForOtherDim ||
        target.sharedMemory < candidate.leastSharedMemory ||
        (candidate.oneSpan && spans > 1))
      continue;
    int64_t clocks = areLengthsKnown ? estimateClocks(algebra, candidate) : 0;
    if (!best || clocks < bestClocks) {
      best = &candidate;
      bestClocks = clocks;
    }
  }
  assert(best && "there is one for every head dimension that is allowed");
  return *best;
}

/// Work tiles and key tiles are whole parts of those that lists are of.
static bool dividesLists(AttentionOp op, int64_t queryTile, int64_t keyTile) {
  TileListsAttr lists = op.getTileListsAttr();
  return !lists || (lists.getQueryTile() % queryTile == 0 &&
                    lists.getKeyTile() % keyTile == 0);
}

/// The first candidate for a head dimension whose tiles lists consist of, or
/// the first one, of which parts are taken.
static ForwardCandidate chooseForLists(AttentionOp op, int64_t dim,
                                       const TargetCapabilities &target,
                                       const Tuning &tuning) {
  std::optional<ForwardCandidate> chosen;
  for (const ForwardCandidate &candidate : tuning.forward) {
    if (candidate.widestHead < dim || candidate.oneSpan ||
        target.sharedMemory < candidate.leastSharedMemory ||
        (chosen && chosen->widestHead != candidate.widestHead))
      continue;
    if (dividesLists(op, 64 * candidate.mmaWarpgroups, candidate.keyTile))
      return candidate;
    if (!chosen)
      chosen = candidate;
  }
  TileListsAttr lists = op.getTileListsAttr();
  while (lists.getQueryTile() % (64 * chosen->mmaWarpgroups) != 0 &&
         chosen->mmaWarpgroups > 1)
    --chosen->mmaWarpgroups;
  while (lists.getKeyTile() % chosen->keyTile != 0)
    chosen->keyTile -= 16;
  return *chosen;
}

/// Fewer keys of a tile, which are whole pages, or parts of one.
static int64_t getSmallerTile(int64_t keyTile, int64_t pageSize) {
  do
    keyTile -= 16;
  while (pageSize > 0 && !isTileOfPages(keyTile, pageSize));
  return keyTile;
}

/// What the structure and the target ask for.
static ForwardConfig getMeasured(AttentionOp op,
                                 const TargetCapabilities &target,
                                 const Tuning &tuning,
                                 const GpuOptions &options) {
  ForwardConfig config;
  config.target = target;
  // Columns come in chunks of 64; what is past the head dimension is zero.
  config.headDim = llvm::alignTo(op.getHeadDim(), 64);
  config.valueDim = llvm::alignTo(op.getValueDim(), 64);
  config.intraWarpgroupOverlap = target.asyncMma;
  ExpectedLengths lengths(op, options.expectedLength, tuning.assumedLength,
                          options.expectedQueries);
  HostAlgebra algebra = getAlgebra(op, lengths.queries, lengths.keys);
  int64_t dim = std::max(config.headDim, config.valueDim);
  int64_t spans = countSpans(algebra);
  ForwardCandidate candidate =
      op.hasTileLists() ? chooseForLists(op, dim, target, tuning)
                        : chooseCandidate(algebra, spans, lengths.areKnown, dim,
                                          target, tuning);
  bool isFree = !op.hasTileLists() && !op.getTileShapeAttr() &&
                !options.keyTile && !options.mmaWarpgroups;
  int64_t heads = options.packedHeads;
  if (!heads && isFree)
    heads = mostPackedHeads(op, target);
  // Tiles are those of packed heads where that is free to be chosen.
  if (heads > 1 && isFree) {
    std::optional<ForwardCandidate> packed =
        choosePacked(algebra, heads, dim, spans, target, tuning,
                     /*isAsked=*/options.packedHeads != 0,
                     /*fromFirstKey=*/!op.hasPages());
    candidate = packed.value_or(candidate);
    heads = packed ? heads : 1;
  }
  config.rows.heads = std::max<int64_t>(heads, 1);
  config.hasSequences = op.hasSequences();
  config.hasLists = op.hasTileLists();
  // Work tiles of lists differ in what they cost in no known way.
  // To get a work tile from the dynamic scheduler takes longer than an empty
  // one does, and evens out what takes long.
  config.inPairs =
      !op.hasTileLists() &&
      areManyEmpty(algebra, tuning, [&](int64_t head, TileShape tile) {
        return algebra.rowTiles(head, tile);
      });
  config.dynamicScheduler = !config.inPairs;
  // Rows of several spans come back to keys that others read long before.
  config.sectionBytes =
      spans > 1 ? tuning.spansL2Keys * getKeyBytes(op) : tuning.dynamicL2Bytes;
  config.mmaWarpgroups = candidate.mmaWarpgroups;
  config.ctasPerSM = candidate.ctasPerSM;
  config.keyTile = candidate.keyTile;
  config.stages = candidate.stages;
  config.queryStages = candidate.queryStages;
  config.workTileClocks = candidate.workTileClocks;
  config.keyTileClocks = candidate.keyTileClocks;
  if (!op.hasPages())
    return config;
  config.pageSize = op.getPageSize();
  if (!isTileOfPages(config.keyTile, config.pageSize))
    config.keyTile = getSmallerTile(config.keyTile, config.pageSize);
  config.keyTileClocks =
      config.keyTileClocks * config.keyTile / candidate.keyTile;
  return config;
}

/// What the operation asks for.
static LogicalResult applyTileShape(AttentionOp op, ForwardConfig &config) {
  TileShapeAttr tileShape = op.getTileShapeAttr();
  if (!tileShape)
    return success();
  int64_t queries = tileShape.getQueryTile();
  if (queries % 64 != 0 || queries > 256)
    return op.emitOpError(
               "expected a tile shape of 64, 128, 192 or 256 queries "
               "for a kernel on a GPU, got ")
           << queries;
  config.mmaWarpgroups = queries / 64;
  config.keyTile = tileShape.getKeyTile();
  config.ctasPerSM = 1;
  return success();
}

/// What the user asks for.
static void applyOptions(const GpuOptions &options, ForwardConfig &config) {
  auto set = [](int64_t &field, int64_t option) {
    if (option)
      field = option;
  };
  set(config.keyTile, options.keyTile);
  set(config.mmaWarpgroups, options.mmaWarpgroups);
  set(config.ctasPerSM, options.ctasPerSM);
  set(config.stages, options.stages);
  set(config.queryStages, options.queryStages);
  if (options.intraWarpgroupOverlap != Choice::Auto)
    config.intraWarpgroupOverlap = options.intraWarpgroupOverlap == Choice::Yes;
  config.pingpong = options.pingpong;
}

/// Whether the TMA may fill empty rows: other rows may follow those of a
/// sequence, and rows of packed heads are not a tile of one.
static bool mayFillByTma(AttentionOp op, const ForwardConfig &config) {
  return config.inPairs && config.target.asyncMma &&
         storesThroughShared(op, config) && !op.hasSequences() &&
         !config.rows.isPacked();
}

/// What follows from tiles.
static void chooseScheduler(const GpuOptions &options, const Tuning &tuning,
                            bool hasLists, ForwardConfig &config) {
  // A scheduler warp that stores zeros itself is late with its tickets.
  config.dynamicScheduler |= config.zeroRows > 0;
  // Parts of walks may be empty, and are of several lengths.
  config.dynamicScheduler |= config.parts.areCut();
  // With more warpgroups each needs all registers there are. The static
  // scheduler would spill, and a section takes registers, too.
  bool isScarce = config.mmaWarpgroups > tuning.staticWarpgroups;
  config.dynamicScheduler |= isScarce;
  if (options.scheduler != Scheduler::Auto)
    config.dynamicScheduler = options.scheduler == Scheduler::Dynamic;
  isScarce &= config.dynamicScheduler;
  config.inPairs &=
      !config.dynamicScheduler ||
      (config.zeroRows > 0 && !config.parts.areCut() && !isScarce);
  config.producerRegisters =
      isScarce ? tuning.scarceProducerRegisters : tuning.producerRegisters;
  // The scheduler warp also looks through lists.
  if (hasLists && config.mmaWarpgroups == 1 && config.ctasPerSM <= 2)
    config.producerRegisters = kListProducerRegisters;
  // Or cuts walks.
  if (config.parts.areCut() && config.mmaWarpgroups * config.ctasPerSM <= 2)
    config.producerRegisters = kPartProducerRegisters;
  if (isScarce)
    config.sectionBytes = 0;
  else if (!config.dynamicScheduler)
    config.sectionBytes = tuning.staticL2Bytes;
  config.itemStages = config.dynamicScheduler ? tuning.dynamicWorkTiles
                                              : tuning.staticWorkTiles;
}

/// What the registers of MMA warpgroups allow, of which the scheduler leaves
/// some to the warps that load.
static void chooseSoftmax(const Tuning &tuning, ForwardConfig &config) {
  config.optimisticSoftmax = config.valueDim <= tuning.optimisticDim;
  config.softmaxBesideOutput =
      !config.optimisticSoftmax ||
      config.spareRegisters() >= tuning.overlapRegisters;
}

static LogicalResult check(AttentionOp op, const ForwardConfig &config) {
  if (config.keyTile < 16 || config.keyTile > 256 || config.keyTile % 16 != 0)
    return op.emitOpError("expected a tile shape of a multiple of 16 keys from "
                          "16 to 256 for a kernel on a GPU, got ")
           << config.keyTile;
  if (config.pageSize && !isTileOfPages(config.keyTile, config.pageSize))
    return op.emitOpError("expected tiles of keys that are whole pages of "
                          "'page_table', or divide one of ")
           << config.pageSize << " rows, got " << config.keyTile;
  if (!dividesLists(op, config.queryTile(), config.keyTile))
    return op.emitOpError("expected tiles of ")
           << config.queryTile() << " queries and " << config.keyTile
           << " keys to divide those of 'tile_lists', "
           << op.getTileListsAttr().getQueryTile() << " x "
           << op.getTileListsAttr().getKeyTile()
           << ", which for a kernel on a GPU are multiples of 64";
  return success();
}

FailureOr<ForwardConfig>
spattn::chooseKernelConfig(AttentionOp op, const TargetCapabilities &target,
                           const Tuning &tuning, const GpuOptions &options) {
  if (failed(checkPackedHeads(op, target, options.packedHeads)) ||
      failed(checkSplitKeys(op, options.splitKeys)))
    return failure();
  ForwardConfig config = getMeasured(op, target, tuning, options);
  if (failed(applyTileShape(op, config)))
    return failure();
  applyOptions(options, config);
  config.parts = chooseKeyParts(op, config, tuning, options);
  if (failed(check(op, config)))
    return failure();
  auto setItem = [&] {
    config.item = layoutOfRowTiles(op, config.queryTile(), config.keyTile,
                                   config.fromFirstKey());
  };
  setItem();
  auto fits = [&] {
    return sharedOfCTAs(ForwardLayout(config).shared.total(),
                        config.ctasPerSM) <= target.sharedMemory;
  };
  if (mayFillByTma(op, config))
    chooseZeroRows(config.zeroRows, config.tileRows(), fits);
  chooseScheduler(options, tuning, op.hasTileLists(), config);
  chooseSoftmax(tuning, config);
  // A work tile's output is stored when the next one has been posted.
  int64_t fewest =
      config.intraWarpgroupOverlap && config.queryStages > 1 ? 2 : 1;
  while (!fits() && config.itemStages > fewest)
    --config.itemStages;
  // Large tables may take the place of keys that nobody asked for.
  bool isFree = !op.hasTileLists() && !options.keyTile && !options.stages &&
                !options.queryStages && !op.getTileShapeAttr();
  while (isFree && !fits() && config.item.hasTables() && config.keyTile > 16) {
    config.keyTile = getSmallerTile(config.keyTile, config.pageSize);
    setItem();
  }
  if (failed(checkLimits(op, config)))
    return failure();
  return config;
}
