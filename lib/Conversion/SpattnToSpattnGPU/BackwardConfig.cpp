//===- BackwardConfig.cpp - Chooses how gradient kernels are built --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Backward/BackwardKernels.h"
#include "ExpectedLengths.h"
#include "KernelConfig.h"
#include "KernelLimits.h"
#include "spattn/Dialect/Spattn/Transforms/TileShape.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

namespace {
/// How many keys queries see, counted once, where that is asked.
class SeenKeys {
public:
  explicit SeenKeys(const HostAlgebra &algebra) : algebra(algebra) {}

  /// Whether queries that see any key see fewer than `most` on average.
  bool areFewerThan(int64_t most) {
    if (most == 0)
      return false;
    if (!rows)
      count();
    return pairs < *rows * most;
  }

private:
  void count() {
    TileShape tile{kRowsOfGroup, kRowsOfGroup};
    rows = 0;
    for (int64_t head = 0; head < algebra.numHeads(); ++head) {
      pairs += algebra.pairs(head);
      *rows += kRowsOfGroup *
               llvm::count_if(algebra.rowTiles(head, tile),
                              [](int64_t visited) { return visited > 0; });
    }
  }

  const HostAlgebra &algebra;
  /// Of all heads; queries that see any key, by whole tiles.
  int64_t pairs = 0;
  std::optional<int64_t> rows;
};
} // namespace

/// Whether dQ is faster computed by a kernel of its own: where queries see few
/// keys, adding it up in memory takes longer than two more MMAs. Where lengths
/// are not known, nothing is.
static bool areQueriesFasterAlone(AttentionBackwardOp op,
                                  const ExpectedLengths &lengths,
                                  SeenKeys &seen, const Tuning &tuning) {
  bool isWide = std::max(op.getHeadDim(), op.getValueDim()) > 64;
  return lengths.areKnown &&
         seen.areFewerThan(isWide ? tuning.fewKeysWide : tuning.fewKeysNarrow);
}

/// Whether kernels with few registers hold what they need: no more spans than
/// two, and scores as they are.
static bool fitsFewRegisters(AttentionBackwardOp op,
                             const HostAlgebra &algebra) {
  return !takesAnyScale(op) && !op.hasPositions() && countSpans(algebra) <= 2;
}

/// What the target and the numbers of keys that queries see ask for.
static FailureOr<BackwardConfig> getMeasured(AttentionBackwardOp op,
                                             const TargetCapabilities &target,
                                             const Tuning &tuning,
                                             const GpuOptions &options) {
  ExpectedLengths lengths(op, options.expectedLength, tuning.assumedLength);
  HostAlgebra algebra = getAlgebra(op, lengths.queries, lengths.keys);
  SeenKeys seen(algebra);
  BackwardConfig config;
  config.target = target;
  config.sumsBiases = op.getDalibiSlopes() || op.getDdistanceBias();
  // Lists have no kernels that add gradients of queries up in memory.
  config.deterministic = op.hasTileLists() ? true
                         : options.deterministic == Choice::Auto
                             ? areQueriesFasterAlone(op, lengths, seen, tuning)
                             : options.deterministic == Choice::Yes;
  // Rows of queries add up what slopes and biases get.
  config.deterministic |= config.sumsBiases;
  config.grouped = op.getGroupSize() > 1;
  config.headDim = llvm::alignTo(op.getHeadDim(), kRowsOfGroup);
  config.valueDim = llvm::alignTo(op.getValueDim(), kRowsOfGroup);
  int64_t dim = std::max(config.headDim, config.valueDim);
  const BackwardCandidate *fitting =
      llvm::find_if(tuning.backward, [&](const BackwardCandidate &candidate) {
        return candidate.deterministic.value_or(config.deterministic) ==
                   config.deterministic &&
               dim <= candidate.widestHead &&
               target.sharedMemory >= candidate.leastSharedMemory &&
               !seen.areFewerThan(candidate.leastKeys) &&
               (!candidate.scarceRegisters || fitsFewRegisters(op, algebra));
      });
  if (fitting == tuning.backward.end())
    return op.emitOpError("has no kernel on a GPU with ")
           << target.sharedMemory
           << " bytes of shared memory for head dimensions above 128, got "
           << std::max(op.getHeadDim(), op.getValueDim());
  config.keyGradients = fitting->keyGradients;
  config.queryTile = fitting->queryTile;
  config.mmaWarpgroups = fitting->mmaWarpgroups;
  // With narrow queries and wide values there may be no work for all of them.
  if (config.sharesParts())
    config.mmaWarpgroups = std::min(config.mmaWarpgroups, config.parts());
  config.ctasPerSM = fitting->ctasPerSM;
  config.keyStages = fitting->keyStages;
  config.valueStages = fitting->valueStages;
  config.queryStages = fitting->queryStages;
  config.doStages = fitting->doStages;
  // Clearing sums may take longer than asking, for each tile, who is first.
  bool isNarrow = config.keyTile() * config.headDim <= 64 * 64;
  config.claimsSums =
      config.sumsAreStaged() &&
      seen.areFewerThan(isNarrow ? tuning.claimKeysNarrow : tuning.claimKeys);
  config.turnsMaySkip =
      config.sumsAreStaged() &&
      (config.mmaWarpgroups > 2 || seen.areFewerThan(tuning.skipKeys));
  config.headsTogether = config.deterministic
                             ? tuning.headsTogetherDeterministic
                             : tuning.headsTogether;
  // Other rows may follow those of a sequence.
  config.inPairs =
      lengths.areKnown && target.asyncMma && !op.hasSequences() &&
      !op.hasTileLists() &&
      areManyEmpty(algebra, tuning, [&](int64_t head, TileShape tile) {
        return algebra.columnTiles(head, tile);
      });
  // Queries and output gradients of 16 bits, and sums of 32 bits.
  int64_t rowBytes =
      2 * (config.headDim + config.valueDim) + 4 * config.headDim;
  if (!config.deterministic && !op.hasSequences())
    config.rowsInL2 = tuning.headsL2Bytes / (rowBytes * op.getGroupSize());
  // Heads from both ends are under way.
  if (config.inPairs)
    config.rowsInL2 /= 2;
  config.producerRegisters = tuning.producerRegisters;
  config.queryCtasPerSM = tuning.queryCtasPerSM;
  config.queryProducerRegisters = tuning.queryProducerRegisters;
  config.querySectionBytes = tuning.queryL2Bytes;
  return config;
}

