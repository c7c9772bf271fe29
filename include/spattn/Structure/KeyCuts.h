//===- KeyCuts.h - Segments of keys and the boxes that cover them -*- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_KEYCUTS_H
#define SPATTN_STRUCTURE_KEYCUTS_H

#include "spattn/Structure/Boxes.h"
#include "spattn/Structure/Sort.h"

namespace spattn::detail {

/// A segment of keys, and the distances of the boxes that cover it.
template <class V>
struct Cut {
  V begin, end;
  std::vector<Edges<V>> edges;
};

/// Cuts keys into segments at given lengths.
template <class Ops>
class KeyCutter {
public:
  using V = typename Ops::Value;
  using Edges = detail::Edges<V>;
  using Box = detail::Box<V>;
  using Cut = detail::Cut<V>;

  KeyCutter(Ops &ops, EdgeOps<Ops> &edgeOps) : ops(ops), edgeOps(edgeOps) {}

  /// Cuts the keys at every bound of every box.
  std::vector<Cut> cut(const std::vector<Box> &boxes) {
    std::vector<Bound> bounds;
    auto collect = [&](const Bound &bound) {
      if (cutsBelow(bound) && cutsAbove(bound) &&
          std::find(bounds.begin(), bounds.end(), bound) == bounds.end())
        bounds.push_back(bound);
    };
    for (const Box &box : boxes)
      for (const Interval &keys : box.keys) {
        collect(keys.lo);
        collect(keys.hi);
      }

    bool ordered = true;
    sortNetwork(bounds, alwaysLE, [&](Bound &, Bound &) { ordered = false; });
    std::vector<V> ends;
    for (const Bound &bound : bounds)
      ends.push_back(clampKey(bound));
    if (!ordered)
      sortNetwork(
          ends, [&](V a, V b) { return detail::knownLE(ops, a, b); },
          [&](V &a, V &b) {
            V least = ops.min(a, b);
            b = ops.max(a, b);
            a = least;
          });
    ends.push_back(edgeOps.lengths.keys);

    std::vector<Cut> cuts;
    V begin = edgeOps.zero;
    for (size_t s = 0; s < ends.size(); ++s) {
      Cut cut = {begin, ends[s], {}};
      for (const Box &box : boxes) {
        if (ordered) {
          if (coversStatically(box, bounds, s))
            cut.edges.push_back(box.distances);
          continue;
        }
        cut.edges.push_back(ifCovers(box, begin, ends[s]));
      }
      cuts.push_back(std::move(cut));
      begin = ends[s];
    }
    return cuts;
  }

private:
  static bool cutsBelow(const Bound &lo) {
    return !alwaysLE(lo, Bound::constant(0));
  }
  static bool cutsAbove(const Bound &hi) {
    return !alwaysLE(Bound::length(), hi);
  }

  /// A key bound's value, clamped to [0, Nk].
  V clampKey(const Bound &bound) {
    if (bound.isNegInf() || alwaysLE(bound, Bound::constant(0)))
      return edgeOps.zero;
    if (bound.isPosInf() || alwaysLE(Bound::length(), bound))
      return edgeOps.lengths.keys;
    V value = edgeOps.valueOf(bound);
    if (!alwaysLE(Bound::constant(0), bound))
      value = ops.max(value, edgeOps.zero);
    if (!alwaysLE(bound, Bound::length()))
      value = ops.min(value, edgeOps.lengths.keys);
    return value;
  }

  /// Whether the box covers segment `s`, between bounds s - 1 and s.
  static bool coversStatically(const Box &box, const std::vector<Bound> &bounds,
                               size_t s) {
    for (const Interval &keys : box.keys) {
      // A bound that cuts nowhere lies at or past the end it could cut from.
      bool above = !cutsBelow(keys.lo);
      bool below = !cutsAbove(keys.hi);
      for (size_t k = 0; k < bounds.size(); ++k) {
        above |= bounds[k] == keys.lo && k < s;
        below |= bounds[k] == keys.hi && k >= s;
      }
      if (!above || !below)
        return false;
    }
    return true;
  }

  /// The box's distances, empty unless it covers [begin, end).
  Edges ifCovers(const Box &box, V begin, V end) {
    Edges edges = box.distances;
    if (box.keys.empty())
      return edges;
    typename Ops::Bool covers = ops.constantBool(true);
    for (const Interval &keys : box.keys) {
      if (cutsBelow(keys.lo))
        covers = ops.andB(covers, ops.le(clampKey(keys.lo), begin));
      if (cutsAbove(keys.hi))
        covers = ops.andB(covers, ops.le(end, clampKey(keys.hi)));
    }
    edges.hi = edgeOps.choose(covers, edges.hi, edges.lo);
    return edges;
  }

  Ops &ops;
  EdgeOps<Ops> &edgeOps;
};

} // namespace spattn::detail

#endif // SPATTN_STRUCTURE_KEYCUTS_H
