//===- LiveKeys.cpp - Keys that later queries may see ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/LiveKeys.h"

#include "spattn/Structure/Host.h"
#include "spattn/Structure/Ops.h"
#include "spattn/Structure/SpanLists.h"

#include <algorithm>
#include <numeric>

using namespace spattn;

bool spattn::dependsOnLength(const Structure &structure) {
  auto isFixed = [](const Interval &interval) {
    return interval.lo.isConstant() && interval.hi.isConstant();
  };
  switch (structure.kind()) {
  case Structure::Kind::Distances:
    return !std::all_of(structure.intervals().begin(),
                        structure.intervals().end(), isFixed);
  case Structure::Kind::Keys:
    return !isFixed(structure.keyInterval());
  case Structure::Kind::Queries:
    return !isFixed(structure.queryInterval());
  case Structure::Kind::Residues:
    return false;
  case Structure::Kind::Band:
    return !structure.partitionLength();
  case Structure::Kind::Union:
  case Structure::Kind::Intersection:
    return std::any_of(structure.children().begin(), structure.children().end(),
                       dependsOnLength);
  }
  return true;
}

std::vector<Span<int64_t>> spattn::liveKeys(const HeadStructures &heads,
                                            int64_t firstHead, int64_t count,
                                            int64_t tokens, int64_t maxLength) {
  std::vector<Span<int64_t>> live;
  int64_t begin = 0;
  HostAlgebra algebra(heads, {maxLength, maxLength});
  for (const auto &[own, structure] : heads.groups()) {
    int64_t first = std::max(begin, firstHead);
    begin += own;
    int64_t last = std::min(begin, firstHead + count);
    if (first >= last)
      continue;
    if (dependsOnLength(structure))
      return tokens > 0 && tokens < maxLength
                 ? std::vector<Span<int64_t>>{{0, tokens}}
                 : std::vector<Span<int64_t>>{};
    if (!structure.dependsOnGroup())
      last = first + 1;
    for (int64_t head = first; head < last; ++head)
      for (Span<int64_t> span : algebra.keysSeenBy(head, tokens, maxLength)) {
        span.hi = std::min(span.hi, tokens);
        if (span.lo < span.hi)
          live.push_back(span);
      }
  }
  IntOps ops;
  detail::sortSpans(ops, live);
  detail::mergeSorted(ops, live);
  live.erase(std::remove_if(
                 live.begin(), live.end(),
                 [](const Span<int64_t> &span) { return span.hi <= span.lo; }),
             live.end());
  return live;
}

namespace {
/// The places that descriptions name: where what is said of distances, keys and
/// queries changes for the last time.
class Places {
public:
  void add(const Structure &structure, int64_t position, int64_t heads) {
    switch (structure.kind()) {
    case Structure::Kind::Distances:
      for (const Interval &interval : structure.intervals())
        add(lastDistance, interval);
      break;
    case Structure::Kind::Keys:
      add(lastKey, structure.keyInterval());
      break;
    case Structure::Kind::Queries:
      add(lastQuery, structure.queryInterval());
      break;
    case Structure::Kind::Residues:
      // Moduli are at most 2^20; what is past every length need not be exact.
      if (period <= kUnboundedLength)
        period = std::lcm(period, structure.residues().modulus);
      break;
    case Structure::Kind::Band:
      for (const Interval &interval : partitionDistances(
               structure.partition(), structure.partitionOf().value_or(heads),
               structure.partitionIndex().value_or(position),
               *structure.partitionLength()))
        add(lastDistance, interval);
      break;
    case Structure::Kind::Union:
    case Structure::Kind::Intersection:
      for (const Structure &child : structure.children())
        add(child, position, heads);
      break;
    }
  }

  /// 0 where no bound is positive.
  int64_t lastDistance = 0, lastKey = 0, lastQuery = 0;
  /// Residues are the same so many places further.
  int64_t period = 1;

private:
  static void add(int64_t &last, const Interval &interval) {
    for (const Bound &bound : {interval.lo, interval.hi})
      if (bound.isFinite())
        last = std::max(last, bound.offset);
  }
};
} // namespace

Span<int64_t> spattn::removableKeys(const HeadStructures &heads,
                                    int64_t tokens) {
  Places places;
  for (const auto &[count, structure] : heads.groups()) {
    if (dependsOnLength(structure))
      return {0, 0};
    int64_t different = structure.dependsOnGroup() ? count : 1;
    for (int64_t position = 0; position < different; ++position)
      places.add(structure, position, count);
  }
  // Keys that stay in front keep their places, and all those after them are
  // past what any interval of keys says, also when they have moved.
  int64_t lo = places.lastKey, hi = tokens;
  for (const Span<int64_t> &live : liveKeys(heads, 0, heads.numHeads(), tokens))
    if (live.hi > lo) {
      hi = std::max(live.lo, lo);
      break;
    }
  // The same of queries, which follow at `tokens - (hi - lo)`.
  hi = std::min(hi, lo + tokens - places.lastQuery);
  // Queries come closer to the keys in front, but stay farther away than
  // anything is said of.
  if (lo > 0)
    hi = std::min(hi, tokens + 1 - places.lastDistance);
  if (hi <= lo)
    return {0, 0};
  return {lo, hi - (hi - lo) % places.period};
}
