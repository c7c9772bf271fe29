//===- LoadStore.cpp - Loading and storing tiles --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_cpu;

LogicalResult spattn_cpu::lower(LoadQueryOp op, VectorTile &t) {
  ImplicitLocOpBuilder &b = t.b;
  Value rows = t.rowCount(op.getSource());
  Value last = t.add(rows, -1);
  t.loop(t.index(dimSize(op.getOut(), 1)), [&](Value m) {
    Value row = arith::MinUIOp::create(b, m, last);
    t.loop(t.index(dimSize(op.getOut(), 0)), [&](Value c) {
      Value element = t.loadElement(op.getSource(), {row, c});
      Value scaled = arith::MulFOp::create(b, element, op.getScale());
      t.storeElement(scaled, op.getOut(), {c, m});
    });
  });
  return success();
}

LogicalResult spattn_cpu::lower(StageOp op, VectorTile &t) {
  int64_t width = dimSize(op.getOut(), 1);
  t.loop(t.rowCount(op.getSource()), [&](Value n) {
    if (!VectorTile::hasUnitStride(op.getSource())) {
      t.loop(t.index(width), [&](Value c) {
        t.storeElement(t.loadElement(op.getSource(), {n, c}), op.getOut(),
                       {n, c});
      });
      return;
    }
    t.columns(width, t.block.vectors, [&](ArrayRef<Columns> group) {
      for (const Columns &c : group)
        t.store(t.load(op.getSource(), n, c), op.getOut(), n, c);
    });
  });
  return success();
}

void spattn_cpu::clearTile(VectorTile &t, Value tile) {
  t.loop(t.index(dimSize(tile, 0)), [&](Value m) {
    t.columns(dimSize(tile, 1), t.block.vectors, [&](ArrayRef<Columns> group) {
      for (const Columns &c : group)
        t.store(t.splat(0.0f, c.width), tile, m, c);
    });
  });
}

LogicalResult spattn_cpu::lower(ClearOp op, VectorTile &t) {
  clearTile(t, op.getAcc());
  return success();
}

LogicalResult spattn_cpu::lower(StoreOp op, VectorTile &t) {
  t.loop(t.rowCount(op.getOut()), [&](Value m) {
    t.storeScaled(op.getAcc(), m, op.getScale(), op.getOut());
  });
  return success();
}
