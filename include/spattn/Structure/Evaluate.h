//===- Evaluate.h - From a description to its normal form -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A structure expands to a union of boxes: a distance interval times an
// intersection of key intervals. The key bounds, which are symbolic, cut the
// keys into segments; in each segment the distance intervals of the boxes that
// cover it are sorted and merged. What the bounds themselves decide for every
// N is decided here; the rest is left to `Ops`.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_EVALUATE_H
#define SPATTN_STRUCTURE_EVALUATE_H

#include "spattn/Structure/HeadStructures.h"
#include "spattn/Structure/NormalForm.h"
#include "spattn/Structure/Ops.h"
#include "spattn/Structure/Sort.h"

#include <algorithm>
#include <utility>

namespace spattn {
namespace detail {

/// Evaluates structures at given lengths. One object serves all head groups.
template <class Ops>
class Evaluator {
public:
  using V = typename Ops::Value;

  Evaluator(Ops &ops, Lengths<V> lengths, Alignment alignment)
      : ops(ops), lengths(lengths), alignment(alignment), zero(ops.constant(0)),
        offset(alignment == Alignment::End
                   ? ops.sub(lengths.keys, lengths.queries)
                   : zero),
        distanceBegin(alignment == Alignment::End
                          ? ops.sub(ops.constant(1), lengths.queries)
                          : ops.sub(ops.constant(1), lengths.keys)),
        distanceEnd(alignment == Alignment::End ? lengths.keys
                                                : lengths.queries) {}

  /// The normal form of `structure` for the head at `position` of a group of
  /// `heads`.
  NormalForm<V> evaluate(const Structure &structure, V position,
                         int64_t heads) {
    std::vector<Box> boxes = expand(structure, position, heads);
    NormalForm<V> result = empty();
    result.segments.clear();
    std::vector<Edges> previous;
    for (Cut &cut : cutKeys(boxes)) {
      std::vector<Edges> edges = merge(std::move(cut.edges));
      // Neighbours that certainly allow the same distances are one segment.
      if (!result.segments.empty() && certainlyEqual(previous, edges)) {
        result.segments.back().end = cut.end;
        continue;
      }
      result.segments.push_back({cut.begin, cut.end, finish(edges)});
      previous = std::move(edges);
    }
    dropEmptySegments(result);
    return result;
  }

  /// A head that sees nothing.
  NormalForm<V> empty() {
    return {lengths,
            offset,
            distanceBegin,
            distanceEnd,
            {{zero, lengths.keys, {}}}};
  }

  /// `condition ? a : b`, slot by slot; the shorter one is padded with empty
  /// segments and intervals.
  NormalForm<V> select(typename Ops::Bool condition, NormalForm<V> a,
                       NormalForm<V> b) {
    size_t segments = std::max(a.segments.size(), b.segments.size());
    pad(a.segments, segments, {lengths.keys, lengths.keys, {}});
    pad(b.segments, segments, {lengths.keys, lengths.keys, {}});
    NormalForm<V> result = a;
    for (size_t s = 0; s < segments; ++s) {
      auto &x = a.segments[s], &y = b.segments[s];
      auto &segment = result.segments[s];
      // The outer ends are the same in both, by the invariant.
      segment.begin =
          s == 0 ? zero : detail::choose(ops, condition, x.begin, y.begin);
      segment.end = s + 1 == segments
                        ? lengths.keys
                        : detail::choose(ops, condition, x.end, y.end);
      size_t intervals = std::max(x.intervals.size(), y.intervals.size());
      pad(x.intervals, intervals, {distanceEnd, distanceEnd});
      pad(y.intervals, intervals, {distanceEnd, distanceEnd});
      segment.intervals.clear();
      for (size_t k = 0; k < intervals; ++k) {
        const auto &p = x.intervals[k], &q = y.intervals[k];
        segment.intervals.push_back({detail::choose(ops, condition, p.lo, q.lo),
                                     detail::choose(ops, condition, p.hi, q.hi),
                                     p.loUnbounded && q.loUnbounded,
                                     p.hiUnbounded && q.hiUnbounded});
      }
    }
    return result;
  }

private:
  /// An end of a distance interval: its value, and what is known of it for
  /// every N: the bound it comes from, or at least a lower limit.
  struct Edge {
    V value;
    std::optional<Bound> bound;
    bool nonNegative = false;
  };
  struct Edges {
    Edge lo, hi;
  };
  /// One term of the union: distances [lo, hi) and keys in all of `keys`.
  struct Box {
    Edges distances;
    std::vector<Interval> keys;
  };
  /// A segment, and the distances of the boxes that cover it.
  struct Cut {
    V begin, end;
    std::vector<Edges> edges;
  };

