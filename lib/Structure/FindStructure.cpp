//===- FindStructure.cpp - The structure of a set of pairs ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/FindStructure.h"

#include "spattn/Structure/Allowed.h"
#include "spattn/Structure/Evaluate.h"
#include "spattn/Structure/Host.h"
#include "spattn/Structure/Ops.h"
#include "spattn/Structure/Simplify.h"

#include <algorithm>

using namespace spattn;

bool PairGrid::hasEmptyRow() const {
  for (int64_t i = 0; i < numQueries; ++i) {
    auto row = bits.begin() + i * numKeys;
    if (std::find(row, row + numKeys, true) == row + numKeys)
      return true;
  }
  return false;
}

PairGrid spattn::listPairs(const Structure &structure, int64_t queries,
                           int64_t keys, Alignment alignment) {
  HostAlgebra algebra(HeadStructures({{1, structure}}), {queries, keys},
                      alignment);
  NormalForm<int64_t> form = algebra.normalForm(0);
  IntOps ops;
  PairGrid grid(queries, keys);
  for (int64_t i = 0; i < queries; ++i) {
    // Residues leave out keys in between.
    if (!form.layers.empty()) {
      for (int64_t j = 0; j < keys; ++j)
        grid.set(i, j, allowed(ops, form, i, j));
      continue;
    }
    for (auto [lo, hi] : keysOfQuery(ops, form, i))
      for (int64_t j = std::max<int64_t>(lo, 0); j < std::min(hi, keys); ++j)
        grid.set(i, j, true);
  }
  return grid;
}

namespace {
/// Rows and columns of the grid: [queryLo, queryHi) x [keyLo, keyHi).
struct Box {
  int64_t queryLo, queryHi, keyLo, keyHi;
};

/// A set of distances, keys or queries, as flags of [first, first + size).
struct Flags {
  Flags(int64_t first, int64_t size, bool value)
      : first(first), flags(size, value) {}
  bool has(int64_t place) const { return flags[place - first]; }
  void set(int64_t place, bool value) { flags[place - first] = value; }

  /// Intervals that hold all places of this set, and none that `avoid` has.
  std::vector<Interval> intervals(const Flags *avoid = nullptr) const {
    std::vector<Interval> found;
    bool isOpen = false;
    for (size_t n = 0; n < flags.size(); ++n) {
      int64_t place = first + static_cast<int64_t>(n);
      if (avoid ? avoid->flags[n] : !flags[n])
        isOpen = false;
      if (!flags[n])
        continue;
      if (!isOpen)
        found.push_back({Bound::constant(place), Bound::constant(place)});
      found.back().hi = Bound::constant(place + 1);
      isOpen = true;
    }
    return found;
  }

  /// Adds what is `possible` between this set and the first place, and between
  /// it and the last: intervals from the start are shorter to write.
  void extend(const Flags &possible) {
    auto grow = [&](auto begin, auto end, auto possible) {
      auto place = std::find(begin, end, true);
      if (place != end && std::all_of(possible, possible + (place - begin),
                                      [](bool is) { return is; }))
        std::fill(begin, place, true);
    };
    grow(flags.begin(), flags.end(), possible.flags.begin());
    grow(flags.rbegin(), flags.rend(), possible.flags.rbegin());
  }

  int64_t first;
  std::vector<bool> flags;
};

/// One set of each.
struct Sets {
  Sets(const Box &box, int64_t offset, bool value)
      : distances(box.queryLo + offset - box.keyHi + 1,
                  box.queryHi - box.queryLo + box.keyHi - box.keyLo, value),
        keys(box.keyLo, box.keyHi - box.keyLo, value),
        queries(box.queryLo + offset, box.queryHi - box.queryLo, value) {}
  Flags distances, keys, queries;
};

class Finder {
public:
  Finder(const PairGrid &grid, Alignment alignment)
      : grid(grid),
        offset(alignment == Alignment::End ? grid.keys() - grid.queries() : 0) {
  }

  std::optional<Structure> find() const {
    Box all{0, grid.queries(), 0, grid.keys()};
    if (std::optional<Structure> found = findInBox(all))
      return found;
    if (std::optional<Structure> found = findRanges())
      return found;
    return findBlocks();
  }

private:
  template <class Visitor>
  void forEachPair(const Box &box, Visitor &&visit) const {
    for (int64_t i = box.queryLo; i < box.queryHi; ++i)
      for (int64_t j = box.keyLo; j < box.keyHi; ++j)
        visit(i + offset, j, i + offset - j, grid.at(i, j));
  }

  /// A union within an outer set, of the fewest kinds of sets.
  std::optional<Structure> findInBox(const Box &box) const {
    Sets any(box, offset, false);
    forEachPair(box, [&](int64_t p, int64_t j, int64_t d, bool isAllowed) {
      if (!isAllowed)
        return;
      any.distances.set(d, true);
      any.keys.set(j, true);
      any.queries.set(p, true);
    });
    for (unsigned kinds : {0, 1, 2, 4, 3, 5, 6, 7})
      if (std::optional<Structure> found = findWithin(box, any, kinds))
        return found;
    return std::nullopt;
  }

  static Structure uniteKeys(const std::vector<Interval> &intervals) {
    std::vector<Structure> parts;
    for (const Interval &interval : intervals)
      parts.push_back(Structure::keys(interval.lo, interval.hi));
    return parts.empty() ? Structure::none() : Structure::unite(parts);
  }
  static Structure uniteQueries(const std::vector<Interval> &intervals) {
    std::vector<Structure> parts;
    for (const Interval &interval : intervals)
      parts.push_back(Structure::queries(interval.lo, interval.hi));
    return parts.empty() ? Structure::none() : Structure::unite(parts);
  }

