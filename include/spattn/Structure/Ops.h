//===- Ops.h - The arithmetic the algebra is written over -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every function of the algebra is a template over an `Ops` object, so that
// one text serves the host (64-bit integers) and the compiler (a builder that
// emits IR). An `Ops` type has
//
//   types    Value, Bool                                  copyable handles
//   Value    constant(int64_t)
//   Value    add(Value, Value), sub(Value, Value), mul(Value, Value)
//   Value    floorDiv(Value, int64_t), ceilDiv(Value, int64_t)
//              rounding towards minus and plus infinity, also for negative
//              numerators; the divisor is positive
//   Value    mod(Value, Value)
//              never negative; the modulus is positive
//   Value    affine(Value n, int64_t num, int64_t den, int64_t offset)
//              floor(num * n / den) + offset for n in [0, 2^31), as Bound.h
//              limits the numbers. Where that is outside [-2^30, 2^30], any
//              value on the same side of it, ends included, will do
//   Value    min(Value, Value), max(Value, Value)         signed
//   Bool     lt(Value, Value), le(Value, Value)           signed
//   Bool     eq(Value, Value)
//   Bool     andB(Bool, Bool), orB(Bool, Bool), notB(Bool), constantBool(bool)
//   Value    select(Bool, Value, Value)
//   optional<bool>    known(Bool)                         emits nothing
//   optional<int64_t> knownValue(Value)                   emits nothing
//
// Arithmetic is signed. It is 64 bits wide, or, where the sum of the lengths
// and of what tiles stick out by is below 2^30, 32: nothing but `affine` has
// operands or results that need more. `known` and `knownValue` say what is
// certain before run time; they may always answer nullopt, which costs
// operations but never changes a result. The algebra branches on nothing else,
// and folds only what it must to keep slots from appearing: identities such as
// x + 0 are the builder's business.
//
// Only `allowed` mixes values of different shapes (its query and key may be
// vectors); an `Ops` used for that has to broadcast the scalar operand.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_OPS_H
#define SPATTN_STRUCTURE_OPS_H

#include <algorithm>
#include <cstdint>
#include <optional>

namespace spattn {

/// Plain integers: everything is known.
struct IntOps {
  using Value = int64_t;
  using Bool = bool;

  Value constant(int64_t value) { return value; }
  Value add(Value a, Value b) { return a + b; }
  Value sub(Value a, Value b) { return a - b; }
  Value mul(Value a, Value b) { return a * b; }
  Value floorDiv(Value a, int64_t divisor) {
    return a / divisor - (a % divisor < 0);
  }
  Value ceilDiv(Value a, int64_t divisor) {
    return a / divisor + (a % divisor > 0);
  }
  Value mod(Value a, Value modulus) {
    Value rest = a % modulus;
    return rest < 0 ? rest + modulus : rest;
  }
  Value affine(Value n, int64_t num, int64_t den, int64_t offset) {
    return floorDiv(num * n, den) + offset;
  }
  Value min(Value a, Value b) { return std::min(a, b); }
  Value max(Value a, Value b) { return std::max(a, b); }
  Bool lt(Value a, Value b) { return a < b; }
  Bool le(Value a, Value b) { return a <= b; }
  Bool eq(Value a, Value b) { return a == b; }
  Bool andB(Bool a, Bool b) { return a && b; }
  Bool orB(Bool a, Bool b) { return a || b; }
  Bool notB(Bool a) { return !a; }
  Bool constantBool(bool value) { return value; }
  Value select(Bool condition, Value a, Value b) { return condition ? a : b; }
  std::optional<bool> known(Bool condition) { return condition; }
  std::optional<int64_t> knownValue(Value value) { return value; }
};

/// Integers whose values the algebra cannot see: what an IR builder is to it,
/// but executable. With `knowsConstants` it sees through `constant` and
/// `constantBool`, as a builder does, otherwise through nothing. `count` is
/// the number of operations performed, constants apart. For tests, and to see
/// what is certain before run time.
struct BlindOps {
  struct Value {
    int64_t value;
    bool isConstant = false;
  };
  struct Bool {
    bool value;
    bool isConstant = false;
  };

