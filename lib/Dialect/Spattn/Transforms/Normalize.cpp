//===- Normalize.cpp - Simplifies head structures -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace spattn {
#define GEN_PASS_DEF_SPATTNNORMALIZE
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {

/// An interval of distances whose ends are constants or infinite.
using Intervals = SmallVector<Interval>;

/// Orders constant and infinite bounds.
bool lessEqual(const Bound &lhs, const Bound &rhs) {
  return lhs == rhs || lhs.isNegInf() || rhs.isPosInf() ||
         (lhs.isFinite() && rhs.isFinite() && lhs.offset <= rhs.offset);
}

Bound leastOf(const Bound &lhs, const Bound &rhs) {
  return lessEqual(lhs, rhs) ? lhs : rhs;
}
Bound greatestOf(const Bound &lhs, const Bound &rhs) {
  return lessEqual(lhs, rhs) ? rhs : lhs;
}

/// Sorts, merges what overlaps or touches, drops what is empty.
Intervals merge(Intervals intervals) {
  llvm::erase_if(intervals, [](const Interval &interval) {
    return lessEqual(interval.hi, interval.lo);
  });
  llvm::sort(intervals, [](const Interval &lhs, const Interval &rhs) {
    return lhs.lo != rhs.lo && lessEqual(lhs.lo, rhs.lo);
  });
  Intervals merged;
  for (const Interval &interval : intervals) {
    if (!merged.empty() && lessEqual(interval.lo, merged.back().hi))
      merged.back().hi = greatestOf(merged.back().hi, interval.hi);
    else
      merged.push_back(interval);
  }
  return merged;
}

Intervals intersect(const Intervals &lhs, const Intervals &rhs) {
  Intervals result;
  for (const Interval &a : lhs)
    for (const Interval &b : rhs)
      result.push_back({greatestOf(a.lo, b.lo), leastOf(a.hi, b.hi)});
  return merge(result);
}

/// Rewrites structures for the lengths of one attention.
class Normalizer {
public:
  explicit Normalizer(AttentionOpInterface op)
      : context(op.getContext()), queryLength(op.getStaticQueryLength()),
        keyLength(op.getStaticKeyLength()),
        atEnd(op.getAlignment() == AlignmentKind::End) {}

  Attribute normalizeHeads(Attribute attr) {
    auto heads = dyn_cast<HeadsAttr>(attr);
    if (!heads)
      return normalize(attr);
    SmallVector<int64_t> counts;
    SmallVector<Attribute> structures;
    for (auto [count, structure] :
         llvm::zip(heads.getCounts(), heads.getStructures())) {
      Attribute normalized = normalize(structure);
      // What a partition gives a head depends on the group it is in.
      bool joins = !structures.empty() && structures.back() == normalized &&
                   !dependsOnGroup(normalized);
      if (joins) {
        counts.back() += count;
        continue;
      }
      counts.push_back(count);
      structures.push_back(normalized);
    }
    if (counts.size() == 1)
      return structures.front();
    return HeadsAttr::get(context, counts, structures);
  }

private:
  static bool dependsOnGroup(Attribute attr) {
    return attr.walk([](PartitionAttr) { return WalkResult::interrupt(); })
        .wasInterrupted();
  }

  Attribute normalize(Attribute attr) {
    if (std::optional<Intervals> intervals = asIntervals(attr))
      return name(*intervals);
    return llvm::TypeSwitch<Attribute, Attribute>(attr)
        .Case<DistancesAttr>([&](DistancesAttr distances) -> Attribute {
          SmallVector<Interval> folded;
          for (const Interval &interval : distances.getIntervals())
            folded.push_back({fold(interval.lo), fold(interval.hi)});
          return DistancesAttr::get(context, folded);
        })
        .Case<KeysAttr>([&](KeysAttr keys) -> Attribute {
          Interval folded{fold(keys.getInterval().lo),
                          fold(keys.getInterval().hi)};
          if (ShapedType::isDynamic(keyLength))
            return keys;
          // What is left of the keys that exist.
          Bound zero = Bound::constant(0), end = Bound::constant(keyLength);
          if (folded.lo.isFinite())
            folded.lo = greatestOf(folded.lo, zero);
          if (lessEqual(leastOf(folded.hi, end), greatestOf(folded.lo, zero)))
            return getNone();
          return KeysAttr::get(context, folded);
        })
        .Case<UnionAttr, IntersectionAttr>(
            [&](auto composite) { return normalizeComposite(composite); })
        .Default([](Attribute other) { return other; });
  }

  /// Constituents that are intervals become one; others stay.
  template <class Composite>
  Attribute normalizeComposite(Composite composite) {
    constexpr bool isUnion = std::is_same_v<Composite, UnionAttr>;
    std::optional<Intervals> joined;
    SmallVector<Attribute> others;
    for (Attribute structure : composite.getStructures()) {
      Attribute normalized = normalize(structure);
      if (std::optional<Intervals> intervals = asIntervals(normalized))
        joined = joined ? join<isUnion>(*joined, *intervals) : *intervals;
      else
        others.push_back(normalized);
    }
    if (joined) {
      Attribute named = name(*joined);
      bool isNone = named == getNone();
      if (isNone && !isUnion)
        return named;
      if (!isNone || others.empty())
        others.insert(others.begin(), named);
    }
    if (others.size() == 1)
      return others.front();
    return Composite::get(context, others);
  }

  template <bool isUnion>
  static Intervals join(Intervals lhs, const Intervals &rhs) {
    if constexpr (!isUnion)
      return intersect(lhs, rhs);
    lhs.append(rhs.begin(), rhs.end());
    return merge(lhs);
  }

  /// A structure that is a union of constant intervals of distances.
  std::optional<Intervals> asIntervals(Attribute attr) {
    Bound zero = Bound::constant(0);
    if (isa<FullAttr>(attr))
      return Intervals{{Bound::negInf(), Bound::posInf()}};
    if (isa<CausalAttr>(attr))
      return Intervals{{zero, Bound::posInf()}};
    if (auto sink = dyn_cast<SinkAttr>(attr); sink && sink.getCount() == 0)
      return Intervals();
    if (auto prefix = dyn_cast<PrefixAttr>(attr);
        prefix && prefix.getCount() == 0)
      return Intervals{{zero, Bound::posInf()}};
    if (auto window = dyn_cast<WindowAttr>(attr))
      return Intervals{{window.getRight() ? Bound::constant(-*window.getRight())
                                          : Bound::negInf(),
                        window.getLeft()
                            ? Bound::constant(*window.getLeft() + 1)
                            : Bound::posInf()}};
    if (auto distances = dyn_cast<DistancesAttr>(attr)) {
      Intervals intervals;
      for (const Interval &interval : distances.getIntervals()) {
        intervals.push_back({fold(interval.lo), fold(interval.hi)});
        if (!intervals.back().lo.isConstant() ||
            !intervals.back().hi.isConstant())
          return std::nullopt;
      }
      return merge(intervals);
    }
    auto joinAll = [&](ArrayRef<Attribute> structures,
                       auto join) -> std::optional<Intervals> {
      std::optional<Intervals> result;
      for (Attribute structure : structures) {
        std::optional<Intervals> next = asIntervals(structure);
        if (!next)
          return std::nullopt;
        result = result ? join(*result, *next) : *next;
      }
      return result;
    };
    if (auto unionAttr = dyn_cast<UnionAttr>(attr))
      return joinAll(unionAttr.getStructures(), join<true>);
    if (auto intersection = dyn_cast<IntersectionAttr>(attr))
      return joinAll(intersection.getStructures(), join<false>);
    return std::nullopt;
  }

  /// A bound at the static key length. It is infinite where it is further from
  /// 0 than an attribute can say, which no pair is.
  Bound fold(const Bound &bound) {
    if (bound.isConstant() || ShapedType::isDynamic(keyLength))
      return bound;
    Bound folded = Bound::constant(
        IntOps().floorDiv(bound.num * keyLength, bound.den) + bound.offset);
    // One less, as a window has its last distance in place of an end.
    if (folded.offset < Bound::maxOffset && folded.offset > -Bound::maxOffset)
      return folded;
    return folded.offset < 0 ? Bound::negInf() : Bound::posInf();
  }

  /// The attribute that allows nothing.
  Attribute getNone() { return SinkAttr::get(context, 0); }

  /// The attribute for intervals.
  Attribute name(Intervals intervals) {
    Intervals clipped;
    for (const Interval &interval : intervals)
      clipped.push_back(clip(interval));
    clipped = merge(clipped);
    if (clipped.empty())
      return getNone();
    if (clipped.size() > 1)
      return DistancesAttr::get(context, clipped);
    auto [lo, hi] = clipped.front();
    Bound zero = Bound::constant(0);
    if (hi.isPosInf() && lo.isNegInf())
      return FullAttr::get(context);
    if (hi.isPosInf() && lo == zero)
      return CausalAttr::get(context);
    // A window includes the query's own position or lies beyond it.
    std::optional<int64_t> left, right;
    if (!hi.isPosInf())
      left = hi.offset - 1;
    if (!lo.isNegInf())
      right = -lo.offset;
    if ((!left || *left >= 0) && (!right || *right >= 0))
      return WindowAttr::get(context, left, right);
    return DistancesAttr::get(context, clipped);
  }

  /// Ends that no pair passes at the static lengths become infinite; an
  /// interval that no pair lies in becomes empty.
  Interval clip(Interval interval) {
    if (ShapedType::isDynamic(queryLength) ||
        ShapedType::isDynamic(keyLength) || queryLength == 0 || keyLength == 0)
      return interval;
    Bound least = Bound::constant(1 - (atEnd ? queryLength : keyLength));
    Bound end = Bound::constant(atEnd ? keyLength : queryLength);
    if (lessEqual(end, interval.lo) || lessEqual(interval.hi, least))
      return {end, end};
    if (lessEqual(interval.lo, least))
      interval.lo = Bound::negInf();
    if (lessEqual(end, interval.hi))
      interval.hi = Bound::posInf();
    return interval;
  }

  MLIRContext *context;
  int64_t queryLength, keyLength;
  bool atEnd;
};

struct SpattnNormalizePass
    : public spattn::impl::SpattnNormalizeBase<SpattnNormalizePass> {
  using SpattnNormalizeBase::SpattnNormalizeBase;

  void runOnOperation() override {
    getOperation()->walk([&](AttentionOpInterface op) {
      Attribute normalized = Normalizer(op).normalizeHeads(op.getStructure());
      if (normalized == op.getStructure())
        return;
      op.setStructureAttr(normalized);
      ++numSimplified;
    });
  }
};
} // namespace