  /// A union of sets, within outer sets of these kinds: 1 of keys, 2 of
  /// queries, 4 of distances.
  std::optional<Structure> findWithin(const Box &box, const Sets &outer,
                                      unsigned kinds) const {
    auto isWithin = [&](int64_t p, int64_t j, int64_t d) {
      return (!(kinds & 1) || outer.keys.has(j)) &&
             (!(kinds & 2) || outer.queries.has(p)) &&
             (!(kinds & 4) || outer.distances.has(d));
    };
    // Sets of which everything is allowed.
    Sets full(box, offset, true);
    forEachPair(box, [&](int64_t p, int64_t j, int64_t d, bool isAllowed) {
      if (isAllowed || !isWithin(p, j, d))
        return;
      full.distances.set(d, false);
      full.keys.set(j, false);
      full.queries.set(p, false);
    });
    // Those that it takes: distances first, then keys, then queries.
    Sets needed(box, offset, false);
    bool isCovered = true;
    forEachPair(box, [&](int64_t p, int64_t j, int64_t d, bool isAllowed) {
      if (!isAllowed || full.distances.has(d))
        return;
      if (full.keys.has(j))
        needed.keys.set(j, true);
      else if (full.queries.has(p))
        needed.queries.set(p, true);
      else
        isCovered = false;
    });
    if (!isCovered)
      return std::nullopt;
    needed.keys.extend(full.keys);
    needed.queries.extend(full.queries);
    forEachPair(box, [&](int64_t p, int64_t j, int64_t d, bool isAllowed) {
      if (isAllowed && !needed.keys.has(j) && !needed.queries.has(p))
        needed.distances.set(d, true);
    });
    if (!(kinds & 4))
      needed.distances.extend(full.distances);
    Flags forbidden = full.distances;
    forbidden.flags.flip();
    std::vector<Structure> parts;
    std::vector<Interval> distances = needed.distances.intervals(&forbidden);
    if (!distances.empty())
      parts.push_back(Structure::distances(distances));
    parts.push_back(uniteKeys(needed.keys.intervals()));
    parts.push_back(uniteQueries(needed.queries.intervals()));
    Structure inner = Structure::unite(parts);
    std::vector<Structure> all = {inner};
    if (kinds & 1)
      all.push_back(uniteKeys(outer.keys.intervals()));
    if (kinds & 2)
      all.push_back(uniteQueries(outer.queries.intervals()));
    if (kinds & 4)
      all.push_back(Structure::distances(outer.distances.intervals()));
    return Structure::intersect(all);
  }

  bool haveSameKeys(int64_t query, int64_t other) const {
    for (int64_t j = 0; j < grid.keys(); ++j)
      if (grid.at(query, j) != grid.at(other, j))
        return false;
    return true;
  }

  /// Keys of each range of queries.
  std::optional<Structure> findRanges() const {
    std::vector<Structure> parts;
    for (int64_t lo = 0; lo < grid.queries();) {
      int64_t hi = lo + 1;
      while (hi < grid.queries() && haveSameKeys(lo, hi))
        ++hi;
      if (static_cast<int64_t>(parts.size()) > Structure::maxQueryBounds)
        return std::nullopt;
      Flags keys(0, grid.keys(), false);
      for (int64_t j = 0; j < grid.keys(); ++j)
        keys.set(j, grid.at(lo, j));
      parts.push_back(Structure::intersect(
          {Structure::queries(Bound::constant(lo + offset),
                              Bound::constant(hi + offset)),
           uniteKeys(keys.intervals())}));
      lo = hi;
    }
    return Structure::unite(parts);
  }

  /// Blocks on the diagonal that no pair leaves.
  std::optional<Structure> findBlocks() const {
    if (grid.queries() != grid.keys())
      return std::nullopt;
    // The first place behind all that places up to one see, or are seen by.
    int64_t length = grid.keys();
    std::vector<int64_t> end(length);
    for (int64_t i = 0; i < length; ++i) {
      end[i] = std::max(end[i], i + 1);
      for (int64_t j = 0; j < length; ++j)
        if (grid.at(i, j))
          end[std::min(i, j)] =
              std::max(end[std::min(i, j)], std::max(i, j) + 1);
    }
    std::vector<Structure> parts;
    for (int64_t lo = 0; lo < length;) {
      int64_t hi = end[lo];
      for (int64_t i = lo; i < hi; ++i)
        hi = std::max(hi, end[i]);
      std::optional<Structure> inner = findInBox({lo, hi, lo, hi});
      if (!inner ||
          static_cast<int64_t>(parts.size()) > Structure::maxQueryBounds)
        return std::nullopt;
      Bound from = Bound::constant(lo), to = Bound::constant(hi);
      parts.push_back(Structure::intersect(
          {Structure::queries(from, to), Structure::keys(from, to), *inner}));
      lo = hi;
    }
    return Structure::unite(parts);
  }

  const PairGrid &grid;
  int64_t offset;
};
} // namespace

std::optional<Structure> spattn::findStructure(const PairGrid &grid,
                                               Alignment alignment) {
  std::optional<Structure> found = Finder(grid, alignment).find();
  if (!found || found->depth() > Structure::maxDepth ||
      found->size() > Structure::maxSize)
    return std::nullopt;
  Structure simple = simplify(*found, {grid.queries(), grid.keys()}, alignment);
  if (HeadStructures({{1, simple}}).validate() ||
      !(listPairs(simple, grid.queries(), grid.keys(), alignment) == grid))
    return std::nullopt;
  return simple;
}
