//===- Host.cpp - The algebra on integers ---------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Host.h"
#include "LineCounts.h"
#include "spattn/Structure/Algebra.h"
#include "spattn/Structure/FormNumbers.h"
#include "spattn/Structure/HeadWork.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

using namespace spattn;

namespace {
using Form = NormalForm<int64_t>;
using Ranges = std::vector<TileRange<int64_t>>;

Ranges rowRanges(const Form &nf, int64_t row, TileShape tile,
                 bool fromFirstKey = false) {
  IntOps ops;
  int64_t begin = row * tile.queries, end = begin + tile.queries;
  int64_t origin = fromFirstKey ? firstKey(ops, nf, begin, end) : 0;
  return keyTiles(ops, nf, begin, end, tile.keys, origin);
}

Ranges columnRanges(const Form &nf, int64_t column, TileShape tile) {
  IntOps ops;
  int64_t begin = column * tile.keys;
  return queryTiles(ops, nf, begin, begin + tile.keys, tile.queries);
}

int64_t tilesOf(int64_t length, int64_t tile) {
  return IntOps().ceilDiv(length, tile);
}
} // namespace

TileCounts &TileCounts::operator+=(const TileCounts &other) {
  visited += other.visited;
  full += other.full;
  masked += other.masked;
  skipped += other.skipped;
  return *this;
}

Form HostAlgebra::normalForm(int64_t head) const {
  IntOps ops;
  return spattn::normalForm(ops, heads, head, lengths, alignment);
}

bool HostAlgebra::allowed(int64_t head, int64_t i, int64_t j) const {
  IntOps ops;
  return spattn::allowed(ops, normalForm(head), i, j);
}

Ranges HostAlgebra::keyTiles(int64_t head, int64_t queryTileIndex,
                             TileShape tile) const {
  return rowRanges(normalForm(head), queryTileIndex, tile);
}

Ranges HostAlgebra::queryTiles(int64_t head, int64_t keyTileIndex,
                               TileShape tile) const {
  return columnRanges(normalForm(head), keyTileIndex, tile);
}

std::vector<Span<int64_t>> HostAlgebra::keysSeenBy(int64_t head, int64_t qBegin,
                                                   int64_t qEnd) const {
  IntOps ops;
  std::vector<Span<int64_t>> spans =
      detail::keysSeenBy(ops, normalForm(head), qBegin, qEnd);
  spans.erase(
      std::remove_if(spans.begin(), spans.end(),
                     [](const Span<int64_t> &s) { return s.hi <= s.lo; }),
      spans.end());
  return spans;
}

int64_t HostAlgebra::pairs(int64_t head) const {
  return countPairs(normalForm(head));
}

bool HostAlgebra::matches(const Structure &structure) const {
  std::vector<HeadGroup> wanted, common;
  for (const auto &[count, own] : heads.groups()) {
    wanted.push_back({count, structure});
    common.push_back({count, Structure::intersect({structure, own})});
  }
  HostAlgebra all(HeadStructures(std::move(wanted)), lengths, alignment);
  HostAlgebra both(HeadStructures(std::move(common)), lengths, alignment);
  for (int64_t head = 0, e = numHeads(); head < e; ++head) {
    int64_t pairs = both.pairs(head);
    if (pairs != all.pairs(head) || pairs != this->pairs(head))
      return false;
  }
  return true;
}

TileCounts HostAlgebra::tiles(int64_t head, TileShape tile) const {
  IntOps ops;
  Form nf = normalForm(head);
  int64_t rows = tilesOf(lengths.queries, tile.queries);
  TileCounts counts;
  for (int64_t row = 0; row < rows; ++row) {
    Ranges ranges = rowRanges(nf, row, tile);
    counts.visited += visitedTiles(ops, ranges);
    counts.full += fullTiles(ops, ranges);
  }
  counts.masked = counts.visited - counts.full;
  counts.skipped = rows * tilesOf(lengths.keys, tile.keys) - counts.visited;
  return counts;
}

TileCounts HostAlgebra::tiles(TileShape tile) const {
  TileCounts counts;
  for (int64_t head = 0, e = numHeads(); head < e; ++head)
    counts += tiles(head, tile);
  return counts;
}

std::vector<int64_t> HostAlgebra::rowTiles(int64_t head, TileShape tile,
                                           bool fromFirstKey) const {
  IntOps ops;
  Form nf = normalForm(head);
  std::vector<int64_t> work;
  for (int64_t row = 0, e = tilesOf(lengths.queries, tile.queries); row < e;
       ++row)
    work.push_back(visitedTiles(ops, rowRanges(nf, row, tile, fromFirstKey)));
  return work;
}

std::vector<int64_t> HostAlgebra::columnTiles(int64_t head,
                                              TileShape tile) const {
  IntOps ops;
  Form nf = normalForm(head);
  std::vector<int64_t> work;
  for (int64_t column = 0, e = tilesOf(lengths.keys, tile.keys); column < e;
       ++column)
    work.push_back(visitedTiles(ops, columnRanges(nf, column, tile)));
  return work;
}

