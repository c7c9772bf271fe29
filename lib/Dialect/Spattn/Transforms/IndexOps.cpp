//===- IndexOps.cpp - The algebra's arithmetic as IR ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "spattn/Structure/Ops.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

using Value_ = IndexOps::Value;
using Bool_ = IndexOps::Bool;

/// Two handles of the same index.
static bool same(const Value_ &lhs, const Value_ &rhs) {
  if (lhs.constant || rhs.constant)
    return lhs.constant == rhs.constant;
  return lhs.value == rhs.value;
}

static bool is(const Value_ &value, int64_t constant) {
  return value.constant == std::optional<int64_t>(constant);
}

Value_ IndexOps::wrap(mlir::Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return {constant.getSExtValue(), {}};
  return {std::nullopt, value};
}

mlir::Value IndexOps::materialize(const Value &value) {
  if (value.constant)
    return arith::ConstantOp::create(b,
                                     b.getIntegerAttr(type, *value.constant));
  return value.value;
}

mlir::Value IndexOps::materialize(const Bool &value) {
  if (value.constant)
    return arith::ConstantOp::create(b, b.getBoolAttr(*value.constant));
  return value.value;
}

/// Emits a binary operation; `properties` come before its operands.
template <class Op, class... Properties>
static mlir::Value emitBinary(IndexOps &ops, ImplicitLocOpBuilder &b,
                              const Value_ &lhs, const Value_ &rhs,
                              Properties... properties) {
  mlir::Value right = ops.materialize(rhs);
  return Op::create(b, properties..., ops.materialize(lhs), right);
}

Value_ IndexOps::add(Value lhs, Value rhs) {
  if (lhs.constant && rhs.constant)
    return constant(*lhs.constant + *rhs.constant);
  if (is(lhs, 0))
    return rhs;
  if (is(rhs, 0))
    return lhs;
  return {{}, emitBinary<arith::AddIOp>(*this, b, lhs, rhs)};
}

Value_ IndexOps::sub(Value lhs, Value rhs) {
  if (lhs.constant && rhs.constant)
    return constant(*lhs.constant - *rhs.constant);
  if (is(rhs, 0))
    return lhs;
  if (same(lhs, rhs))
    return constant(0);
  return {{}, emitBinary<arith::SubIOp>(*this, b, lhs, rhs)};
}

Value_ IndexOps::mul(Value lhs, Value rhs) {
  if (lhs.constant && rhs.constant)
    return constant(*lhs.constant * *rhs.constant);
  if (is(lhs, 0) || is(rhs, 0))
    return constant(0);
  if (is(lhs, 1))
    return rhs;
  if (is(rhs, 1))
    return lhs;
  return {{}, emitBinary<arith::MulIOp>(*this, b, lhs, rhs)};
}

Value_ IndexOps::floorDiv(Value lhs, int64_t divisor) {
  if (lhs.constant)
    return constant(IntOps().floorDiv(*lhs.constant, divisor));
  if (divisor == 1)
    return lhs;
  // An arithmetic shift rounds towards minus infinity; division towards zero.
  if (llvm::isPowerOf2_64(divisor))
    return {{},
            arith::ShRSIOp::create(
                b, lhs.value, materialize(constant(llvm::Log2_64(divisor))))};
  mlir::Value by = materialize(constant(divisor));
  mlir::Value quotient = arith::DivSIOp::create(b, lhs.value, by);
  mlir::Value rest = arith::RemSIOp::create(b, lhs.value, by);
  return add({{}, quotient},
             select(lt({{}, rest}, constant(0)), constant(-1), constant(0)));
}

Value_ IndexOps::ceilDiv(Value lhs, int64_t divisor) {
  return floorDiv(add(lhs, constant(divisor - 1)), divisor);
}

Value_ IndexOps::mod(Value lhs, Value modulus) {
  if (lhs.constant && modulus.constant)
    return constant(IntOps().mod(*lhs.constant, *modulus.constant));
  if (is(modulus, 1))
    return constant(0);
  // In two's complement, the last bits are the residue of negative numbers,
  // too.
  if (modulus.constant && llvm::isPowerOf2_64(*modulus.constant))
    return {{},
            emitBinary<arith::AndIOp>(*this, b, lhs,
                                      constant(*modulus.constant - 1))};
  Value rest{{}, emitBinary<arith::RemSIOp>(*this, b, lhs, modulus)};
  Bool isNegative = lt(rest, constant(0));
  return select(isNegative, add(rest, modulus), rest);
}