  template <class T>
  static void pad(std::vector<T> &items, size_t size, const T &filler) {
    items.resize(std::max(items.size(), size), filler);
  }

  //===--------------------------------------------------------------------===//
  // Ends
  //===--------------------------------------------------------------------===//

  V valueOf(const Bound &bound) {
    return ops.affine(lengths.keys, bound.num, bound.den, bound.offset);
  }

  /// An end at a bound. Ends that no possible distance passes are infinite.
  Edge edgeOf(Bound bound) {
    if (alignment == Alignment::End && alwaysLE(Bound::length(), bound))
      bound = Bound::posInf();
    if (alignment == Alignment::Start &&
        alwaysLE(bound, Bound::affine(-1, 1, 1)))
      bound = Bound::negInf();
    V value = bound.isNegInf()   ? distanceBegin
              : bound.isPosInf() ? distanceEnd
                                 : valueOf(bound);
    return {value, bound, alwaysLE(Bound::constant(0), bound)};
  }

  bool knownLE(const Edge &a, const Edge &b) {
    if (a.bound && b.bound)
      return alwaysLE(*a.bound, *b.bound) ||
             (a.bound->isFinite() && b.bound->isFinite() &&
              detail::knownLE(ops, a.value, b.value));
    // Infinite ends stand for more than their value.
    if ((a.bound && a.bound->isNegInf()) || (b.bound && b.bound->isPosInf()))
      return true;
    if ((b.bound && b.bound->isNegInf()) || (a.bound && a.bound->isPosInf()))
      return false;
    if (b.nonNegative && a.bound && alwaysLE(*a.bound, Bound::constant(0)))
      return true;
    return detail::knownLE(ops, a.value, b.value);
  }

  bool knownLT(const Edge &a, const Edge &b) {
    if (a.bound && b.bound && alwaysLT(*a.bound, *b.bound))
      return true;
    auto infinite = [](const Edge &edge) {
      return edge.bound && !edge.bound->isFinite();
    };
    return !infinite(a) && !infinite(b) &&
           detail::knownLT(ops, a.value, b.value);
  }

  Edge maxOf(const Edge &a, const Edge &b) {
    if (knownLE(a, b))
      return b;
    if (knownLE(b, a))
      return a;
    return {ops.max(a.value, b.value), std::nullopt,
            a.nonNegative || b.nonNegative};
  }

  Edge minOf(const Edge &a, const Edge &b) {
    if (knownLE(a, b))
      return a;
    if (knownLE(b, a))
      return b;
    return {ops.min(a.value, b.value), std::nullopt,
            a.nonNegative && b.nonNegative};
  }

  Edge choose(typename Ops::Bool condition, const Edge &a, const Edge &b) {
    if (std::optional<bool> known = ops.known(condition))
      return *known ? a : b;
    if (a.bound && a.bound == b.bound)
      return a;
    return {detail::choose(ops, condition, a.value, b.value), std::nullopt,
            a.nonNegative && b.nonNegative};
  }

  //===--------------------------------------------------------------------===//
  // Expansion to boxes
  //===--------------------------------------------------------------------===//

  std::vector<Box> expand(const Structure &structure, V position,
                          int64_t heads) {
    std::vector<Box> boxes;
    switch (structure.kind()) {
    case Structure::Kind::Distances:
      for (const Interval &interval : structure.intervals())
        boxes.push_back({{edgeOf(interval.lo), edgeOf(interval.hi)}, {}});
      break;
    case Structure::Kind::Keys:
      boxes.push_back({{edgeOf(Bound::negInf()), edgeOf(Bound::posInf())},
                       {structure.keyInterval()}});
      break;
    case Structure::Kind::Band:
      for (Edges edges : band(structure, position, heads))
        boxes.push_back({edges, {}});
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
                                 return knownLE(box.distances.hi,
                                                box.distances.lo);
                               }),
                boxes.end());
    return boxes;
  }

  std::vector<Box> product(const std::vector<Box> &a,
                           const std::vector<Box> &b) {
    std::vector<Box> boxes;
    for (const Box &x : a)
      for (const Box &y : b) {
        Box box = {{maxOf(x.distances.lo, y.distances.lo),
                    minOf(x.distances.hi, y.distances.hi)},
                   x.keys};
        for (const Interval &keys : y.keys)
          if (std::find(box.keys.begin(), box.keys.end(), keys) ==
              box.keys.end())
            box.keys.push_back(keys);
        boxes.push_back(std::move(box));
      }
    return boxes;
  }

