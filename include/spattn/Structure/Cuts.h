//===- Cuts.h - Segments and the boxes that cover them ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_CUTS_H
#define SPATTN_STRUCTURE_CUTS_H

#include "spattn/Structure/Boxes.h"
#include "spattn/Structure/Sort.h"

namespace spattn::detail {

/// What is cut into segments.
enum class Axis { Keys, Queries };

/// A segment of keys or of queries, and the boxes that cover it.
template <class V>
struct Cut {
  V begin, end;
  std::vector<Box<V>> boxes;
  /// What is known for every N of the positions in it, which are at least
  /// `least` and less than `limit`.
  std::optional<Bound> least, limit;
};

/// Cuts keys and queries into segments at given lengths.
template <class Ops>
class Cutter {
public:
  using V = typename Ops::Value;
  using Box = detail::Box<V>;
  using Cut = detail::Cut<V>;

  Cutter(Ops &ops, EdgeOps<Ops> &edgeOps) : ops(ops), edgeOps(edgeOps) {}

  /// Cuts at every bound of every box.
  std::vector<Cut> cut(const std::vector<Box> &boxes, Axis axis) {
    std::vector<Bound> bounds;
    auto collect = [&](const Bound &bound) {
      if (cutsBelow(bound) && cutsAbove(bound, axis) &&
          std::find(bounds.begin(), bounds.end(), bound) == bounds.end())
        bounds.push_back(bound);
    };
    for (const Box &box : boxes)
      for (const Interval &interval : intervalsOf(box, axis)) {
        collect(interval.lo);
        collect(interval.hi);
      }

    bool ordered = true;
    sortNetwork(bounds, alwaysLE, [&](Bound &, Bound &) { ordered = false; });
    std::vector<V> ends;
    for (const Bound &bound : bounds)
      ends.push_back(clamp(bound, axis));
    if (!ordered)
      sortNetwork(
          ends, [&](V a, V b) { return detail::knownLE(ops, a, b); },
          [&](V &a, V &b) {
            V least = ops.min(a, b);
            b = ops.max(a, b);
            a = least;
          });
    ends.push_back(lengthOf(axis));

    std::vector<Cut> cuts;
    V begin = edgeOps.zero;
    for (size_t s = 0; s < ends.size(); ++s) {
      Cut cut = {begin, ends[s], {}, std::nullopt, std::nullopt};
      if (ordered) {
        cut.least = leastOf(axis, bounds, s);
        cut.limit = limitOf(axis, bounds, s);
      }
      for (const Box &box : boxes) {
        if (ordered) {
          if (coversStatically(box, axis, bounds, s))
            cut.boxes.push_back(box);
          continue;
        }
        cut.boxes.push_back(ifCovers(box, axis, begin, ends[s]));
      }
      cuts.push_back(std::move(cut));
      begin = ends[s];
    }
    return cuts;
  }

private:
  static const std::vector<Interval> &intervalsOf(const Box &box, Axis axis) {
    return axis == Axis::Keys ? box.keys : box.queries;
  }

  V lengthOf(Axis axis) {
    return axis == Axis::Keys ? edgeOps.lengths.keys : edgeOps.lengths.queries;
  }

  /// Whether no position is at N or past it.
  bool endsAtLength(Axis axis) {
    return axis == Axis::Keys || edgeOps.alignment == Alignment::End;
  }

  static bool cutsBelow(const Bound &lo) {
    return !alwaysLE(lo, Bound::constant(0));
  }
  bool cutsAbove(const Bound &hi, Axis axis) {
    return !hi.isPosInf() &&
           !(endsAtLength(axis) && alwaysLE(Bound::length(), hi));
  }

  /// The first key or query at or past a bound, clamped to those there are.
  V clamp(const Bound &bound, Axis axis) {
    Bound none = Bound::constant(0);
    if (bound.isNegInf() || alwaysLE(bound, none))
      return edgeOps.zero;
    if (!cutsAbove(bound, axis))
      return lengthOf(axis);
    V value = edgeOps.valueOf(bound);
    bool isOffset =
        axis == Axis::Queries && edgeOps.alignment == Alignment::End;
    V place = isOffset ? ops.sub(value, edgeOps.offset) : value;
    if (isOffset || !alwaysLE(none, bound))
      place = ops.max(place, edgeOps.zero);
    if (axis == Axis::Queries || edgeOps.lengths.pack ||
        !alwaysLE(bound, Bound::length()))
      place = ops.min(place, lengthOf(axis));
    // Queries ahead of the first key are at position 0.
    if (isOffset && !alwaysLT(none, bound))
      place =
          detail::choose(ops, ops.lt(edgeOps.zero, value), place, edgeOps.zero);
    return place;
  }

  /// What positions of segment `s`, between bounds s - 1 and s, are at least.
  std::optional<Bound> leastOf(Axis axis, const std::vector<Bound> &bounds,
                               size_t s) {
    Bound zero = Bound::constant(0);
    Bound least = s == 0 ? zero : bounds[s - 1];
    // With aligned ends, queries ahead of the first key have distances as of
    // positions below 0.
    bool mayBeNegative = axis == Axis::Queries &&
                         edgeOps.alignment == Alignment::End &&
                         (s == 0 || !alwaysLE(zero, least));
    return mayBeNegative ? std::nullopt : std::optional(least);
  }

  std::optional<Bound> limitOf(Axis axis, const std::vector<Bound> &bounds,
                               size_t s) {
    if (s < bounds.size())
      return bounds[s];
    return endsAtLength(axis) ? std::optional(Bound::length()) : std::nullopt;
  }

  /// Whether the box covers segment `s`.
  bool coversStatically(const Box &box, Axis axis,
                        const std::vector<Bound> &bounds, size_t s) {
    for (const Interval &interval : intervalsOf(box, axis)) {
      // A bound that cuts nowhere lies at or past the end it could cut from.
      bool above = !cutsBelow(interval.lo);
      bool below = !cutsAbove(interval.hi, axis);
      for (size_t k = 0; k < bounds.size(); ++k) {
        above |= bounds[k] == interval.lo && k < s;
        below |= bounds[k] == interval.hi && k >= s;
      }
      if (!above || !below)
        return false;
    }
    return true;
  }

  /// The box, of no distances unless it covers [begin, end).
  Box ifCovers(Box box, Axis axis, V begin, V end) {
    if (intervalsOf(box, axis).empty())
      return box;
    typename Ops::Bool covers = ops.constantBool(true);
    for (const Interval &interval : intervalsOf(box, axis)) {
      if (cutsBelow(interval.lo))
        covers = ops.andB(covers, ops.le(clamp(interval.lo, axis), begin));
      if (cutsAbove(interval.hi, axis))
        covers = ops.andB(covers, ops.le(end, clamp(interval.hi, axis)));
    }
    box.distances.hi =
        edgeOps.choose(covers, box.distances.hi, box.distances.lo);
    return box;
  }

  Ops &ops;
  EdgeOps<Ops> &edgeOps;
};

} // namespace spattn::detail

#endif // SPATTN_STRUCTURE_CUTS_H
