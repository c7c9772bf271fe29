//===- RowLayout.cpp - Which query and head a row is ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowLayout.h"

using namespace mlir;
using namespace spattn;

using Index = KernelBuilder::Index;

Value RowLayout::queriesOf(KernelBuilder &b, Value rows) const {
  return isPacked() ? b.ops.materialize(queryOf(b, b.ops.wrap(rows))) : rows;
}

Index RowLayout::queryOf(KernelBuilder &b, Index row) const {
  return isPacked() ? b.ops.floorDiv(row, heads) : row;
}

Value RowLayout::rowsOf(KernelBuilder &b, Value queries) const {
  if (!isPacked())
    return queries;
  Value each = b.i32(heads);
  return b.mul(queries, queries.getType().isIndex() ? b.asIndex(each) : each);
}

Value RowLayout::queryNumbers(KernelBuilder &b, Value first) const {
  return spattn_gpu::PositionsOp::create(b, b.rowsType(), first, heads);
}

Value RowLayout::headNumbers(KernelBuilder &b, Value first) const {
  Value rows = spattn_gpu::PositionsOp::create(b, b.rowsType(), b.i32(0));
  return b.map(rows, rows.getType(), [&](ValueRange x) -> Value {
    Value row = arith::FPToSIOp::create(b, b.getI32Type(), x[0]);
    Value inGroup = arith::RemUIOp::create(b, row, b.i32(heads));
    return arith::SIToFPOp::create(b, b.getF32Type(), b.add(inGroup, first));
  });
}

Value RowLayout::distances(KernelBuilder &b, Type type, Value first) const {
  return spattn_gpu::DistancesOp::create(b, type, first, /*transposed=*/false,
                                         heads);
}

/// Coordinates come in the order of the map, in which heads are ahead of
/// queries where rows are of several.
void RowLayout::load(KernelBuilder &b, Value map, Value query, Value head,
                     Value batch, Value tile, Value barrier,
                     KernelBuilder::Eviction eviction) const {
  if (isPacked())
    std::swap(query, head);
  b.load(map, query, head, batch, tile, barrier, eviction);
}

void RowLayout::store(KernelBuilder &b, Value tile, Value map, Value query,
                      Value head, Value batch) const {
  if (isPacked())
    std::swap(query, head);
  spattn_gpu::StoreTileOp::create(b, tile, map, query, head, batch);
}
