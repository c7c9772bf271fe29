//===- Spans.h - Which keys some queries see, and back ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The step from distances to positions, for a block of queries (or keys) at
// once: which keys does some query of the block see ("visited"), and which
// keys does every query of it see ("full")?
//
// For queries [q0, q1) and distances [lo, hi), d = i + off - j gives
//   visited keys  [q0 + off - hi + 1, q1 + off - lo)
//   full keys     [q1 + off - hi,     q0 + off - lo + 1)
// and for keys [k0, k1)
//   visited queries  [k0 - off + lo,     k1 - off + hi - 1)
//   full queries     [k1 - off + lo - 1, k0 - off + hi).
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_SPANS_H
#define SPATTN_STRUCTURE_SPANS_H

#include "spattn/Structure/SpanLists.h"

namespace spattn {
namespace detail {

/// What one interval of one segment gives. `full` lies within `visited`, and is
/// empty where that is. `segment` is that of keys for spans of keys, that of
/// queries for spans of queries.
template <class V>
struct SlotSpans {
  Span<V> visited, full;
  size_t segment;
};

/// Existing queries [begin, end) of a block, by their positions, and the end of
/// what they may see: all keys, or none if there is no such query.
template <class Ops>
struct QueryBlock {
  using V = typename Ops::Value;

  QueryBlock(Ops &ops, const NormalForm<V> &nf, V begin, V end)
      : touched(ops.lt(begin, end)),
        limit(choose(ops, touched, nf.lengths.keys, ops.constant(0))),
        first(ops.add(begin, nf.offset)), last(ops.add(end, nf.offset)) {}

