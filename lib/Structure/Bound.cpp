//===- Bound.cpp - One end of an interval, closed-form in N ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Bound.h"

#include <numeric>

using namespace spattn;

Bound Bound::constant(int64_t value) { return affine(0, 1, value); }

Bound Bound::affine(int64_t num, int64_t den, int64_t offset) {
  Bound bound;
  bound.num = num;
  bound.den = den;
  bound.offset = offset;
  if (num == INT64_MIN || den <= 0)
    return bound; // Out of range; gcd could overflow.
  int64_t divisor = std::gcd(num, den);
  bound.num = num / divisor;
  bound.den = den / divisor;
  return bound;
}

Bound Bound::negInf() {
  Bound bound;
  bound.kind = Kind::NegInf;
  return bound;
}

Bound Bound::posInf() {
  Bound bound;
  bound.kind = Kind::PosInf;
  return bound;
}

bool Bound::inRange() const {
  return num >= -maxFactor && num <= maxFactor && den >= 1 &&
         den <= maxFactor && offset >= -maxOffset && offset <= maxOffset;
}

std::string Bound::str() const {
  if (isNegInf())
    return "-inf";
  if (isPosInf())
    return "inf";
  if (num == 0)
    return std::to_string(offset);
  std::string text = num == 1 ? "N" : std::to_string(num) + " * N";
  if (den != 1)
    text += " floordiv " + std::to_string(den);
  if (offset > 0)
    text += " + " + std::to_string(offset);
  else if (offset < 0)
    text += " - " + std::to_string(offset).substr(1);
  return text;
}

bool spattn::alwaysLE(const Bound &a, const Bound &b) {
  if (!a.inRange() || !b.inRange())
    return false;
  if (a.isNegInf() || b.isPosInf())
    return true;
  if (a.isPosInf() || b.isNegInf())
    return false;
  // The offsets decide at N = 0 and the slopes for large N, so both conditions
  // are needed; floor is monotone, so together they are enough.
  return a.num * b.den <= b.num * a.den && a.offset <= b.offset;
}

bool spattn::alwaysLT(const Bound &a, const Bound &b) {
  if (!a.isFinite() || !b.isFinite())
    return a.kind != b.kind && alwaysLE(a, b);
  if (!a.inRange())
    return false;
  // One past the largest offset is out of range, and rightly less than nothing.
  Bound next = a;
  ++next.offset;
  return alwaysLE(next, b);
}
