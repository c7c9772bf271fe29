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
// keys into segments, and those of the boxes that cover a segment cut its
// queries; in each of those segments the distance intervals of the boxes that
// cover it are sorted and merged. What the bounds themselves decide for every
// N is decided here; the rest is left to `Ops`.
//
// For example, four keys that stay visible and a window of eight,
//
//   union(intersection(distances(0 to inf), keys(0 to 4)), distances(0 to 8))
//
// expand to two boxes, distances [0, inf) times keys [0, 4) and distances [0,
// 8) times all keys. The bounds of keys are 0, which is where keys begin
// anyway, and 4: that cuts the keys into [0, min(4, Nk)) and [min(4, Nk), Nk).
// Both boxes cover the first segment; their distances are merged into [0, inf),
// which takes no comparison, as 8 <= inf for every N. Only the second box
// covers the second one. Ends are clipped to the distances that exist, up to Nk
// - 1, if ends of queries and keys are aligned:
//
//   keys [0, min(4, Nk))    distances [0, Nk)
//   keys [min(4, Nk), Nk)   distances [0, min(8, Nk))
//
// With 16 queries and keys, query 12 is at distance 12 - j of key j: it sees
// keys [0, 4) of the first segment, and [5, 13) of the second one. So
// keysOfQuery (Spans.h) says, and the tiles of TileRanges.h are such spans of a
// block of queries, rounded.
//
// QuerySegments.h has an example with queries.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_EVALUATE_H
#define SPATTN_STRUCTURE_EVALUATE_H

#include "spattn/Structure/Boxes.h"
#include "spattn/Structure/HeadStructures.h"
#include "spattn/Structure/QuerySegments.h"
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
  using Edge = detail::Edge<V>;
  using Edges = detail::Edges<V>;
  using Box = detail::Box<V>;

  Evaluator(Ops &ops, Lengths<V> lengths, Alignment alignment)
      : ops(ops), lengths(lengths), edgeOps(ops, lengths, alignment),
        expander(ops, edgeOps), cutter(ops, edgeOps), queryCutter(ops, edgeOps),
        zero(edgeOps.zero), distanceBegin(edgeOps.distanceBegin),
        distanceEnd(edgeOps.distanceEnd) {}

  /// The normal form of `structure` for the head at `position` of a group of
  /// `heads`.
  NormalForm<V> evaluate(const Structure &structure, V position,
                         int64_t heads) {
    std::vector<Box> boxes = expander.expand(structure, position, heads);
    NormalForm<V> result = empty();
    result.segments.clear();
    std::vector<QueryCut<V>> previous;
    for (Cut<V> &cut : cutter.cut(boxes, Axis::Keys)) {
      std::vector<QueryCut<V>> own = queryCutter.cut(
          cut, [&](std::vector<Edges> edges) { return merge(edges); });
      // Neighbours that certainly allow the same are one segment.
      if (!result.segments.empty() &&
          QueryCutter<Ops>::certainlyEqual(previous, own)) {
        result.segments.back().end = cut.end;
        continue;
      }
      KeySegment<V> segment = {cut.begin, cut.end, {}};
      for (const QueryCut<V> &queries : own)
        segment.queries.push_back(
            {queries.begin, queries.end, finish(queries.edges)});
      dropEmpty(segment.queries);
      result.segments.push_back(std::move(segment));
      previous = std::move(own);
    }
    dropEmpty(result.segments);
    return result;
  }

  /// A head that sees nothing.
  NormalForm<V> empty() {
    return {lengths,
            edgeOps.offset,
            distanceBegin,
            distanceEnd,
            {{zero, lengths.keys, {{zero, lengths.queries, {}}}}}};
  }

  /// `condition ? a : b`, slot by slot; the shorter one is padded with empty
  /// segments and intervals.
  NormalForm<V> select(typename Ops::Bool condition, NormalForm<V> a,
                       NormalForm<V> b) {
    NormalForm<V> result = a;
    result.segments = selectSegments(
        condition, a.segments, b.segments, lengths.keys,
        {lengths.keys, lengths.keys, {{zero, lengths.queries, {}}}});
    for (size_t s = 0; s < result.segments.size(); ++s) {
      auto &x = a.segments[s].queries, &y = b.segments[s].queries;
      result.segments[s].queries =
          selectSegments(condition, x, y, lengths.queries,
                         {lengths.queries, lengths.queries, {}});
      for (size_t r = 0; r < x.size(); ++r)
        result.segments[s].queries[r].intervals =
            selectIntervals(condition, x[r].intervals, y[r].intervals);
    }
    return result;
  }

