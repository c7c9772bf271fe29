//===- ScoreRegion.cpp - Regions on scores in float64 ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScoreRegion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

namespace {
/// A value of a region: a number with its derivative, or an integer.
struct RegionValue {
  DualNumber real;
  int32_t integer = 0;
};
using Values = llvm::SmallDenseMap<Value, RegionValue, 16>;
} // namespace

static bool compare(arith::CmpFPredicate predicate, double x, double y) {
  using P = arith::CmpFPredicate;
  bool isUnordered = std::isnan(x) || std::isnan(y);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::OEQ:
    return x == y;
  case P::OGT:
    return x > y;
  case P::OGE:
    return x >= y;
  case P::OLT:
    return x < y;
  case P::OLE:
    return x <= y;
  case P::ONE:
    return x < y || x > y;
  case P::ORD:
    return !isUnordered;
  case P::UEQ:
    return isUnordered || x == y;
  case P::UGT:
    return !(x <= y);
  case P::UGE:
    return !(x < y);
  case P::ULT:
    return !(x >= y);
  case P::ULE:
    return !(x > y);
  case P::UNE:
    return x != y;
  case P::UNO:
    return isUnordered;
  case P::AlwaysTrue:
    return true;
  }
  llvm_unreachable("a predicate is one of the above");
}

/// The value of an operation on numbers, and its derivatives by its operands.
static DualNumber evaluateReal(Operation &op, ArrayRef<DualNumber> x) {
  auto chain = [&](double value, double first, double second = 0) {
    double derivative = x[0].derivative ? first * x[0].derivative : 0;
    if (x.size() > 1 && x[1].derivative)
      derivative += second * x[1].derivative;
    return DualNumber{value, derivative};
  };
  auto pick = [&](bool takesFirst) { return takesFirst ? x[0] : x[1]; };
  double a = x[0].value, b = x.size() > 1 ? x[1].value : 0;
  return llvm::TypeSwitch<Operation *, DualNumber>(&op)
      .Case([&](arith::AddFOp) { return chain(a + b, 1, 1); })
      .Case([&](arith::SubFOp) { return chain(a - b, 1, -1); })
      .Case([&](arith::MulFOp) { return chain(a * b, b, a); })
      .Case([&](arith::DivFOp) { return chain(a / b, 1 / b, -a / b / b); })
      .Case([&](arith::NegFOp) { return chain(-a, -1); })
      .Case([&](arith::MaximumFOp) { return pick(a >= b || std::isnan(a)); })
      .Case([&](arith::MinimumFOp) { return pick(a <= b || std::isnan(a)); })
      .Case([&](math::AbsFOp) {
        return chain(std::abs(a), a > 0 ? 1 : a < 0 ? -1 : 0);
      })
      .Case([&](math::ExpOp) { return chain(std::exp(a), std::exp(a)); })
      .Case([&](math::Exp2Op) {
        return chain(std::exp2(a), std::exp2(a) * llvm::numbers::ln2);
      })
      .Case([&](math::LogOp) { return chain(std::log(a), 1 / a); })
      .Case([&](math::Log2Op) {
        return chain(std::log2(a), 1 / (a * llvm::numbers::ln2));
      })
      .Case(
          [&](math::SqrtOp) { return chain(std::sqrt(a), 0.5 / std::sqrt(a)); })
      .Case([&](math::RsqrtOp) {
        return chain(1 / std::sqrt(a), -0.5 / (a * std::sqrt(a)));
      })
      .Case([&](math::TanhOp) {
        double tanh = std::tanh(a);
        return chain(tanh, 1 - tanh * tanh);
      })
      .DefaultUnreachable("a verified region has only operations above");
}

/// Integers are those of 32 bits, and truth values 0 or -1.
static int32_t evaluateInteger(Operation &op, ArrayRef<int32_t> x) {
  auto a = static_cast<uint32_t>(x[0]), b = static_cast<uint32_t>(x[1]);
  return llvm::TypeSwitch<Operation *, int32_t>(&op)
      .Case([&](arith::AddIOp) { return a + b; })
      .Case([&](arith::SubIOp) { return a - b; })
      .Case([&](arith::MulIOp) { return a * b; })
      .Case([&](arith::DivSIOp) { return x[0] / x[1]; })
      .Case([&](arith::RemSIOp) { return x[0] % x[1]; })
      .Case([&](arith::MaxSIOp) { return std::max(x[0], x[1]); })
      .Case([&](arith::MinSIOp) { return std::min(x[0], x[1]); })
      .Case([&](arith::AndIOp) { return a & b; })
      .Case([&](arith::OrIOp) { return a | b; })
      .Case([&](arith::XOrIOp) { return a ^ b; })
      .Case([&](arith::CmpIOp op) {
        unsigned width =
            getElementTypeOrSelf(op.getLhs()).getIntOrFloatBitWidth();
        APInt lhs(width, a & llvm::maskTrailingOnes<uint32_t>(width));
        APInt rhs(width, b & llvm::maskTrailingOnes<uint32_t>(width));
        return arith::applyCmpPredicate(op.getPredicate(), lhs, rhs) ? -1 : 0;
      })
      .DefaultUnreachable("a verified region has only operations above");
}

static RegionValue evaluate(Operation &op, Values &values) {
  RegionValue result;
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    if (auto real = dyn_cast<FloatAttr>(constant.getValue()))
      result.real.value = real.getValueAsDouble();
    else
      result.integer = static_cast<int32_t>(
          cast<IntegerAttr>(constant.getValue()).getValue().getSExtValue());
    return result;
  }
  if (isa<arith::SelectOp>(op))
    return values[op.getOperand(values[op.getOperand(0)].integer ? 1 : 2)];
  SmallVector<DualNumber, 2> reals;
  SmallVector<int32_t, 2> integers;
  for (Value operand : op.getOperands()) {
    reals.push_back(values[operand].real);
    integers.push_back(values[operand].integer);
  }
  if (isa<arith::SIToFPOp>(op))
    result.real.value = integers[0];
  else if (auto comparison = dyn_cast<arith::CmpFOp>(op))
    result.integer =
        compare(comparison.getPredicate(), reals[0].value, reals[1].value) ? -1
                                                                           : 0;
  else if (op.getResult(0).getType().isF32())
    result.real = evaluateReal(op, reals);
  else
    result.integer = evaluateInteger(op, integers);
  return result;
}

DualNumber spattn::evaluateScoreRegion(Region &region, double score,
                                       ArrayRef<int64_t> numbers) {
  Block &block = region.front();
  Values values;
  values[block.getArgument(0)].real = {score, 1};
  for (auto [argument, number] :
       llvm::zip_equal(block.getArguments().drop_front(), numbers))
    values[argument].integer = static_cast<int32_t>(number);
  for (Operation &op : block.without_terminator())
    values[op.getResult(0)] = evaluate(op, values);
  return values[block.getTerminator()->getOperand(0)].real;
}
