//===- FormNumbers.h - A normal form as numbers -----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For those who store a normal form, or pass it on.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_FORMNUMBERS_H
#define SPATTN_STRUCTURE_FORMNUMBERS_H

#include "spattn/Structure/NormalForm.h"

namespace spattn {

/// Calls `visit` for each number that the segments of a normal form consist of,
/// in some order; the outer ends of queries, which are known, are none.
template <class V, class Visitor>
void forEachNumber(NormalForm<V> &form, Visitor visit) {
  for (KeySegment<V> &segment : form.segments) {
    visit(segment.begin);
    visit(segment.end);
    for (size_t r = 0; r < segment.queries.size(); ++r) {
      QuerySegment<V> &queries = segment.queries[r];
      if (r > 0)
        visit(queries.begin);
      if (r + 1 < segment.queries.size())
        visit(queries.end);
      for (DistanceInterval<V> &interval : queries.intervals) {
        visit(interval.lo);
        visit(interval.hi);
      }
    }
  }
}

/// How many values those numbers are, if no more of them are equal than have to
/// be.
template <class V>
int64_t countNumbers(const NormalForm<V> &form) {
  int64_t numbers = 2 * countIntervals(form);
  for (const KeySegment<V> &segment : form.segments)
    numbers += 1 + static_cast<int64_t>(segment.queries.size());
  return numbers;
}

/// The numbers of each interval of a normal form with its segments: ends of
/// keys, ends of distances, and, if there are segments of queries, ends of
/// those.
template <class V>
std::vector<std::vector<V>> numbersOfBoxes(const NormalForm<V> &form) {
  std::vector<std::vector<V>> boxes;
  for (const KeySegment<V> &segment : form.segments)
    for (const QuerySegment<V> &queries : segment.queries)
      for (const DistanceInterval<V> &interval : queries.intervals) {
        boxes.push_back({segment.begin, segment.end, interval.lo, interval.hi});
        if (hasQuerySegments(form))
          boxes.back().insert(boxes.back().end(), {queries.begin, queries.end});
      }
  return boxes;
}

/// How many numbers each of those has.
template <class V>
int64_t countNumbersOfBox(const NormalForm<V> &form) {
  return hasQuerySegments(form) ? 6 : 4;
}

/// The part of a normal form of which those are the numbers of one interval.
template <class Ops, class V = typename Ops::Value>
NormalForm<V> formOfBox(Ops &ops, const NormalForm<V> &form,
                        const std::vector<V> &numbers) {
  V zero = ops.constant(0), length = form.lengths.queries;
  DistanceInterval<V> distances = {numbers[2], numbers[3]};
  std::vector<QuerySegment<V>> none = {{zero, length, {}}};
  std::vector<QuerySegment<V>> queries = {{zero, length, {distances}}};
  if (numbers.size() > 4)
    queries = {{zero, numbers[4], {}},
               {numbers[4], numbers[5], {distances}},
               {numbers[5], length, {}}};
  NormalForm<V> box = form;
  box.segments = {{zero, numbers[0], none},
                  {numbers[0], numbers[1], queries},
                  {numbers[1], form.lengths.keys, none}};
  return box;
}

} // namespace spattn

#endif // SPATTN_STRUCTURE_FORMNUMBERS_H
