//===- ScoreRegion.cpp - Regions that modify scores -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScoreRegion.h"

#include "RangedArithmetic.h"
#include "ScalarEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace spattn;

namespace {
class RegionWriter : RangedArithmetic {
public:
  RegionWriter(Location loc, const AttentionParts &parts, Refusal &refusal)
      : RangedArithmetic(loc), parts(parts), graph(*parts.graph),
        loops(parts.loops), refusal(refusal) {}

  std::unique_ptr<Region> write(ArrayRef<Bias> biases) {
    auto region = std::make_unique<Region>();
    Type f32 = builder.getF32Type(), i32 = builder.getI32Type();
    SmallVector<Location> locations(5, loc);
    block = builder.createBlock(region.get(), region->end(),
                                {f32, i32, i32, i32, i32}, locations);
    Value score = block->getArgument(0);
    if (parts.function.what) {
      Number own = emit(parts.function.what);
      if (!own)
        return nullptr;
      score = times(own.value, parts.function.factor);
    }
    for (const Bias &bias : biases) {
      Number own = emit(bias.expr);
      if (!own)
        return nullptr;
      Value addend = times(own.value, bias.factor);
      score = arith::AddFOp::create(builder, loc, score, addend);
    }
    YieldOp::create(builder, loc, score);
    return region;
  }

private:
  Number emit(Expr *expr) {
    expr = graph.resolve(expr);
    if (parts.function.of && graph.isSame(expr, parts.function.of))
      return {block->getArgument(0)};
    auto found = known.find(expr);
    if (found != known.end())
      return found->second;
    Nesting nesting(depth);
    Number number;
    if (!nesting.isTooDeep())
      number = compute(expr);
    if (!number)
      refusal.set(expr->where(), "happens to scores, and their region cannot "
                                 "compute it");
    else if (!checked(number))
      number = fail(expr, "happens to scores, and may be beyond 32 bits");
    known[expr] = number;
    return number;
  }

  Number fail(Expr *expr, const Twine &why) {
    refusal.set(expr->where(), why);
    return {};
  }

  Value real(double value) {
    return arith::ConstantOp::create(
        builder, loc, builder.getF32FloatAttr(static_cast<float>(value)));
  }
  Value times(Value value, double factor) {
    if (factor == 1)
      return value;
    Value by = real(factor);
    return arith::MulFOp::create(builder, loc, value, by);
  }

  Number compute(Expr *expr) {
    if (std::optional<double> number = getConstant(expr))
      return emitConstant(expr, *number);
    if (expr->kind == Expr::Kind::Index)
      return emitIndex(expr->index);
    if (expr->kind != Expr::Kind::Apply)
      return fail(expr, "happens to scores, whose region sees no tensors");
    Type type = getType(expr);
    if (type.isF64())
      return fail(expr, "happens to scores in f64");
    SmallVector<Number> args;
    for (Expr *arg : expr->args) {
      args.push_back(emit(arg));
      if (!args.back())
        return {};
    }
    if (args.empty())
      return {};
    if (isa<FloatType>(type))
      return {emitFloat(expr, args)};
    if (type.isInteger(1))
      return {emitBit(expr, args), 0, 1};
    if (type.isIntOrIndex())
      return emitInteger(expr, args);
    return {};
  }

  Number emitConstant(Expr *expr, double number) {
    Type type = getType(expr);
    if (isa<FloatType>(type)) {
      if (!std::isfinite(static_cast<float>(number)))
        return fail(expr, "happens to scores, and is not finite");
      return {real(number)};
    }
    if (type.isInteger(1))
      return {arith::ConstantIntOp::create(builder, loc, type, number != 0), 0,
              1};
    if (std::abs(number) > std::numeric_limits<int32_t>::max())
      return {};
    return integer(static_cast<int64_t>(number));
  }

  Number emitIndex(AffineExpr index) {
    if (auto constant = dyn_cast<AffineConstantExpr>(index))
      return integer(constant.getValue());
    for (auto [n, loop] : llvm::enumerate(ArrayRef<AffineExpr>{
             loops.query, loops.key, loops.head, loops.batch}))
      if (index == loop) {
        std::optional<int64_t> size = parts.space->extent(loop);
        return {block->getArgument(1 + n), 0,
                size ? *size - 1 : std::numeric_limits<int32_t>::max()};
      }
    auto binary = dyn_cast<AffineBinaryOpExpr>(index);
    if (!binary)
      return {};
    Number lhs = emitIndex(binary.getLHS()), rhs;
    if (lhs)
      rhs = emitIndex(binary.getRHS());
    if (!rhs)
      return {};
    switch (index.getKind()) {
    case AffineExprKind::Add:
      return checked(add(lhs, rhs));
    case AffineExprKind::Mul:
      return checked(multiply(lhs, rhs));
    case AffineExprKind::FloorDiv:
      return divide(lhs, rhs);
    case AffineExprKind::Mod:
      return takeRest(lhs, rhs);
    default:
      return {};
    }
  }

