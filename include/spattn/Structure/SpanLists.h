//===- SpanLists.h - Sets of positions as lists of spans --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_SPANLISTS_H
#define SPATTN_STRUCTURE_SPANLISTS_H

#include "spattn/Structure/NormalForm.h"
#include "spattn/Structure/Ops.h"
#include "spattn/Structure/Sort.h"

namespace spattn::detail {

template <class Ops>
bool knownEmpty(Ops &ops, const Span<typename Ops::Value> &span) {
  return knownLE(ops, span.hi, span.lo);
}

/// Gives every empty span the value [filler, filler).
template <class Ops, class V = typename Ops::Value>
void fillEmpty(Ops &ops, std::vector<Span<V>> &spans, V filler) {
  std::vector<Span<V>> kept;
  for (const Span<V> &span : spans) {
    if (knownEmpty(ops, span))
      continue;
    if (knownLT(ops, span.lo, span.hi)) {
      kept.push_back(span);
      continue;
    }
    typename Ops::Bool some = ops.lt(span.lo, span.hi);
    kept.push_back({choose(ops, some, span.lo, filler),
                    choose(ops, some, span.hi, filler)});
  }
  spans = std::move(kept);
}

/// Orders two spans by lo.
template <class Ops, class V = typename Ops::Value>
void exchangeSpans(Ops &ops, Span<V> &a, Span<V> &b) {
  typename Ops::Bool inOrder = ops.le(a.lo, b.lo);
  Span<V> first = {ops.min(a.lo, b.lo), choose(ops, inOrder, a.hi, b.hi)};
  b = {ops.max(a.lo, b.lo), choose(ops, inOrder, b.hi, a.hi)};
  a = first;
}

/// Sorts by lo.
template <class Ops, class V = typename Ops::Value>
void sortSpans(Ops &ops, std::vector<Span<V>> &spans) {
  sortNetwork(
      spans,
      [&](const Span<V> &a, const Span<V> &b) {
        return knownLE(ops, a.lo, b.lo);
      },
      [&](Span<V> &a, Span<V> &b) { exchangeSpans(ops, a, b); });
}

/// Merges two lists that are ascending by lo.
template <class Ops, class V = typename Ops::Value>
std::vector<Span<V>> mergeSpans(Ops &ops, const std::vector<Span<V>> &a,
                                const std::vector<Span<V>> &b) {
  return mergeNetwork(
      a, b,
      [&](const Span<V> &a, const Span<V> &b) {
        return knownLE(ops, a.lo, b.lo);
      },
      [&](Span<V> &a, Span<V> &b) { exchangeSpans(ops, a, b); });
}

/// Merges spans sorted by lo where they overlap or touch; what is merged into
/// its successor stays as an empty span. `Evaluator::merge` says why empty
/// spans need no care.
template <class Ops, class V = typename Ops::Value>
void mergeSorted(Ops &ops, std::vector<Span<V>> &spans) {
  for (size_t k = 0; k + 1 < spans.size(); ++k) {
    Span<V> &last = spans[k], &next = spans[k + 1];
    typename Ops::Bool touches = ops.le(next.lo, last.hi);
    V hi = ops.max(last.hi, next.hi);
    V lo = choose(ops, touches, last.lo, next.lo);
    next = {lo, choose(ops, touches, hi, next.hi)};
    last.hi = choose(ops, touches, last.lo, last.hi);
  }
}

/// Makes a list of spans from `end` on ascending by lo, whose non-empty ones
/// are: an empty one takes the place where the last one before it ended.
template <class Ops, class V = typename Ops::Value>
void settleEmpty(Ops &ops, std::vector<Span<V>> &spans, V end) {
  for (Span<V> &span : spans) {
    if (!knownLT(ops, span.lo, span.hi)) {
      typename Ops::Bool some = ops.lt(span.lo, span.hi);
      span = {choose(ops, some, span.lo, end), choose(ops, some, span.hi, end)};
    }
    end = span.hi;
  }
}

template <class Ops, class V = typename Ops::Value>
void settleEmpty(Ops &ops, std::vector<Span<V>> &spans) {
  settleEmpty(ops, spans, ops.constant(0));
}

/// Merges lists of spans that are each ascending by lo into one that is, of
/// disjoint and non-adjacent spans, with empty ones in between.
template <class Ops, class V = typename Ops::Value>
std::vector<Span<V>> uniteSpans(Ops &ops,
                                std::vector<std::vector<Span<V>>> lists) {
  // Pairs of lists, pairs of those, and so on.
  while (lists.size() > 1) {
    std::vector<std::vector<Span<V>>> merged;
    for (size_t k = 0; k + 1 < lists.size(); k += 2)
      merged.push_back(mergeSpans(ops, lists[k], lists[k + 1]));
    if (lists.size() % 2 != 0)
      merged.push_back(lists.back());
    lists = std::move(merged);
  }
  if (lists.empty())
    return {};
  mergeSorted(ops, lists.front());
  return lists.front();
}

/// Disjoint, ascending spans as what lies between them: all of `hull` but for
/// `gaps`, which are disjoint and ascending, too.
template <class V>
struct Gaps {
  Span<V> hull;
  std::vector<Span<V>> gaps;
};

/// Empty spans may stand anywhere among `spans`, which lie within [0, limit).
template <class Ops, class V = typename Ops::Value>
Gaps<V> gapsOf(Ops &ops, const std::vector<Span<V>> &spans, V limit) {
  Gaps<V> result = {{limit, ops.constant(0)}, {}};
  for (size_t k = spans.size(); k-- > 0;)
    result.hull.lo = choose(ops, ops.lt(spans[k].lo, spans[k].hi), spans[k].lo,
                            result.hull.lo);
  V end = result.hull.lo;
  for (size_t k = 0; k < spans.size(); ++k) {
    typename Ops::Bool some = ops.lt(spans[k].lo, spans[k].hi);
    if (k > 0)
      result.gaps.push_back({end, choose(ops, some, spans[k].lo, end)});
    end = choose(ops, some, spans[k].hi, end);
    result.hull.hi = choose(ops, some, spans[k].hi, result.hull.hi);
  }
  return result;
}

/// The spans of which those are the gaps; some may be empty.
template <class Ops, class V = typename Ops::Value>
std::vector<Span<V>> spansBetween(Ops &ops, const Gaps<V> &gaps) {
  std::vector<Span<V>> spans;
  V begin = gaps.hull.lo;
  for (const Span<V> &gap : gaps.gaps) {
    typename Ops::Bool some = ops.lt(gap.lo, gap.hi);
    V end = choose(ops, some, ops.min(gap.lo, gaps.hull.hi), begin);
    spans.push_back({begin, end});
    begin = choose(ops, some, ops.max(begin, gap.hi), begin);
  }
  spans.push_back({begin, gaps.hull.hi});
  return spans;
}

} // namespace spattn::detail

#endif // SPATTN_STRUCTURE_SPANLISTS_H
