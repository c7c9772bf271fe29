//===- ScoreDerivative.cpp - Derivatives of score regions -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/Transforms/ScoreDerivative.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

namespace {
/// Makes derivatives of results. Those of operands are null where they are 0.
class Differentiator {
public:
  Differentiator(ImplicitLocOpBuilder &b) : b(b) {}

  void set(Value value, Value derivative) { derivatives[value] = derivative; }
  Value get(Value value) { return derivatives.lookup(value); }

  /// Of an operation that has been emitted.
  void differentiate(Operation &op);

  Value constant(double value) {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
  }

private:
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, x, y); }
  Value orZero(Value derivative) {
    return derivative ? derivative : constant(0);
  }
  /// Of a sum of two, either of which may be 0.
  Value sum(Value x, Value y) {
    if (!x || !y)
      return x ? x : y;
    return arith::AddFOp::create(b, x, y);
  }
  Value negated(Value x) { return x ? Value(arith::NegFOp::create(b, x)) : x; }
  Value select(Value condition, Value x, Value y) {
    if (!x && !y)
      return Value();
    x = orZero(x);
    y = orZero(y);
    return arith::SelectOp::create(b, condition, x, y);
  }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, predicate, x, y);
  }

  /// Of an operation on one number.
  Value ofUnary(Operation &op);
  /// Of one on two.
  Value ofBinary(Operation &op);

  ImplicitLocOpBuilder &b;
  llvm::SmallDenseMap<Value, Value, 16> derivatives;
};
} // namespace

Value Differentiator::ofUnary(Operation &op) {
  Value x = op.getOperand(0), y = op.getResult(0), d = get(x);
  if (!d)
    return d;
  return llvm::TypeSwitch<Operation *, Value>(&op)
      .Case([&](arith::NegFOp) { return negated(d); })
      .Case([&](math::AbsFOp) {
        Value zero = constant(0);
        Value below = compare(arith::CmpFPredicate::OLT, x, zero);
        Value above = compare(arith::CmpFPredicate::OGT, x, zero);
        Value other = select(below, negated(d), zero);
        return select(above, d, other);
      })
      .Case([&](math::ExpOp) { return mul(d, y); })
      .Case([&](math::Exp2Op) {
        Value factor = constant(llvm::numbers::ln2);
        return mul(d, mul(y, factor));
      })
      .Case([&](math::LogOp) { return div(d, x); })
      .Case([&](math::Log2Op) {
        Value factor = constant(llvm::numbers::log2e);
        return div(mul(d, factor), x);
      })
      .Case([&](math::SqrtOp) {
        Value half = constant(0.5);
        return div(mul(d, half), y);
      })
      .Case([&](math::RsqrtOp) {
        Value factor = constant(-0.5);
        return div(mul(mul(d, factor), y), x);
      })
      .Case([&](math::TanhOp) {
        Value one = constant(1);
        Value factor = arith::SubFOp::create(b, one, mul(y, y));
        return mul(d, factor);
      })
      .DefaultUnreachable("a verified region has only operations above");
}

Value Differentiator::ofBinary(Operation &op) {
  Value x = op.getOperand(0), y = op.getOperand(1), z = op.getResult(0);
  Value dx = get(x), dy = get(y);
  if (!dx && !dy)
    return Value();
  auto times = [&](Value d, Value factor) {
    return d ? mul(d, factor) : Value();
  };
  return llvm::TypeSwitch<Operation *, Value>(&op)
      .Case([&](arith::AddFOp) { return sum(dx, dy); })
      .Case([&](arith::SubFOp) {
        if (!dy)
          return dx;
        return dx ? Value(arith::SubFOp::create(b, dx, dy)) : negated(dy);
      })
      .Case([&](arith::MulFOp) {
        Value first = times(dx, y);
        return sum(first, times(dy, x));
      })
      .Case([&](arith::DivFOp) {
        Value second = negated(times(dy, z));
        return div(sum(dx, second), y);
      })
      // Of equal numbers, and of NaN, the first is taken.
      .Case([&](arith::MaximumFOp) {
        return select(compare(arith::CmpFPredicate::OLT, x, y), dy, dx);
      })
      .Case([&](arith::MinimumFOp) {
        return select(compare(arith::CmpFPredicate::OGT, x, y), dy, dx);
      })
      .DefaultUnreachable("a verified region has only operations above");
}

void Differentiator::differentiate(Operation &op) {
  Value result = op.getResult(0), derivative;
  if (auto choice = dyn_cast<arith::SelectOp>(op)) {
    if (result.getType().isF32())
      derivative = select(choice.getCondition(), get(choice.getTrueValue()),
                          get(choice.getFalseValue()));
  } else if (result.getType().isF32() && op.getNumOperands() > 0 &&
             !isa<arith::SIToFPOp>(op)) {
    derivative = op.getNumOperands() == 1 ? ofUnary(op) : ofBinary(op);
  }
  set(result, derivative);
}

ScoreWithDerivative spattn::emitScoreRegion(OpBuilder &builder, Location loc,
                                            Region &region,
                                            ValueRange arguments,
                                            bool withDerivative) {
  ImplicitLocOpBuilder b(loc, builder);
  Block &block = region.front();
  IRMapping mapping;
  mapping.map(block.getArguments(), arguments);
  Differentiator differentiator(b);
  if (withDerivative)
    differentiator.set(arguments.front(), differentiator.constant(1));
  for (Operation &op : block.without_terminator()) {
    Operation *emitted = b.clone(op, mapping);
    if (withDerivative)
      differentiator.differentiate(*emitted);
  }
  ScoreWithDerivative result;
  result.score = mapping.lookup(block.getTerminator()->getOperand(0));
  if (!withDerivative)
    return result;
  result.derivative = differentiator.get(result.score);
  if (!result.derivative)
    result.derivative = differentiator.constant(0);
  return result;
}
