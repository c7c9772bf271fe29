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

/// Tiles [begin, end) are visited. Those of [fullBegin, fullEnd) are full (no
/// mask is needed), the others are masked.
/// begin <= fullBegin <= fullEnd <= end; an empty slot has begin == end.
template <class V>
struct TileRange {
  V begin, fullBegin, fullEnd, end;
};

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
      Bool joins = ops.andB(
          ops.eq(a.full.hi, b.full.lo),
          ops.andB(ops.lt(a.full.lo, a.full.hi), ops.lt(b.full.lo, b.full.hi)));
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

/// The intersection of two lists of disjoint, non-adjacent spans within
/// [0, limit).
template <class Ops, class V = typename Ops::Value>
std::vector<Span<V>> intersectSpans(Ops &ops, const std::vector<Span<V>> &a,
                                    const std::vector<Span<V>> &b, V limit) {
  std::vector<Span<V>> spans;
  for (const Span<V> &x : a)
    for (const Span<V> &y : b) {
      Span<V> span = {ops.max(x.lo, y.lo), ops.min(x.hi, y.hi)};
      if (!knownEmpty(ops, span))
        spans.push_back(span);
    }
  // At most this many are not empty: each ends where one of its factors does,
  // and the last ends of both count once. Sorted, the others can go.
  size_t most = a.size() + b.size() - 1;
  if (spans.size() > most) {
    fillEmpty(ops, spans, limit);
    sortSpans(ops, spans);
    if (spans.size() > most)
      spans.resize(most);
  }
  return spans;
}

/// Tiles of visited spans and of full spans that are not paired: each list
/// disjoint and non-adjacent, every full span within a visited one. There is a
/// slot for each span, and slots are cut where the next one starts.
template <class Ops, class V = typename Ops::Value>
std::vector<TileRange<V>>
unpairedRanges(Ops &ops, const std::vector<Span<V>> &visited,
               const std::vector<Span<V>> &full, V limit, int64_t tile) {
  // `key` is twice the first tile, plus one for full spans: at the same tile
  // the visited span comes first. Empty slots go to the end.
  struct Slot {
    V key, visitedEnd, fullEnd;
  };
  std::vector<Slot> slots;
  V zero = ops.constant(0), two = ops.constant(2);
  V last = tileCeil(ops, limit, tile);
  for (const Span<V> &span : visited) {
    auto some = ops.lt(span.lo, span.hi);
    if (ops.known(some) == std::optional<bool>(false))
      continue;
    V begin = choose(ops, some, tileFloor(ops, span.lo, tile), last);
    V end = choose(ops, some, tileCeil(ops, span.hi, tile), zero);
    slots.push_back({ops.mul(begin, two), end, zero});
  }
  for (const Span<V> &span : full) {
    V begin = tileCeil(ops, span.lo, tile);
    V end = tileFloor(ops, span.hi, tile);
    auto some = ops.lt(begin, end);
    if (ops.known(some) == std::optional<bool>(false))
      continue;
    begin = choose(ops, some, begin, last);
    end = choose(ops, some, end, zero);
    slots.push_back({addConstant(ops, ops.mul(begin, two), 1), zero, end});
  }
  sortNetwork(
      slots,
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
    begins.push_back(ops.floorDiv(slot.key, 2));
  std::vector<TileRange<V>> ranges;
  V visitedEnd = zero;
  for (size_t k = 0; k < slots.size(); ++k) {
    visitedEnd = ops.max(visitedEnd, slots[k].visitedEnd);
    TileRange<V> range = {begins[k], begins[k], zero, visitedEnd};
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
/// a key tile may touch several, and what each of them allows is intersected
/// for the full tiles: there is a range for each visited and each full span.
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
  std::vector<Span<V>> visited, full;
  for (size_t s = 0; s < nf.segments.size(); ++s) {
    auto slots = querySlots(ops, nf, s, kBegin, kEnd, touched);
    std::vector<Span<V>> own;
    for (auto &slot : slots) {
      visited.push_back(slot.visited);
      own.push_back(slot.full);
    }
    // A segment the keys do not touch asks for nothing: its first span is
    // everything, and the others are empty already.
    if (own.empty())
      own.push_back({zero, choose(ops, touched, zero, limit)});
    else
      own.front() = {choose(ops, touched, own.front().lo, zero),
                     choose(ops, touched, own.front().hi, limit)};
    full = s == 0 ? own : intersectSpans(ops, full, own, limit);
    // Nothing allowed certainly stays so.
    if (full.empty())
      full.push_back({zero, zero});
  }
  fillEmpty(ops, visited, limit);
  sortSpans(ops, visited);
  mergeSorted(ops, visited);
  // No key at all touches no segment; then nothing is visited, nor full.
  auto some = ops.lt(kBegin, ops.min(kEnd, nf.lengths.keys));
  for (Span<V> &span : full)
    span.hi = choose(ops, some, span.hi, zero);
  return unpairedRanges(ops, visited, full, limit, queryTile);
}

} // namespace spattn

#endif // SPATTN_STRUCTURE_TILERANGES_H
