//===- Pattern.cpp - Structures at given lengths --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Status.h"
#include "Structure.h"
#include "spattn/Structure/Algebra.h"
#include "spattn/Structure/Host.h"

#include <cstring>

using namespace spattn;
using namespace spattn::capi;

struct SpattnPatternImpl {
  HeadStructures heads;
  Lengths<int64_t> lengths;
  Alignment alignment;
  HostAlgebra algebra;
};

SpattnStatus spattnPatternCreate(SpattnStructure structure, int64_t numHeads,
                                 int64_t queries, int64_t keys,
                                 SpattnAlignment alignment,
                                 SpattnPattern *pattern) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(pattern, "pattern", {{structure, "structure"}}))
      return status;
    Alignment ends;
    if (SpattnStatus status = convert(alignment, ends))
      return status;
    if (SpattnStatus status = resolveHeads(structure, numHeads))
      return status;
    for (int64_t length : {queries, keys})
      if (length < 0 || length >= kLengthLimit)
        return invalid("expected a length from 0 to 2^30 - 1, got ", length);
    HeadStructures heads = structure->forHeads(numHeads);
    if (std::optional<std::string> message = heads.validate())
      return invalid(*message);
    Lengths<int64_t> lengths = {queries, keys};
    *pattern = new SpattnPatternImpl{heads, lengths, ends,
                                     HostAlgebra(heads, lengths, ends)};
    return nullptr;
  });
}

void spattnPatternDestroy(SpattnPattern pattern) { delete pattern; }

int64_t spattnPatternGetNumHeads(SpattnPattern pattern) {
  return pattern ? pattern->heads.numHeads() : 0;
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// Checks a head index. -1 means all heads, if `allowAll`.
static SpattnStatus checkHead(SpattnPattern pattern, int64_t head,
                              bool allowAll) {
  int64_t count = pattern->heads.numHeads();
  if (head < (allowAll ? -1 : 0) || head >= count)
    return invalid("there is no head ", head, "; there are ", count);
  return nullptr;
}

static SpattnStatus checkRange(const char *what, int64_t first, int64_t count,
                               int64_t length) {
  if (first < 0 || count < 0 || first > length || count > length - first)
    return invalid("there are ", length, " ", what, ", which does not hold [",
                   first, ", ", first, " + ", count, ")");
  return nullptr;
}

static SpattnStatus checkTile(SpattnTileShape tile) {
  if (tile.queries < 1 || tile.keys < 1 || tile.queries >= kLengthLimit ||
      tile.keys >= kLengthLimit)
    return invalid("expected tiles of 1 to 2^30 - 1 queries and keys, got ",
                   tile.queries, " by ", tile.keys);
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Pairs
//===----------------------------------------------------------------------===//

SpattnStatus spattnPatternIsAllowed(SpattnPattern pattern, int64_t head,
                                    int64_t query, int64_t key, bool *allowed) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(allowed, "allowed", {{pattern, "pattern"}}))
      return status;
    if (SpattnStatus status = checkHead(pattern, head, /*allowAll=*/false))
      return status;
    if (SpattnStatus status =
            checkRange("queries", query, 1, pattern->lengths.queries))
      return status;
    if (SpattnStatus status = checkRange("keys", key, 1, pattern->lengths.keys))
      return status;
    *allowed = pattern->algebra.allowed(head, query, key);
    return nullptr;
  });
}

SpattnStatus spattnPatternGetMask(SpattnPattern pattern, int64_t head,
                                  int64_t firstQuery, int64_t numQueries,
                                  int64_t firstKey, int64_t numKeys,
                                  uint8_t *mask) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            checkNotNull({{pattern, "pattern"}, {mask, "mask"}}))
      return status;
    if (SpattnStatus status = checkHead(pattern, head, /*allowAll=*/false))
      return status;
    if (SpattnStatus status = checkRange("queries", firstQuery, numQueries,
                                         pattern->lengths.queries))
      return status;
    if (SpattnStatus status =
            checkRange("keys", firstKey, numKeys, pattern->lengths.keys))
      return status;
    IntOps ops;
    NormalForm<int64_t> form = pattern->algebra.normalForm(head);
    for (int64_t i = 0; i < numQueries; ++i) {
      uint8_t *row = mask + i * numKeys;
      std::memset(row, 0, size_t(numKeys));
      if (!form.layers.empty()) {
        for (int64_t j = 0; j < numKeys; ++j)
          row[j] = allowed(ops, form, firstQuery + i, firstKey + j);
        continue;
      }
      for (auto [lo, hi] : keysOfQuery(ops, form, firstQuery + i)) {
        int64_t begin = std::max(lo - firstKey, int64_t(0));
        int64_t end = std::min(hi - firstKey, numKeys);
        if (begin < end)
          std::memset(row + begin, 1, size_t(end - begin));
      }
    }
    return nullptr;
  });
}

