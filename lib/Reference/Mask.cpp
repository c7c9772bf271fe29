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

#if defined(SPATTN_STRUCTURE_OPS_H) || defined(SPATTN_STRUCTURE_NORMALFORM_H)
#error "the oracle must not see the algebra that is tested against it"
#endif

using namespace mlir;
using namespace spattn;

namespace {
/// A pair, in the words of the definitions.
struct Pair {
  int64_t d; ///< Distance.
  int64_t j; ///< Key.
  int64_t p; ///< Where the query is among the keys, at least 0.
  int64_t q; ///< The same, which may be ahead of the first key.
  int64_t N; ///< The length that bounds depend on.
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

static bool hasResidue(const Residues &residues, const Pair &p) {
  int64_t place = residues.of == Residues::Of::Distances ? p.d
                  : residues.of == Residues::Of::Keys    ? p.j
                                                         : p.q;
  int64_t rest = (place - residues.lo) % residues.modulus;
  if (rest < 0)
    rest += residues.modulus;
  return rest < residues.hi - residues.lo;
}

/// Band `x` of `H`, of the distances [0, length), or [0, N).
static bool isInBand(Partition kind, int64_t x, int64_t H,
                     std::optional<int64_t> length, const Pair &p) {
  int64_t N = length.value_or(p.N);
  int64_t base = N / H;
  int64_t r = N % H;
  int64_t w = base + (x < r ? 1 : 0);
  int64_t s = x * base + std::min(x, r);
  bool isLocal = 0 <= p.d && p.d <= w;
  switch (kind) {
  case Partition::Exclusive:
    return s <= p.d && p.d < s + w;
  case Partition::LocalBand:
    return isLocal || (s <= p.d && p.d < s + w);
  case Partition::Gapped:
    return s <= p.d && p.d < s + w / 2;
  case Partition::Local:
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
      .Case([&](QueriesAttr a) { return contains(a.getInterval(), p.p, p.N); })
      .Case([&](ResiduesAttr a) { return hasResidue(a.getResidues(), p); })
      .Case([&](DistancesAttr a) {
        return llvm::any_of(a.getIntervals(), [&](const Interval &interval) {
          return contains(interval, p.d, p.N);
        });
      })
      .Case([&](PartitionAttr a) {
        return isInBand(a.getKind(), p.x, p.H, a.getLength(), p);
      })
      .Case([&](BandAttr a) {
        return isInBand(a.getKind(), a.getIndex(), a.getCount(), a.getLength(),
                        p);
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
      .Default([](Attribute) -> bool {
        llvm_unreachable("checkStructure refuses what has no definition");
      });
}

llvm::Error spattn::checkStructure(Attribute structure) {
  return llvm::TypeSwitch<Attribute, llvm::Error>(structure)
      .Case<FullAttr, CausalAttr, WindowAttr, SinkAttr, PrefixAttr, KeysAttr,
            QueriesAttr, ResiduesAttr, DistancesAttr, PartitionAttr, BandAttr>(
          [](Attribute) -> llvm::Error { return llvm::Error::success(); })
      .Case<UnionAttr, IntersectionAttr, HeadsAttr>(
          [](auto composite) -> llvm::Error {
            for (Attribute part : composite.getStructures())
              if (llvm::Error error = checkStructure(part))
                return error;
            return llvm::Error::success();
          })
      .Default([](Attribute unknown) -> llvm::Error {
        std::string text;
        llvm::raw_string_ostream(text) << unknown;
        return llvm::createStringError(
            "the oracle has no definition of the structure " + text);
      });
}

bool spattn::isAllowed(Attribute structure, int64_t head, int64_t numHeads,
                       int64_t i, int64_t j, int64_t queryLength,
                       int64_t keyLength, Alignment alignment,
                       std::optional<int64_t> boundLength) {
  if (head < 0 || head >= numHeads || i < 0 || i >= queryLength || j < 0 ||
      j >= keyLength)
    return false;
  int64_t off = alignment == Alignment::End ? keyLength - queryLength : 0;
  int64_t d = i + off - j;
  int64_t p = std::max<int64_t>(i + off, 0);
  int64_t q = i + off;
  int64_t N = boundLength.value_or(keyLength);
  auto heads = dyn_cast<HeadsAttr>(structure);
  if (!heads)
    return isInStructure(structure, {d, j, p, q, N, head, numHeads});
  int64_t x = head;
  for (auto [count, own] :
       llvm::zip(heads.getCounts(), heads.getStructures())) {
    if (x < count)
      return isInStructure(own, {d, j, p, q, N, x, count});
    x -= count;
  }
  return false;
}