private:
  /// The ends of `condition ? a : b`; both get as many segments.
  template <class Segment>
  std::vector<Segment>
  selectSegments(typename Ops::Bool condition, std::vector<Segment> &a,
                 std::vector<Segment> &b, V length, const Segment &filler) {
    size_t segments = std::max(a.size(), b.size());
    pad(a, segments, filler);
    pad(b, segments, filler);
    std::vector<Segment> result = a;
    for (size_t s = 0; s < segments; ++s) {
      // The outer ends are the same in both, by the invariant.
      result[s].begin =
          s == 0 ? zero
                 : detail::choose(ops, condition, a[s].begin, b[s].begin);
      result[s].end = s + 1 == segments
                          ? length
                          : detail::choose(ops, condition, a[s].end, b[s].end);
    }
    return result;
  }

  using Intervals = std::vector<DistanceInterval<V>>;
  Intervals selectIntervals(typename Ops::Bool condition, Intervals a,
                            Intervals b) {
    size_t intervals = std::max(a.size(), b.size());
    pad(a, intervals, {distanceEnd, distanceEnd});
    pad(b, intervals, {distanceEnd, distanceEnd});
    Intervals result;
    for (size_t k = 0; k < intervals; ++k)
      result.push_back({detail::choose(ops, condition, a[k].lo, b[k].lo),
                        detail::choose(ops, condition, a[k].hi, b[k].hi),
                        a[k].loUnbounded && b[k].loUnbounded,
                        a[k].hiUnbounded && b[k].hiUnbounded});
    return result;
  }

  template <class T>
  static void pad(std::vector<T> &items, size_t size, const T &filler) {
    items.resize(std::max(items.size(), size), filler);
  }

  template <class Segment>
  void dropEmpty(std::vector<Segment> &segments) {
    for (size_t s = 0; s < segments.size();) {
      if (segments.size() > 1 &&
          detail::knownLE(ops, segments[s].end, segments[s].begin))
        segments.erase(segments.begin() + s);
      else
        ++s;
    }
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
        [&](const Edges &a, const Edges &b) {
          return edgeOps.knownLE(a.lo, b.lo);
        },
        [&](Edges &a, Edges &b) {
          typename Ops::Bool inOrder = ops.le(a.lo.value, b.lo.value);
          Edges first = {edgeOps.minOf(a.lo, b.lo),
                         edgeOps.choose(inOrder, a.hi, b.hi)};
          b = {edgeOps.maxOf(a.lo, b.lo), edgeOps.choose(inOrder, b.hi, a.hi)};
          a = first;
        });
    std::vector<Edges> merged;
    for (const Edges &next : edges) {
      if (edgeOps.knownLE(next.hi, next.lo))
        continue;
      if (merged.empty() || edgeOps.knownLT(merged.back().hi, next.lo)) {
        merged.push_back(next);
        continue;
      }
      Edges &last = merged.back();
      Edge hi = edgeOps.maxOf(last.hi, next.hi);
      if (edgeOps.knownLE(next.lo, last.hi)) {
        last.hi = hi;
        continue;
      }
      typename Ops::Bool touches = ops.le(next.lo.value, last.hi.value);
      Edges hull = {edgeOps.choose(touches, last.lo, next.lo),
                    edgeOps.choose(touches, hi, next.hi)};
      last.hi = edgeOps.choose(touches, last.lo, last.hi);
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
      if (!edgeOps.knownLT(lo, hi)) {
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
  EdgeOps<Ops> edgeOps;
  Expander<Ops> expander;
  Cutter<Ops> cutter;
  QueryCutter<Ops> queryCutter;
  V zero, distanceBegin, distanceEnd;
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
