//===- ScoreModifier.cpp - What happens to scores before the softmax ------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScoreModifier.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "spattn/Dialect/Spattn/Transforms/ScoreDerivative.h"

using namespace mlir;
using namespace spattn;

ScoreArguments::ScoreArguments(KernelSignature &signature,
                               AttentionOpInterface op)
    : scale(signature.f32("scale")), distances(op.getNumDistances()),
      alignment(op.getAlignment()), scales(takesAnyScale(op)),
      region(&op.getScore()) {
  OperandValues operands = op.getOperandValues();
  if (operands[OperandKind::SoftCap])
    softCap = signature.f32("soft_cap");
  if (operands[OperandKind::AlibiSlopes])
    slopes.emplace(signature, "slopes");
  if (operands[OperandKind::DistanceBias])
    biases.emplace(signature, "bias");
}

ScoreModifier::ScoreModifier(KernelBuilder &b, Value scale)
    : b(b), scale(scale),
      log2Scale(arith::MulFOp::create(b, scale, b.f32(kLog2E))),
      // One instruction. A correctly rounded division is a function with
      // branches, which ptxas takes a twentieth of its time for.
      inverseScale(arith::DivFOp::create(b, b.f32(1), scale,
                                         arith::FastMathFlags::afn)) {}

ScoreModifier::ScoreModifier(KernelBuilder &b, const ScoreArguments &arguments,
                             const KernelSignature &signature,
                             const SequenceInfo &sequence, RowLayout rows)
    : ScoreModifier(b, signature.get(arguments.scale)) {
  scales = arguments.scales;
  this->rows = rows;
  if (!arguments.region->empty())
    region = arguments.region;
  if (arguments.softCap) {
    softCap = signature.get(*arguments.softCap);
    innerScale =
        arith::DivFOp::create(b, scale, softCap, arith::FastMathFlags::afn);
    unitCap = inUnits(softCap);
  }
  if (arguments.slopes)
    slopes = &*arguments.slopes;
  if (arguments.biases) {
    biases = &*arguments.biases;
    numDistances = arguments.distances;
  }
  alignment = arguments.alignment;
  if (slopes || biases)
    offset = distanceOffset(b.ops, sequence.lengths(b), alignment);
}

//===----------------------------------------------------------------------===//
// From raw scores to those of the softmax
//===----------------------------------------------------------------------===//

Value ScoreModifier::inUnits(Value number) {
  if (region)
    return number;
  return arith::MulFOp::create(b, number, b.f32(kLog2E));
}

ScoreModifier::Head ScoreModifier::ofHead(const WorkTile &tile) {
  Head result;
  result.head = tile.head;
  result.batch = tile.batch;
  if (slopes || biases)
    result.offset = tile.place
                        ? distanceOffset(b.ops, tile.place->lengths, alignment)
                        : offset;
  if (slopes) {
    Value slope = slopes->load(b, tile.head, rows);
    Value factor = b.f32(region ? -1 : -kLog2E);
    result.slope = rows.isPacked()
                       ? b.map(slope, slope.getType(),
                               [&](ValueRange x) -> Value {
                                 return arith::MulFOp::create(b, x[0], factor);
                               })
                       : Value(arith::MulFOp::create(b, slope, factor));
  }
  if (biases)
    result.bias = biases->address(b, tile.head);
  return result;
}

Value ScoreModifier::mapWith(
    llvm::ArrayRef<Value> operands, Value ofHeads, Type type,
    llvm::function_ref<Value(ValueRange, Value)> body) {
  SmallVector<Value> all(operands);
  bool isOfRows = ofHeads && ofHeads.getType() == b.rowsType();
  if (isOfRows)
    all.push_back(ofHeads);
  return b.map(all, type, [&](ValueRange x) -> Value {
    return isOfRows ? body(x.drop_back(), x.back()) : body(x, ofHeads);
  });
}

