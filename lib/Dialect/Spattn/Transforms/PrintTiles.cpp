//===- PrintTiles.cpp - The tiles an attention visits, as text ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/Dialect/Spattn/Transforms/TileShape.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <string>

namespace spattn {
#define GEN_PASS_DEF_SPATTNPRINTTILES
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

static void printCounts(llvm::raw_ostream &os, const TileCounts &counts,
                        int64_t pairs) {
  os << counts.visited << " visited, " << counts.full << " full, "
     << counts.masked << " masked, " << counts.skipped << " skipped, " << pairs
     << " pairs\n";
}

/// A line for each tile of queries, with a character for each tile of keys.
static void printMap(llvm::raw_ostream &os, const HostAlgebra &algebra,
                     int64_t head, int64_t rows, int64_t columns,
                     TileShape tile) {
  for (int64_t row = 0; row < rows; ++row) {
    std::string line(columns, '.');
    for (const TileRange<int64_t> &range : algebra.keyTiles(head, row, tile)) {
      std::fill(line.begin() + range.begin, line.begin() + range.end, '+');
      std::fill(line.begin() + range.fullBegin, line.begin() + range.fullEnd,
                '#');
    }
    os << "    " << line << "\n";
  }
}

namespace {
struct SpattnPrintTilesPass
    : public spattn::impl::SpattnPrintTilesBase<SpattnPrintTilesPass> {
  using SpattnPrintTilesBase::SpattnPrintTilesBase;

  void runOnOperation() override {
    if (queryLength < -1 || keyLength < -1) {
      emitError(UnknownLoc::get(&getContext()),
                "expected lengths of at least 0");
      return signalPassFailure();
    }
    markAllAnalysesPreserved();
    // In one piece, so that functions processed at once do not mix their lines.
    std::string text;
    llvm::raw_string_ostream os(text);
    getOperation()->walk([&](AttentionOpInterface op) { print(os, op); });
    llvm::errs() << text;
  }

  void print(llvm::raw_ostream &os, AttentionOpInterface op) {
    int64_t queries = op.getStaticQueryLength();
    int64_t keys = op.getStaticKeyLength();
    if (ShapedType::isDynamic(queries))
      queries = queryLength;
    if (ShapedType::isDynamic(keys))
      keys = keyLength >= 0 ? keyLength.getValue() : queryLength.getValue();
    os << (isa<AttentionOp>(op) ? "attention at " : "gradients at ")
       << op.getLoc() << ": " << op.getStructure() << "\n";
    if (op.hasSequences()) {
      os << "  lengths of sequences are known at run time only\n";
      return;
    }
    if (queries < 0 || keys < 0) {
      os << "  lengths are dynamic: give query-length and key-length\n";
      return;
    }
    constexpr int64_t limit = int64_t(1) << 31;
    if (queries >= limit || keys >= limit) {
      os << "  lengths of 2^31 and more are not supported\n";
      return;
    }
    if (op.hasTileLists())
      os << "  listed tiles are known at run time only; these are the others\n";
    TileShapeAttr tileShape = getTileShapeAttr(op);
    TileShape tile = getTileShape(tileShape);
    HostAlgebra algebra = getAlgebra(op, queries, keys);
    os << "  " << algebra.numHeads() << " heads, " << queries << " queries, "
       << keys << " keys, tiles of " << tile.queries << " x " << tile.keys
       << "\n";
    int64_t pairs = 0;
    for (int64_t head = 0; head < algebra.numHeads(); ++head)
      pairs += algebra.pairs(head);
    os << "  all heads: ";
    printCounts(os, algebra.tiles(tile), pairs);
    if (!perHead && !map)
      return;
    int64_t rows = llvm::divideCeil(queries, tile.queries);
    int64_t columns = llvm::divideCeil(keys, tile.keys);
    constexpr int64_t mostTiles = 1024;
    bool hasMap = map && rows <= mostTiles && columns <= mostTiles;
    if (map && !hasMap)
      os << "  no map of " << rows << " x " << columns << " tiles: at most "
         << mostTiles << " to a side\n";
    for (int64_t head = 0; head < algebra.numHeads(); ++head) {
      os << "  head " << head << ": ";
      printCounts(os, algebra.tiles(head, tile), algebra.pairs(head));
      if (hasMap)
        printMap(os, algebra, head, rows, columns, tile);
    }
  }
};
} // namespace
