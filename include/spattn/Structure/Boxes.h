//===- Boxes.h - A structure as a union of boxes ----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_BOXES_H
#define SPATTN_STRUCTURE_BOXES_H

#include "spattn/Structure/Edges.h"

#include <algorithm>
#include <utility>

namespace spattn::detail {

/// One term of the union: distances [lo, hi), keys in all of `keys`, queries at
/// positions in all of `queries`, and all of `residues`.
template <class V>
struct Box {
  Edges<V> distances;
  std::vector<Interval> keys, queries;
  std::vector<Residues> residues = {};
};

/// Expands structures to boxes at given lengths.
template <class Ops>
class Expander {
public:
  using V = typename Ops::Value;
  using Edge = detail::Edge<V>;
  using Edges = detail::Edges<V>;
  using Box = detail::Box<V>;

  Expander(Ops &ops, EdgeOps<Ops> &edgeOps) : ops(ops), edgeOps(edgeOps) {}

  /// The boxes of `structure` for the head at `position` of a group of `heads`,
  /// but for those that are certainly empty.
  std::vector<Box> expand(const Structure &structure, V position,
                          int64_t heads) {
    std::vector<Box> boxes;
    switch (structure.kind()) {
    case Structure::Kind::Distances:
      for (const Interval &interval : structure.intervals())
        boxes.push_back(
            {{edgeOps.edgeOf(interval.lo), edgeOps.edgeOf(interval.hi)},
             {},
             {}});
      break;
    case Structure::Kind::Keys:
      boxes.push_back(
          {{edgeOps.edgeOf(Bound::negInf()), edgeOps.edgeOf(Bound::posInf())},
           {structure.keyInterval()},
           {}});
      break;
    case Structure::Kind::Queries:
      boxes.push_back(
          {{edgeOps.edgeOf(Bound::negInf()), edgeOps.edgeOf(Bound::posInf())},
           {},
           {structure.queryInterval()}});
      break;
    case Structure::Kind::Residues:
      boxes.push_back(
          {{edgeOps.edgeOf(Bound::negInf()), edgeOps.edgeOf(Bound::posInf())},
           {},
           {},
           {structure.residues()}});
      break;
    case Structure::Kind::Band:
      for (const Edges &distances : band(structure, position, heads))
        boxes.push_back({distances, {}, {}});
      break;
    case Structure::Kind::Union:
      for (const Structure &child : structure.children())
        for (Box &box : expand(child, position, heads))
          boxes.push_back(std::move(box));
      break;
    case Structure::Kind::Intersection:
      for (const Structure &child : structure.children()) {
        std::vector<Box> factor = expand(child, position, heads);
        boxes = &child == structure.children().data() ? std::move(factor)
                                                      : product(boxes, factor);
      }
      break;
    }
    boxes.erase(std::remove_if(boxes.begin(), boxes.end(),
                               [&](const Box &box) {
                                 return edgeOps.knownLE(box.distances.hi,
                                                        box.distances.lo);
                               }),
                boxes.end());
    return boxes;
  }

private:
  std::vector<Box> product(const std::vector<Box> &a,
                           const std::vector<Box> &b) {
    std::vector<Box> boxes;
    for (const Box &x : a)
      for (const Box &y : b) {
        Box box = {{edgeOps.maxOf(x.distances.lo, y.distances.lo),
                    edgeOps.minOf(x.distances.hi, y.distances.hi)},
                   x.keys,
                   x.queries,
                   x.residues};
        addOnce(box.keys, y.keys);
        addOnce(box.queries, y.queries);
        addOnce(box.residues, y.residues);
        boxes.push_back(std::move(box));
      }
    return boxes;
  }

  template <class T>
  static void addOnce(std::vector<T> &items, const std::vector<T> &others) {
    for (const T &other : others)
      if (std::find(items.begin(), items.end(), other) == items.end())
        items.push_back(other);
  }

  /// A head's part of a partition; the definition is in Structure.h.
  std::vector<Edges> band(const Structure &structure, V position,
                          int64_t heads) {
    int64_t of = structure.partitionOf().value_or(heads);
    std::optional<int64_t> index = structure.partitionIndex();
    if (of == 1)
      index = 0;
    V part = index ? ops.constant(*index) : position;
    if (!index)
      index = ops.knownValue(part);
    std::optional<int64_t> length = structure.partitionLength();
    if (length && index) {
      std::vector<Edges> edges;
      for (const Interval &interval :
           partitionDistances(structure.partition(), of, *index, *length))
        edges.push_back(
            {edgeOps.edgeOf(interval.lo), edgeOps.edgeOf(interval.hi)});
      return edges;
    }
    Edge zeroEdge = edgeOps.edgeOf(Bound::constant(0));
    V distances = edgeOps.lengths.boundLength();
    Edge start, width;
    if (of == 1) {
      start = zeroEdge;
      width = {distances, Bound::length(), true};
    } else {
      V base =
          length ? ops.constant(*length / of) : ops.floorDiv(distances, of);
      V rest = length ? ops.constant(*length % of)
                      : ops.sub(distances, ops.mul(base, ops.constant(of)));
      V extra = detail::choose(ops, ops.lt(part, rest), ops.constant(1),
                               edgeOps.zero);
      width = {ops.add(base, extra), std::nullopt, true};
      if (isKnown(ops, part, 0)) {
        start = zeroEdge;
      } else {
        V longer = ops.min(part, rest);
        start = {ops.add(ops.mul(part, base), longer), std::nullopt, true};
      }
    }
    // The first head's part starts at 0, whatever N is.
    auto plus = [&](const Edge &a, const Edge &b) -> Edge {
      if (a.bound == Bound::constant(0))
        return b;
      return {ops.add(a.value, b.value), std::nullopt, true};
    };
    auto local = [&]() -> Edges {
      if (width.bound)
        return {zeroEdge, edgeOps.edgeOf(Bound::affine(1, 1, 1))};
      return {zeroEdge, {addConstant(ops, width.value, 1), std::nullopt, true}};
    };
    auto own = [&](const Edge &width) -> Edges {
      Edge end = plus(start, width);
      return {start, end.bound ? edgeOps.edgeOf(*end.bound) : end};
    };
    switch (structure.partition()) {
    case Partition::Exclusive:
      return {own(width)};
    case Partition::LocalBand:
      return {local(), own(width)};
    case Partition::Gapped:
      if (width.bound)
        return {own(edgeOps.edgeOf(Bound::affine(1, 2, 0)))};
      return {own({ops.floorDiv(width.value, 2), std::nullopt, true})};
    case Partition::Local:
      return {local()};
    }
    return {};
  }

  Ops &ops;
  EdgeOps<Ops> &edgeOps;
};

} // namespace spattn::detail

#endif // SPATTN_STRUCTURE_BOXES_H
