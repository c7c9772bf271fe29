//===- Simplify.cpp - Equal descriptions that say less --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Simplify.h"

#include "Intervals.h"
#include "spattn/Structure/Ops.h"

using namespace spattn;

namespace {
using Kind = Structure::Kind;

/// The distances, keys or positions of queries that exist: at least `least` and
/// less than `end`, where that is known. What begins at or below `least` begins
/// at `lowest`.
struct Extent {
  std::optional<Bound> least, end;
  Bound lowest;
};

class Simplifier {
public:
  Simplifier(KnownLengths lengths, Alignment alignment)
      : keyLength(lengths.keys),
        keys{Bound::constant(0),
             lengths.keys ? Bound::constant(*lengths.keys) : Bound::length(),
             Bound::constant(0)},
        queries{Bound::constant(0), std::nullopt, Bound::constant(0)} {
    // With aligned ends, 1 - Nq <= d < Nk; with aligned starts, -Nk < d < Nq.
    distances.lowest = Bound::negInf();
    if (alignment == Alignment::End) {
      if (lengths.queries)
        distances.least = Bound::constant(1 - *lengths.queries);
      distances.end = keys.end;
      queries.end = keys.end;
      if (lengths.queries && lengths.keys)
        queries.least = Bound::constant(
            std::max<int64_t>(*lengths.keys - *lengths.queries, 0));
    } else {
      distances.least = lengths.keys ? Bound::constant(1 - *lengths.keys)
                                     : Bound::affine(-1, 1, 1);
      if (lengths.queries)
        queries.end = distances.end = Bound::constant(*lengths.queries);
    }
  }

  Structure simplify(const Structure &structure) const {
    switch (structure.kind()) {
    case Kind::Distances: {
      Intervals intervals;
      for (const Interval &interval : structure.intervals())
        intervals.push_back(clip(interval, distances));
      return Structure::distances(merge(intervals));
    }
    case Kind::Keys:
      return keysOf(structure.keyInterval());
    case Kind::Queries:
      return queriesOf(structure.queryInterval());
    case Kind::Residues:
      return residuesOf(structure.residues());
    case Kind::Band:
      if (structure.partitionLength() && !structure.dependsOnGroup())
        return simplify(Structure::distances(partitionDistances(
            structure.partition(), *structure.partitionOf(),
            *structure.partitionIndex(), *structure.partitionLength())));
      return structure;
    case Kind::Union:
    case Kind::Intersection:
      return simplifyComposite(structure);
    }
    return structure;
  }

private:
  /// A bound at the key length. It is infinite where it is further from 0 than
  /// a bound can say, which no pair is.
  Bound fold(const Bound &bound) const {
    if (bound.isConstant() || !keyLength)
      return bound;
    Bound folded = Bound::constant(
        IntOps().affine(*keyLength, bound.num, bound.den, bound.offset));
    if (folded.inRange())
      return folded;
    return folded.offset < 0 ? Bound::negInf() : Bound::posInf();
  }

  /// What is left of an interval where something exists.
  Interval clip(Interval interval, const Extent &extent) const {
    interval = {fold(interval.lo), fold(interval.hi)};
    bool isPast = extent.end && alwaysLE(*extent.end, interval.lo);
    bool isBefore = extent.least && alwaysLE(interval.hi, *extent.least);
    if (isEmpty(interval) || isPast || isBefore)
      return {extent.lowest, extent.lowest};
    if (extent.least && alwaysLE(interval.lo, *extent.least))
      interval.lo = extent.lowest;
    // Nothing exists at all.
    if (extent.end && alwaysLE(*extent.end, interval.lo))
      return {extent.lowest, extent.lowest};
    if (extent.end && alwaysLE(*extent.end, interval.hi))
      interval.hi = Bound::posInf();
    return interval;
  }

  Structure keysOf(const Interval &interval) const {
    Interval left = clip(interval, keys);
    return isEmpty(left) ? Structure::none()
                         : Structure::keys(left.lo, left.hi);
  }

  Structure queriesOf(const Interval &interval) const {
    Interval left = clip(interval, queries);
    return isEmpty(left) ? Structure::none()
                         : Structure::queries(left.lo, left.hi);
  }

  static Structure residuesOf(const Residues &residues) {
    if (residues.hi - residues.lo >= residues.modulus)
      return Structure::full();
    return residues.hi <= residues.lo ? Structure::none()
                                      : Structure::residues(residues);
  }

  /// Residues of the same modulus as one interval, if that is what they are.
  static std::optional<Structure> combine(Kind kind, const Residues &a,
                                          const Residues &b) {
    bool goRound = a.hi > a.modulus || b.hi > b.modulus;
    if (a.of != b.of || a.modulus != b.modulus || goRound)
      return std::nullopt;
    int64_t lo = std::max(a.lo, b.lo), hi = std::min(a.hi, b.hi);
    if (kind == Kind::Intersection)
      return residuesOf({a.of, lo, std::max(lo, hi), a.modulus});
    if (lo > hi)
      return std::nullopt;
    return residuesOf(
        {a.of, std::min(a.lo, b.lo), std::max(a.hi, b.hi), a.modulus});
  }

  static bool isNone(const Structure &structure) {
    return structure == Structure::none();
  }

  /// Whether a structure that has been simplified allows every pair.
  bool isFull(const Structure &structure) const {
    return structure == Structure::full() ||
           structure == Structure::keys(keys.lowest, Bound::posInf()) ||
           structure == Structure::queries(queries.lowest, Bound::posInf());
  }

