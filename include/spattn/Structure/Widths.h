//===- Widths.h - How many distances heads see ------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_WIDTHS_H
#define SPATTN_STRUCTURE_WIDTHS_H

#include "spattn/Structure/Evaluate.h"

#include <algorithm>
#include <optional>

namespace spattn {

/// At least as many as the queries that see a key of a head, and the keys that
/// a query sees, where distances have bounds: those of the widest segment.
/// Nothing if no segment has bounded distances, as in causal attention.
template <class Ops, class V = typename Ops::Value>
std::optional<V> countDistances(Ops &ops, const NormalForm<V> &form) {
  std::optional<V> widest;
  auto isUnbounded = [](const DistanceInterval<V> &interval) {
    return interval.loUnbounded || interval.hiUnbounded;
  };
  for (const KeySegment<V> &keys : form.segments)
    for (const QuerySegment<V> &queries : keys.queries) {
      if (std::any_of(queries.intervals.begin(), queries.intervals.end(),
                      isUnbounded))
        continue;
      V count = ops.constant(0);
      for (const DistanceInterval<V> &interval : queries.intervals) {
        V width = ops.sub(interval.hi, interval.lo);
        count = ops.add(count, ops.max(width, ops.constant(0)));
      }
      widest = widest ? ops.max(*widest, count) : count;
    }
  return widest;
}

/// The most of those of the last head of each group, which sees as many as the
/// others of a partition. Nothing if no group has bounded distances.
template <class Ops, class V = typename Ops::Value>
std::optional<V> countDistances(Ops &ops, const HeadStructures &heads,
                                const Lengths<V> &lengths,
                                Alignment alignment) {
  std::optional<V> widest;
  int64_t end = 0;
  for (const HeadGroup &group : heads.groups()) {
    end += group.count;
    auto form =
        normalForm(ops, heads, ops.constant(end - 1), lengths, alignment);
    std::optional<V> count = countDistances(ops, form);
    if (count)
      widest = widest ? ops.max(*widest, *count) : *count;
  }
  return widest;
}

} // namespace spattn

#endif // SPATTN_STRUCTURE_WIDTHS_H