  /// A head's part of a partition; the definition is in Structure.h.
  std::vector<Edges> band(const Structure &structure, V position,
                          int64_t heads) {
    int64_t of = structure.partitionOf().value_or(heads);
    V index = structure.partitionIndex()
                  ? ops.constant(*structure.partitionIndex())
                  : position;
    Edge zeroEdge = edgeOf(Bound::constant(0));
    Edge start, width;
    if (of == 1) {
      start = zeroEdge;
      width = {lengths.keys, Bound::length(), true};
    } else {
      V base = ops.floorDiv(lengths.keys, of);
      V rest = ops.sub(lengths.keys, ops.mul(base, ops.constant(of)));
      V extra = detail::choose(ops, ops.lt(index, rest), ops.constant(1), zero);
      width = {ops.add(base, extra), std::nullopt, true};
      start = isKnown(ops, index, 0)
                  ? zeroEdge
                  : Edge{ops.add(ops.mul(index, base), ops.min(index, rest)),
                         std::nullopt, true};
    }
    // The first head's part starts at 0, whatever N is.
    auto plus = [&](const Edge &a, const Edge &b) -> Edge {
      if (a.bound == Bound::constant(0))
        return b;
      return {ops.add(a.value, b.value), std::nullopt, true};
    };
    auto local = [&]() -> Edges {
      if (width.bound)
        return {zeroEdge, edgeOf(Bound::affine(1, 1, 1))};
      return {zeroEdge, {addConstant(ops, width.value, 1), std::nullopt, true}};
    };
    auto own = [&](const Edge &width) -> Edges {
      Edge end = plus(start, width);
      return {start, end.bound ? edgeOf(*end.bound) : end};
    };
    switch (structure.partition()) {
    case Partition::Exclusive:
      return {own(width)};
    case Partition::LocalBand:
      return {local(), own(width)};
    case Partition::Gapped:
      if (width.bound)
        return {own(edgeOf(Bound::affine(1, 2, 0)))};
      return {own({ops.floorDiv(width.value, 2), std::nullopt, true})};
    case Partition::Local:
      return {local()};
    }
    return {};
  }

  //===--------------------------------------------------------------------===//
  // Segments
  //===--------------------------------------------------------------------===//

  static bool cutsBelow(const Bound &lo) {
    return !alwaysLE(lo, Bound::constant(0));
  }
  static bool cutsAbove(const Bound &hi) {
    return !alwaysLE(Bound::length(), hi);
  }

  /// A key bound's value, clamped to [0, Nk].
  V clampKey(const Bound &bound) {
    if (bound.isNegInf() || alwaysLE(bound, Bound::constant(0)))
      return zero;
    if (bound.isPosInf() || alwaysLE(Bound::length(), bound))
      return lengths.keys;
    V value = valueOf(bound);
    if (!alwaysLE(Bound::constant(0), bound))
      value = ops.max(value, zero);
    if (!alwaysLE(bound, Bound::length()))
      value = ops.min(value, lengths.keys);
    return value;
  }

  /// Cuts the keys at every bound of every box.
  std::vector<Cut> cutKeys(const std::vector<Box> &boxes) {
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
    ends.push_back(lengths.keys);

    std::vector<Cut> cuts;
    V begin = zero;
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
    edges.hi = choose(covers, edges.hi, edges.lo);
    return edges;
  }

  void dropEmptySegments(NormalForm<V> &nf) {
    auto &segments = nf.segments;
    for (size_t s = 0; s < segments.size();) {
      if (segments.size() > 1 &&
          detail::knownLE(ops, segments[s].end, segments[s].begin))
        segments.erase(segments.begin() + s);
      else
        ++s;
    }
  }

  //===--------------------------------------------------------------------===//
  // Distances within a segment
  //===--------------------------------------------------------------------===//

