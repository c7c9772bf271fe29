//===- Definition.h - Structures, pair by pair ------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The definition of a structure, written down once more and without the
// algebra: a predicate on pairs, a table of it, and rows as sets of keys.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_STRUCTURE_DEFINITION_H
#define SPATTN_TEST_UNIT_STRUCTURE_DEFINITION_H

#include "spattn/Structure/HeadStructures.h"
#include "spattn/Structure/NormalForm.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spattn::test {

/// One head at given lengths.
struct Instance {
  const HeadStructures *heads;
  int64_t head;
  int64_t queries, keys;
  Alignment alignment;
  /// The `N` of bounds, where it is not the number of keys.
  std::optional<int64_t> pack = std::nullopt;

  int64_t offset() const {
    return alignment == Alignment::End ? keys - queries : 0;
  }
  std::string str() const;
};

/// A half-open set of distances (or keys) of one leaf, ascending or not.
using Range = std::pair<int64_t, int64_t>;

constexpr int64_t infinity = int64_t(1) << 50;

inline int64_t valueOf(const Bound &bound, int64_t n) {
  if (bound.kind == Bound::Kind::NegInf)
    return -infinity;
  if (bound.kind == Bound::Kind::PosInf)
    return infinity;
  int64_t product = bound.num * n;
  int64_t quotient = product / bound.den;
  while (quotient * bound.den > product)
    --quotient;
  return quotient + bound.offset;
}

/// The distances of a leaf other than keys, queries and residues.
inline std::vector<Range> distancesOf(const Structure &leaf, int64_t position,
                                      int64_t heads, int64_t n) {
  std::vector<Range> ranges;
  if (leaf.kind() == Structure::Kind::Distances) {
    for (const Interval &interval : leaf.intervals())
      ranges.push_back({valueOf(interval.lo, n), valueOf(interval.hi, n)});
    return ranges;
  }
  n = leaf.partitionLength().value_or(n);
  int64_t of = leaf.partitionOf() ? *leaf.partitionOf() : heads;
  int64_t x = leaf.partitionIndex() ? *leaf.partitionIndex() : position;
  // Deal the distances out one head after the other.
  int64_t start = 0, width = 0;
  for (int64_t head = 0; head <= x; ++head) {
    start += width;
    width = n / of + (head < n % of ? 1 : 0);
  }
  switch (leaf.partition()) {
  case Partition::Exclusive:
    return {{start, start + width}};
  case Partition::LocalBand:
    return {{0, width + 1}, {start, start + width}};
  case Partition::Gapped:
    return {{start, start + width / 2}};
  case Partition::Local:
    return {{0, width + 1}};
  }
  return {};
}

inline bool holds(const Structure &structure, int64_t position, int64_t heads,
                  int64_t n, int64_t d, int64_t j) {
  auto child = [&](const Structure &part) {
    return holds(part, position, heads, n, d, j);
  };
  // Queries ahead of the first key count as at its place.
  int64_t at = std::max<int64_t>(d + j, 0);
  switch (structure.kind()) {
  case Structure::Kind::Keys:
    return valueOf(structure.keyInterval().lo, n) <= j &&
           j < valueOf(structure.keyInterval().hi, n);
  case Structure::Kind::Queries:
    return valueOf(structure.queryInterval().lo, n) <= at &&
           at < valueOf(structure.queryInterval().hi, n);
  case Structure::Kind::Residues: {
    auto [of, lo, hi, modulus] = structure.residues();
    int64_t place = of == Residues::Of::Distances ? d
                    : of == Residues::Of::Keys    ? j
                                                  : d + j;
    for (int64_t residue = lo; residue < hi; ++residue)
      if ((place - residue) % modulus == 0)
        return true;
    return false;
  }
  case Structure::Kind::Union:
    return std::any_of(structure.children().begin(), structure.children().end(),
                       child);
  case Structure::Kind::Intersection:
    return std::all_of(structure.children().begin(), structure.children().end(),
                       child);
  default:
    for (auto [lo, hi] : distancesOf(structure, position, heads, n))
      if (lo <= d && d < hi)
        return true;
    return false;
  }
}

/// The group of a head, and its position in it.
inline std::pair<const HeadGroup *, int64_t> groupOf(const Instance &instance) {
  int64_t position = instance.head;
  for (const HeadGroup &group : instance.heads->groups()) {
    if (position < group.count)
      return {&group, position};
    position -= group.count;
  }
  return {nullptr, 0};
}

inline bool holds(const Instance &instance, int64_t i, int64_t j) {
  if (i < 0 || j < 0 || i >= instance.queries || j >= instance.keys)
    return false;
  auto [group, position] = groupOf(instance);
  return holds(group->structure, position, group->count,
               instance.pack.value_or(instance.keys), i + instance.offset() - j,
               j);
}

inline std::string Instance::str() const {
  return heads->str() + " head " + std::to_string(head) + " Nq " +
         std::to_string(queries) + " Nk " + std::to_string(keys) +
         (pack ? " N " + std::to_string(*pack) : "") +
         (alignment == Alignment::End ? " end" : " start");
}

/// All pairs of an instance, with sums over rectangles in constant time.
class Table {
public:
  explicit Table(const Instance &instance)
      : rows(instance.queries), columns(instance.keys),
        sums((rows + 1) * (columns + 1), 0) {
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        at(i + 1, j + 1) =
            holds(instance, i, j) + at(i, j + 1) + at(i + 1, j) - at(i, j);
  }
  /// Allowed pairs of a rectangle, clipped to those that exist.
  int64_t count(int64_t i0, int64_t i1, int64_t j0, int64_t j1) const {
    i0 = std::min(i0, rows), i1 = std::min(i1, rows);
    j0 = std::min(j0, columns), j1 = std::min(j1, columns);
    if (i0 >= i1 || j0 >= j1)
      return 0;
    return at(i1, j1) - at(i0, j1) - at(i1, j0) + at(i0, j0);
  }

  const int64_t rows, columns;

private:
  int64_t &at(int64_t i, int64_t j) { return sums[i * (columns + 1) + j]; }
  int64_t at(int64_t i, int64_t j) const { return sums[i * (columns + 1) + j]; }
  std::vector<int64_t> sums;
};

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_STRUCTURE_DEFINITION_H
