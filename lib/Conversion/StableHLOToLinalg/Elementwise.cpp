//===- Elementwise.cpp - Arithmetic of StableHLO --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringSwitch.h"

#include <limits>

using namespace mlir;
using namespace spattn;

static Value constantLike(OpBuilder &builder, Location loc, Type type,
                          Attribute element) {
  auto shaped = dyn_cast<ShapedType>(type);
  auto value = shaped ? cast<TypedAttr>(DenseElementsAttr::get(shaped, element))
                      : cast<TypedAttr>(element);
  return arith::ConstantOp::create(builder, loc, value);
}

namespace {
/// Makes operations of `arith` and `math`, which take numbers and tensors.
struct Arithmetic {
  OpBuilder &builder;
  Location loc;
  ValueRange args;

  template <class Op>
  Value make() const {
    return Op::create(builder, loc, args)->getResult(0);
  }

  Value ofFloats(StringRef name) const {
    using Maker = Value (Arithmetic::*)() const;
    auto maker = llvm::StringSwitch<Maker>(name)
                     .Case("add", &Arithmetic::make<arith::AddFOp>)
                     .Case("subtract", &Arithmetic::make<arith::SubFOp>)
                     .Case("multiply", &Arithmetic::make<arith::MulFOp>)
                     .Case("divide", &Arithmetic::make<arith::DivFOp>)
                     .Case("maximum", &Arithmetic::make<arith::MaximumFOp>)
                     .Case("minimum", &Arithmetic::make<arith::MinimumFOp>)
                     .Case("negate", &Arithmetic::make<arith::NegFOp>)
                     .Case("abs", &Arithmetic::make<math::AbsFOp>)
                     .Case("exponential", &Arithmetic::make<math::ExpOp>)
                     .Case("log", &Arithmetic::make<math::LogOp>)
                     .Case("sqrt", &Arithmetic::make<math::SqrtOp>)
                     .Case("rsqrt", &Arithmetic::make<math::RsqrtOp>)
                     .Case("tanh", &Arithmetic::make<math::TanhOp>)
                     .Default(nullptr);
    return maker ? (this->*maker)() : Value();
  }

  Value ofIntegers(StringRef name, bool areBits) const {
    using Maker = Value (Arithmetic::*)() const;
    // Of bits, sums are `or`, and products `and`.
    if (areBits)
      name = llvm::StringSwitch<StringRef>(name)
                 .Cases({"add", "maximum"}, "or")
                 .Cases({"multiply", "minimum"}, "and")
                 .Cases({"or", "and", "xor"}, name)
                 .Default("");
    auto maker = llvm::StringSwitch<Maker>(name)
                     .Case("add", &Arithmetic::make<arith::AddIOp>)
                     .Case("subtract", &Arithmetic::make<arith::SubIOp>)
                     .Case("multiply", &Arithmetic::make<arith::MulIOp>)
                     .Case("maximum", &Arithmetic::make<arith::MaxSIOp>)
                     .Case("minimum", &Arithmetic::make<arith::MinSIOp>)
                     .Case("and", &Arithmetic::make<arith::AndIOp>)
                     .Case("or", &Arithmetic::make<arith::OrIOp>)
                     .Case("xor", &Arithmetic::make<arith::XOrIOp>)
                     .Case("abs", &Arithmetic::make<math::AbsIOp>)
                     .Default(nullptr);
    return maker ? (this->*maker)() : Value();
  }
};
} // namespace

Value spattn::computeElements(OpBuilder &builder, Location loc, StringRef name,
                              ValueRange args) {
  if (args.empty())
    return nullptr;
  Type type = args[0].getType();
  for (Value arg : args)
    if (arg.getType() != type)
      return nullptr;
  bool isUnary = llvm::StringSwitch<bool>(name)
                     .Cases({"negate", "abs", "exponential", "log"}, true)
                     .Cases({"sqrt", "rsqrt", "tanh"}, true)
                     .Default(false);
  if (args.size() != (isUnary ? 1 : 2))
    return nullptr;
  Arithmetic arithmetic{builder, loc, args};
  Type element = getElementTypeOrSelf(type);
  if (isa<FloatType>(element))
    return arithmetic.ofFloats(name);
  return arithmetic.ofIntegers(name, element.isInteger(1));
}

