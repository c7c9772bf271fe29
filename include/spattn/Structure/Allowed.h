//===- Allowed.h - Whether a query sees a key -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_ALLOWED_H
#define SPATTN_STRUCTURE_ALLOWED_H

#include "spattn/Structure/Layers.h"
#include "spattn/Structure/Spans.h"

namespace spattn {

/// Which range checks a predicate has to include: a caller that knows that its
/// queries (or keys) exist leaves them out.
struct BoundsCheck {
  bool queries = true;
  bool keys = true;
};

namespace detail {

/// `a && b`. Neutral elements are left out rather than folded, which keeps the
/// shapes of vector operands out of this.
template <class Ops, class Bool = typename Ops::Bool>
Bool both(Ops &ops, const std::optional<Bool> &a, Bool b) {
  return a ? ops.andB(*a, b) : b;
}

/// Whether segments allow query `i` to see key `j` at distance `d`, if they
/// allow anything.
template <class Ops, class V = typename Ops::Value>
std::optional<typename Ops::Bool>
allowedBySegments(Ops &ops, const std::vector<KeySegment<V>> &segments, V i,
                  V j, V d) {
  using Bool = typename Ops::Bool;
  std::optional<Bool> any;
  for (size_t s = 0; s < segments.size(); ++s) {
    const KeySegment<V> &segment = segments[s];
    for (size_t r = 0; r < segment.queries.size(); ++r) {
      const QuerySegment<V> &queries = segment.queries[r];
      if (queries.intervals.empty())
        continue;
      std::optional<Bool> some;
      bool every = false;
      for (const DistanceInterval<V> &interval : queries.intervals) {
        std::optional<Bool> in;
        if (!interval.loUnbounded)
          in = ops.le(interval.lo, d);
        if (!interval.hiUnbounded)
          in = both(ops, in, ops.lt(d, interval.hi));
        if (!in)
          every = true;
        else
          some = some ? ops.orB(*some, *in) : *in;
      }
      if (every)
        some = std::nullopt;
      if (s > 0)
        some = both(ops, some, ops.le(segment.begin, j));
      if (s + 1 < segments.size())
        some = both(ops, some, ops.lt(j, segment.end));
      if (r > 0)
        some = both(ops, some, ops.le(queries.begin, i));
      if (r + 1 < segment.queries.size())
        some = both(ops, some, ops.lt(i, queries.end));
      if (!some)
        some = ops.constantBool(true);
      any = any ? ops.orB(*any, *some) : *some;
    }
  }
  return any;
}

} // namespace detail

/// Whether query `i` sees key `j`. Both may be vectors, if `Ops` broadcasts.
template <class Ops, class V = typename Ops::Value>
typename Ops::Bool allowed(Ops &ops, const NormalForm<V> &nf, V i, V j,
                           BoundsCheck check = {}) {
  using Bool = typename Ops::Bool;
  V d = distanceOf(ops, nf, i, j);
  std::optional<Bool> any;
  for (const Layer<V> &layer : layersOf(nf)) {
    std::optional<Bool> own =
        detail::allowedBySegments(ops, layer.segments, i, j, d);
    if (!own)
      continue;
    for (const ResidueCondition<V> &condition : layer.conditions) {
      V query =
          condition.of == Residues::Of::Queries ? ops.add(i, nf.offset) : i;
      V place = Places<V>{d, j, query}.of(condition.of);
      own = ops.andB(*own, meets(ops, place, condition));
    }
    any = any ? ops.orB(*any, *own) : *own;
  }
  if (!any)
    return ops.constantBool(false);
  auto exists = [&](V position, V length) {
    Bool isBeforeEnd = ops.lt(position, length);
    return ops.andB(ops.le(ops.constant(0), position), isBeforeEnd);
  };
  if (check.queries)
    any = ops.andB(*any, exists(i, nf.lengths.queries));
  if (check.keys)
    any = ops.andB(*any, exists(j, nf.lengths.keys));
  return *any;
}

} // namespace spattn

#endif // SPATTN_STRUCTURE_ALLOWED_H
