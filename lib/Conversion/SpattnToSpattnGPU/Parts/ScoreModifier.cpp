//===- ScoreModifier.cpp - What happens to scores before the softmax ------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScoreModifier.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

ScoreModifier::ScoreModifier(KernelBuilder &b, Value scale)
    : b(b), scale(scale),
      log2Scale(arith::MulFOp::create(b, scale, b.f32(kLog2E))),
      inverseScale(arith::DivFOp::create(b, b.f32(1), scale)) {}

Value ScoreModifier::logits(Value rows, float above) {
  return b.map(rows, rows.getType(), [&](ValueRange x) -> Value {
    return b.fma(x[0], log2Scale, b.f32(above));
  });
}

Value ScoreModifier::shift(Value max) {
  return b.map(max, max.getType(), [&](ValueRange x) -> Value {
    Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[0],
                                       b.f32(kNegInf));
    Value scaled = arith::MulFOp::create(b, x[0], log2Scale);
    return arith::SelectOp::create(b, none, b.f32(0), scaled);
  });
}

Value ScoreModifier::exponential(Value scores, Value shift) {
  return b.map({scores, shift}, scores.getType(), [&](ValueRange x) -> Value {
    Value negated = arith::NegFOp::create(b, x[1]);
    return math::Exp2Op::create(b, b.fma(x[0], log2Scale, negated));
  });
}

Value ScoreModifier::logSumExp(Value max, Value sum) {
  return b.map({max, sum}, max.getType(), [&](ValueRange x) -> Value {
    Value log = math::Log2Op::create(b, x[1]);
    Value base2 = b.fma(x[0], log2Scale, log);
    Value natural = arith::MulFOp::create(b, base2, b.f32(kLn2));
    Value none =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[1], b.f32(0));
    return arith::SelectOp::create(b, none, b.f32(kNegInf), natural);
  });
}

Value ScoreModifier::shiftWithSink(Value max, Value sink) {
  Value sinkLogit = arith::MulFOp::create(b, sink, b.f32(kLog2E));
  return b.map(max, max.getType(), [&](ValueRange x) -> Value {
    Value logit = arith::MulFOp::create(b, x[0], log2Scale);
    Value larger = arith::MaxNumFOp::create(b, logit, sinkLogit);
    Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, larger,
                                       b.f32(kNegInf));
    return arith::SelectOp::create(b, none, b.f32(0), larger);
  });
}

Value ScoreModifier::addSink(Value sum, Value correction, Value sink,
                             Value shift) {
  return b.map({sum, correction, shift}, sum.getType(),
               [&](ValueRange x) -> Value {
                 Value negated = arith::NegFOp::create(b, x[2]);
                 Value logit = b.fma(sink, b.f32(kLog2E), negated);
                 Value own = math::Exp2Op::create(b, logit);
                 return b.fma(x[0], x[1], own);
               });
}

Value ScoreModifier::logSumExpAt(Value shift, Value sum) {
  return b.map({shift, sum}, shift.getType(), [&](ValueRange x) -> Value {
    Value log = math::Log2Op::create(b, x[1]);
    Value base2 = arith::AddFOp::create(b, x[0], log);
    Value natural = arith::MulFOp::create(b, base2, b.f32(kLn2));
    Value none =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[1], b.f32(0));
    return arith::SelectOp::create(b, none, b.f32(kNegInf), natural);
  });
}

Value ScoreModifier::scoreStart(Value negatedLse, Type type) {
  return b.map(negatedLse, type, [&](ValueRange x) -> Value {
    return arith::MulFOp::create(b, x[0], inverseScale);
  });
}

Value ScoreModifier::probability(Value scores) {
  return b.map(scores, scores.getType(), [&](ValueRange x) -> Value {
    return math::Exp2Op::create(b, arith::MulFOp::create(b, x[0], log2Scale));
  });
}

Value ScoreModifier::logitStart(Value negatedLse) {
  return b.map(negatedLse, negatedLse.getType(), [&](ValueRange x) -> Value {
    return arith::MulFOp::create(b, x[0], b.f32(kLog2E));
  });
}

Value ScoreModifier::logitsFrom(Value scores, Value start) {
  return b.map({scores, start}, scores.getType(), [&](ValueRange x) -> Value {
    return b.fma(x[0], log2Scale, x[1]);
  });
}

Value ScoreModifier::chain(Value gradients) {
  return b.map(gradients, gradients.getType(), [&](ValueRange x) -> Value {
    return arith::MulFOp::create(b, x[0], scale);
  });
}
