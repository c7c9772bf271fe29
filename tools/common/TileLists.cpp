//===- TileLists.cpp - Random lists of tiles ------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/TileLists.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <random>

using namespace mlir;
using namespace spattn;
using namespace spattn::tool;

/// Up to `most` different tiles of `tiles`, ascending.
static std::vector<int32_t> drawTiles(std::mt19937_64 &engine, int64_t tiles,
                                      int64_t most) {
  most = std::min(most, tiles);
  // Often all there is room for, else any number, none included.
  int64_t count = engine() % 3 ? most : int64_t(engine() % (most + 1));
  std::vector<int32_t> all(tiles), drawn;
  for (int64_t i = 0; i < tiles; ++i)
    all[i] = int32_t(i);
  std::sample(all.begin(), all.end(), std::back_inserter(drawn), count, engine);
  return drawn;
}

void spattn::tool::drawTileLists(Entry &entry, uint64_t seed,
                                 ArrayRef<ReferenceValue> values) {
  AttentionOpInterface op = entry.attention;
  if (!op || !op.hasTileLists())
    return;
  OperandValues operands = op.getOperandValues();
  EntryArgument *counts = entry.getArgument(operands[OperandKind::TileCounts]);
  EntryArgument *indices =
      entry.getArgument(operands[OperandKind::TileIndices]);
  EntryArgument *key = entry.getArgument(op.getKey());
  if (!counts || !indices || !key || !counts->file.empty() ||
      !indices->file.empty())
    return;
  auto viewOf = [&](EntryArgument *argument) {
    return std::get<ReferenceArray>(values[argument->index]).view;
  };
  BufferView countView = viewOf(counts), indexView = viewOf(indices);
  auto dimOf = [&](OperandKind kind, Dim dim) {
    return op.getDim(getOperandInfo(kind), dim);
  };
  auto sizeOf = [&](Dim dim) {
    return indexView.sizes[dimOf(OperandKind::TileIndices, dim)];
  };
  auto at = [&](const BufferView &view, OperandKind kind, int64_t b, int64_t h,
                int64_t row) {
    return static_cast<int32_t *>(view.data) +
           b * view.strides[dimOf(kind, Dim::Batch)] +
           h * view.strides[dimOf(kind, Dim::Head)] +
           row * view.strides[dimOf(kind, Dim::Length)];
  };
  int64_t tiles = llvm::divideCeil(key->sizes[op.getDim(Dim::Length)],
                                   op.getTileListsAttr().getKeyTile());
  int64_t apart =
      indexView.strides[dimOf(OperandKind::TileIndices, Dim::Width)];
  std::mt19937_64 engine(seed * 1000003 + tiles);
  for (int64_t b = 0; b < sizeOf(Dim::Batch); ++b)
    for (int64_t h = 0; h < sizeOf(Dim::Head); ++h)
      for (int64_t row = 0; row < sizeOf(Dim::Length); ++row) {
        std::vector<int32_t> drawn =
            drawTiles(engine, tiles, sizeOf(Dim::Width));
        *at(countView, OperandKind::TileCounts, b, h, row) =
            int32_t(drawn.size());
        int32_t *first = at(indexView, OperandKind::TileIndices, b, h, row);
        // Entries past the count mean nothing.
        for (int64_t n = 0; n < sizeOf(Dim::Width); ++n)
          first[n * apart] = n < int64_t(drawn.size()) ? drawn[n] : -7;
      }
}
