//===- IndexOps.h - The algebra's arithmetic as IR -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_TRANSFORMS_INDEXOPS_H
#define SPATTN_DIALECT_SPATTN_TRANSFORMS_INDEXOPS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>

namespace spattn {

/// The arithmetic that the algebra is written over (Structure/Ops.h), emitting
/// `arith` operations at the builder's insertion point. What is constant is
/// folded and emitted only where something needs it as a value.
///
/// Values are of type `index`, or of `i32` where the caller has made sure that
/// the sum of the lengths, and of what tiles stick out by, is below 2^30.
class IndexOps {
public:
  /// An index: a constant, or a value.
  struct Value {
    std::optional<int64_t> constant;
    mlir::Value value;
  };
  /// A truth value: a constant, or a value of type i1.
  struct Bool {
    std::optional<bool> constant;
    mlir::Value value;
  };

  explicit IndexOps(mlir::ImplicitLocOpBuilder &b)
      : IndexOps(b, b.getIndexType()) {}
  IndexOps(mlir::ImplicitLocOpBuilder &b, mlir::Type type) : b(b), type(type) {}

  /// A run-time value; known if it is defined by a constant.
  Value wrap(mlir::Value value);
  /// The IR value of an index or a truth value.
  mlir::Value materialize(const Value &value);
  mlir::Value materialize(const Bool &value);

  Value constant(int64_t value) { return {value, {}}; }
  Value add(Value lhs, Value rhs);
  Value sub(Value lhs, Value rhs);
  Value mul(Value lhs, Value rhs);
  Value floorDiv(Value lhs, int64_t divisor);
  Value ceilDiv(Value lhs, int64_t divisor);
  Value mod(Value lhs, Value modulus);
  Value affine(Value n, int64_t num, int64_t den, int64_t offset);
  Value min(Value lhs, Value rhs);
  Value max(Value lhs, Value rhs);
  Bool lt(Value lhs, Value rhs);
  Bool le(Value lhs, Value rhs);
  Bool eq(Value lhs, Value rhs);
  Bool andB(Bool lhs, Bool rhs);
  Bool orB(Bool lhs, Bool rhs);
  Bool notB(Bool value);
  Bool constantBool(bool value) { return {value, {}}; }
  Value select(Bool condition, Value lhs, Value rhs);
  std::optional<bool> known(const Bool &value) { return value.constant; }
  std::optional<int64_t> knownValue(const Value &value) {
    return value.constant;
  }

private:
  mlir::ImplicitLocOpBuilder &b;
  mlir::Type type;
};

} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_TRANSFORMS_INDEXOPS_H