Value ScoreModifier::biasEntries(Value distances) {
  return b.map(distances, distances.getType(), [&](ValueRange x) -> Value {
    Value half = b.f32(numDistances / 2);
    Value entry = arith::AddFOp::create(b, x[0], half);
    entry = arith::MaxNumFOp::create(b, entry, b.f32(0));
    return arith::MinNumFOp::create(b, entry, b.f32(numDistances - 1));
  });
}

Value ScoreModifier::gatherBiases(Value pointer, Value distances) {
  return spattn_gpu::GatherOp::create(b, distances.getType(), pointer,
                                      biasEntries(distances));
}

ScoreModifier::Modified
ScoreModifier::modify(const Head &head, Value scores,
                      llvm::function_ref<Value()> distances,
                      llvm::function_ref<PairNumbers()> numbers) {
  if (!modifies())
    return {scores, Value(), Value()};
  Type type = scores.getType();
  Modified result;
  Value capped = scores, factor = region ? scale : log2Scale;
  if (softCap) {
    factor = unitCap;
    capped = b.map(scores, type, [&](ValueRange x) -> Value {
      Value inner = arith::MulFOp::create(b, x[0], innerScale);
      return math::TanhOp::create(b, inner);
    });
    result.derivative = b.map(capped, type, [&](ValueRange x) -> Value {
      Value negated = arith::NegFOp::create(b, x[0]);
      return b.fma(negated, x[0], b.f32(1));
    });
  }
  SmallVector<Value> operands{capped};
  if (head.slope || head.bias)
    operands.push_back(distances());
  if (head.bias)
    operands.push_back(gatherBiases(head.bias, operands.back()));
  auto modified = [&](ValueRange x, Value slope) -> Value {
    Value bias;
    if (slope) {
      Value size = math::AbsFOp::create(b, x[1]);
      bias = arith::MulFOp::create(b, size, slope);
    }
    if (head.bias && region) {
      bias = bias ? Value(arith::AddFOp::create(b, x[2], bias)) : x[2];
    } else if (head.bias) {
      Value log2E = b.f32(kLog2E);
      bias = bias ? b.fma(x[2], log2E, bias)
                  : Value(arith::MulFOp::create(b, x[2], log2E));
    }
    return bias ? b.fma(x[0], factor, bias)
                : Value(arith::MulFOp::create(b, x[0], factor));
  };
  result.scores = mapWith(operands, head.slope, type, modified);
  if (region)
    applyRegion(head, numbers(), result);
  return result;
}

void ScoreModifier::applyRegion(const Head &head, const PairNumbers &numbers,
                                Modified &modified) {
  Type type = modified.scores.getType();
  auto emit = [&](ValueRange x, bool withDerivative) {
    SmallVector<Value> arguments{x[0]};
    // Numbers of query and key, and of the head if it is a row's.
    for (Value number : x.drop_front(1))
      arguments.push_back(arith::FPToSIOp::create(b, b.getI32Type(), number));
    if (!numbers.heads)
      arguments.push_back(head.head);
    arguments.push_back(head.batch);
    return emitScoreRegion(b, b.getLoc(), *region, arguments, withDerivative);
  };
  SmallVector<Value> operands{modified.scores, numbers.queries, numbers.keys};
  if (numbers.heads)
    operands.push_back(numbers.heads);
  modified.scores = b.map(operands, type, [&](ValueRange x) -> Value {
    Value score = emit(x, /*withDerivative=*/false).score;
    return arith::MulFOp::create(b, score, b.f32(kLog2E));
  });
  modified.biasDerivative = b.map(operands, type, [&](ValueRange x) -> Value {
    return emit(x, /*withDerivative=*/true).derivative;
  });
  modified.derivative =
      modified.derivative
          ? b.multiply(modified.derivative, modified.biasDerivative)
          : modified.biasDerivative;
}

Value ScoreModifier::toLogit(Value score) {
  return modifies() ? score : Value(arith::MulFOp::create(b, score, log2Scale));
}

Value ScoreModifier::toLogit(Value score, Value number) {
  return modifies() ? Value(arith::AddFOp::create(b, score, number))
                    : b.fma(score, log2Scale, number);
}

