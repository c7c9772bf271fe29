//===- Counts.h - How much work there is ------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_COUNTS_H
#define SPATTN_STRUCTURE_COUNTS_H

#include "spattn/Structure/TileRanges.h"

namespace spattn {
namespace detail {

/// The sum of `end - begin` over pairs of values.
template <class Ops, class V, class Items, class Length>
V sumLengths(Ops &ops, const Items &items, Length length) {
  std::optional<V> sum;
  for (const auto &item : items)
    sum = sum ? ops.add(*sum, length(item)) : length(item);
  return sum ? *sum : ops.constant(0);
}

/// x (x + 1) / 2 for x >= 0, else 0.
template <class Ops, class V = typename Ops::Value>
V triangle(Ops &ops, V x) {
  x = ops.max(x, ops.constant(0));
  return ops.floorDiv(ops.mul(x, addConstant(ops, x, 1)), 2);
}

/// The sum over i in [begin, end) of clamp(i + shift, 0, most).
template <class Ops, class V = typename Ops::Value>
V sumOfClamped(Ops &ops, V begin, V end, V shift, V most) {
  auto ramp = [&](V shift) {
    V before = addConstant(ops, shift, -1);
    V beforeBegin = triangle(ops, ops.add(begin, before));
    return ops.sub(triangle(ops, ops.add(end, before)), beforeBegin);
  };
  V above = ramp(ops.sub(shift, most));
  return ops.sub(ramp(shift), above);
}

/// The length of disjoint spans.
template <class Ops, class V = typename Ops::Value>
V measure(Ops &ops, const std::vector<Span<V>> &spans) {
  V zero = ops.constant(0);
  return sumLengths<Ops, V>(ops, spans, [&](const Span<V> &span) {
    return ops.max(ops.sub(span.hi, span.lo), zero);
  });
}

} // namespace detail

/// How many tiles the ranges visit.
template <class Ops, class V = typename Ops::Value>
V visitedTiles(Ops &ops, const std::vector<TileRange<V>> &ranges) {
  return detail::sumLengths<Ops, V>(ops, ranges, [&](const TileRange<V> &r) {
    return ops.sub(r.end, r.begin);
  });
}

/// How many of them are full.
template <class Ops, class V = typename Ops::Value>
V fullTiles(Ops &ops, const std::vector<TileRange<V>> &ranges) {
  return detail::sumLengths<Ops, V>(ops, ranges, [&](const TileRange<V> &r) {
    return ops.sub(r.fullEnd, r.fullBegin);
  });
}

/// How many of them are masked.
template <class Ops, class V = typename Ops::Value>
V maskedTiles(Ops &ops, const std::vector<TileRange<V>> &ranges) {
  V full = fullTiles(ops, ranges);
  return ops.sub(visitedTiles(ops, ranges), full);
}

/// An ascending list of tiles in pieces: tile n is n plus the shift of the
/// last piece whose first tile has a number of at most n. Built once (before a
/// loop), asked often (in it).
template <class V>
struct TileSequence {
  struct Piece {
    V firstNumber, shift;
  };
  std::vector<Piece> pieces;
  V count;