/// A bound has more bits than an i32. What is past every distance is as good
/// as the nearest such number; so products are made of 64 bits and clamped,
/// save where 32 certainly do.
Value_ IndexOps::affine(Value n, int64_t num, int64_t den, int64_t offset) {
  constexpr int64_t most = int64_t(1) << 30;
  bool isNarrow = type.isInteger(32);
  auto clamp = [&](int64_t value) {
    return isNarrow ? std::clamp(value, -most, most) : value;
  };
  if (n.constant || num == 0)
    return constant(
        clamp(IntOps().affine(n.constant.value_or(0), num, den, offset)));
  if (!isNarrow || (std::abs(num) <= 1 && std::abs(offset) <= most / 2))
    return add(floorDiv(mul(n, constant(num)), den), constant(offset));
  IndexOps wide(b, b.getI64Type());
  Value value{{}, arith::ExtSIOp::create(b, wide.type, n.value)};
  value = wide.add(wide.floorDiv(wide.mul(value, constant(num)), den),
                   constant(offset));
  value = wide.min(wide.max(value, constant(-most)), constant(most));
  return {{}, arith::TruncIOp::create(b, type, value.value)};
}

Value_ IndexOps::min(Value lhs, Value rhs) {
  if (lhs.constant && rhs.constant)
    return constant(std::min(*lhs.constant, *rhs.constant));
  if (same(lhs, rhs))
    return lhs;
  return {{}, emitBinary<arith::MinSIOp>(*this, b, lhs, rhs)};
}

Value_ IndexOps::max(Value lhs, Value rhs) {
  if (lhs.constant && rhs.constant)
    return constant(std::max(*lhs.constant, *rhs.constant));
  if (same(lhs, rhs))
    return lhs;
  return {{}, emitBinary<arith::MaxSIOp>(*this, b, lhs, rhs)};
}

Bool_ IndexOps::lt(Value lhs, Value rhs) {
  if (lhs.constant && rhs.constant)
    return constantBool(*lhs.constant < *rhs.constant);
  if (same(lhs, rhs))
    return constantBool(false);
  return {
      {},
      emitBinary<arith::CmpIOp>(*this, b, lhs, rhs, arith::CmpIPredicate::slt)};
}

Bool_ IndexOps::le(Value lhs, Value rhs) {
  if (lhs.constant && rhs.constant)
    return constantBool(*lhs.constant <= *rhs.constant);
  if (same(lhs, rhs))
    return constantBool(true);
  return {
      {},
      emitBinary<arith::CmpIOp>(*this, b, lhs, rhs, arith::CmpIPredicate::sle)};
}

Bool_ IndexOps::eq(Value lhs, Value rhs) {
  if (lhs.constant && rhs.constant)
    return constantBool(*lhs.constant == *rhs.constant);
  if (same(lhs, rhs))
    return constantBool(true);
  return {
      {},
      emitBinary<arith::CmpIOp>(*this, b, lhs, rhs, arith::CmpIPredicate::eq)};
}

Bool_ IndexOps::andB(Bool lhs, Bool rhs) {
  if (lhs.constant)
    return *lhs.constant ? rhs : lhs;
  if (rhs.constant)
    return *rhs.constant ? lhs : rhs;
  return {{}, arith::AndIOp::create(b, lhs.value, rhs.value)};
}

Bool_ IndexOps::orB(Bool lhs, Bool rhs) {
  if (lhs.constant)
    return *lhs.constant ? lhs : rhs;
  if (rhs.constant)
    return *rhs.constant ? rhs : lhs;
  return {{}, arith::OrIOp::create(b, lhs.value, rhs.value)};
}

Bool_ IndexOps::notB(Bool value) {
  if (value.constant)
    return constantBool(!*value.constant);
  return {
      {},
      arith::XOrIOp::create(b, value.value, materialize(constantBool(true)))};
}

Value_ IndexOps::select(Bool condition, Value lhs, Value rhs) {
  if (condition.constant)
    return *condition.constant ? lhs : rhs;
  if (same(lhs, rhs))
    return lhs;
  return {{}, emitBinary<arith::SelectOp>(*this, b, lhs, rhs, condition.value)};
}