  Number emitInteger(Expr *expr, ArrayRef<Number> args) {
    bool isOfBit = getType(graph.resolve(expr->args[0])).isInteger(1);
    if (expr->is<arith::ExtUIOp, arith::ExtSIOp>() && isOfBit) {
      int64_t own = expr->is<arith::ExtUIOp>() ? 1 : -1;
      Number yes = integer(own), no = integer(0);
      return {arith::SelectOp::create(builder, loc, args[0].value, yes.value,
                                      no.value),
              std::min<int64_t>(own, 0), std::max<int64_t>(own, 0)};
    }
    if (expr->is<arith::IndexCastOp, arith::ExtSIOp>())
      return args[0];
    if (expr->is<arith::IndexCastUIOp, arith::ExtUIOp>())
      return args[0].lo >= 0 ? args[0] : Number();
    if (expr->is<arith::TruncIOp>())
      return getType(expr).getIntOrFloatBitWidth() >= 32 ? args[0] : Number();
    if (expr->is<arith::SelectOp>())
      return {arith::SelectOp::create(builder, loc, args[0].value,
                                      args[1].value, args[2].value),
              std::min(args[1].lo, args[2].lo),
              std::max(args[1].hi, args[2].hi)};
    if (expr->is<arith::AddIOp>())
      return add(args[0], args[1]);
    if (expr->is<arith::SubIOp>())
      return subtract(args[0], args[1]);
    if (expr->is<arith::MulIOp>())
      return multiply(args[0], args[1]);
    if (expr->is<arith::MaxSIOp, arith::MinSIOp>())
      return extreme(args[0], args[1], expr->is<arith::MaxSIOp>());
    if (expr->is<arith::DivSIOp, arith::FloorDivSIOp>())
      return divide(args[0], args[1]);
    if (expr->is<arith::RemSIOp>())
      return takeRest(args[0], args[1]);
    if (expr->is<math::AbsIOp>()) {
      Number zero = integer(0);
      Number opposite = checked(subtract(zero, args[0]));
      if (!opposite)
        return {};
      Number result = extreme(args[0], opposite, /*isMax=*/true);
      result.lo = 0;
      return result;
    }
    return {};
  }

  Value emitBit(Expr *expr, ArrayRef<Number> args) {
    auto value = [&](unsigned i) { return args[i].value; };
    if (expr->is<arith::AndIOp>())
      return arith::AndIOp::create(builder, loc, value(0), value(1));
    if (expr->is<arith::OrIOp>())
      return arith::OrIOp::create(builder, loc, value(0), value(1));
    if (expr->is<arith::XOrIOp>())
      return arith::XOrIOp::create(builder, loc, value(0), value(1));
    if (expr->is<arith::SelectOp>())
      return arith::SelectOp::create(builder, loc, value(0), value(1),
                                     value(2));
    if (expr->is<arith::CmpFOp>())
      return arith::CmpFOp::create(builder, loc,
                                   cast<arith::CmpFOp>(expr->op).getPredicate(),
                                   value(0), value(1));
    if (expr->is<arith::CmpIOp>()) {
      auto predicate = cast<arith::CmpIOp>(expr->op).getPredicate();
      bool isUnsigned = predicate >= arith::CmpIPredicate::ult;
      bool isOfBits = value(0).getType().isInteger(1);
      if (isUnsigned && (isOfBits || args[0].lo < 0 || args[1].lo < 0))
        return nullptr;
      return arith::CmpIOp::create(builder, loc, predicate, value(0), value(1));
    }
    return nullptr;
  }

  Value emitFloat(Expr *expr, ArrayRef<Number> args) {
    auto value = [&](unsigned i) { return args[i].value; };
    // Numbers are f32 in between.
    if (expr->is<arith::ExtFOp, arith::TruncFOp>())
      return value(0);
    if (expr->is<arith::SIToFPOp, arith::UIToFPOp>()) {
      bool isSigned = expr->is<arith::SIToFPOp>();
      if (value(0).getType().isInteger(1)) {
        Value yes = real(isSigned ? -1 : 1), no = real(0);
        return arith::SelectOp::create(builder, loc, value(0), yes, no);
      }
      if (!isSigned && args[0].lo < 0)
        return nullptr;
      return arith::SIToFPOp::create(builder, loc, builder.getF32Type(),
                                     value(0));
    }
    if (!expr->is<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
                  arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp,
                  arith::SelectOp, math::AbsFOp, math::ExpOp, math::Exp2Op,
                  math::LogOp, math::Log2Op, math::SqrtOp, math::RsqrtOp,
                  math::TanhOp>())
      return nullptr;
    SmallVector<Value> values;
    for (const Number &arg : args)
      values.push_back(arg.value);
    OperationState state(loc, expr->op->getName(), values,
                         TypeRange(builder.getF32Type()));
    return builder.create(state)->getResult(0);
  }

  const AttentionParts &parts;
  ExprGraph &graph;
  const AttentionLoops &loops;
  Refusal &refusal;
  Block *block = nullptr;
  llvm::DenseMap<Expr *, Number> known;
  unsigned depth = 0;
};
} // namespace

std::unique_ptr<Region> spattn::makeScoreRegion(Location loc,
                                                const AttentionParts &parts,
                                                ArrayRef<Bias> biases,
                                                Refusal &refusal) {
  return RegionWriter(loc, parts, refusal).write(biases);
}
