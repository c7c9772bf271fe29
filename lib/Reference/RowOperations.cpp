//===- RowOperations.cpp - Operations on rows in the interpreter ----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowOperations.h"

#include "spattn/Reference/Merge.h"
#include "spattn/Reference/Rows.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace spattn;
using llvm::Error;

/// The next of the arrays of an operation.
static SmallVector<BufferView, 4> take(ArrayRef<BufferView> &left,
                                       size_t count) {
  ArrayRef<BufferView> taken = left.take_front(count);
  left = left.drop_front(count);
  return SmallVector<BufferView, 4>(taken);
}

static Error evaluate(MergeOp op, ArrayRef<BufferView> left) {
  size_t count = op.getParts().size();
  MergeArrays arrays;
  arrays.layout = *Layout::parse(op.getLayout());
  arrays.parts = take(left, count);
  arrays.lses = take(left, count);
  if (op.getRows())
    arrays.rows = take(left, 1).front();
  arrays.out = take(left, 1).front();
  if (op.getLse())
    arrays.lse = take(left, 1).front();
  return spattn::evaluate(arrays);
}

static Error evaluate(MergeBackwardOp op, ArrayRef<BufferView> left) {
  size_t count = op.getParts().size();
  MergeGradientArrays arrays;
  arrays.layout = *Layout::parse(op.getLayout());
  arrays.parts = take(left, count);
  arrays.lses = take(left, count);
  arrays.dout = take(left, 1).front();
  if (op.getDlse())
    arrays.dlse = take(left, 1).front();
  arrays.dparts = take(left, count);
  arrays.dlses = take(left, count);
  return spattn::evaluateGradients(arrays);
}

static Error evaluate(GatherRowsOp op, ArrayRef<BufferView> left) {
  size_t count = op.getSources().size();
  GatherArrays arrays;
  arrays.layout = *Layout::parse(op.getLayout());
  arrays.sources = take(left, count);
  arrays.rows = take(left, 1).front();
  arrays.outs = take(left, count);
  arrays.unitRms = op.getUnitRms().value_or(ArrayRef<bool>());
  arrays.epsilon = op.getEpsilon().convertToFloat();
  return spattn::evaluate(arrays);
}

static Error evaluate(SumRowsOp op, ArrayRef<BufferView> left) {
  SumArrays arrays;
  arrays.layout = *Layout::parse(op.getLayout());
  arrays.source = take(left, 1).front();
  arrays.rows = take(left, 1).front();
  if (op.getUnitRmsOf())
    arrays.unitRmsOf = take(left, 1).front();
  if (op.getAdd())
    arrays.add = take(left, 1).front();
  arrays.out = take(left, 1).front();
  arrays.epsilon = op.getEpsilon().convertToFloat();
  return spattn::evaluate(arrays);
}

static Error evaluate(HashRowsOp op, ArrayRef<BufferView> left) {
  return spattn::evaluate(
      HashArrays{*Layout::parse(op.getLayout()), left[0], left[1], left[2]});
}

Error spattn::evaluateRows(KernelOpInterface op, ArrayRef<BufferView> views) {
  return llvm::TypeSwitch<Operation *, Error>(op.getOperation())
      .Case<MergeOp, MergeBackwardOp, GatherRowsOp, SumRowsOp, HashRowsOp>(
          [&](auto op) { return ::evaluate(op, views); })
      .Default([](Operation *op) {
        return llvm::createStringError("'" + op->getName().getStringRef() +
                                       "' is no operation on rows");
      });
}