  explicit BlindOps(bool knowsConstants = true)
      : knowsConstants(knowsConstants) {}

  Value constant(int64_t value) { return {value, true}; }
  /// A run-time value.
  Value unknown(int64_t value) { return {value, false}; }
  Value add(Value a, Value b) { return make(a.value + b.value); }
  Value sub(Value a, Value b) { return make(a.value - b.value); }
  Value mul(Value a, Value b) { return make(a.value * b.value); }
  Value floorDiv(Value a, int64_t divisor) {
    return make(IntOps().floorDiv(a.value, divisor));
  }
  Value ceilDiv(Value a, int64_t divisor) {
    return make(IntOps().ceilDiv(a.value, divisor));
  }
  Value mod(Value a, Value modulus) {
    return make(IntOps().mod(a.value, modulus.value));
  }
  Value affine(Value n, int64_t num, int64_t den, int64_t offset) {
    int64_t value = IntOps().affine(n.value, num, den, offset);
    return num == 0 ? constant(value) : make(value);
  }
  Value min(Value a, Value b) { return make(std::min(a.value, b.value)); }
  Value max(Value a, Value b) { return make(std::max(a.value, b.value)); }
  Bool lt(Value a, Value b) { return makeBool(a.value < b.value); }
  Bool le(Value a, Value b) { return makeBool(a.value <= b.value); }
  Bool eq(Value a, Value b) { return makeBool(a.value == b.value); }
  Bool andB(Bool a, Bool b) { return makeBool(a.value && b.value); }
  Bool orB(Bool a, Bool b) { return makeBool(a.value || b.value); }
  Bool notB(Bool a) { return makeBool(!a.value); }
  Bool constantBool(bool value) { return {value, true}; }
  Value select(Bool condition, Value a, Value b) {
    return make(condition.value ? a.value : b.value);
  }
  std::optional<bool> known(Bool condition) {
    if (knowsConstants && condition.isConstant)
      return condition.value;
    return std::nullopt;
  }
  std::optional<int64_t> knownValue(Value value) {
    if (knowsConstants && value.isConstant)
      return value.value;
    return std::nullopt;
  }

  int64_t count = 0;
  bool knowsConstants;

private:
  Value make(int64_t value) { return ++count, Value{value, false}; }
  Bool makeBool(bool value) { return ++count, Bool{value, false}; }
};

namespace detail {

/// Whether a <= b is certain, without emitting anything.
template <class Ops>
bool knownLE(Ops &ops, typename Ops::Value a, typename Ops::Value b) {
  std::optional<int64_t> x = ops.knownValue(a), y = ops.knownValue(b);
  return x && y && *x <= *y;
}

/// Whether a < b is certain, without emitting anything.
template <class Ops>
bool knownLT(Ops &ops, typename Ops::Value a, typename Ops::Value b) {
  std::optional<int64_t> x = ops.knownValue(a), y = ops.knownValue(b);
  return x && y && *x < *y;
}

/// Whether the value is certainly this constant.
template <class Ops>
bool isKnown(Ops &ops, typename Ops::Value value, int64_t constant) {
  return ops.knownValue(value) == std::optional<int64_t>(constant);
}

/// `select` that drops what is certain.
template <class Ops>
typename Ops::Value choose(Ops &ops, typename Ops::Bool condition,
                           typename Ops::Value a, typename Ops::Value b) {
  if (std::optional<bool> known = ops.known(condition))
    return *known ? a : b;
  if (knownLE(ops, a, b) && knownLE(ops, b, a))
    return a;
  return ops.select(condition, a, b);
}

/// value + constant.
template <class Ops>
typename Ops::Value addConstant(Ops &ops, typename Ops::Value value,
                                int64_t constant) {
  if (constant == 0)
    return value;
  return constant > 0 ? ops.add(value, ops.constant(constant))
                      : ops.sub(value, ops.constant(-constant));
}

} // namespace detail
} // namespace spattn

#endif // SPATTN_STRUCTURE_OPS_H