  typename Ops::Bool touched;
  V limit, first, last;
};

/// Those of [qBegin, qEnd) that are in query segment `r` of a segment of keys,
/// of which there are several.
template <class Ops, class V = typename Ops::Value>
QueryBlock<Ops> blockOfSegment(Ops &ops, const NormalForm<V> &nf,
                               const KeySegment<V> &segment, size_t r, V qBegin,
                               V qEnd) {
  if (r > 0)
    qBegin = ops.max(qBegin, segment.queries[r].begin);
  if (r + 1 < segment.queries.size())
    qEnd = ops.min(qEnd, segment.queries[r].end);
  return QueryBlock<Ops>(ops, nf, qBegin, qEnd);
}

/// Keys of segment `s` for a block of its query segment `r`, from the largest
/// distance down; the non-empty visited spans ascend in both ends.
template <class Ops, class V = typename Ops::Value>
std::vector<SlotSpans<V>> keySlots(Ops &ops, const NormalForm<V> &nf, size_t s,
                                   size_t r, const QueryBlock<Ops> &block) {
  const KeySegment<V> &segment = nf.segments[s];
  const auto &intervals = segment.queries[r].intervals;
  std::vector<SlotSpans<V>> slots;
  if (intervals.empty())
    return slots;
  V begin = segment.begin;
  V end = s + 1 == nf.segments.size() ? block.limit
                                      : ops.min(segment.end, block.limit);
  auto from = [&](V key) {
    return isKnown(ops, begin, 0) ? ops.max(key, begin) : ops.max(begin, key);
  };
  for (size_t k = intervals.size(); k-- > 0;) {
    const DistanceInterval<V> &d = intervals[k];
    SlotSpans<V> slot = {{begin, end}, {begin, end}, s};
    if (!d.hiUnbounded) {
      slot.visited.lo = from(addConstant(ops, ops.sub(block.first, d.hi), 1));
      slot.full.lo = from(ops.sub(block.last, d.hi));
    }
    if (!d.loUnbounded) {
      slot.visited.hi = ops.min(end, ops.sub(block.last, d.lo));
      slot.full.hi =
          ops.min(end, addConstant(ops, ops.sub(block.first, d.lo), 1));
    }
    if (!knownEmpty(ops, slot.visited))
      slots.push_back(slot);
  }
  return slots;
}

/// Keys for the queries [qBegin, min(qEnd, Nq)). Slots come by segment; with
/// one segment of queries, by ascending key.
template <class Ops, class V = typename Ops::Value>
std::vector<SlotSpans<V>> keySlots(Ops &ops, const NormalForm<V> &nf, V qBegin,
                                   V qEnd) {
  qEnd = ops.min(qEnd, nf.lengths.queries);
  QueryBlock<Ops> all(ops, nf, qBegin, qEnd);
  std::vector<SlotSpans<V>> slots;
  for (size_t s = 0; s < nf.segments.size(); ++s) {
    const KeySegment<V> &segment = nf.segments[s];
    for (size_t r = 0; r < segment.queries.size(); ++r) {
      if (segment.queries[r].intervals.empty())
        continue;
      bool isWhole = segment.queries.size() == 1;
      QueryBlock<Ops> block =
          isWhole ? all : blockOfSegment(ops, nf, segment, r, qBegin, qEnd);
      for (const SlotSpans<V> &slot : keySlots(ops, nf, s, r, block))
        slots.push_back(slot);
    }
  }
  return slots;
}

/// Queries for the keys of one segment within [kBegin, kEnd), by ascending
/// query. `touched` is set to whether there are such keys.
template <class Ops, class V = typename Ops::Value>
std::vector<SlotSpans<V>> querySlots(Ops &ops, const NormalForm<V> &nf,
                                     size_t s, V kBegin, V kEnd,
                                     typename Ops::Bool &touched) {
  const KeySegment<V> &segment = nf.segments[s];
  if (s > 0)
    kBegin = ops.max(kBegin, segment.begin);
  kEnd = ops.min(kEnd, segment.end);
  touched = ops.lt(kBegin, kEnd);
  V zero = ops.constant(0);
  V limit = choose(ops, touched, nf.lengths.queries, zero);
  V first = ops.sub(kBegin, nf.offset);
  V last = ops.sub(kEnd, nf.offset);
  std::vector<SlotSpans<V>> slots;
  for (size_t r = 0; r < segment.queries.size(); ++r) {
    const QuerySegment<V> &queries = segment.queries[r];
    if (queries.intervals.empty())
      continue;
    V begin = r == 0 ? zero : queries.begin;
    V end =
        r + 1 == segment.queries.size() ? limit : ops.min(limit, queries.end);
    for (const DistanceInterval<V> &d : queries.intervals) {
      SlotSpans<V> slot = {{begin, end}, {begin, end}, r};
      if (!d.loUnbounded) {
        slot.visited.lo = ops.max(ops.add(first, d.lo), begin);
        slot.full.lo =
            ops.max(addConstant(ops, ops.add(last, d.lo), -1), begin);
      }
      if (!d.hiUnbounded) {
        slot.visited.hi =
            ops.min(end, addConstant(ops, ops.add(last, d.hi), -1));
        slot.full.hi = ops.min(end, ops.add(first, d.hi));
      }
      slots.push_back(slot);
    }
  }
  return slots;
}

/// All queries that see a key of [kBegin, kEnd): disjoint, not adjacent,
/// ascending, with empty spans in between.
template <class Ops, class V = typename Ops::Value>
std::vector<Span<V>> queriesSeeing(Ops &ops, const NormalForm<V> &nf, V kBegin,
                                   V kEnd) {
  std::vector<Span<V>> spans;
  for (size_t s = 0; s < nf.segments.size(); ++s) {
    typename Ops::Bool touched = ops.constantBool(false);
    for (auto &slot : querySlots(ops, nf, s, kBegin, kEnd, touched))
      spans.push_back(slot.visited);
  }
  fillEmpty(ops, spans, nf.lengths.queries);
  sortSpans(ops, spans);
  mergeSorted(ops, spans);
  return spans;
}

/// All keys seen by a query of [qBegin, qEnd): disjoint, ascending, with empty
/// spans in between.
template <class Ops, class V = typename Ops::Value>
std::vector<Span<V>> keysSeenBy(Ops &ops, const NormalForm<V> &nf, V qBegin,
                                V qEnd) {
  std::vector<Span<V>> spans;
  for (auto &slot : keySlots(ops, nf, qBegin, qEnd))
    spans.push_back(slot.visited);
  fillEmpty(ops, spans, nf.lengths.keys);
  sortSpans(ops, spans);
  mergeSorted(ops, spans);
  return spans;
}

} // namespace detail

/// The keys that query `i` sees, as disjoint spans; some may be empty. None if
/// `i` is not in [0, Nq). Residues do not count. With these per row, a mask
/// costs two comparisons an element and span, and bounds on keys need no
/// others.
template <class Ops, class V = typename Ops::Value>
std::vector<Span<V>> keysOfQuery(Ops &ops, const NormalForm<V> &nf, V i) {
  std::vector<Span<V>> spans;
  for (auto &slot :
       detail::keySlots(ops, nf, i, detail::addConstant(ops, i, 1)))
    spans.push_back(slot.visited);
  return spans;
}

/// The queries that see key `j`, as disjoint spans; some may be empty. None if
/// `j` is not in [0, Nk). Residues do not count.
template <class Ops, class V = typename Ops::Value>
std::vector<Span<V>> queriesOfKey(Ops &ops, const NormalForm<V> &nf, V j) {
  std::vector<Span<V>> spans;
  for (size_t s = 0; s < nf.segments.size(); ++s) {
    typename Ops::Bool touched = ops.constantBool(false);
    for (auto &slot : detail::querySlots(
             ops, nf, s, j, detail::addConstant(ops, j, 1), touched))
      if (!detail::knownEmpty(ops, slot.visited))
        spans.push_back(slot.visited);
  }
  return spans;
}

/// The distance of query `i` and key `j`. Both may be vectors, if `Ops`
/// broadcasts.
template <class Ops, class V = typename Ops::Value>
V distanceOf(Ops &ops, const NormalForm<V> &nf, V i, V j) {
  return ops.sub(ops.add(i, nf.offset), j);
}

} // namespace spattn

#endif // SPATTN_STRUCTURE_SPANS_H
