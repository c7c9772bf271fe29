//===- Checks.h - The algebra against the definition ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_STRUCTURE_CHECKS_H
#define SPATTN_TEST_UNIT_STRUCTURE_CHECKS_H

#include "Definition.h"
#include "spattn/Structure/Algebra.h"
#include "gtest/gtest.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) ||                                        \
    __has_feature(undefined_behavior_sanitizer)
#define SPATTN_TEST_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SPATTN_TEST_SANITIZED 1
#endif

namespace spattn::test {

/// Sanitizers slow these tests down by more than an order of magnitude; under
/// them only one in so many instances is checked.
#if defined(SPATTN_TEST_SANITIZED)
constexpr int thinning = 12;
#else
constexpr int thinning = 1;
#endif

inline int64_t unknown(IntOps &, int64_t value) { return value; }
inline BlindOps::Value unknown(BlindOps &ops, int64_t value) {
  return ops.unknown(value);
}
inline int64_t read(int64_t value) { return value; }
inline int64_t read(BlindOps::Value value) { return value.value; }
inline bool read(bool value) { return value; }
inline bool read(BlindOps::Bool value) { return value.value; }

/// A tile range with its numbers out in the open.
using Tiles = TileRange<int64_t>;

template <class V>
std::vector<Tiles> readRanges(const std::vector<TileRange<V>> &ranges) {
  std::vector<Tiles> result;
  for (const TileRange<V> &r : ranges)
    result.push_back(
        {read(r.begin), read(r.fullBegin), read(r.fullEnd), read(r.end)});
  return result;
}

/// What the definition says of tile t: 0 empty, 1 masked, 2 full.
enum TileState : char { Empty, Masked, Full };

/// Checks the order of ranges, and that they visit exactly the tiles that are
/// not empty, masked or not as `states` says.
inline bool rangesMatch(const std::vector<Tiles> &ranges,
                        const std::vector<TileState> &states) {
  int64_t next = 0, tiles = static_cast<int64_t>(states.size());
  for (const Tiles &r : ranges) {
    if (r.begin > r.fullBegin || r.fullBegin > r.fullEnd || r.fullEnd > r.end)
      return false;
    if (r.begin == r.end)
      continue;
    if (r.begin < next || r.end > tiles)
      return false;
    for (; next < r.begin; ++next)
      if (states[next] != Empty)
        return false;
    for (; next < r.end; ++next)
      if (states[next] !=
          (next >= r.fullBegin && next < r.fullEnd ? Full : Masked))
        return false;
  }
  for (; next < tiles; ++next)
    if (states[next] != Empty)
      return false;
  return true;
}

inline std::string print(const std::vector<Tiles> &ranges,
                         const std::vector<TileState> &states) {
  std::string text = "ranges";
  for (const Tiles &r : ranges)
    text += " [" + std::to_string(r.begin) + " [" +
            std::to_string(r.fullBegin) + " " + std::to_string(r.fullEnd) +
            ") " + std::to_string(r.end) + ")";
  text += " but tiles ";
  for (TileState state : states)
    text += ".mF"[state];
  return text;
}

/// Checks counts and the enumeration of masked and full tiles.
template <class Ops, class V = typename Ops::Value>
bool sequencesMatch(Ops &ops, const std::vector<TileRange<V>> &ranges,
                    const std::vector<TileState> &states) {
  std::vector<int64_t> masked, full;
  for (size_t t = 0; t < states.size(); ++t)
    if (states[t] != Empty)
      (states[t] == Full ? full : masked).push_back(t);
  if (read(maskedTiles(ops, ranges)) != int64_t(masked.size()) ||
      read(fullTiles(ops, ranges)) != int64_t(full.size()) ||
      read(visitedTiles(ops, ranges)) != int64_t(masked.size() + full.size()))
    return false;
  for (size_t n = 0; n < masked.size(); ++n)
    if (read(nthMasked(ops, ranges, unknown(ops, n))) != masked[n])
      return false;
  for (size_t n = 0; n < full.size(); ++n)
    if (read(nthFull(ops, ranges, unknown(ops, n))) != full[n])
      return false;
  return true;
}

/// The pairs for which tiles are visited, and those of which full ones are:
/// they are the same unless there are residues.
struct TileTables {
  TileTables(const Table &table) : visited(table), full(table) {}
  TileTables(const Table &visited, const Table &full)
      : visited(visited), full(full) {}

