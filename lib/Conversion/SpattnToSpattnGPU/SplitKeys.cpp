//===- SplitKeys.cpp - Keys that are split over CTAs ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SplitKeys.h"

#include "ExpectedLengths.h"
#include "spattn/Dialect/Spattn/Transforms/TileShape.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

/// Keys for each query from which walks may be cut unasked. Training has as
/// many queries as keys, and batches that the compiler does not know.
static constexpr int64_t kKeysOfQuery = 8;
/// Parts of a walk at most, as the option says.
static constexpr int64_t kMostParts = 128;

LogicalResult spattn::checkSplitKeys(AttentionOp op, int64_t parts) {
  if (parts <= 1 || !op.hasTileLists())
    return success();
  return op.emitOpError("expected an attention without 'tile_lists' for "
                        "'split-keys' above 1, got ")
         << parts;
}

namespace {
/// The walks of a batch entry that have key tiles: how many, the tiles of all
/// and those of the longest one.
struct Walks {
  int64_t count = 0, all = 0, longest = 0;
};

/// Clocks of tiles. Where none were measured, as many as a key tile has keys,
/// and two key tiles for a work tile.
struct Clocks {
  explicit Clocks(const ForwardConfig &config)
      : ofTile(config.keyTileClocks), ofWork(config.workTileClocks) {
    if (ofTile == 0) {
      ofTile = config.keyTile;
      ofWork = 2 * ofTile;
    }
  }
  int64_t of(int64_t tiles) const { return ofWork + tiles * ofTile; }

  int64_t ofTile, ofWork;
};
} // namespace

static Walks countTiles(AttentionOp op, const ForwardConfig &config,
                        const ExpectedLengths &lengths) {
  HostAlgebra algebra = getAlgebra(op, lengths.queries, lengths.keys);
  TileShape tile{config.queryTile(), config.keyTile};
  Walks walks;
  for (int64_t head = 0; head < algebra.numHeads(); head += config.rows.heads)
    for (int64_t visited :
         algebra.rowTiles(head, tile, config.fromFirstKey())) {
      walks.count += visited > 0;
      walks.all += visited;
      walks.longest = std::max(walks.longest, visited);
    }
  return walks;
}

KeyPartSizes spattn::chooseKeyParts(AttentionOp op, const ForwardConfig &config,
                                    const Tuning &tuning,
                                    const GpuOptions &options) {
  KeyPartSizes whole, sizes;
  if (options.splitKeys == 1 || op.hasTileLists())
    return whole;
  Clocks clocks(config);
  int64_t least = tuning.partKeys > 0
                      ? llvm::divideCeil(tuning.partKeys, config.keyTile)
                      : llvm::divideCeil(clocks.ofWork, clocks.ofTile);
  sizes.leastTiles = least;
  sizes.most = options.splitKeys;
  if (options.splitKeys > 1)
    return sizes;

  ExpectedLengths lengths(op, options.expectedLength, tuning.assumedLength,
                          options.expectedQueries);
  if (!lengths.areQueriesKnown || lengths.queries > lengths.keys / kKeysOfQuery)
    return whole;
  Walks walks = countTiles(op, config, lengths);
  // One entry has a part for each CTA, unless those are too short. Of very many
  // entries parts are longer, for the sake of scratch memory.
  int64_t ctas = tuning.multiprocessors * config.ctasPerSM;
  sizes.leastTiles =
      std::max<int64_t>(least, llvm::divideCeil(walks.all, ctas));
  sizes.tilesOfEntry = llvm::divideCeil(KeyPartSizes::kShare * walks.all,
                                        ctas * tuning.partsPerCta);
  int64_t batches = op.getStaticBatch();
  if (!ShapedType::isDynamic(batches)) {
    // Walks of which each SM has about as many take less than their parts.
    int64_t sms = tuning.multiprocessors;
    int64_t rounds = llvm::divideCeil(batches * walks.count, sms);
    bool areEven =
        rounds * walks.longest * sms * 10 <= batches * walks.all * 11;
    if (areEven)
      return whole;
    sizes.leastTiles = sizes.tilesOf(batches);
  }
  sizes.most = std::min<int64_t>(
      kMostParts, llvm::divideCeil(walks.longest, sizes.leastTiles));
  int64_t cut = clocks.of(sizes.leastTiles) + tuning.combineClocks;
  bool pays = cut * 100 < clocks.of(walks.longest) * tuning.splitClocks;
  return sizes.areCut() && pays ? sizes : whole;
}
