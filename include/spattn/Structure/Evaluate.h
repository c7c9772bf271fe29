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
// QuerySegments.h has an example with queries, and Layers.h one with residues.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_EVALUATE_H
#define SPATTN_STRUCTURE_EVALUATE_H

#include "spattn/Structure/Boxes.h"
#include "spattn/Structure/HeadStructures.h"
#include "spattn/Structure/Layers.h"
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
    result.segments = segmentsOf(boxes);
    std::vector<BoxLayer<V>> layers = layersOfBoxes(boxes);
    for (const BoxLayer<V> &layer : layers)
      result.layers.push_back(
          {conditionsOf(ops, layer.residues),
           layers.size() == 1 ? result.segments : segmentsOf(layer.boxes)});
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

  /// `condition ? a : b`.
  NormalForm<V> select(typename Ops::Bool condition, const NormalForm<V> &a,
                       const NormalForm<V> &b) {
    return FormSelector<Ops>(ops).select(condition, a, b);
  }

private:
  /// The segments of a union of boxes, whatever residues they have.
  std::vector<KeySegment<V>> segmentsOf(const std::vector<Box> &boxes) {
    std::vector<KeySegment<V>> result;
    std::vector<QueryCut<V>> previous;
    for (Cut<V> &cut : cutter.cut(boxes, Axis::Keys)) {
      std::vector<QueryCut<V>> own = queryCutter.cut(
          cut, [&](std::vector<Edges> edges) { return merge(edges); });
      // Neighbours that certainly allow the same are one segment.
      if (!result.empty() && QueryCutter<Ops>::certainlyEqual(previous, own)) {
        result.back().end = cut.end;
        continue;
      }
      KeySegment<V> segment = {cut.begin, cut.end, {}};
      for (const QueryCut<V> &queries : own)
        segment.queries.push_back(
            {queries.begin, queries.end, finish(queries.edges)});
      dropEmpty(segment.queries);
      result.push_back(std::move(segment));
      previous = std::move(own);
    }
    dropEmpty(result);
    return result;
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
                     : evaluator.select(ops.lt(head, ops.constant(end)), own,
                                        *result);
  }
  return result ? std::move(*result) : evaluator.empty();
}

} // namespace spattn

#endif // SPATTN_STRUCTURE_EVALUATE_H