  const Table &visited, &full;
};

/// Compares the key tiles of queries [q0, q1) with the tables.
template <class Ops, class V = typename Ops::Value>
::testing::AssertionResult checkKeyTiles(Ops &ops, const NormalForm<V> &nf,
                                         const TileTables &tables, int64_t q0,
                                         int64_t q1, int64_t tile) {
  const Table &table = tables.visited;
  std::vector<TileState> states;
  int64_t rows = std::min(q1, table.rows) - q0;
  for (int64_t j = 0; j < table.columns; j += tile) {
    bool isEmpty = table.count(q0, q1, j, j + tile) == 0;
    bool isFull = tables.full.count(q0, q1, j, j + tile) == rows * tile;
    states.push_back(isEmpty ? Empty : isFull ? Full : Masked);
  }
  auto ranges = keyTiles(ops, nf, unknown(ops, q0), unknown(ops, q1), tile);
  if (rangesMatch(readRanges(ranges), states) &&
      sequencesMatch(ops, ranges, states))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "queries " << q0 << " to " << q1 << ", key tile " << tile << ": "
         << print(readRanges(ranges), states);
}

/// Compares the query tiles of keys [k0, k1) with the tables.
template <class Ops, class V = typename Ops::Value>
::testing::AssertionResult checkQueryTiles(Ops &ops, const NormalForm<V> &nf,
                                           const TileTables &tables, int64_t k0,
                                           int64_t k1, int64_t tile) {
  const Table &table = tables.visited;
  std::vector<TileState> states;
  int64_t columns = std::min(k1, table.columns) - k0;
  for (int64_t i = 0; i < table.rows; i += tile) {
    bool isEmpty = table.count(i, i + tile, k0, k1) == 0;
    bool isFull = tables.full.count(i, i + tile, k0, k1) == columns * tile;
    states.push_back(isEmpty ? Empty : isFull ? Full : Masked);
  }
  auto ranges = queryTiles(ops, nf, unknown(ops, k0), unknown(ops, k1), tile);
  if (rangesMatch(readRanges(ranges), states) &&
      sequencesMatch(ops, ranges, states))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "keys " << k0 << " to " << k1 << ", query tile " << tile << ": "
         << print(readRanges(ranges), states);
}

/// The normal form with nothing known but the description.
template <class Ops>
NormalForm<typename Ops::Value> formOf(Ops &ops, const Instance &instance) {
  Lengths<typename Ops::Value> lengths = {unknown(ops, instance.queries),
                                          unknown(ops, instance.keys)};
  if (instance.pack)
    lengths.pack = unknown(ops, *instance.pack);
  return normalForm(ops, *instance.heads, unknown(ops, instance.head), lengths,
                    instance.alignment);
}

/// The documented invariants of a normal form.
template <class V>
::testing::AssertionResult checkInvariants(const NormalForm<V> &nf,
                                           const Instance &instance) {
  auto fail = [] { return ::testing::AssertionFailure(); };
  if (nf.segments.empty())
    return fail() << "no segment";
  int64_t end = 0;
  for (const KeySegment<V> &segment : nf.segments) {
    if (read(segment.begin) != end || read(segment.end) < end)
      return fail() << "segments do not follow each other";
    end = read(segment.end);
    if (segment.queries.empty())
      return fail() << "no segment of queries";
    int64_t queryEnd = 0;
    for (const QuerySegment<V> &queries : segment.queries) {
      if (read(queries.begin) != queryEnd || read(queries.end) < queryEnd)
        return fail() << "segments of queries do not follow each other";
      queryEnd = read(queries.end);
      int64_t last = -infinity;
      for (const DistanceInterval<V> &d : queries.intervals) {
        int64_t lo = read(d.lo), hi = read(d.hi);
        if (instance.queries > 0 && instance.keys > 0 &&
            (lo < read(nf.distanceBegin) || hi > read(nf.distanceEnd)))
          return fail() << "an interval is not clipped";
        if (lo >= hi) {
          if (instance.queries > 0 && instance.keys > 0 &&
              lo < read(nf.distanceEnd) && hi > read(nf.distanceBegin))
            return fail() << "an empty interval lies in the way";
          continue;
        }
        if (lo <= last)
          return fail() << "intervals touch or overlap";
        last = hi;
      }
    }
    if (queryEnd != instance.queries)
      return fail() << "segments of queries end at " << queryEnd;
  }
  if (end != instance.keys)
    return fail() << "segments end at " << end;
  return ::testing::AssertionSuccess();
}

/// Everything but tiles: the predicate, spans of rows and columns, counts.
template <class Ops, class V = typename Ops::Value>
::testing::AssertionResult checkForm(Ops &ops, const NormalForm<V> &nf,
                                     const Table &table,
                                     const Instance &instance) {
  auto fail = [] { return ::testing::AssertionFailure(); };
  if (auto result = checkInvariants(nf, instance); !result)
    return result;
  int64_t live = 0, seen = 0;
  auto inSpans = [](const std::vector<Span<V>> &spans, int64_t x) {
    int64_t times = 0;
    for (const Span<V> &span : spans)
      times += read(span.lo) <= x && x < read(span.hi);
    return times;
  };
  for (int64_t i = -1; i <= table.rows; ++i) {
    auto row = keysOfQuery(ops, nf, unknown(ops, i));
    for (int64_t j = -1; j <= table.columns; ++j) {
      bool expected = i >= 0 && j >= 0 && table.count(i, i + 1, j, j + 1);
      if (read(allowed(ops, nf, unknown(ops, i), unknown(ops, j))) != expected)
        return fail() << "allowed(" << i << ", " << j << ")";
      if (i >= 0 && inSpans(row, j) != expected)
        return fail() << "keysOfQuery(" << i << ") at " << j;
    }
    live += i >= 0 && table.count(i, i + 1, 0, table.columns) > 0;
  }
  for (int64_t j = 0; j <= table.columns; ++j) {
    auto column = queriesOfKey(ops, nf, unknown(ops, j));
    for (int64_t i = 0; i <= table.rows; ++i)
      if (inSpans(column, i) != table.count(i, i + 1, j, j + 1))
        return fail() << "queriesOfKey(" << j << ") at " << i;
    seen += table.count(0, table.rows, j, j + 1) > 0;
  }
  if (read(liveQueries(ops, nf)) != live)
    return fail() << "liveQueries " << read(liveQueries(ops, nf)) << " not "
                  << live;
  if (read(seenKeys(ops, nf)) != seen)
    return fail() << "seenKeys " << read(seenKeys(ops, nf)) << " not " << seen;
  for (int64_t q0 = 0; q0 <= table.rows; q0 += 1 + table.rows / 4)
    for (int64_t q1 : {q0, q0 + 3, table.rows + 2}) {
      int64_t pairs =
          read(unmaskedPairs(ops, nf, unknown(ops, q0), unknown(ops, q1)));
      if (pairs != table.count(q0, q1, 0, table.columns))
        return fail() << "unmaskedPairs(" << q0 << ", " << q1 << ") " << pairs;
    }
  return ::testing::AssertionSuccess();
}

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_STRUCTURE_CHECKS_H
