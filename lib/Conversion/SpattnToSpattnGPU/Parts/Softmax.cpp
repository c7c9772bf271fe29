//===- Softmax.cpp - The online softmax -----------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Softmax.h"

using namespace mlir;
using namespace spattn;

/// By how much a row may outgrow the maximum it subtracts, as a power of two.
static constexpr float kSlack = 8;

Softmax::State Softmax::step(Value scores, Value oldMax, Value oldSum) {
  Type rows = b.rowsType();
  State result;
  Value partial = spattn_gpu::ReduceOp::create(
      b, rows, spattn_gpu::ReductionKind::Max, scores, b.fillRows(kNegInf));
  Value reached = modifier.logits(partial, 0);
  result.grew = spattn_gpu::AnyGreaterOp::create(
      b, b.getI1Type(), reached, modifier.logits(oldMax, kSlack));
  auto ifGrew = scf::IfOp::create(b, TypeRange{rows, rows, rows}, result.grew,
                                  /*withElseRegion=*/true);
  b.in(ifGrew.thenBlock(), [&] {
    Value larger = b.map({partial, oldMax}, rows, [&](ValueRange x) -> Value {
      return arith::MaxNumFOp::create(b, x[0], x[1]);
    });
    Value max = spattn_gpu::QuadReduceOp::create(
        b, rows, spattn_gpu::ReductionKind::Max, larger);
    Value correction = modifier.exponential(oldMax, modifier.shift(max));
    Value sum = b.map({oldSum, correction}, rows, [&](ValueRange x) -> Value {
      return arith::MulFOp::create(b, x[0], x[1]);
    });
    scf::YieldOp::create(b, ValueRange{max, sum, correction});
  });
  b.in(ifGrew.elseBlock(), [&] {
    scf::YieldOp::create(b, ValueRange{oldMax, oldSum, b.fillRows(1)});
  });
  result.max = ifGrew.getResult(0);
  result.correction = ifGrew.getResult(2);
  result.probabilities =
      modifier.exponential(scores, modifier.shift(result.max));
  result.sum =
      spattn_gpu::ReduceOp::create(b, rows, spattn_gpu::ReductionKind::Add,
                                   result.probabilities, ifGrew.getResult(1));
  return result;
}

Value Softmax::rescale(Value output, const State &next) {
  auto ifGrew = scf::IfOp::create(b, TypeRange{output.getType()}, next.grew,
                                  /*withElseRegion=*/true);
  b.in(ifGrew.thenBlock(), [&] {
    scf::YieldOp::create(b, ValueRange{b.scaleRows(output, next.correction)});
  });
  b.in(ifGrew.elseBlock(),
       [&] { scf::YieldOp::create(b, ValueRange{output}); });
  return ifGrew.getResult(0);
}

Value Softmax::total(Value sum) {
  return spattn_gpu::QuadReduceOp::create(b, b.rowsType(),
                                          spattn_gpu::ReductionKind::Add, sum);
}

Value Softmax::normalize(Value output, Value total, Value correction) {
  SmallVector<Value> operands{total};
  if (correction)
    operands.push_back(correction);
  Value factor = b.map(operands, b.rowsType(), [&](ValueRange x) -> Value {
    Value none =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[0], b.f32(0));
    Value safe = arith::SelectOp::create(b, none, b.f32(1), x[0]);
    Value dividend = correction ? x[1] : b.f32(1);
    return arith::DivFOp::create(b, dividend, safe);
  });
  return b.scaleRows(output, factor);
}

Softmax::SinkState Softmax::addSink(Value max, Value total, Value sink) {
  SinkState result;
  Value shift = modifier.shiftWithSink(max, sink);
  result.correction = modifier.exponential(max, shift);
  result.total = modifier.addSink(total, result.correction, sink, shift);
  result.logSumExp = modifier.logSumExpAt(shift, result.total);
  return result;
}
