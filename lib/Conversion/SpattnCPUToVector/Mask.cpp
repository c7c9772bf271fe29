//===- Mask.cpp - Mask and score regions as vectors -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_cpu;

Value spattn_cpu::lanePositions(VectorTile &t, Value first, int64_t width) {
  ImplicitLocOpBuilder &b = t.b;
  auto type = VectorType::get({width}, b.getIndexType());
  Value base = vector::BroadcastOp::create(b, type, first);
  SmallVector<APInt> lanes;
  for (int64_t lane = 0; lane < width; ++lane)
    lanes.emplace_back(/*numBits=*/64, lane);
  Value step =
      arith::ConstantOp::create(b, DenseElementsAttr::get(type, lanes));
  return arith::AddIOp::create(b, base, step);
}

/// Whether an operation on elements can be one on vectors of them, or many.
static bool isVectorizable(Operation &op) {
  return isa<memref::LoadOp>(op) ||
         (OpTrait::hasElementwiseMappableTraits(&op) &&
          op.getNumResults() == 1);
}

/// A load for each lane of vectors of indices, some of which may be scalars.
static Value emitLoads(ImplicitLocOpBuilder &b, memref::LoadOp load,
                       ValueRange operands, int64_t width) {
  SmallVector<Value> lanes;
  for (int64_t lane = 0; lane < width; ++lane) {
    SmallVector<Value> indices(operands.drop_front());
    for (Value &index : indices)
      if (isa<VectorType>(index.getType()))
        index = vector::ExtractOp::create(b, index, lane);
    lanes.push_back(memref::LoadOp::create(b, operands.front(), indices));
  }
  auto type = VectorType::get({width}, load.getType());
  return vector::FromElementsOp::create(b, type, lanes);
}

Operation *spattn_cpu::findUnvectorizable(Region &region) {
  if (region.empty())
    return nullptr;
  Block &block = region.front();
  DenseSet<Value> vectors(block.args_begin(), block.args_end());
  for (Operation &op : block.without_terminator()) {
    if (llvm::none_of(op.getOperands(),
                      [&](Value value) { return vectors.contains(value); }))
      continue;
    if (!isVectorizable(op))
      return &op;
    vectors.insert(op.getResult(0));
  }
  return nullptr;
}

/// What a region yields for arguments of which some may be vectors.
static FailureOr<SmallVector<Value>> vectorize(Region &region, VectorTile &t,
                                               ValueRange arguments) {
  ImplicitLocOpBuilder &b = t.b;
  VectorType vector;
  for (Value argument : arguments)
    if (auto type = dyn_cast<VectorType>(argument.getType()))
      vector = type;
  int64_t width = vector ? vector.getDimSize(0) : 0;
  IRMapping mapping;
  Block &block = region.front();
  mapping.map(block.getArguments(), arguments);
  auto asVector = [&](Value value) -> Value {
    if (!vector || isa<VectorType>(value.getType()))
      return value;
    return vector::BroadcastOp::create(
        b, VectorType::get({width}, value.getType()), value);
  };
  for (Operation &nested : block.without_terminator()) {
    SmallVector<Value> operands;
    for (Value operand : nested.getOperands())
      operands.push_back(mapping.lookupOrDefault(operand));
    bool isVector = llvm::any_of(
        operands, [](Value v) { return isa<VectorType>(v.getType()); });
    if (!isVector) {
      b.clone(nested, mapping);
      continue;
    }
    if (!isVectorizable(nested))
      return failure();
    if (auto load = dyn_cast<memref::LoadOp>(nested)) {
      mapping.map(load.getResult(), emitLoads(b, load, operands, width));
      continue;
    }
    for (Value &operand : operands)
      operand = asVector(operand);
    OperationState state(
        b.getLoc(), nested.getName(), operands,
        VectorType::get({width}, nested.getResult(0).getType()),
        nested.getAttrs());
    mapping.map(nested.getResult(0), b.create(state)->getResult(0));
  }
  SmallVector<Value> results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(asVector(mapping.lookupOrDefault(value)));
  return results;
}

FailureOr<Value> spattn_cpu::vectorizeMask(Region &mask, VectorTile &t,
                                           Value query, Value key) {
  FailureOr<SmallVector<Value>> results = vectorize(mask, t, {query, key});
  if (failed(results))
    return failure();
  return results->front();
}

FailureOr<SmallVector<Value>>
spattn_cpu::vectorizeScore(Region &score, VectorTile &t, Value product,
                           Value query, Value key) {
  return vectorize(score, t, {product, query, key});
}