/// Key tiles are whole parts of those that lists are of. Of narrow ones, two
/// warpgroups have a gradient each, as a warpgroup alone leaves half of the
/// registers of an SM, and two CTAs would have too few.
static void fitLists(AttentionBackwardOp op, BackwardConfig &config) {
  TileListsAttr lists = op.getTileListsAttr();
  if (!lists)
    return;
  // The scheduler warp also looks through lists.
  config.queryProducerRegisters = kListProducerRegisters;
  if (lists.getKeyTile() % config.keyTile() == 0)
    return;
  while (lists.getKeyTile() % config.keyTile() != 0)
    --config.mmaWarpgroups;
  if (config.mmaWarpgroups > 1 || !config.target.asyncMma)
    return;
  config.keyGradients = KeyGradients::ByWarpgroup;
  config.mmaWarpgroups = 2;
  config.queryStages = config.doStages = 2;
  config.producerRegisters = kListProducerRegisters;
}

/// What the operation asks for.
static LogicalResult applyTileShape(AttentionBackwardOp op,
                                    BackwardConfig &config) {
  TileShapeAttr tileShape = op.getTileShapeAttr();
  if (!tileShape)
    return success();
  int64_t queries = tileShape.getQueryTile(), keys = tileShape.getKeyTile();
  if ((queries != 64 && queries != 128) || keys % 64 != 0 || keys > 256)
    return op.emitOpError("expected a tile shape of 64 or 128 queries and 64, "
                          "128, 192 or 256 keys for gradients on a GPU, got ")
           << queries << " and " << keys;
  if (config.isSplitByWarpgroup()) {
    if (queries != kRowsOfGroup || keys != kRowsOfGroup)
      return op.emitOpError("expected a tile shape of 64 queries and 64 keys "
                            "for gradients of head dimensions above 128 on a "
                            "GPU whose MMAs are asynchronous, got ")
             << queries << " and " << keys;
    return success();
  }
  config.queryTile = queries;
  config.mmaWarpgroups = keys / kRowsOfGroup;
  config.ctasPerSM = 1;
  return success();
}

