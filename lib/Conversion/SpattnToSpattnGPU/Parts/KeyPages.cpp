//===- KeyPages.cpp - Tiles of keys in pages ------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyPages.h"

#include <algorithm>

using namespace mlir;
using namespace spattn;

int64_t spattn::getKeyBox(AttentionOpInterface op, int64_t keyTile) {
  return op.hasPages() ? std::min(keyTile, op.getPageSize()) : keyTile;
}

llvm::SmallVector<Value> KeyPages::find(const WorkTile &tile, Value first) {
  Value rows = b.i32(pageSize), one = b.i32(1);
  Value length =
      tile.place ? b.ops.materialize(tile.place->lengths.keys) : keyLength;
  Value last = arith::DivUIOp::create(b, b.sub(length, one), rows);
  Value number = arith::DivUIOp::create(b, first, rows);
  Value batchesApart = b.asIndex(signature.get(arguments.batchStride));
  Value toBatch = b.mul(b.asIndex(tile.batch), batchesApart);
  Value apart = b.asIndex(signature.get(arguments.stride));
  Value none = b.i32(-1);
  llvm::SmallVector<Value> pages;
  for (int64_t i = 0; i < std::max<int64_t>(keyTile / pageSize, 1); ++i) {
    Value own = i == 0 ? number : b.add(number, b.i32(i));
    // Loads that depend on nothing are under way at once.
    Value read = b.asIndex(arith::MinUIOp::create(b, own, last));
    Value address =
        b.pointer(signature.get(arguments.pointer),
                  b.add(toBatch, b.mul(read, apart)), b.getI32Type());
    Value page = LLVM::LoadOp::create(b, b.getI32Type(), address);
    Value exists = b.compare(arith::CmpIPredicate::ule, own, last);
    pages.push_back(arith::SelectOp::create(b, exists, page, none));
  }
  return pages;
}

void KeyPages::load(Value map, ArrayRef<Value> pages, Value first, Value head,
                    Value tile, Value full) {
  Value rows = b.i32(pageSize);
  Value inPage = arith::RemUIOp::create(b, first, rows);
  Value row = b.asIndex(inPage);
  spattn_gpu::LoadPagesOp::create(b, map, row, b.asIndex(head), pages, tile,
                                  full);
}
