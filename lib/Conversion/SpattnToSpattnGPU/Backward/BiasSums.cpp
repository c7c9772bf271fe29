//===- BiasSums.cpp - Gradients by slopes and biases ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BiasSums.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

BiasScratch::BiasScratch(KernelSignature &signature, AttentionBackwardOp op) {
  if (op.getDalibiSlopes())
    slopes = signature.scratch("dslope_rows");
  if (!op.getDdistanceBias())
    return;
  first = signature.scratch("dbias_first");
  last = signature.scratch("dbias_last");
  sums = signature.scratch("dbias_sums");
}

void BiasScratch::add(KernelProgram &program, AttentionBackwardOp op,
                      spattn_gpu::FormulaAttr bytesOfRows) {
  auto addZeroed = [&](StringRef name, spattn_gpu::FormulaAttr bytes) {
    program.addScratch(name, bytes, /*alignment=*/256, /*zeroed=*/true);
  };
  if (op.getDalibiSlopes())
    addZeroed("dslope_rows", bytesOfRows);
  if (!op.getDdistanceBias())
    return;
  addZeroed("dbias_first", bytesOfRows);
  addZeroed("dbias_last", bytesOfRows);
  addZeroed("dbias_sums",
            program.constant(4 * op.getNumQueryHeads() * op.getNumDistances()));
}

Value BiasSums::ofHead(Value head) {
  if (!scratch.sums)
    return Value();
  Value distances = b.asIndex(b.i32(modifier.getNumDistances()));
  Value before = b.mul(b.asIndex(head), distances);
  return b.pointer(signature.get(*scratch.sums), before, b.getF32Type());
}

SmallVector<Value> BiasSums::initial() {
  SmallVector<Value> rows;
  for (const auto &argument : {scratch.slopes, scratch.first, scratch.last})
    if (argument)
      rows.push_back(b.fillRows(0));
  return rows;
}

SmallVector<Value> BiasSums::add(Value biases, Value probabilities, Value dp,
                                 Value negatedLse, Value delta, Value distances,
                                 ValueRange carried) {
  Type type = probabilities.getType();
  auto zero = [&] { return b.f32(0); };
  Value gradients = b.map(
      {probabilities, dp, negatedLse, delta}, type, [&](ValueRange x) -> Value {
        Value sum = arith::AddFOp::create(b, x[1], x[3]);
        Value gradient = arith::MulFOp::create(b, x[0], sum);
        Value counts = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x[2],
                                             b.f32(kNegInf));
        return arith::SelectOp::create(b, counts, gradient, zero());
      });
  SmallVector<Value> result;
  auto addRows = [&](Value terms) {
    Value before = carried[result.size()];
    result.push_back(spattn_gpu::ReduceOp::create(
        b, b.rowsType(), spattn_gpu::ReductionKind::Add, terms, before));
  };
  if (scratch.slopes)
    addRows(b.map({gradients, distances}, type, [&](ValueRange x) -> Value {
      Value size = math::AbsFOp::create(b, x[1]);
      return arith::MulFOp::create(b, x[0], size);
    }));
  if (!biases)
    return result;
  // What most pairs take would be written by all at once: rows keep it.
  Value entries = modifier.biasEntries(distances);
  float end = modifier.getNumDistances() - 1;
  auto isFirst = [&](Value entry) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, entry, zero());
  };
  auto isLast = [&](Value entry) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, entry,
                                 b.f32(end));
  };
  addRows(b.map({gradients, entries}, type, [&](ValueRange x) -> Value {
    Value first = isFirst(x[1]);
    return arith::SelectOp::create(b, first, x[0], zero());
  }));
  // There may be one number for all.
  addRows(b.map({gradients, entries}, type, [&](ValueRange x) -> Value {
    Value first = isFirst(x[1]), last = isLast(x[1]), none = zero();
    Value ofLast = arith::SelectOp::create(b, last, x[0], none);
    return arith::SelectOp::create(b, first, none, ofLast);
  }));
  Value others = b.map({gradients, entries}, type, [&](ValueRange x) -> Value {
    Value first = isFirst(x[1]), last = isLast(x[1]), none = zero();
    Value other = arith::SelectOp::create(b, first, none, x[0]);
    return arith::SelectOp::create(b, last, none, other);
  });
  spattn_gpu::ScatterAddOp::create(b, others, biases, entries);
  return result;
}

void BiasSums::store(QueryRows &rows, ValueRange carried) {
  size_t next = 0;
  for (const auto &argument : {scratch.slopes, scratch.first, scratch.last})
    if (argument) {
      Value total = spattn_gpu::QuadReduceOp::create(
          b, b.rowsType(), spattn_gpu::ReductionKind::Add, carried[next++]);
      rows.storeStart(signature.get(*argument), total);
    }
}
