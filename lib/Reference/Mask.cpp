//===- Mask.cpp - Structures, pair by pair --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Mask.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>

using namespace mlir;
using namespace spattn;

namespace {
/// A pair, in the words of the definitions.
struct Pair {
  int64_t d; ///< Distance.
  int64_t j; ///< Key.
  int64_t N; ///< Key length.
  int64_t x; ///< The head's position among those its structure applies to,
  int64_t H; ///< and their number.
};
} // namespace

/// `floor(num * N / den) + offset`.
static int64_t evaluate(const Bound &bound, int64_t N) {
  int64_t product = bound.num * N;
  int64_t quotient = product / bound.den;
  if (product % bound.den < 0)
    --quotient;
  return quotient + bound.offset;
}

static bool isAtLeast(int64_t value, const Bound &bound, int64_t N) {
  if (!bound.isFinite())
    return bound.isNegInf();
  return value >= evaluate(bound, N);
}

static bool isLess(int64_t value, const Bound &bound, int64_t N) {
  if (!bound.isFinite())
    return bound.isPosInf();
  return value < evaluate(bound, N);
}

static bool contains(const Interval &interval, int64_t value, int64_t N) {
  return isAtLeast(value, interval.lo, N) && isLess(value, interval.hi, N);
}

/// Band `x` of `H`.
static bool isInBand(PartitionKind kind, int64_t x, int64_t H, const Pair &p) {
  int64_t base = p.N / H;
  int64_t r = p.N % H;
  int64_t w = base + (x < r ? 1 : 0);
  int64_t s = x * base + std::min(x, r);
  bool isLocal = 0 <= p.d && p.d <= w;
  switch (kind) {
  case PartitionKind::Exclusive:
    return s <= p.d && p.d < s + w;
  case PartitionKind::LocalBand:
    return isLocal || (s <= p.d && p.d < s + w);
  case PartitionKind::Gapped:
    return s <= p.d && p.d < s + w / 2;
  case PartitionKind::Local:
    return isLocal;
  }
  return false;
}

static bool isInStructure(Attribute structure, const Pair &p) {
  return llvm::TypeSwitch<Attribute, bool>(structure)
      .Case([&](FullAttr) { return true; })
      .Case([&](CausalAttr) { return p.d >= 0; })
      .Case([&](WindowAttr a) {
        return (!a.getRight() || -*a.getRight() <= p.d) &&
               (!a.getLeft() || p.d <= *a.getLeft());
      })
      .Case([&](SinkAttr a) { return p.j < a.getCount() && p.d >= 0; })
      .Case([&](PrefixAttr a) { return p.j < a.getCount() || p.d >= 0; })
      .Case([&](KeysAttr a) { return contains(a.getInterval(), p.j, p.N); })
      .Case([&](DistancesAttr a) {
        return llvm::any_of(a.getIntervals(), [&](const Interval &interval) {
          return contains(interval, p.d, p.N);
        });
      })
      .Case([&](PartitionAttr a) { return isInBand(a.getKind(), p.x, p.H, p); })
      .Case([&](BandAttr a) {
        return isInBand(a.getKind(), a.getIndex(), a.getCount(), p);
      })
      .Case([&](UnionAttr a) {
        return llvm::any_of(a.getStructures(), [&](Attribute part) {
          return isInStructure(part, p);
        });
      })
      .Case([&](IntersectionAttr a) {
        return llvm::all_of(a.getStructures(), [&](Attribute part) {
          return isInStructure(part, p);
        });
      })
      .Default(false);
}

bool spattn::isAllowed(Attribute structure, int64_t head, int64_t numHeads,
                       int64_t i, int64_t j, int64_t queryLength,
                       int64_t keyLength, AlignmentKind alignment) {
  if (head < 0 || head >= numHeads || i < 0 || i >= queryLength || j < 0 ||
      j >= keyLength)
    return false;
  int64_t off = alignment == AlignmentKind::End ? keyLength - queryLength : 0;
  int64_t d = i + off - j;
  auto heads = dyn_cast<HeadsAttr>(structure);
  if (!heads)
    return isInStructure(structure, {d, j, keyLength, head, numHeads});
  int64_t x = head;
  for (auto [count, own] :
       llvm::zip(heads.getCounts(), heads.getStructures())) {
    if (x < count)
      return isInStructure(own, {d, j, keyLength, x, count});
    x -= count;
  }
  return false;
}
