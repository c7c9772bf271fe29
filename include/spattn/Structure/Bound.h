//===- Bound.h - One end of an interval, closed-form in N -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_BOUND_H
#define SPATTN_STRUCTURE_BOUND_H

#include <cstdint>
#include <string>

namespace spattn {

/// One end of an interval of distances or keys: minus infinity, plus infinity,
/// or `floor(num * N / den) + offset`, where N is the run-time key length.
///
/// Finite bounds are kept reduced (`2*N/4` is `N/2`, `0*N/7+3` is `3`), so
/// that two bounds are equal for every N exactly if they compare equal.
struct Bound {
  enum class Kind : uint8_t { NegInf, Finite, PosInf };

  Kind kind = Kind::Finite;
  int64_t num = 0;
  int64_t den = 1;
  int64_t offset = 0;

  /// The limits that `inRange` enforces. They keep every later computation
  /// inside 64 bits for lengths up to 2^31 - 1.
  static constexpr int64_t maxOffset = int64_t(1) << 40;
  static constexpr int64_t maxFactor = int64_t(1) << 20;

  static Bound constant(int64_t value);
  /// `floor(num * N / den) + offset`. A non-positive `den` is kept as it is,
  /// and `inRange` is false for it.
  static Bound affine(int64_t num, int64_t den, int64_t offset);
  static Bound negInf();
  static Bound posInf();
  /// N itself.
  static Bound length() { return affine(1, 1, 0); }

  bool isFinite() const { return kind == Kind::Finite; }
  bool isNegInf() const { return kind == Kind::NegInf; }
  bool isPosInf() const { return kind == Kind::PosInf; }
  /// Whether the bound does not depend on N (infinities do not).
  bool isConstant() const { return !isFinite() || num == 0; }

  /// Whether all numbers lie within the documented limits.
  bool inRange() const;

  /// As it is written in IR: `N floordiv 16 + 1`, `3 * N floordiv 8 - 2`, `7`,
  /// `inf`, `-inf`.
  std::string str() const;

  friend bool operator==(const Bound &a, const Bound &b) {
    return a.kind == b.kind && a.num == b.num && a.den == b.den &&
           a.offset == b.offset;
  }
  friend bool operator!=(const Bound &a, const Bound &b) { return !(a == b); }
};

/// Whether `a <= b` for every N >= 0. Exact for bounds in range; false if one
/// of them is not.
bool alwaysLE(const Bound &a, const Bound &b);

/// Whether `a < b` for every N >= 0. Exact for bounds in range; false if one
/// of them is not. An infinity is not less than itself.
bool alwaysLT(const Bound &a, const Bound &b);

} // namespace spattn

#endif // SPATTN_STRUCTURE_BOUND_H
