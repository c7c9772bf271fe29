//===- WorkOrder.cpp - The order in which tile rows run -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WorkOrder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

Value spattn::emitWorkOrder(ImplicitLocOpBuilder &b, Value count, Value maxCost,
                            function_ref<Value(Value)> cost) {
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, value);
  };
  Value zero = index(0), one = index(1);
  auto loop = [&](Value lower, Value upper, function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(b, lower, upper, one);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  };
  auto load = [&](Value buffer, Value at) -> Value {
    return memref::LoadOp::create(b, buffer, ValueRange{at});
  };
  auto store = [&](Value value, Value buffer, Value at) {
    memref::StoreOp::create(b, value, buffer, ValueRange{at});
  };
  auto increment = [&](Value buffer, Value at) {
    Value old = load(buffer, at);
    store(arith::AddIOp::create(b, old, one), buffer, at);
    return old;
  };

  auto type = MemRefType::get({ShapedType::kDynamic}, b.getIndexType());
  Value order = memref::AllocOp::create(b, type, ValueRange{count});
  Value keys = memref::AllocOp::create(b, type, ValueRange{count});
  Value buckets = arith::AddIOp::create(b, maxCost, index(2));
  Value starts = memref::AllocOp::create(b, type, ValueRange{buckets});

  // A row's key is what it lacks to the greatest cost; starts[key + 1] first
  // counts the rows of a key, and after the sum starts[key] is where they go.
  loop(zero, buckets, [&](Value k) { store(zero, starts, k); });
  loop(zero, count, [&](Value row) {
    Value key = arith::SubIOp::create(b, maxCost, cost(row));
    store(key, keys, row);
    increment(starts, arith::AddIOp::create(b, key, one));
  });
  loop(one, buckets, [&](Value k) {
    Value before = load(starts, arith::SubIOp::create(b, k, one));
    store(arith::AddIOp::create(b, before, load(starts, k)), starts, k);
  });
  loop(zero, count, [&](Value row) {
    store(row, order, increment(starts, load(keys, row)));
  });

  memref::DeallocOp::create(b, keys);
  memref::DeallocOp::create(b, starts);
  return order;
}