  /// The n-th tile, 0 <= n < count.
  template <class Ops>
  V nth(Ops &ops, V n) const {
    if (pieces.empty())
      return n;
    V shift = pieces.front().shift;
    for (size_t k = 1; k < pieces.size(); ++k)
      shift = detail::choose(ops, ops.le(pieces[k].firstNumber, n),
                             pieces[k].shift, shift);
    return ops.add(n, shift);
  }
};

namespace detail {
template <class Ops, class V = typename Ops::Value>
TileSequence<V> sequence(Ops &ops, const std::vector<Span<V>> &tiles) {
  TileSequence<V> result = {{}, ops.constant(0)};
  for (const Span<V> &span : tiles) {
    if (knownEmpty(ops, span))
      continue;
    result.pieces.push_back({result.count, ops.sub(span.lo, result.count)});
    result.count = ops.add(result.count, ops.sub(span.hi, span.lo));
  }
  return result;
}
} // namespace detail

/// The masked tiles over all ranges, ascending.
template <class Ops, class V = typename Ops::Value>
TileSequence<V> maskedSequence(Ops &ops,
                               const std::vector<TileRange<V>> &ranges) {
  std::vector<Span<V>> tiles;
  for (const TileRange<V> &range : ranges) {
    if (!range.startsFull)
      tiles.push_back({range.begin, range.fullBegin});
    tiles.push_back({range.fullEnd, range.end});
  }
  return detail::sequence(ops, tiles);
}

/// The full tiles over all ranges, ascending.
template <class Ops, class V = typename Ops::Value>
TileSequence<V> fullSequence(Ops &ops,
                             const std::vector<TileRange<V>> &ranges) {
  std::vector<Span<V>> tiles;
  for (const TileRange<V> &range : ranges)
    tiles.push_back({range.fullBegin, range.fullEnd});
  return detail::sequence(ops, tiles);
}

/// The n-th masked tile over all ranges, so that a kernel has one loop over
/// masked tiles. 0 <= n < maskedTiles(ranges).
template <class Ops, class V = typename Ops::Value>
V nthMasked(Ops &ops, const std::vector<TileRange<V>> &ranges, V n) {
  return maskedSequence(ops, ranges).nth(ops, n);
}

/// The n-th full tile over all ranges. 0 <= n < fullTiles(ranges).
template <class Ops, class V = typename Ops::Value>
V nthFull(Ops &ops, const std::vector<TileRange<V>> &ranges, V n) {
  return fullSequence(ops, ranges).nth(ops, n);
}

/// How many pairs with a query in [qBegin, min(qEnd, Nq)) are allowed, of a
/// normal form without layers; exact as long as Nq + Nk < 2^31 (squares of sums
/// of lengths are formed). 0 <= qBegin.
template <class Ops, class V = typename Ops::Value>
V unmaskedPairs(Ops &ops, const NormalForm<V> &nf, V qBegin, V qEnd) {
  qEnd = ops.max(ops.min(qEnd, nf.lengths.queries), qBegin);
  V zero = ops.constant(0);
  V pairs = zero;
  for (const KeySegment<V> &segment : nf.segments) {
    V keys = ops.sub(segment.end, segment.begin);
    for (size_t r = 0; r < segment.queries.size(); ++r) {
      const QuerySegment<V> &queries = segment.queries[r];
      V begin = r > 0 ? ops.max(qBegin, queries.begin) : qBegin;
      V end = qEnd;
      if (r + 1 < segment.queries.size())
        end = ops.min(end, queries.end);
      if (segment.queries.size() > 1)
        end = ops.max(end, begin);
      for (const DistanceInterval<V> &d : queries.intervals) {
        // Query i sees the keys of the segment up to i + off - lo, without
        // those up to i + off - hi.
        auto keysUpTo = [&](V distance) {
          V shift = ops.sub(ops.sub(nf.offset, distance), segment.begin);
          return detail::sumOfClamped(ops, begin, end,
                                      detail::addConstant(ops, shift, 1), keys);
        };
        V count =
            d.loUnbounded ? ops.mul(keys, ops.sub(end, begin)) : keysUpTo(d.lo);
        if (!d.hiUnbounded)
          count = ops.sub(count, keysUpTo(ops.max(d.hi, d.lo)));
        pairs = ops.add(pairs, count);
      }
    }
  }
  return pairs;
}

/// How many queries see at least one key, if residues do not count.
template <class Ops, class V = typename Ops::Value>
V liveQueries(Ops &ops, const NormalForm<V> &nf) {
  return detail::measure(
      ops, detail::queriesSeeing(ops, nf, ops.constant(0), nf.lengths.keys));
}

/// How many keys are seen by at least one query, if residues do not count.
template <class Ops, class V = typename Ops::Value>
V seenKeys(Ops &ops, const NormalForm<V> &nf) {
  return detail::measure(
      ops, detail::keysSeenBy(ops, nf, ops.constant(0), nf.lengths.queries));
}

} // namespace spattn

#endif // SPATTN_STRUCTURE_COUNTS_H
