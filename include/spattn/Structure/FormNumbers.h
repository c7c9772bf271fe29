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

#include <algorithm>

namespace spattn {

/// Calls `visit` for each number that the segments of a normal form, or those
/// of its layers and their conditions, consist of, in some order; the outer
/// ends of queries, which are known, are none.
template <class V, class Visitor>
void forEachNumber(std::vector<KeySegment<V>> &segments, Visitor visit) {
  for (KeySegment<V> &segment : segments) {
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

template <class V, class Visitor>
void forEachNumber(NormalForm<V> &form, Visitor visit) {
  if (form.layers.empty())
    return forEachNumber(form.segments, visit);
  for (Layer<V> &layer : form.layers) {
    for (ResidueCondition<V> &condition : layer.conditions)
      for (V *value : {&condition.modulus, &condition.lo, &condition.width})
        visit(*value);
    forEachNumber(layer.segments, visit);
  }
}

/// How many values those numbers are, if no more of them are equal than have to
/// be.
template <class V>
int64_t countNumbers(const NormalForm<V> &form) {
  int64_t numbers = 2 * countIntervals(form);
  for (const Layer<V> &layer : layersOf(form)) {
    numbers += 3 * static_cast<int64_t>(layer.conditions.size());
    for (const KeySegment<V> &segment : layer.segments)
      numbers += 1 + static_cast<int64_t>(segment.queries.size());
  }
  return numbers;
}

/// What the conditions of an interval are of, if each has as many as any layer:
/// some of them may be met by every place.
template <class V>
std::vector<Residues::Of> conditionKinds(const NormalForm<V> &form) {
  std::vector<Residues::Of> kinds;
  for (Residues::Of of :
       {Residues::Of::Distances, Residues::Of::Keys, Residues::Of::Queries}) {
    int64_t most = 0;
    for (const Layer<V> &layer : layersOf(form)) {
      int64_t own = 0;
      for (const ResidueCondition<V> &condition : layer.conditions)
        own += condition.of == of;
      most = std::max(most, own);
    }
    kinds.insert(kinds.end(), most, of);
  }
  return kinds;
}

/// The numbers of each interval of a normal form with its segments: ends of
/// keys, ends of distances, if there are segments of queries, ends of those,
/// and the conditions of its layer.
template <class Ops, class V = typename Ops::Value>
std::vector<std::vector<V>> numbersOfBoxes(Ops &ops,
                                           const NormalForm<V> &form) {
  std::vector<std::vector<V>> boxes;
  std::vector<Residues::Of> kinds = conditionKinds(form);
  bool hasQueries = hasQuerySegments(form);
  V zero = ops.constant(0), one = ops.constant(1);
  for (const Layer<V> &layer : layersOf(form)) {
    std::vector<V> conditions;
    auto next = layer.conditions.begin();
    for (Residues::Of kind : kinds) {
      while (next != layer.conditions.end() && next->of < kind)
        ++next;
      if (next == layer.conditions.end() || next->of != kind) {
        conditions.insert(conditions.end(), {one, zero, one});
        continue;
      }
      conditions.insert(conditions.end(),
                        {next->modulus, next->lo, next->width});
      ++next;
    }
    for (const KeySegment<V> &segment : layer.segments)
      for (const QuerySegment<V> &queries : segment.queries)
        for (const DistanceInterval<V> &interval : queries.intervals) {
          boxes.push_back(
              {segment.begin, segment.end, interval.lo, interval.hi});
          if (hasQueries)
            boxes.back().insert(boxes.back().end(),
                                {queries.begin, queries.end});
          boxes.back().insert(boxes.back().end(), conditions.begin(),
                              conditions.end());
        }
  }
  return boxes;
}

/// How many numbers each of those has.
template <class V>
int64_t countNumbersOfBox(const NormalForm<V> &form) {
  int64_t conditions = static_cast<int64_t>(conditionKinds(form).size());
  return (hasQuerySegments(form) ? 6 : 4) + 3 * conditions;
}

/// The part of a normal form of which those are the numbers of one interval.
template <class Ops, class V = typename Ops::Value>
NormalForm<V> formOfBox(Ops &ops, const NormalForm<V> &form,
                        const std::vector<V> &numbers) {
  V zero = ops.constant(0), length = form.lengths.queries;
  DistanceInterval<V> distances = {numbers[2], numbers[3]};
  std::vector<QuerySegment<V>> none = {{zero, length, {}}};
  std::vector<QuerySegment<V>> queries = {{zero, length, {distances}}};
  size_t next = 4;
  if (hasQuerySegments(form)) {
    queries = {{zero, numbers[4], {}},
               {numbers[4], numbers[5], {distances}},
               {numbers[5], length, {}}};
    next = 6;
  }
  NormalForm<V> box =
      withSegments(form, {{zero, numbers[0], none},
                          {numbers[0], numbers[1], queries},
                          {numbers[1], form.lengths.keys, none}});
  std::vector<ResidueCondition<V>> conditions;
  for (Residues::Of kind : conditionKinds(form)) {
    conditions.push_back(
        {kind, numbers[next], numbers[next + 1], numbers[next + 2]});
    next += 3;
  }
  if (!conditions.empty())
    box.layers = {{conditions, box.segments}};
  return box;
}

} // namespace spattn

#endif // SPATTN_STRUCTURE_FORMNUMBERS_H
