//===- Divide.cpp - Heads that see within residue classes -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Divide.h"

#include "spattn/Structure/Ops.h"
#include "spattn/Structure/Simplify.h"

#include <algorithm>

using namespace spattn;

namespace {
using Kind = Structure::Kind;

/// Divides what a structure says of places by a modulus, for one class of them
/// or for all alike. There is no result where that takes more than other
/// bounds.
class Divider {
public:
  Divider(int64_t modulus, std::optional<int64_t> remainder)
      : modulus(modulus), remainder(remainder) {}

  std::optional<Structure> divide(const Structure &structure) const {
    switch (structure.kind()) {
    case Kind::Distances: {
      std::vector<Interval> intervals;
      for (const Interval &interval : structure.intervals()) {
        std::optional<Interval> own = divide(interval, 0);
        if (!own)
          return std::nullopt;
        if (!alwaysLE(own->hi, own->lo))
          intervals.push_back(*own);
      }
      return Structure::distances(intervals);
    }
    case Kind::Keys:
    case Kind::Queries:
      return dividePlaces(structure);
    case Kind::Union:
    case Kind::Intersection: {
      std::vector<Structure> parts;
      for (const Structure &child : structure.children()) {
        std::optional<Structure> own = divide(child);
        if (!own)
          return std::nullopt;
        parts.push_back(*own);
      }
      return structure.kind() == Kind::Union ? Structure::unite(parts)
                                             : Structure::intersect(parts);
    }
    case Kind::Residues:
    case Kind::Band:
      return std::nullopt;
    }
    return std::nullopt;
  }

private:
  /// The least y with modulus * y + residue >= bound.
  std::optional<Bound> divide(const Bound &bound, int64_t residue) const {
    if (!bound.isFinite())
      return bound;
    if (!bound.isConstant())
      return std::nullopt;
    return Bound::constant(IntOps().ceilDiv(bound.offset - residue, modulus));
  }

  std::optional<Interval> divide(const Interval &interval,
                                 int64_t residue) const {
    std::optional<Bound> lo = divide(interval.lo, residue);
    std::optional<Bound> hi = divide(interval.hi, residue);
    if (!lo || !hi)
      return std::nullopt;
    return Interval{*lo, *hi};
  }

  /// Bounds of keys and queries are the same for all classes if they are
  /// multiples of the modulus. Queries ahead of the first key count as at 0,
  /// which has to be in the interval exactly if the first place of the class
  /// is.
  std::optional<Structure> dividePlaces(const Structure &structure) const {
    const Interval &interval = structure.intervals().front();
    for (const Bound &bound : {interval.lo, interval.hi}) {
      if (!bound.isFinite())
        continue;
      bool isMultiple = bound.isConstant() && bound.offset % modulus == 0;
      bool isPastFirst = remainder && bound.offset > *remainder;
      if (!isMultiple && !isPastFirst)
        return std::nullopt;
    }
    std::optional<Interval> own = divide(interval, remainder.value_or(0));
    if (!own)
      return std::nullopt;
    if (alwaysLE(own->hi, own->lo))
      return Structure::none();
    return structure.kind() == Kind::Keys
               ? Structure::keys(own->lo, own->hi)
               : Structure::queries(own->lo, own->hi);
  }