SpattnStatus spattnPatternCountPairs(SpattnPattern pattern, int64_t head,
                                     int64_t *pairs) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(pairs, "pairs", {{pattern, "pattern"}}))
      return status;
    if (SpattnStatus status = checkHead(pattern, head, /*allowAll=*/true))
      return status;
    int64_t first = std::max(head, int64_t(0));
    int64_t last = head < 0 ? pattern->heads.numHeads() : head + 1;
    for (; first < last; ++first)
      if (__builtin_add_overflow(*pairs, pattern->algebra.pairs(first), pairs))
        return makeStatus(SpattnStatusInvalidArgument,
                          "there are more than 2^63 - 1 pairs");
    return nullptr;
  });
}

SpattnStatus spattnPatternGetKeys(SpattnPattern pattern, int64_t head,
                                  int64_t firstQuery, int64_t numQueries,
                                  SpattnKeyInterval *intervals, size_t capacity,
                                  size_t *numIntervals) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(numIntervals, "numIntervals", {{pattern, "pattern"}}))
      return status;
    if (capacity > 0 && !intervals)
      return invalid("'intervals' is null, but there is room for ", capacity);
    if (SpattnStatus status = checkHead(pattern, head, /*allowAll=*/false))
      return status;
    if (SpattnStatus status = checkRange("queries", firstQuery, numQueries,
                                         pattern->lengths.queries))
      return status;
    for (const Span<int64_t> &keys : pattern->algebra.keysSeenBy(
             head, firstQuery, firstQuery + numQueries)) {
      if (*numIntervals < capacity)
        intervals[*numIntervals] = {keys.lo, keys.hi};
      ++*numIntervals;
    }
    return nullptr;
  });
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

SpattnStatus spattnPatternCountTiles(SpattnPattern pattern, int64_t head,
                                     SpattnTileShape tile,
                                     SpattnTileCounts *counts) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(counts, "counts", {{pattern, "pattern"}}))
      return status;
    if (SpattnStatus status = checkHead(pattern, head, /*allowAll=*/true))
      return status;
    if (SpattnStatus status = checkTile(tile))
      return status;
    TileShape shape = {tile.queries, tile.keys};
    TileCounts found = head < 0 ? pattern->algebra.tiles(shape)
                                : pattern->algebra.tiles(head, shape);
    *counts = {found.visited, found.full, found.masked, found.skipped};
    return nullptr;
  });
}

SpattnStatus spattnPatternGetTiles(SpattnPattern pattern, int64_t head,
                                   SpattnTileShape tile, int64_t firstRow,
                                   int64_t numRows,
                                   SpattnTileInterval *intervals,
                                   size_t capacity, size_t *numIntervals) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(numIntervals, "numIntervals", {{pattern, "pattern"}}))
      return status;
    if (capacity > 0 && !intervals)
      return invalid("'intervals' is null, but there is room for ", capacity);
    if (SpattnStatus status = checkHead(pattern, head, /*allowAll=*/false))
      return status;
    if (SpattnStatus status = checkTile(tile))
      return status;
    IntOps ops;
    int64_t rows = ops.ceilDiv(pattern->lengths.queries, tile.queries);
    if (SpattnStatus status =
            checkRange("rows of tiles", firstRow, numRows, rows))
      return status;
    NormalForm<int64_t> form = pattern->algebra.normalForm(head);
    auto add = [&](int64_t row, int64_t begin, int64_t end, bool isFull) {
      if (begin >= end)
        return;
      if (*numIntervals < capacity)
        intervals[*numIntervals] = {row, begin, end, isFull};
      ++*numIntervals;
    };
    for (int64_t row = firstRow; row < firstRow + numRows; ++row) {
      int64_t begin = row * tile.queries;
      for (const TileRange<int64_t> &range :
           keyTiles(ops, form, begin, begin + tile.queries, tile.keys)) {
        add(row, range.begin, range.fullBegin, false);
        add(row, range.fullBegin, range.fullEnd, true);
        add(row, range.fullEnd, range.end, false);
      }
    }
    return nullptr;
  });
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

SpattnStatus spattnPatternGetWork(SpattnPattern pattern,
                                  const SpattnWorkShape *shape,
                                  SpattnWork *work) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(work, "work", {{pattern, "pattern"}}))
      return status;
    SpattnWorkShape given = shape ? *shape : SpattnWorkShape{};
    for (int64_t size :
         {given.headDim, given.valueDim, given.elementBytes, given.outputBytes})
      if (size < 0 || size > (1 << 20))
        return invalid("expected sizes from 0 to 2^20, got ", size);
    int64_t heads = pattern->heads.numHeads();
    if (given.keyHeads < 0 ||
        (given.keyHeads > 0 && heads % given.keyHeads != 0))
      return invalid("expected a number of key heads that divides ", heads,
                     ", got ", given.keyHeads);
    WorkShape converted;
    converted.lengths = pattern->lengths;
    converted.alignment = pattern->alignment;
    if (given.headDim > 0)
      converted.headDim = given.headDim;
    if (given.elementBytes > 0)
      converted.elementBytes = given.elementBytes;
    converted.valueDim = given.valueDim;
    converted.outputBytes = given.outputBytes;
    converted.keyHeads = given.keyHeads;
    Work total = totalWork(pattern->heads, converted);
    *work = {total.pairs, total.flopsForward, total.flopsBackward,
             total.bytesForward, total.bytesBackward};
    return nullptr;
  });
}