/// What the user asks for.
static LogicalResult applyOptions(AttentionBackwardOp op,
                                  const GpuOptions &options,
                                  BackwardConfig &config) {
  if (options.keyTile % kRowsOfGroup != 0)
    return op.emitOpError("expected a 'key-tile' of a multiple of 64 for "
                          "gradients, got ")
           << options.keyTile;
  auto set = [](int64_t &field, int64_t option) {
    if (option)
      field = option;
  };
  if (config.isSplitByWarpgroup()) {
    if ((options.keyTile && options.keyTile != kRowsOfGroup) ||
        (options.mmaWarpgroups &&
         options.mmaWarpgroups != config.mmaWarpgroups))
      return op.emitOpError("expected a 'key-tile' of 64 and 2 "
                            "'mma-warpgroups', one for dK and one for dV, for "
                            "gradients of head dimensions above 128 on a GPU "
                            "whose MMAs are asynchronous");
  } else {
    set(config.mmaWarpgroups, options.keyTile / kRowsOfGroup);
    set(config.mmaWarpgroups, options.mmaWarpgroups);
  }
  set(config.ctasPerSM, options.ctasPerSM);
  set(config.keyStages, options.stages);
  set(config.valueStages, options.stages);
  set(config.queryStages, options.queryStages);
  set(config.doStages, options.queryStages);
  return success();
}

static LogicalResult check(AttentionBackwardOp op,
                           const BackwardConfig &config) {
  if (config.target.asyncMma && config.queryStages < 2)
    return op.emitOpError("needs 2 'query-stages' or more for gradients where "
                          "MMAs are asynchronous, since a stage of queries "
                          "is free only when the next has been awaited; got ")
           << config.queryStages;
  // Each warpgroup computes as many parts of a query tile's gradients.
  if (config.sharesParts() && config.parts() % config.mmaWarpgroups != 0)
    return op.emitOpError("expected the number of warpgroups, one for 64 keys "
                          "of a tile, to divide that of 64x64 fragments in a "
                          "tile of queries for gradients on a GPU, got ")
           << config.mmaWarpgroups << " and " << config.parts();
  TileListsAttr lists = op.getTileListsAttr();
  if (lists && (lists.getQueryTile() % config.queryTile != 0 ||
                lists.getKeyTile() % config.keyTile() != 0))
    return op.emitOpError("expected tiles of ")
           << config.queryTile << " queries and " << config.keyTile()
           << " keys to divide those of 'tile_lists', " << lists.getQueryTile()
           << " x " << lists.getKeyTile();
  return success();
}

/// Makes room for large tables, with fewer stages unless those were asked for.
static void fitSharedMemory(const GpuOptions &options, BackwardConfig &config) {
  auto fits = [&](int64_t bytes, int64_t ctas) {
    return sharedOfCTAs(bytes, ctas) <= config.target.sharedMemory;
  };
  auto mainFits = [&] {
    return llvm::all_of(keyParts(config), [&](KeyPart part) {
      return fits(KeyKernelLayout(config, part).shared.total(),
                  config.ctasPerSM);
    });
  };
  if (config.inPairs)
    chooseZeroRows(config.zeroRows, config.keyTile(), mainFits);
  if (!mainFits())
    config.itemStages = 1;
  if (!options.queryStages && config.item.hasTables() && !mainFits())
    config.queryStages = config.doStages =
        std::min<int64_t>(config.queryStages, 2);
  if (!options.stages && config.item.hasTables() && !mainFits())
    config.valueStages = 1;
  auto queriesFit = [&] {
    return fits(QueryKernelLayout(config).shared.total(),
                config.queryCtasPerSM);
  };
  if (!queriesFit())
    config.queryCtasPerSM = 1;
  if (!queriesFit())
    config.queryValueStages = 1;
  if (!queriesFit())
    config.queryKeyStages = 1;
}

FailureOr<BackwardConfig>
spattn::chooseKernelConfig(AttentionBackwardOp op,
                           const TargetCapabilities &target,
                           const Tuning &tuning, const GpuOptions &options) {
  FailureOr<BackwardConfig> config = getMeasured(op, target, tuning, options);
  if (failed(config))
    return failure();
  fitLists(op, *config);
  if (failed(applyTileShape(op, *config)) ||
      failed(applyOptions(op, options, *config)) || failed(check(op, *config)))
    return failure();
  if (config->mmaWarpgroups > tuning.staticWarpgroups && !op.hasTileLists())
    config->producerRegisters = tuning.scarceProducerRegisters;
  config->hasSequences = op.hasSequences();
  config->item = layoutOfColumnTiles(op, config->keyTile(), config->queryTile);
  config->queryItem =
      layoutOfRowTiles(op, kRowsOfGroup, QueryKernelLayout::kKeyTile);
  fitSharedMemory(options, *config);
  config->roundsDq = DqRoundingLayout::isPossible(*config);
  if (failed(checkLimits(op, *config)))
    return failure();
  return config;
}
