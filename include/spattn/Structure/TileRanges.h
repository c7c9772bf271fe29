//===- TileRanges.h - Which tiles to visit, and which are full --*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_TILERANGES_H
#define SPATTN_STRUCTURE_TILERANGES_H

#include "spattn/Structure/SegmentSlots.h"
#include "spattn/Structure/TileSlots.h"

namespace spattn {
namespace detail {

/// What is left of a length from `origin` on.
template <class Ops, class V = typename Ops::Value>
V lengthFrom(Ops &ops, V length, V origin) {
  return isKnown(ops, origin, 0) ? length : ops.sub(length, origin);
}

/// With one segment of queries there is one range for each distance interval of
/// each segment of keys. With more, the queries may lie in several, and a key
/// tile is full if each of them allows all of it. Where that leaves a visited
/// and a full span for each distance interval, there is a range for each of
/// these; elsewhere there is one for each visited and each full span. Tiles are
/// counted from key `origin`.
template <class Ops, class V = typename Ops::Value>
std::vector<TileRange<V>> keyTilesOfSegments(Ops &ops, const NormalForm<V> &nf,
                                             V qBegin, V qEnd, int64_t keyTile,
                                             V origin) {
  auto fromOrigin = [&](std::vector<Span<V>> spans) {
    if (!isKnown(ops, origin, 0))
      for (Span<V> &span : spans)
        span = {ops.sub(span.lo, origin), ops.sub(span.hi, origin)};
    return spans;
  };
  std::vector<SlotSpans<V>> slots;
  if (!hasQuerySegments(nf)) {
    slots = keySlots(ops, nf, qBegin, qEnd);
  } else {
    qEnd = ops.min(qEnd, nf.lengths.queries);
    auto segments = keySegments(ops, nf, qBegin, qEnd);
    if (!std::all_of(segments.begin(), segments.end(), arePaired<Ops>)) {
      auto [visited, full] = unpairedSpans(ops, nf, segments, qBegin, qEnd);
      return unpairedRanges(ops, fromOrigin(visited), fromOrigin(full),
                            lengthFrom(ops, nf.lengths.keys, origin), keyTile);
    }
    for (const auto &segment : segments)
      for (const SlotSpans<V> &slot : pairedSlots(ops, segment))
        slots.push_back(slot);
  }
  joinSegments(ops, slots);
  for (SlotSpans<V> &slot : slots) {
    slot.visited = fromOrigin({slot.visited}).front();
    slot.full = fromOrigin({slot.full}).front();
  }
  return pairedRanges(ops, slots, keyTile);
}

/// With one segment of keys there is one range for each distance interval of
/// each segment of queries. With more, a key tile may touch several, and a
/// query tile is full if each of them allows all of it: there is a range for
/// each visited and each full span.
template <class Ops, class V = typename Ops::Value>
std::vector<TileRange<V>>
queryTilesOfSegments(Ops &ops, const NormalForm<V> &nf, V kBegin, V kEnd,
                     int64_t queryTile) {
  typename Ops::Bool touched = ops.constantBool(false);
  if (nf.segments.size() == 1) {
    auto slots = querySlots(ops, nf, 0, kBegin, kEnd, touched);
    joinSegments(ops, slots);
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

/// The tiles of all layers of a normal form, of which `ofSegments` finds those
/// of one. Visited are those that the layers would visit without their
/// conditions; full are those of the layer without conditions. `length` is that
/// of what is cut into tiles.
template <class Ops, class OfSegments, class V = typename Ops::Value>
std::vector<TileRange<V>> tilesOfLayers(Ops &ops, const NormalForm<V> &nf,
                                        V length, int64_t tile,
                                        OfSegments ofSegments) {
  if (nf.layers.empty())
    return ofSegments(nf);
  std::vector<TileRange<V>> ranges = ofSegments(withSegments(nf, nf.segments));
  const Layer<V> &first = nf.layers.front();
  if (!first.conditions.empty()) {
    for (TileRange<V> &range : ranges)
      range = {range.begin, range.begin, range.begin, range.end,
               /*startsFull=*/true};
    return ranges;
  }
  std::vector<Span<V>> visited, full;
  for (const TileRange<V> &range : ranges)
    visited.push_back({range.begin, range.end});
  for (const TileRange<V> &range : ofSegments(withSegments(nf, first.segments)))
    full.push_back({range.fullBegin, range.fullEnd});
  for (std::vector<Span<V>> *spans : {&visited, &full}) {
    settleEmpty(ops, *spans);
    mergeSorted(ops, *spans);
  }
  return unpairedRanges(ops, visited, full, tileCeil(ops, length, tile),
                        /*tile=*/1);
}

} // namespace detail

/// The tiles of `keyTile` keys that the queries [qBegin, min(qEnd, Nq)) need.
///
/// The ranges are ascending and disjoint. Their union is exactly the tiles
/// with an allowed pair; the full ones are exactly those with no other pair,
/// where a key that does not exist counts as not allowed. 0 <= qBegin.
///
/// Residues leave out pairs, but no tile: a tile is visited if it has an
/// allowed pair where they do not count, and is full if it needs none.
///
/// Tiles are counted from key `origin`, ahead of which the queries see none:
/// see `firstKey`.
template <class Ops, class V = typename Ops::Value>
std::vector<TileRange<V>> keyTiles(Ops &ops, const NormalForm<V> &nf, V qBegin,
                                   V qEnd, int64_t keyTile, V origin) {
  V length = detail::lengthFrom(ops, nf.lengths.keys, origin);
  return detail::tilesOfLayers(ops, nf, length, keyTile,
                               [&](const NormalForm<V> &form) {
                                 return detail::keyTilesOfSegments(
                                     ops, form, qBegin, qEnd, keyTile, origin);
                               });
}

/// The same of tiles that are counted from the first of all keys.
template <class Ops, class V = typename Ops::Value>
std::vector<TileRange<V>> keyTiles(Ops &ops, const NormalForm<V> &nf, V qBegin,
                                   V qEnd, int64_t keyTile) {
  return keyTiles(ops, nf, qBegin, qEnd, keyTile, ops.constant(0));
}

/// Where the first of few tiles of keys may start: the first key that the
/// queries [qBegin, min(qEnd, Nq)) see where residues do not count; 0 where
/// segments of queries differ in what they see. Any number from 0 on if the
/// queries see none. 0 <= qBegin.
template <class Ops, class V = typename Ops::Value>
V firstKey(Ops &ops, const NormalForm<V> &nf, V qBegin, V qEnd) {
  V first = ops.constant(0);
  if (hasQuerySegments(nf))
    return first;
  // In ascending order, with empty ones in between.
  auto slots = detail::keySlots(ops, nf, qBegin, qEnd);
  for (size_t k = slots.size(); k-- > 0;) {
    const Span<V> &visited = slots[k].visited;
    bool isLast = k + 1 == slots.size();
    first = isLast ? visited.lo
                   : detail::choose(ops, ops.lt(visited.lo, visited.hi),
                                    visited.lo, first);
  }
  return first;
}

/// The tiles of `queryTile` queries that the keys [kBegin, min(kEnd, Nk))
/// need: the mirror image of `keyTiles`, where a query that does not exist
/// counts as not allowed. 0 <= kBegin.
template <class Ops, class V = typename Ops::Value>
std::vector<TileRange<V>> queryTiles(Ops &ops, const NormalForm<V> &nf,
                                     V kBegin, V kEnd, int64_t queryTile) {
  return detail::tilesOfLayers(
      ops, nf, nf.lengths.queries, queryTile, [&](const NormalForm<V> &form) {
        return detail::queryTilesOfSegments(ops, form, kBegin, kEnd, queryTile);
      });
}

} // namespace spattn

#endif // SPATTN_STRUCTURE_TILERANGES_H
