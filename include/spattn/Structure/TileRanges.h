//===- TileRanges.h - Which tiles to visit, and which are full --*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_TILERANGES_H
#define SPATTN_STRUCTURE_TILERANGES_H

#include "spattn/Structure/Spans.h"

namespace spattn {

namespace detail {

template <class Ops, class V = typename Ops::Value>
V tileFloor(Ops &ops, V position, int64_t tile) {
  return tile == 1 ? position : ops.floorDiv(position, tile);
}

template <class Ops, class V = typename Ops::Value>
V tileCeil(Ops &ops, V position, int64_t tile) {
  return tile == 1 ? position : ops.ceilDiv(position, tile);
}

template <class Ops>
bool knownEmpty(Ops &ops, const TileRange<typename Ops::Value> &range) {
  return knownLE(ops, range.end, range.begin);
}

/// Joins full spans that meet where two segments do, as one tile may lie
/// across. Slots in between are empty there, so a sweep does it in which a
/// slot passes over empty successors.
template <class Ops, class V = typename Ops::Value>
void joinSegments(Ops &ops, std::vector<SlotSpans<V>> &slots) {
  if (slots.empty())
    return;
  size_t firstSegment = slots.front().segment;
  bool several = slots.back().segment != firstSegment;
  for (size_t k = 0; several && k + 1 < slots.size(); ++k) {
    SlotSpans<V> &a = slots[k], &b = slots[k + 1];
    bool mayPass = k + 2 < slots.size();
    bool mayJoin = b.segment != firstSegment;
    if (!mayPass && !mayJoin)
      continue;
    using Bool = typename Ops::Bool;
    Bool passes =
        mayPass ? ops.le(b.visited.hi, b.visited.lo) : ops.constantBool(false);
    Bool moves = passes;
    if (mayJoin) {
      Bool isFullB = ops.lt(b.full.lo, b.full.hi);
      Bool areFull = ops.andB(ops.lt(a.full.lo, a.full.hi), isFullB);
      Bool joins = ops.andB(ops.eq(a.full.hi, b.full.lo), areFull);
      moves = mayPass ? ops.orB(passes, joins) : joins;
    }
    auto move = [&](Span<V> &from, Span<V> &to) {
      V lo = choose(ops, moves, from.lo, to.lo);
      to.hi = mayPass ? choose(ops, passes, from.hi, to.hi) : to.hi;
      to.lo = lo;
      from.hi = choose(ops, moves, from.lo, from.hi);
    };
    move(a.visited, b.visited);
    move(a.full, b.full);
  }
}

/// Tiles of slots whose visited spans ascend in both ends, and whose full
/// spans are disjoint, not adjacent, and disjoint from the other slots'
/// visited spans.
///
/// Then a full tile is within one full span, and touches no other slot. So the
/// ranges are the visited spans rounded outwards, each begun where the last
/// one ended, and that never cuts into a full part.
template <class Ops, class V = typename Ops::Value>
std::vector<TileRange<V>>
pairedRanges(Ops &ops, const std::vector<SlotSpans<V>> &slots, int64_t tile) {
  std::vector<TileRange<V>> ranges;
  V zero = ops.constant(0), previous = zero;
  for (const SlotSpans<V> &slot : slots) {
    const Span<V> &visited = slot.visited, &full = slot.full;
    bool fromStart = isKnown(ops, visited.lo, 0);
    TileRange<V> range = {previous, previous, previous, previous};
    V end = tileCeil(ops, visited.hi, tile);
    // An empty span must not round up to a tile; [0, hi) cannot.
    if (!fromStart)
      end = choose(ops, ops.lt(visited.lo, visited.hi), end, zero);
    range.end = ops.max(end, previous);
    if (!fromStart)
      range.begin = ops.min(ops.max(tileFloor(ops, visited.lo, tile), previous),
                            range.end);
    range.fullBegin =
        ops.min(ops.max(tileCeil(ops, full.lo, tile), range.begin), range.end);
    range.fullEnd = ops.min(
        ops.max(tileFloor(ops, full.hi, tile), range.fullBegin), range.end);
    previous = range.end;
    if (!knownEmpty(ops, range))
      ranges.push_back(range);
  }
  return ranges;
}

/// Makes a list of spans ascending by lo, whose non-empty ones are: an empty
/// one takes the place where the last one before it ended.
template <class Ops, class V = typename Ops::Value>
void settleEmpty(Ops &ops, std::vector<Span<V>> &spans) {
  V end = ops.constant(0);
  for (Span<V> &span : spans) {
    if (!knownLT(ops, span.lo, span.hi)) {
      typename Ops::Bool some = ops.lt(span.lo, span.hi);
      span = {choose(ops, some, span.lo, end), choose(ops, some, span.hi, end)};
    }
    end = span.hi;
  }
}

/// Merges lists of spans that are each ascending by lo into one that is, of
/// disjoint and non-adjacent spans, with empty ones in between.
template <class Ops, class V = typename Ops::Value>
std::vector<Span<V>> uniteSpans(Ops &ops,
                                std::vector<std::vector<Span<V>>> lists) {
  // Pairs of lists, pairs of those, and so on.
  while (lists.size() > 1) {
    std::vector<std::vector<Span<V>>> merged;
    for (size_t k = 0; k + 1 < lists.size(); k += 2)
      merged.push_back(mergeSpans(ops, lists[k], lists[k + 1]));
    if (lists.size() % 2 != 0)
      merged.push_back(lists.back());
    lists = std::move(merged);
  }
  if (lists.empty())
    return {};
  mergeSorted(ops, lists.front());
  return lists.front();
}

/// Disjoint, ascending spans as what lies between them: all of `hull` but for
/// `gaps`, which are disjoint and ascending, too.
template <class V>
struct Gaps {
  Span<V> hull;
  std::vector<Span<V>> gaps;
};

/// Empty spans may stand anywhere among `spans`, which lie within [0, limit).
template <class Ops, class V = typename Ops::Value>
Gaps<V> gapsOf(Ops &ops, const std::vector<Span<V>> &spans, V limit) {
  Gaps<V> result = {{limit, ops.constant(0)}, {}};
  for (size_t k = spans.size(); k-- > 0;)
    result.hull.lo = choose(ops, ops.lt(spans[k].lo, spans[k].hi), spans[k].lo,
                            result.hull.lo);
  V end = result.hull.lo;
  for (size_t k = 0; k < spans.size(); ++k) {
    typename Ops::Bool some = ops.lt(spans[k].lo, spans[k].hi);
    if (k > 0)
      result.gaps.push_back({end, choose(ops, some, spans[k].lo, end)});
    end = choose(ops, some, spans[k].hi, end);
    result.hull.hi = choose(ops, some, spans[k].hi, result.hull.hi);
  }
  return result;
}

/// The spans of which those are the gaps; some may be empty.
template <class Ops, class V = typename Ops::Value>
std::vector<Span<V>> spansBetween(Ops &ops, const Gaps<V> &gaps) {
  std::vector<Span<V>> spans;
  V begin = gaps.hull.lo;
  for (const Span<V> &gap : gaps.gaps) {
    typename Ops::Bool some = ops.lt(gap.lo, gap.hi);
    V end = choose(ops, some, ops.min(gap.lo, gaps.hull.hi), begin);
    spans.push_back({begin, end});
    begin = choose(ops, some, ops.max(begin, gap.hi), begin);
  }
  spans.push_back({begin, gaps.hull.hi});
  return spans;
}

/// Tiles of visited spans and of full spans that are not paired: each list
/// ascending, disjoint and non-adjacent, every full span within a visited one.
/// There is a slot for each span, and slots are cut where the next one starts.
template <class Ops, class V = typename Ops::Value>
std::vector<TileRange<V>>
unpairedRanges(Ops &ops, const std::vector<Span<V>> &visited,
               const std::vector<Span<V>> &full, V limit, int64_t tile) {
  // `key` is four times the first tile, plus two for full spans, plus one for
  // spans that are not empty: at the same tile visited spans come first, and of
  // each kind empty ones, so that these cut no other.
  struct Slot {
    V key, visitedEnd, fullEnd;
  };
  V zero = ops.constant(0), four = ops.constant(4);
  // An empty slot starts where the next one does.
  auto slotsOf = [&](const std::vector<Span<V>> &spans, bool isFull) {
    std::vector<Slot> slots;
    V next = tileCeil(ops, limit, tile);
    for (size_t k = spans.size(); k-- > 0;) {
      const Span<V> &span = spans[k];
      V begin =
          isFull ? tileCeil(ops, span.lo, tile) : tileFloor(ops, span.lo, tile);
      V end =
          isFull ? tileFloor(ops, span.hi, tile) : tileCeil(ops, span.hi, tile);
      auto some = isFull ? ops.lt(begin, end) : ops.lt(span.lo, span.hi);
      if (ops.known(some) == std::optional<bool>(false))
        continue;
      next = choose(ops, some, begin, next);
      end = choose(ops, some, end, zero);
      V rank = choose(ops, some, ops.constant(isFull ? 3 : 1),
                      ops.constant(isFull ? 2 : 0));
      V key = ops.add(ops.mul(next, four), rank);
      slots.push_back(isFull ? Slot{key, zero, end} : Slot{key, end, zero});
    }
    std::reverse(slots.begin(), slots.end());
    return slots;
  };
  std::vector<Slot> fullSlots = slotsOf(full, true);
  std::vector<Slot> slots = mergeNetwork(
      slotsOf(visited, false), std::move(fullSlots),
      [&](const Slot &a, const Slot &b) { return knownLE(ops, a.key, b.key); },
      [&](Slot &a, Slot &b) {
        auto inOrder = ops.le(a.key, b.key);
        Slot first = {ops.min(a.key, b.key),
                      choose(ops, inOrder, a.visitedEnd, b.visitedEnd),
                      choose(ops, inOrder, a.fullEnd, b.fullEnd)};
        b = {ops.max(a.key, b.key),
             choose(ops, inOrder, b.visitedEnd, a.visitedEnd),
             choose(ops, inOrder, b.fullEnd, a.fullEnd)};
        a = first;
      });
  std::vector<V> begins;
  for (const Slot &slot : slots)
    begins.push_back(ops.floorDiv(slot.key, 4));
  std::vector<TileRange<V>> ranges;
  V visitedEnd = zero;
  for (size_t k = 0; k < slots.size(); ++k) {
    visitedEnd = ops.max(visitedEnd, slots[k].visitedEnd);
    TileRange<V> range = {begins[k], begins[k], zero, visitedEnd,
                          /*startsFull=*/true};
    if (k + 1 < slots.size())
      range.end = ops.min(range.end, begins[k + 1]);
    range.end = ops.max(range.end, range.begin);
    range.fullEnd = ops.max(slots[k].fullEnd, range.begin);
    if (!knownEmpty(ops, range))
      ranges.push_back(range);
  }
  return ranges;
}

} // namespace detail

/// The tiles of `keyTile` keys that the queries [qBegin, min(qEnd, Nq)) need.
///
/// The ranges are ascending and disjoint. Their union is exactly the tiles
/// with an allowed pair; the full ones are exactly those with no other pair,
/// where a key that does not exist counts as not allowed. 0 <= qBegin.
///
/// There is one range for each distance interval of each segment.
template <class Ops, class V = typename Ops::Value>
std::vector<TileRange<V>> keyTiles(Ops &ops, const NormalForm<V> &nf, V qBegin,
                                   V qEnd, int64_t keyTile) {
  auto slots = detail::keySlots(ops, nf, qBegin, qEnd);
  detail::joinSegments(ops, slots);
  return detail::pairedRanges(ops, slots, keyTile);
}

/// The tiles of `queryTile` queries that the keys [kBegin, min(kEnd, Nk))
/// need: the mirror image of `keyTiles`, where a query that does not exist
/// counts as not allowed. 0 <= kBegin.
///
/// With one segment there is one range for each distance interval. With more,
/// a key tile may touch several, and a query tile is full if each of them
/// allows all of it: there is a range for each visited and each full span.
template <class Ops, class V = typename Ops::Value>
std::vector<TileRange<V>> queryTiles(Ops &ops, const NormalForm<V> &nf,
                                     V kBegin, V kEnd, int64_t queryTile) {
  using namespace detail;
  typename Ops::Bool touched = ops.constantBool(false);
  if (nf.segments.size() == 1) {
    auto slots = querySlots(ops, nf, 0, kBegin, kEnd, touched);
    return pairedRanges(ops, slots, queryTile);
  }
  V zero = ops.constant(0), limit = nf.lengths.queries;
  std::vector<std::vector<Span<V>>> visited, gaps;
  // Full is what each segment allows: all but its gaps. Where there is no key,
  // nothing is.
  auto some = ops.lt(kBegin, ops.min(kEnd, nf.lengths.keys));
  Gaps<V> full = {{zero, choose(ops, some, limit, zero)}, {}};
  for (size_t s = 0; s < nf.segments.size(); ++s) {
    std::vector<Span<V>> own, allowed;
    for (auto &slot : querySlots(ops, nf, s, kBegin, kEnd, touched)) {
      own.push_back(slot.visited);
      allowed.push_back(slot.full);
    }
    // A segment that the keys do not touch allows everything: its slots are
    // empty, and so are their gaps.
    Gaps<V> between = gapsOf(ops, allowed, limit);
    full.hull.lo =
        ops.max(full.hull.lo, choose(ops, touched, between.hull.lo, zero));
    full.hull.hi =
        ops.min(full.hull.hi, choose(ops, touched, between.hull.hi, limit));
    if (!between.gaps.empty())
      gaps.push_back(between.gaps);
    settleEmpty(ops, own);
    if (!own.empty())
      visited.push_back(own);
  }
  full.gaps = uniteSpans(ops, std::move(gaps));
  std::vector<Span<V>> allowedSpans = spansBetween(ops, full);
  return unpairedRanges(ops, uniteSpans(ops, std::move(visited)), allowedSpans,
                        limit, queryTile);
}

} // namespace spattn

#endif // SPATTN_STRUCTURE_TILERANGES_H