  int64_t modulus;
  std::optional<int64_t> remainder;
};

/// The residues of an intersection, and its other parts.
struct Parts {
  std::vector<Residues> residues;
  std::vector<Structure> others;
};

Parts partsOf(const Structure &structure) {
  Parts parts;
  std::vector<Structure> all = {structure};
  if (structure.kind() == Kind::Intersection)
    all = structure.children();
  for (const Structure &part : all) {
    if (part.kind() == Kind::Residues)
      parts.residues.push_back(part.residues());
    else
      parts.others.push_back(part);
  }
  return parts;
}
DividedStructure divideIntersection(const Structure &structure,
                                    Alignment alignment) {
  DividedStructure whole = {1, std::nullopt, structure};
  Parts parts = partsOf(simplify(structure, {}, alignment));
  if (parts.residues.empty())
    return whole;
  int64_t modulus = parts.residues.front().modulus;
  std::optional<int64_t> ofKeys, ofQueries;
  bool hasDistances = false;
  for (const Residues &own : parts.residues) {
    if (own.modulus != modulus || own.hi - own.lo != 1)
      return whole;
    if (own.of == Residues::Of::Keys)
      ofKeys = own.lo;
    else if (own.of == Residues::Of::Queries)
      ofQueries = own.lo;
    else if (own.lo == 0)
      hasDistances = true;
    else
      return whole;
  }
  // Two of these imply the third.
  if (ofKeys && ofQueries && ofKeys != ofQueries)
    return whole;
  std::optional<int64_t> remainder = ofKeys ? ofKeys : ofQueries;
  if (!hasDistances && !(ofKeys && ofQueries))
    return whole;
  Structure others = parts.others.empty() ? Structure::full()
                                          : Structure::intersect(parts.others);
  std::optional<Structure> divided = Divider(modulus, remainder).divide(others);
  if (!divided)
    return whole;
  return {modulus, remainder, simplify(*divided, {}, alignment)};
}

/// Intersections of leaves, whose union a structure is. Structures have few.
std::vector<std::vector<Structure>> termsOf(const Structure &structure) {
  std::vector<std::vector<Structure>> terms;
  if (structure.kind() == Kind::Union) {
    for (const Structure &child : structure.children())
      for (std::vector<Structure> &term : termsOf(child))
        terms.push_back(std::move(term));
    return terms;
  }
  if (structure.kind() != Kind::Intersection)
    return {{structure}};
  terms = {{}};
  for (const Structure &child : structure.children()) {
    std::vector<std::vector<Structure>> products;
    for (const std::vector<Structure> &term : terms)
      for (const std::vector<Structure> &factor : termsOf(child)) {
        products.push_back(term);
        products.back().insert(products.back().end(), factor.begin(),
                               factor.end());
      }
    terms = std::move(products);
  }
  return terms;
}

/// The distances of no interval, if those are constant and ascend.
std::optional<Structure> complementOf(const Structure &structure) {
  if (structure.kind() != Kind::Distances)
    return std::nullopt;
  std::vector<Interval> gaps;
  Bound end = Bound::negInf();
  for (const Interval &interval : structure.intervals()) {
    if (!interval.lo.isConstant() || !interval.hi.isConstant())
      return std::nullopt;
    if (alwaysLT(end, interval.lo))
      gaps.push_back({end, interval.lo});
    end = interval.hi;
  }
  if (!end.isPosInf())
    gaps.push_back({end, Bound::posInf()});
  return Structure::distances(gaps);
}

/// Terms with residues, but for the pairs of those without.
DividedStructure divideUnion(const Structure &structure, Alignment alignment) {
  DividedStructure whole = {1, std::nullopt, structure};
  std::vector<Structure> plain, strided;
  for (const std::vector<Structure> &term :
       termsOf(simplify(structure, {}, alignment))) {
    bool hasResidues =
        std::any_of(term.begin(), term.end(), [](const Structure &leaf) {
          return leaf.kind() == Kind::Residues;
        });
    (hasResidues ? strided : plain).push_back(Structure::intersect(term));
  }
  if (plain.empty() || strided.size() != 1)
    return whole;
  Structure others = simplify(Structure::unite(plain), {}, alignment);
  std::optional<Structure> rest = complementOf(others);
  if (!rest)
    return whole;
  DividedStructure divided = divideIntersection(
      Structure::intersect({strided.front(), *rest}), alignment);
  if (divided.modulus == 1)
    return whole;
  divided.others = others;
  return divided;
}
} // namespace

DividedStructure spattn::divide(const Structure &structure,
                                Alignment alignment) {
  DividedStructure divided = divideIntersection(structure, alignment);
  return divided.modulus > 1 ? divided : divideUnion(structure, alignment);
}

std::vector<DividedGroup> spattn::divide(const HeadStructures &heads,
                                         Alignment alignment) {
  std::vector<DividedGroup> groups;
  for (const auto &[count, structure] : heads.groups())
    groups.push_back({count, divide(structure, alignment)});
  return groups;
}
