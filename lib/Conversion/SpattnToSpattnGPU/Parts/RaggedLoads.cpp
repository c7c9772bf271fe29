//===- RaggedLoads.cpp - Tiles that end with their sequence ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaggedLoads.h"

using namespace mlir;
using namespace spattn;

llvm::SmallVector<Value> RaggedLoads::load(Value map, Value row, Value head,
                                           Value batch, Value tile, Value full,
                                           Value rowsLeft, ValueRange carried,
                                           KernelBuilder::Eviction eviction) {
  return load(
      [&](Value barrier) {
        b.load(map, row, head, batch, tile, barrier, eviction);
      },
      tile, full, rowsLeft, carried);
}

llvm::SmallVector<Value>
RaggedLoads::load(function_ref<void(Value barrier)> start, Value tile,
                  Value full, Value rowsLeft, ValueRange carried) {
  if (carried.empty()) {
    start(full);
    return {};
  }
  Value count = carried.front();
  Value rows = b.i32(cast<spattn_gpu::SharedType>(tile.getType()).getRows());
  Value isRagged = b.compare(arith::CmpIPredicate::slt, rowsLeft, rows);
  b.when(
      isRagged,
      [&] {
        Value own = loaded.at(b, b.i32(warp));
        start(own);
        b.await(own, arith::AndIOp::create(b, count, b.i32(1)));
        Value zero = b.i32(0);
        Value kept = b.asIndex(arith::MaxSIOp::create(b, rowsLeft, zero));
        spattn_gpu::FinishLoadOp::create(b, tile, kept, full);
      },
      [&] { start(full); });
  return {b.add(count, b.asNumber(isRagged))};
}

llvm::SmallVector<Value> RaggedLoads::when(Value condition, ValueRange carried,
                                           Body then, Body otherwise) {
  bool hasElse = bool(otherwise) || !carried.empty();
  auto ifOp = scf::IfOp::create(b, carried.getTypes(), condition, hasElse);
  b.in(ifOp.thenBlock(), [&] { yield(then(carried)); });
  if (hasElse)
    b.in(ifOp.elseBlock(), [&] {
      yield(otherwise ? otherwise(carried) : llvm::SmallVector<Value>(carried));
    });
  return llvm::SmallVector<Value>(ifOp.getResults());
}

void RaggedLoads::yield(ValueRange next) {
  if (!next.empty())
    scf::YieldOp::create(b, next);
}
