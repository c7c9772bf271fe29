//===- SegmentSlots.h - Keys of queries in several segments -----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block of queries may lie in several segments of queries. A key is visited
// if it is for one of those, and full if it is for each that the block touches.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_SEGMENTSLOTS_H
#define SPATTN_STRUCTURE_SEGMENTSLOTS_H

#include "spattn/Structure/Spans.h"

#include <utility>

namespace spattn::detail {

/// What a block of queries sees of a segment of keys, by segments of queries.
template <class Ops>
struct SegmentSlots {
  using V = typename Ops::Value;
  using Bool = typename Ops::Bool;

  /// Part of the block, in a segment of queries that allows some distances, but
  /// not all.
  struct Part {
    Bool touched;
    std::vector<SlotSpans<V>> slots;
  };

  size_t segment;
  V begin, end;
  std::vector<Part> parts;
  /// Whether there are queries that see all keys of the segment, and some that
  /// see none, where segments of queries allow that.
  std::optional<Bool> seesAll, seesNone;
};

template <class Ops, class V = typename Ops::Value>
std::vector<SegmentSlots<Ops>> keySegments(Ops &ops, const NormalForm<V> &nf,
                                           V qBegin, V qEnd) {
  using Bool = typename Ops::Bool;
  auto either = [&](const std::optional<Bool> &a, Bool b) {
    return a ? ops.orB(*a, b) : b;
  };
  std::vector<SegmentSlots<Ops>> result;
  for (size_t s = 0; s < nf.segments.size(); ++s) {
    const KeySegment<V> &segment = nf.segments[s];
    SegmentSlots<Ops> own = {s, segment.begin, segment.end, {}, {}, {}};
    for (size_t r = 0; r < segment.queries.size(); ++r) {
      auto block = blockOfSegment(ops, nf, segment, r, qBegin, qEnd);
      const auto &intervals = segment.queries[r].intervals;
      if (intervals.empty())
        own.seesNone = either(own.seesNone, block.touched);
      else if (intervals.front().loUnbounded && intervals.front().hiUnbounded)
        own.seesAll = either(own.seesAll, block.touched);
      else
        own.parts.push_back({block.touched, keySlots(ops, nf, s, r, block)});
    }
    result.push_back(std::move(own));
  }
  return result;
}

/// Whether there is a visited and a full span for each interval of the only
/// part. Queries that see all make its first slot all of the segment.
template <class Ops>
bool arePaired(const SegmentSlots<Ops> &segment) {
  return segment.parts.size() <= 1 &&
         (!segment.seesAll || segment.parts.empty() ||
          segment.parts.front().slots.size() <= 1);
}

/// The slots of a segment whose spans are paired.
template <class Ops, class V = typename Ops::Value>
std::vector<SlotSpans<V>> pairedSlots(Ops &ops,
                                      const SegmentSlots<Ops> &segment) {
  auto select = [&](typename Ops::Bool condition, const Span<V> &a,
                    const Span<V> &b) -> Span<V> {
    V lo = choose(ops, condition, a.lo, b.lo);
    return {lo, choose(ops, condition, a.hi, b.hi)};
  };
  Span<V> all = {segment.begin, segment.end};
  Span<V> none = {segment.begin, segment.begin};
  std::vector<SlotSpans<V>> slots;
  if (!segment.parts.empty())
    slots = segment.parts.front().slots;
  if (segment.seesAll) {
    Span<V> allIfSeen = select(*segment.seesAll, all, none);
    if (slots.empty()) {
      slots = {{allIfSeen, allIfSeen, segment.segment}};
      // The part sees nothing.
      if (!segment.parts.empty())
        slots[0].full = select(segment.parts.front().touched, none, allIfSeen);
    } else {
      slots[0].visited = select(*segment.seesAll, all, slots[0].visited);
      slots[0].full =
          select(segment.parts.front().touched, slots[0].full, allIfSeen);
    }
  }
  if (segment.seesNone)
    for (SlotSpans<V> &slot : slots)
      slot.full.hi = choose(ops, *segment.seesNone, slot.full.lo, slot.full.hi);
  return slots;
}

/// Visited and full spans of all segments, each ascending, disjoint, and not
/// adjacent, with empty spans in between.
template <class Ops, class V = typename Ops::Value>
std::pair<std::vector<Span<V>>, std::vector<Span<V>>>
unpairedSpans(Ops &ops, const NormalForm<V> &nf,
              const std::vector<SegmentSlots<Ops>> &segments, V qBegin,
              V qEnd) {
  auto some = ops.lt(qBegin, qEnd);
  std::vector<Span<V>> visited, full;
  for (const SegmentSlots<Ops> &segment : segments) {
    V begin = segment.begin, end = segment.end;
    std::vector<std::vector<Span<V>>> seen, gaps;
    // As in `queryTiles`.
    Gaps<V> allowed = {{begin, choose(ops, some, end, begin)}, {}};
    auto empty = [&](typename Ops::Bool condition) {
      allowed.hull.hi = choose(ops, condition, begin, allowed.hull.hi);
    };
    for (const auto &part : segment.parts) {
      std::vector<Span<V>> own, fullOfPart;
      for (const SlotSpans<V> &slot : part.slots) {
        own.push_back(slot.visited);
        fullOfPart.push_back(slot.full);
      }
      Gaps<V> between = gapsOf(ops, fullOfPart, end);
      V lo = choose(ops, part.touched, between.hull.lo, begin);
      allowed.hull.lo = ops.max(allowed.hull.lo, lo);
      V hi = choose(ops, part.touched, between.hull.hi, end);
      allowed.hull.hi = ops.min(allowed.hull.hi, hi);
      if (!between.gaps.empty())
        gaps.push_back(between.gaps);
      settleEmpty(ops, own, begin);
      if (!own.empty())
        seen.push_back(own);
    }
    if (segment.seesAll)
      seen.push_back({{begin, choose(ops, *segment.seesAll, end, begin)}});
    if (segment.seesNone)
      empty(*segment.seesNone);
    allowed.gaps = uniteSpans(ops, std::move(gaps));
    std::vector<Span<V>> ofSegment = spansBetween(ops, allowed);
    if (!seen.empty())
      full.insert(full.end(), ofSegment.begin(), ofSegment.end());
    ofSegment = uniteSpans(ops, std::move(seen));
    visited.insert(visited.end(), ofSegment.begin(), ofSegment.end());
  }
  for (std::vector<Span<V>> *spans : {&visited, &full}) {
    settleEmpty(ops, *spans);
    mergeSorted(ops, *spans);
  }
  return {visited, full};
}

} // namespace spattn::detail

#endif // SPATTN_STRUCTURE_SEGMENTSLOTS_H
