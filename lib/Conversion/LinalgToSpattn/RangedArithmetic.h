//===- RangedArithmetic.h - Integers of 32 bits -----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_RANGEDARITHMETIC_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_RANGEDARITHMETIC_H

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <algorithm>
#include <limits>

namespace spattn {

/// An f32, or an i32 or an i1 and the integers that it may be.
struct Number {
  mlir::Value value;
  int64_t lo = 0, hi = 0;

  explicit operator bool() const { return static_cast<bool>(value); }
};

/// Computes i32 where a program computes wider integers, and knows what they
/// may be. A number without a value is one that cannot be computed.
class RangedArithmetic {
public:
  explicit RangedArithmetic(mlir::Location loc)
      : builder(loc.getContext()), loc(loc) {}

  /// The number, if it fits into 32 bits whatever it is.
  static Number checked(const Number &number) {
    bool fits = number.lo >= std::numeric_limits<int32_t>::min() &&
                number.hi <= std::numeric_limits<int32_t>::max();
    return fits ? number : Number();
  }
  Number add(const Number &a, const Number &b) {
    return {mlir::arith::AddIOp::create(builder, loc, a.value, b.value),
            a.lo + b.lo, a.hi + b.hi};
  }
  Number subtract(const Number &a, const Number &b) {
    return {mlir::arith::SubIOp::create(builder, loc, a.value, b.value),
            a.lo - b.hi, a.hi - b.lo};
  }
  Number multiply(const Number &a, const Number &b) {
    auto corners = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
    return {mlir::arith::MulIOp::create(builder, loc, a.value, b.value),
            std::min(corners), std::max(corners)};
  }
  /// Of numbers that are not negative, by a constant.
  Number divide(const Number &a, const Number &b) {
    if (a.lo < 0 || b.lo != b.hi || b.lo <= 0)
      return {};
    return {mlir::arith::DivSIOp::create(builder, loc, a.value, b.value),
            a.lo / b.lo, a.hi / b.lo};
  }
  Number takeRest(const Number &a, const Number &b) {
    if (a.lo < 0 || b.lo != b.hi || b.lo <= 0)
      return {};
    return {mlir::arith::RemSIOp::create(builder, loc, a.value, b.value), 0,
            std::min(a.hi, b.lo - 1)};
  }
  Number extreme(const Number &a, const Number &b, bool isMax) {
    if (isMax)
      return {mlir::arith::MaxSIOp::create(builder, loc, a.value, b.value),
              std::max(a.lo, b.lo), std::max(a.hi, b.hi)};
    return {mlir::arith::MinSIOp::create(builder, loc, a.value, b.value),
            std::min(a.lo, b.lo), std::min(a.hi, b.hi)};
  }

  Number integer(int64_t value) {
    return {mlir::arith::ConstantIntOp::create(builder, loc,
                                               builder.getI32Type(), value),
            value, value};
  }

protected:
  mlir::OpBuilder builder;
  mlir::Location loc;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_RANGEDARITHMETIC_H