  static bool certainlyEqual(const std::vector<Edges> &a,
                             const std::vector<Edges> &b) {
    auto equal = [](const Edge &x, const Edge &y) {
      return x.bound && x.bound == y.bound;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](const Edges &x, const Edges &y) {
                        return equal(x.lo, y.lo) && equal(x.hi, y.hi);
                      });
  }

  /// Sorts by lo and merges what overlaps or touches. Where a slot k is merged
  /// into the next one, it stays as an empty slot.
  ///
  /// Empty slots need no care: if lo[k] <= lo[k+1] <= hi[k], the hull
  /// [lo[k], max(hi[k], hi[k+1])) is the union also if one of the two is
  /// empty, and if lo[k+1] > hi[k], nothing after it touches slot k either.
  std::vector<Edges> merge(std::vector<Edges> edges) {
    sortNetwork(
        edges,
        [&](const Edges &a, const Edges &b) { return knownLE(a.lo, b.lo); },
        [&](Edges &a, Edges &b) {
          typename Ops::Bool inOrder = ops.le(a.lo.value, b.lo.value);
          Edges first = {minOf(a.lo, b.lo), choose(inOrder, a.hi, b.hi)};
          b = {maxOf(a.lo, b.lo), choose(inOrder, b.hi, a.hi)};
          a = first;
        });
    std::vector<Edges> merged;
    for (const Edges &next : edges) {
      if (knownLE(next.hi, next.lo))
        continue;
      if (merged.empty() || knownLT(merged.back().hi, next.lo)) {
        merged.push_back(next);
        continue;
      }
      Edges &last = merged.back();
      Edge hi = maxOf(last.hi, next.hi);
      if (knownLE(next.lo, last.hi)) {
        last.hi = hi;
        continue;
      }
      typename Ops::Bool touches = ops.le(next.lo.value, last.hi.value);
      Edges hull = {choose(touches, last.lo, next.lo),
                    choose(touches, hi, next.hi)};
      last.hi = choose(touches, last.lo, last.hi);
      merged.push_back(hull);
    }
    return merged;
  }

  /// Clips the intervals to the possible distances, and moves empty ones out
  /// of the way: past the last distance.
  std::vector<DistanceInterval<V>> finish(const std::vector<Edges> &edges) {
    std::vector<DistanceInterval<V>> intervals;
    for (const auto &[lo, hi] : edges) {
      DistanceInterval<V> interval = {lo.value, hi.value};
      interval.loUnbounded = lo.bound && lo.bound->isNegInf();
      interval.hiUnbounded = hi.bound && hi.bound->isPosInf();
      if (!knownLT(lo, hi)) {
        interval.lo = detail::choose(ops, ops.lt(interval.lo, interval.hi),
                                     interval.lo, distanceEnd);
        interval.loUnbounded = false;
      }
      // If any pair exists, the least distance is at most 0.
      if (!interval.loUnbounded && !lo.nonNegative)
        interval.lo = ops.max(interval.lo, distanceBegin);
      if (!interval.hiUnbounded)
        interval.hi = ops.min(interval.hi, distanceEnd);
      if (!detail::knownLE(ops, interval.hi, interval.lo))
        intervals.push_back(interval);
    }
    return intervals;
  }

  Ops &ops;
  Lengths<V> lengths;
  Alignment alignment;
  V zero, offset, distanceBegin, distanceEnd;
};

} // namespace detail

/// What query head `head` sees at the given lengths. `head` may be a run-time
/// value in [0, numHeads); then every group is evaluated, and the result is
/// selected slot by slot. A head that certainly does not exist sees nothing.
/// The description has to be valid (`HeadStructures::validate`).
template <class Ops>
NormalForm<typename Ops::Value>
normalForm(Ops &ops, const HeadStructures &heads, typename Ops::Value head,
           Lengths<typename Ops::Value> lengths,
           Alignment alignment = Alignment::End) {
  using V = typename Ops::Value;
  detail::Evaluator<Ops> evaluator(ops, lengths, alignment);
  std::optional<int64_t> known = ops.knownValue(head);
  std::optional<NormalForm<V>> result;
  // Backwards, so that each group's select overrides those of later heads.
  int64_t start = heads.numHeads();
  for (size_t g = heads.groups().size(); g-- > 0;) {
    const HeadGroup &group = heads.groups()[g];
    int64_t end = start;
    start -= group.count;
    if (known && (*known < start || *known >= end))
      continue;
    V position = known ? ops.constant(*known - start)
                       : detail::addConstant(ops, head, -start);
    NormalForm<V> own =
        evaluator.evaluate(group.structure, position, group.count);
    result = !result ? std::move(own)
                     : evaluator.select(ops.lt(head, ops.constant(end)),
                                        std::move(own), std::move(*result));
  }
  return result ? std::move(*result) : evaluator.empty();
}

} // namespace spattn

#endif // SPATTN_STRUCTURE_EVALUATE_H
