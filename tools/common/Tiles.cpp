//===- Tiles.cpp - What the algebra says of an entry ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Tiles.h"

#include "common/PageTables.h"
#include "spattn/Dialect/Spattn/Transforms/TileShape.h"
#include "spattn/Support/Elements.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::tool;

/// The size of a dimension at run time, or kDynamic.
static int64_t getSize(Entry &entry, Value value, unsigned dim) {
  if (EntryArgument *argument = entry.getArgument(value))
    return argument->sizes[dim];
  return cast<ShapedType>(value.getType()).getDimSize(dim);
}

/// The tile shape that the kernel gets: options are for operations without one
/// of their own.
static TileShape getTiles(AttentionOpInterface op,
                          const KernelOptions &options) {
  TileShape tile = getTileShape(getTileShapeAttr(op));
  if (op.getTileShapeAttr())
    return tile;
  if (options.cpu.queryTile)
    tile.queries = options.cpu.queryTile;
  if (options.cpu.keyTile)
    tile.keys = options.cpu.keyTile;
  return tile;
}

/// Counts of at least 2^63 - 1 stay there: nobody lives to see them visited.
static int64_t multiply(int64_t a, int64_t b) {
  int64_t product;
  return llvm::MulOverflow(a, b, product) ? INT64_MAX : product;
}

static void add(int64_t &sum, int64_t count) {
  if (llvm::AddOverflow(sum, count, sum))
    sum = INT64_MAX;
}

/// The algebra of an entry's attention, if its lengths are known.
static std::optional<HostAlgebra> findAlgebra(Entry &entry) {
  AttentionOpInterface op = entry.attention;
  if (op.hasSequences() || op.hasTileLists())
    return std::nullopt;
  int64_t queries = getSize(entry, op.getQuery(), op.getDim(Dim::Length));
  int64_t keys = getKeyLength(entry, op);
  if (ShapedType::isDynamic(queries) || ShapedType::isDynamic(keys))
    return std::nullopt;
  return getAlgebra(op, queries, keys);
}

bool spattn::tool::matches(Entry &entry, const Structure &structure) {
  std::optional<HostAlgebra> algebra = findAlgebra(entry);
  return algebra && algebra->matches(structure);
}

std::optional<TileReport>
spattn::tool::countTiles(Entry &entry, const KernelOptions &options,
                         std::optional<TileShape> known) {
  AttentionOpInterface op = entry.attention;
  int64_t batch = getSize(entry, op.getQuery(), op.getDim(Dim::Batch));
  std::optional<HostAlgebra> found = findAlgebra(entry);
  if (!found || ShapedType::isDynamic(batch))
    return std::nullopt;
  const HostAlgebra &algebra = *found;
  TileShape tile = known ? *known : getTiles(op, options);
  TileReport report = {tile.queries, tile.keys, {}, {}};
  for (int64_t head = 0; head < algebra.numHeads(); ++head) {
    TileCounts counts = algebra.tiles(head, tile);
    TileNumbers numbers = {
        multiply(batch, counts.visited), multiply(batch, counts.full),
        multiply(batch, counts.masked), multiply(batch, counts.skipped),
        multiply(batch, algebra.pairs(head))};
    report.heads.push_back(numbers);
    add(report.total.visited, numbers.visited);
    add(report.total.full, numbers.full);
    add(report.total.masked, numbers.masked);
    add(report.total.skipped, numbers.skipped);
    add(report.total.pairs, numbers.pairs);
  }
  return report;
}

WorkShape tool::getWorkShape(AttentionOpInterface op,
                             Lengths<int64_t> lengths) {
  auto bytesOf = [](Value value) {
    return getElementBytes(cast<ShapedType>(value.getType()).getElementType())
        .value_or(2);
  };
  WorkShape shape;
  shape.lengths = lengths;
  shape.alignment = op.getAlignment();
  shape.headDim = op.getHeadDim();
  shape.valueDim = op.getValueDim();
  shape.elementBytes = bytesOf(op.getQuery());
  shape.outputBytes = bytesOf(op.getOut());
  if (auto gradients = dyn_cast<AttentionBackwardOp>(*op)) {
    shape.queryGradientBytes = bytesOf(gradients.getDquery());
    shape.keyGradientBytes = bytesOf(gradients.getDkey());
    shape.valueGradientBytes = bytesOf(gradients.getDvalue());
  }
  shape.keyHeads = op.getNumKeyHeads();
  return shape;
}