/// Comparisons are ordered, but for that of numbers that are not the same.
static Value lowerCompare(OpBuilder &builder, const HloOp &hlo) {
  Location loc = hlo.op->getLoc();
  std::string direction = hlo.text("comparison_direction");
  if (hlo.op->getNumOperands() != 2 || hlo.typeOf(0) != hlo.typeOf(1) ||
      StringRef(hlo.text("compare_type")).contains("TOTALORDER"))
    return nullptr;
  Value lhs = hlo.op->getOperand(0), rhs = hlo.op->getOperand(1);
  StringRef order = StringRef(direction).rtrim("\"> ");
  order = order.substr(order.find_last_of(' ') + 1);
  Type element = hlo.typeOf(0).getElementType();
  if (isa<FloatType>(element)) {
    auto predicate =
        llvm::StringSwitch<std::optional<arith::CmpFPredicate>>(order)
            .Case("EQ", arith::CmpFPredicate::OEQ)
            .Case("NE", arith::CmpFPredicate::UNE)
            .Case("GT", arith::CmpFPredicate::OGT)
            .Case("GE", arith::CmpFPredicate::OGE)
            .Case("LT", arith::CmpFPredicate::OLT)
            .Case("LE", arith::CmpFPredicate::OLE)
            .Default(std::nullopt);
    return predicate ? arith::CmpFOp::create(builder, loc, *predicate, lhs, rhs)
                     : Value();
  }
  auto predicate =
      llvm::StringSwitch<std::optional<arith::CmpIPredicate>>(order)
          .Case("EQ", arith::CmpIPredicate::eq)
          .Case("NE", arith::CmpIPredicate::ne)
          .Case("GT", arith::CmpIPredicate::sgt)
          .Case("GE", arith::CmpIPredicate::sge)
          .Case("LT", arith::CmpIPredicate::slt)
          .Case("LE", arith::CmpIPredicate::sle)
          .Default(std::nullopt);
  // Bits are unsigned.
  if (!predicate ||
      (element.isInteger(1) && *predicate > arith::CmpIPredicate::ne))
    return nullptr;
  return arith::CmpIOp::create(builder, loc, *predicate, lhs, rhs);
}

static Value lowerConvert(OpBuilder &builder, const HloOp &hlo) {
  Location loc = hlo.op->getLoc();
  Value from = hlo.op->getOperand(0);
  Type to = hlo.type(), own = hlo.typeOf(0).getElementType(),
       wanted = hlo.type().getElementType();
  if (own == wanted)
    return from;
  unsigned width = own.getIntOrFloatBitWidth(),
           wantedWidth = wanted.getIntOrFloatBitWidth();
  if (isa<FloatType>(own) && isa<FloatType>(wanted)) {
    if (width == wantedWidth)
      return nullptr;
    return width < wantedWidth
               ? arith::ExtFOp::create(builder, loc, to, from)->getResult(0)
               : arith::TruncFOp::create(builder, loc, to, from)->getResult(0);
  }
  // What is not 0 is 1.
  if (wanted.isInteger(1)) {
    if (isa<FloatType>(own)) {
      Value zero = constantLike(builder, loc, from.getType(),
                                builder.getFloatAttr(own, 0));
      return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE,
                                   from, zero);
    }
    Value zero = constantLike(builder, loc, from.getType(),
                              builder.getIntegerAttr(own, 0));
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, from,
                                 zero);
  }
  if (isa<FloatType>(own))
    return nullptr;
  bool isBit = own.isInteger(1);
  if (isa<FloatType>(wanted))
    return isBit
               ? arith::UIToFPOp::create(builder, loc, to, from)->getResult(0)
               : arith::SIToFPOp::create(builder, loc, to, from)->getResult(0);
  if (isBit)
    return arith::ExtUIOp::create(builder, loc, to, from);
  return width < wantedWidth
             ? arith::ExtSIOp::create(builder, loc, to, from)->getResult(0)
             : arith::TruncIOp::create(builder, loc, to, from)->getResult(0);
}

Value spattn::lowerElementwise(OpBuilder &builder, const HloOp &hlo) {
  Operation *op = hlo.op;
  Location loc = op->getLoc();
  unsigned count = op->getNumOperands();
  if (hlo.name == "constant") {
    auto value = dyn_cast_or_null<ElementsAttr>(hlo.attribute("value"));
    return count == 0 && value && value.getType() == hlo.type()
               ? arith::ConstantOp::create(builder, loc, value)
               : Value();
  }
  if (hlo.name == "select" && count == 3) {
    // One condition for all elements is a number.
    Value condition = op->getOperand(0);
    if (hlo.typeOf(1) != hlo.type() || hlo.typeOf(2) != hlo.type() ||
        !hlo.typeOf(0).getElementType().isInteger(1))
      return nullptr;
    if (hlo.typeOf(0).getRank() == 0)
      condition = tensor::ExtractOp::create(builder, loc, condition);
    else if (hlo.typeOf(0).getShape() != hlo.type().getShape())
      return nullptr;
    return arith::SelectOp::create(builder, loc, condition, op->getOperand(1),
                                   op->getOperand(2));
  }
  if (count == 0 || hlo.typeOf(0).getShape() != hlo.type().getShape())
    return nullptr;
  if (hlo.name == "compare")
    return hlo.type().getElementType().isInteger(1) ? lowerCompare(builder, hlo)
                                                    : Value();
  if (hlo.name == "convert" && count == 1)
    return lowerConvert(builder, hlo);
  Type element = hlo.typeOf(0).getElementType();
  if (hlo.name == "is_finite" && count == 1 && isa<FloatType>(element)) {
    Value infinite = constantLike(
        builder, loc, hlo.typeOf(0),
        builder.getFloatAttr(element, std::numeric_limits<double>::infinity()));
    Value size = math::AbsFOp::create(builder, loc, op->getOperand(0));
    return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::ONE, size,
                                 infinite);
  }
  if (hlo.name == "not" && count == 1 && element.isInteger(1)) {
    Value yes =
        constantLike(builder, loc, hlo.type(), builder.getBoolAttr(true));
    return arith::XOrIOp::create(builder, loc, op->getOperand(0), yes);
  }
  return hlo.typeOf(0) == hlo.type()
             ? computeElements(builder, loc, hlo.name, op->getOperands())
             : Value();
}
