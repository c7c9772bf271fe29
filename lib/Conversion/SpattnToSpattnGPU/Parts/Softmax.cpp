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

namespace {

/// Sums of probabilities with which an optimistic step keeps what it
/// subtracted.
struct SumRange {
  float least, most;
};

} // namespace

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
    State rebased = rebase(partial, oldMax, oldSum);
    scf::YieldOp::create(
        b, ValueRange{rebased.max, rebased.sum, rebased.correction});
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

Softmax::State Softmax::rebase(Value partial, Value oldMax, Value oldSum) {
  Type rows = b.rowsType();
  State result;
  Value larger = b.map({partial, oldMax}, rows, [&](ValueRange x) -> Value {
    return arith::MaxNumFOp::create(b, x[0], x[1]);
  });
  result.max = spattn_gpu::QuadReduceOp::create(
      b, rows, spattn_gpu::ReductionKind::Max, larger);
  result.correction = modifier.exponential(oldMax, modifier.shift(result.max));
  result.sum =
      b.map({oldSum, result.correction}, rows, [&](ValueRange x) -> Value {
        return arith::MulFOp::create(b, x[0], x[1]);
      });
  return result;
}

/// A thread's part of a row's sum has to be at most `most`. In a row that has
/// seen no key yet, 0 is subtracted; for that to stay, it has to be at least
/// `least`, too, or probabilities might have vanished.
static SumRange getSumRange(Type element) {
  // bf16 has the exponents of f32, so that no probability that matters is lost.
  // Products with values have to stay within those, too.
  if (element.isBF16())
    return {0x1p-24f, 0x1p24f};
  // f16 ends at 2^16, and has fewer bits below 2^-14.
  return {0x1p-6f, 0x1p13f};
}

Softmax::State Softmax::stepOptimistically(Value scores, Value oldMax,
                                           Value oldSum) {
  Type rows = b.rowsType();
  State result;
  auto exponentials = [&](Value max, Value sum) {
    Value values = modifier.exponential(scores, modifier.shift(max));
    Value total = spattn_gpu::ReduceOp::create(
        b, rows, spattn_gpu::ReductionKind::Add, values, sum);
    return std::pair(b.toOperand(values), total);
  };
  auto isFirst = [&](Value max) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, max,
                                 b.f32(kNegInf));
  };
  auto [probabilities, partial] = exponentials(oldMax, b.fillRows(0));
  SumRange range = getSumRange(b.element);
  constexpr float kInf = std::numeric_limits<float>::infinity();
  Value reached = b.map({oldMax, partial}, rows, [&](ValueRange x) -> Value {
    Value isLess = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x[1],
                                         b.f32(range.least));
    Value lost = arith::SelectOp::create(b, isLess, b.f32(kInf), x[1]);
    return arith::SelectOp::create(b, isFirst(x[0]), lost, x[1]);
  });
  result.grew = spattn_gpu::AnyGreaterOp::create(b, b.getI1Type(), reached,
                                                 b.fillRows(range.most));
  auto ifGrew = scf::IfOp::create(
      b, TypeRange{rows, rows, rows, probabilities.getType()}, result.grew,
      /*withElseRegion=*/true);
  b.in(ifGrew.thenBlock(), [&] {
    Value largest = spattn_gpu::ReduceOp::create(
        b, rows, spattn_gpu::ReductionKind::Max, scores, b.fillRows(kNegInf));
    State rebased = rebase(largest, oldMax, oldSum);
    auto [again, sum] = exponentials(rebased.max, rebased.sum);
    scf::YieldOp::create(
        b, ValueRange{rebased.max, sum, rebased.correction, again});
  });
  b.in(ifGrew.elseBlock(), [&, probabilities = probabilities,
                            partial = partial] {
    Value max = b.map(oldMax, rows, [&](ValueRange x) -> Value {
      return arith::SelectOp::create(b, isFirst(x[0]), b.f32(0), x[0]);
    });
    Value sum = b.map({oldSum, partial}, rows, [&](ValueRange x) -> Value {
      return arith::AddFOp::create(b, x[0], x[1]);
    });
    scf::YieldOp::create(b, ValueRange{max, sum, b.fillRows(1), probabilities});
  });
  result.max = ifGrew.getResult(0);
  result.sum = ifGrew.getResult(1);
  result.correction = ifGrew.getResult(2);
  result.probabilities = ifGrew.getResult(3);
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
