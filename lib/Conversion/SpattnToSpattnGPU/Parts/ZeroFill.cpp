//===- ZeroFill.cpp - Zero-fills rows by TMA ------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ZeroFill.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kFewestRows = 8;

void spattn::chooseZeroRows(int64_t &zeroRows, int64_t rows,
                            function_ref<bool()> fits) {
  zeroRows = rows & -rows;
  while (zeroRows >= kFewestRows && !fits())
    zeroRows /= 2;
  if (zeroRows < kFewestRows)
    zeroRows = 0;
}

TileRing ZeroFill::allocate(SharedLayout &shared, int64_t rows) {
  return shared.tiles(rows > 0 ? 1 : 0, rows, spattn_gpu::kChunkColumns);
}

void ZeroFill::begin() {
  if (isUsed())
    spattn_gpu::ClearTileOp::create(b, zeros.at(b));
}

void ZeroFill::fill(Value map, Value first, Value head, Value batch,
                    int64_t rows, int64_t columns) {
  Value tile = zeros.at(b), ofHead = b.asIndex(head),
        ofBatch = b.asIndex(batch);
  auto fillFrom = [&](Value number) {
    Value row = b.asIndex(number);
    for (int64_t column = 0; column < columns;
         column += spattn_gpu::kChunkColumns)
      spattn_gpu::StoreTileOp::create(b, tile, map, row, ofHead, ofBatch,
                                      column);
  };
  if (rows == zeros.rows)
    return fillFrom(first);
  Value step = b.i32(zeros.rows);
  auto loop = scf::ForOp::create(b, first, b.add(first, b.i32(rows)), step);
  b.in(loop.getBody(), [&] { fillFrom(loop.getInductionVar()); });
}

void ZeroFill::end() {
  if (isUsed())
    spattn_gpu::StoreWaitOp::create(b);
}