  static Kind dual(Kind kind) {
    return kind == Kind::Union ? Kind::Intersection : Kind::Union;
  }

  static bool hasChild(const Structure &structure, const Structure &child) {
    const std::vector<Structure> &all = structure.children();
    return std::find(all.begin(), all.end(), child) != all.end();
  }

  /// Whether `a` adds nothing to `b`, as `A & B` adds nothing to `A` in a
  /// union, and `A | B` takes nothing from it in an intersection.
  static bool isWithin(Kind kind, const Structure &a, const Structure &b) {
    return a.kind() == dual(kind) && hasChild(a, b);
  }

  /// `A & C | B & C` as `(A | B) & C`, and the same with unions and
  /// intersections exchanged, if `A` and `B` are one part then.
  std::optional<Structure> factorOut(Kind kind, const Structure &a,
                                     const Structure &b) const {
    if (a.children().size() != b.children().size())
      return std::nullopt;
    std::vector<Structure> parts;
    const Structure *own = nullptr, *other = nullptr;
    for (const Structure &child : a.children()) {
      if (hasChild(b, child)) {
        parts.push_back(child);
        continue;
      }
      if (own)
        return std::nullopt;
      own = &child;
    }
    for (const Structure &child : b.children())
      if (!hasChild(a, child)) {
        if (other)
          return std::nullopt;
        other = &child;
      }
    if (!own && !other)
      return a; // In another order.
    if (!own || !other)
      return std::nullopt;
    std::optional<Structure> both = combine(kind, *own, *other);
    if (!both)
      return std::nullopt;
    parts.insert(parts.begin(), *both);
    Structure factored =
        simplify(kind == Kind::Union ? Structure::intersect(parts)
                                     : Structure::unite(parts));
    // Unions in unions are one union, which this would have to become.
    return factored.kind() == kind ? std::nullopt : std::optional(factored);
  }

  /// Two parts of a union or an intersection as one, if they can be.
  std::optional<Structure> combine(Kind kind, const Structure &a,
                                   const Structure &b) const {
    if (a == b || isWithin(kind, b, a))
      return a;
    if (isWithin(kind, a, b))
      return b;
    if (a.kind() != b.kind())
      return std::nullopt;
    if (a.kind() == dual(kind))
      return factorOut(kind, a, b);
    if (a.kind() == Kind::Distances) {
      std::optional<Intervals> both;
      if (kind == Kind::Union) {
        both = a.intervals();
        both->insert(both->end(), b.intervals().begin(), b.intervals().end());
        both = merge(*both);
      } else {
        both = intersect(a.intervals(), b.intervals());
      }
      if (both)
        return Structure::distances(*both);
    }
    if (a.kind() == Kind::Residues)
      return combine(kind, a.residues(), b.residues());
    if (a.kind() == Kind::Keys || a.kind() == Kind::Queries) {
      const Interval &x = a.intervals().front(), &y = b.intervals().front();
      std::optional<Interval> both =
          kind == Kind::Union ? unite(x, y) : intersect(x, y);
      if (both)
        return a.kind() == Kind::Keys ? keysOf(*both) : queriesOf(*both);
    }
    return std::nullopt;
  }

  Structure simplifyComposite(const Structure &structure) const {
    Kind kind = structure.kind();
    bool isUnion = kind == Kind::Union;
    std::vector<Structure> parts;
    auto addPart = [&](const Structure &part) {
      addCombined(parts, part, [&](const Structure &a, const Structure &b) {
        return combine(kind, a, b);
      });
    };
    for (const Structure &child : structure.children()) {
      Structure simple = simplify(child);
      if (isUnion ? isNone(simple) : isFull(simple))
        continue;
      if (simple.kind() != kind)
        addPart(simple);
      else
        for (const Structure &part : simple.children())
          addPart(part);
    }
    if (parts.empty())
      return isUnion ? Structure::none() : Structure::full();
    for (const Structure &part : parts)
      if (isUnion ? isFull(part) : isNone(part))
        return isUnion ? Structure::full() : Structure::none();
    if (parts.size() == 1)
      return parts.front();
    // Not std::stable_partition, which instantiates a deprecated class in
    // libstdc++.
    auto isDistances = [](const Structure &part) {
      return part.kind() == Kind::Distances;
    };
    std::vector<Structure> ordered;
    ordered.reserve(parts.size());
    std::copy_if(parts.begin(), parts.end(), std::back_inserter(ordered),
                 isDistances);
    std::remove_copy_if(parts.begin(), parts.end(), std::back_inserter(ordered),
                        isDistances);
    parts = std::move(ordered);
    return isUnion ? Structure::unite(parts) : Structure::intersect(parts);
  }

  std::optional<int64_t> keyLength;
  Extent distances, keys, queries;
};
} // namespace

Structure spattn::simplify(const Structure &structure, KnownLengths lengths,
                           Alignment alignment) {
  return Simplifier(lengths, alignment).simplify(structure);
}

HeadStructures spattn::simplify(const HeadStructures &heads,
                                KnownLengths lengths, Alignment alignment) {
  Simplifier simplifier(lengths, alignment);
  std::vector<HeadGroup> groups;
  for (const auto &[count, structure] : heads.groups()) {
    Structure simple = simplifier.simplify(structure);
    if (simple.countIntervals(count) > structure.countIntervals(count))
      simple = structure;
    bool joins = !groups.empty() && groups.back().structure == simple &&
                 !simple.dependsOnGroup();
    if (joins)
      groups.back().count += count;
    else
      groups.push_back({count, simple});
  }
  return HeadStructures(std::move(groups));
}