//===----------------------------------------------------------------------===//
// Forward
//===----------------------------------------------------------------------===//

Value ScoreModifier::logits(Value rows, float above) {
  return b.map(rows, rows.getType(), [&](ValueRange x) -> Value {
    return toLogit(x[0], b.f32(above));
  });
}

Value ScoreModifier::shift(Value max) {
  return b.map(max, max.getType(), [&](ValueRange x) -> Value {
    Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[0],
                                       b.f32(kNegInf));
    Value scaled = toLogit(x[0]);
    return arith::SelectOp::create(b, none, b.f32(0), scaled);
  });
}

Value ScoreModifier::exponential(Value scores, Value shift) {
  return b.map({scores, shift}, scores.getType(), [&](ValueRange x) -> Value {
    Value negated = arith::NegFOp::create(b, x[1]);
    return math::Exp2Op::create(b, toLogit(x[0], negated));
  });
}

Value ScoreModifier::logSumExp(Value max, Value sum) {
  return b.map({max, sum}, max.getType(), [&](ValueRange x) -> Value {
    Value log = math::Log2Op::create(b, x[1]);
    Value base2 = toLogit(x[0], log);
    Value natural = arith::MulFOp::create(b, base2, b.f32(kLn2));
    Value none =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[1], b.f32(0));
    return arith::SelectOp::create(b, none, b.f32(kNegInf), natural);
  });
}

Value ScoreModifier::shiftWithSink(Value max, Value sink) {
  Value sinkLogit;
  if (!rows.isPacked())
    sinkLogit = arith::MulFOp::create(b, sink, b.f32(kLog2E));
  return mapWith(max, sink, max.getType(), [&](ValueRange x, Value own) {
    if (rows.isPacked())
      sinkLogit = arith::MulFOp::create(b, own, b.f32(kLog2E));
    Value logit = toLogit(x[0]);
    Value larger = arith::MaxNumFOp::create(b, logit, sinkLogit);
    Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, larger,
                                       b.f32(kNegInf));
    return Value(arith::SelectOp::create(b, none, b.f32(0), larger));
  });
}

Value ScoreModifier::addSink(Value sum, Value correction, Value sink,
                             Value shift) {
  return mapWith({sum, correction, shift}, sink, sum.getType(),
                 [&](ValueRange x, Value ownSink) -> Value {
                   Value negated = arith::NegFOp::create(b, x[2]);
                   Value logit = b.fma(ownSink, b.f32(kLog2E), negated);
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

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

Value ScoreModifier::scoreStart(Value negatedLse, Type type) {
  return b.map(negatedLse, type, [&](ValueRange x) -> Value {
    return arith::MulFOp::create(b, x[0], inverseScale);
  });
}

Value ScoreModifier::probability(Value scores, Value log2Scale) {
  return b.map(scores, scores.getType(), [&](ValueRange x) -> Value {
    return math::Exp2Op::create(b, arith::MulFOp::create(b, x[0], log2Scale));
  });
}

Value ScoreModifier::probabilityOfModified(Value scores, Value negatedLse) {
  return b.map({scores, negatedLse}, scores.getType(),
               [&](ValueRange x) -> Value {
                 Value logit = b.fma(x[1], b.f32(kLog2E), x[0]);
                 return math::Exp2Op::create(b, logit);
               });
}

Value ScoreModifier::logitStart(Value negatedLse) {
  return b.map(negatedLse, negatedLse.getType(), [&](ValueRange x) -> Value {
    return arith::MulFOp::create(b, x[0], b.f32(kLog2E));
  });
}

Value ScoreModifier::logitsFrom(Value scores, Value start) {
  return b.map({scores, start}, scores.getType(),
               [&](ValueRange x) -> Value { return toLogit(x[0], x[1]); });
}

Value ScoreModifier::chain(Value gradients) {
  return b.map(gradients, gradients.getType(), [&](ValueRange x) -> Value {
    return arith::MulFOp::create(b, x[0], scale);
  });
}
