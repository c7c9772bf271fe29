//===- TileSlots.h - From spans to ranges of tiles --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_TILESLOTS_H
#define SPATTN_STRUCTURE_TILESLOTS_H

#include "spattn/Structure/Spans.h"

#include <algorithm>

namespace spattn::detail {

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

} // namespace spattn::detail

#endif // SPATTN_STRUCTURE_TILESLOTS_H