/// Counts stay at the largest number rather than overflow.
static int64_t multiply(int64_t a, int64_t b) {
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static int64_t add(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

namespace {
/// What a head does.
struct HeadWork {
  int64_t pairs, liveRows;
  std::vector<Span<int64_t>> keys;
};

/// What the least work of some heads follows from. Keys that they share count
/// once; queries and keys are all there are.
struct WorkCounts {
  int64_t pairs, liveRows, seenKeys, queries, keys;
};

HeadWork workOf(const Form &form) {
  IntOps ops;
  if (!form.layers.empty())
    return {countPairs(form), countLines(form, Lines::Queries),
            findLines(form, Lines::Keys)};
  int64_t queries = form.lengths.queries;
  return {unmaskedPairs(ops, form, int64_t(0), queries), liveQueries(ops, form),
          detail::keysSeenBy(ops, form, int64_t(0), queries)};
}

std::vector<int64_t> numbersOf(Form form) {
  std::vector<int64_t> numbers;
  forEachNumber(form, [&](int64_t number) { numbers.push_back(number); });
  return numbers;
}
} // namespace

static Work leastWork(const WorkCounts &counts, const WorkShape &shape) {
  int64_t dim = shape.headDim;
  int64_t valueDim = shape.valueDim > 0 ? shape.valueDim : dim;
  int64_t bytes = shape.elementBytes;
  // Rows of q and k, of v, of o, and of gradients.
  int64_t row = dim * bytes, valueRow = valueDim * bytes;
  auto rowOf = [&](int64_t width, int64_t ownBytes) {
    return width * (ownBytes > 0 ? ownBytes : bytes);
  };
  int64_t outRow = rowOf(valueDim, shape.outputBytes);
  int64_t dqRow = rowOf(dim, shape.queryGradientBytes);
  int64_t dkRow = rowOf(dim, shape.keyGradientBytes);
  int64_t dvRow = rowOf(valueDim, shape.valueGradientBytes);
  auto sum = [](std::initializer_list<std::pair<int64_t, int64_t>> terms) {
    int64_t total = 0;
    for (auto [count, size] : terms)
      total = add(total, multiply(count, size));
    return total;
  };
  Work work;
  work.pairs = counts.pairs;
  work.flopsForward = multiply(work.pairs, 2 * (dim + valueDim));
  work.flopsBackward = multiply(work.pairs, 6 * dim + 4 * valueDim);
  work.bytesForward = sum({{counts.liveRows, row},
                           {counts.seenKeys, row + valueRow},
                           {counts.queries, outRow}});
  work.bytesBackward = sum({{counts.liveRows, row + 2 * outRow},
                            {counts.seenKeys, row + valueRow},
                            {counts.queries, dqRow},
                            {counts.keys, dkRow + dvRow}});
  return work;
}

Work spattn::totalWork(const HeadStructures &heads, const WorkShape &shape) {
  IntOps ops;
  int64_t queries = shape.lengths.queries, keys = shape.lengths.keys;
  int64_t numHeads = heads.numHeads();
  int64_t keyHeads = shape.keyHeads > 0 ? shape.keyHeads : numHeads;
  int64_t groupSize = keyHeads > 0 ? ops.ceilDiv(numHeads, keyHeads) : 1;
  int64_t pairs = 0, liveRows = 0, seen = 0;
  std::vector<Span<int64_t>> groupKeys;
  HeadWork own;
  std::vector<int64_t> previous;
  for (int64_t head = 0; head < numHeads; ++head) {
    Form nf = normalForm(ops, heads, head, shape.lengths, shape.alignment);
    // Heads that see the same follow each other, and residues are counted line
    // by line.
    std::vector<int64_t> numbers = numbersOf(nf);
    if (head == 0 || nf.layers.empty() || numbers != previous)
      own = workOf(nf);
    previous = std::move(numbers);
    pairs = add(pairs, own.pairs);
    liveRows += own.liveRows;
    groupKeys.insert(groupKeys.end(), own.keys.begin(), own.keys.end());
    if ((head + 1) % groupSize != 0 && head + 1 != numHeads)
      continue;
    detail::fillEmpty(ops, groupKeys, keys);
    detail::sortSpans(ops, groupKeys);
    detail::mergeSorted(ops, groupKeys);
    seen += detail::measure(ops, groupKeys);
    groupKeys.clear();
  }
  return leastWork({pairs, liveRows, seen, multiply(numHeads, queries),
                    multiply(keyHeads, keys)},
                   shape);
}

Work spattn::headWork(const NormalForm<int64_t> &form, const WorkShape &shape) {
  IntOps ops;
  HeadWork own = workOf(form);
  return leastWork({own.pairs, own.liveRows, detail::measure(ops, own.keys),
                    form.lengths.queries, form.lengths.keys},
                   shape);
}
