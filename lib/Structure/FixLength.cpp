//===- FixLength.cpp - Structures of one length ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/FixLength.h"

#include "spattn/Structure/Boxes.h"
#include "spattn/Structure/Simplify.h"

using namespace spattn;

namespace {
/// What one head of a group sees, at a length.
class Fixer {
public:
  Fixer(int64_t length, int64_t position, int64_t heads)
      : edgeOps(ops, {length, length}, Alignment::End), expander(ops, edgeOps),
        position(position), heads(heads) {}

  Structure fix(const Structure &structure) {
    switch (structure.kind()) {
    case Structure::Kind::Distances: {
      std::vector<Interval> intervals;
      for (const Interval &interval : structure.intervals())
        addUnlessEmpty(intervals, fix(interval));
      return Structure::distances(intervals);
    }
    case Structure::Kind::Keys: {
      Interval keys = fix(structure.keyInterval());
      return alwaysLE(keys.hi, keys.lo) ? Structure::none()
                                        : Structure::keys(keys.lo, keys.hi);
    }
    case Structure::Kind::Queries: {
      Interval queries = fix(structure.queryInterval());
      return alwaysLE(queries.hi, queries.lo)
                 ? Structure::none()
                 : Structure::queries(queries.lo, queries.hi);
    }
    case Structure::Kind::Residues:
      return structure;
    case Structure::Kind::Band: {
      // Ends are values: those of a partition are none of its description.
      std::vector<Interval> intervals;
      for (const auto &box : expander.expand(structure, position, heads))
        addUnlessEmpty(intervals, {Bound::constant(box.distances.lo.value),
                                   Bound::constant(box.distances.hi.value)});
      return Structure::distances(intervals);
    }
    case Structure::Kind::Union:
    case Structure::Kind::Intersection: {
      std::vector<Structure> parts;
      for (const Structure &child : structure.children())
        parts.push_back(fix(child));
      return structure.kind() == Structure::Kind::Union
                 ? Structure::unite(parts)
                 : Structure::intersect(parts);
    }
    }
    return structure;
  }

private:
  Bound fix(const Bound &bound) {
    return bound.isConstant() ? bound : Bound::constant(edgeOps.valueOf(bound));
  }
  Interval fix(const Interval &interval) {
    return {fix(interval.lo), fix(interval.hi)};
  }
  static void addUnlessEmpty(std::vector<Interval> &intervals,
                             const Interval &next) {
    if (!alwaysLE(next.hi, next.lo))
      intervals.push_back(next);
  }

  IntOps ops;
  detail::EdgeOps<IntOps> edgeOps;
  detail::Expander<IntOps> expander;
  int64_t position, heads;
};
} // namespace

HeadStructures spattn::fixLength(const HeadStructures &heads, int64_t length) {
  std::vector<HeadGroup> groups;
  for (const auto &[count, structure] : heads.groups())
    for (int64_t position = 0; position < count; ++position)
      groups.push_back({1, Fixer(length, position, count).fix(structure)});
  // Which makes one group of those that see the same.
  return simplify(HeadStructures(std::move(groups)));
}
