//===- Intervals.cpp - Intervals whose ends depend on a length ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Intervals.h"

#include <iterator>

using namespace spattn;

static std::optional<Bound> leastOf(const Bound &a, const Bound &b) {
  if (alwaysLE(a, b))
    return a;
  return alwaysLE(b, a) ? std::optional(b) : std::nullopt;
}

static std::optional<Bound> greatestOf(const Bound &a, const Bound &b) {
  if (alwaysLE(a, b))
    return b;
  return alwaysLE(b, a) ? std::optional(a) : std::nullopt;
}

static bool isConstant(const Interval &interval) {
  return interval.lo.isConstant() && interval.hi.isConstant();
}

std::optional<Interval> spattn::unite(const Interval &a, const Interval &b) {
  for (auto [outer, inner] : {std::pair(a, b), std::pair(b, a)}) {
    if (!alwaysLE(outer.lo, inner.lo))
      continue;
    if (alwaysLE(inner.hi, outer.hi))
      return outer;
    // An inner one that is empty ends before it begins, within the outer one.
    std::optional<Bound> hi = greatestOf(outer.hi, inner.hi);
    if (hi && alwaysLE(inner.lo, outer.hi))
      return Interval{outer.lo, *hi};
  }
  return std::nullopt;
}

std::optional<Interval> spattn::intersect(const Interval &a,
                                          const Interval &b) {
  std::optional<Bound> lo = greatestOf(a.lo, b.lo), hi = leastOf(a.hi, b.hi);
  if (!lo || !hi)
    return std::nullopt;
  return Interval{*lo, *hi};
}

Intervals spattn::merge(const Intervals &intervals) {
  Intervals merged, constants;
  for (const Interval &interval : intervals)
    if (!isEmpty(interval))
      addCombined(merged, interval, [](const Interval &a, const Interval &b) {
        return unite(a, b);
      });
  std::copy_if(merged.begin(), merged.end(), std::back_inserter(constants),
               isConstant);
  std::sort(constants.begin(), constants.end(),
            [](const Interval &a, const Interval &b) {
              return alwaysLT(a.lo, b.lo);
            });
  auto next = constants.begin();
  for (Interval &interval : merged)
    if (isConstant(interval))
      interval = *next++;
  return merged;
}

std::optional<Intervals> spattn::intersect(const Intervals &a,
                                           const Intervals &b) {
  Intervals common;
  for (const Interval &x : a)
    for (const Interval &y : b) {
      std::optional<Interval> both = intersect(x, y);
      if (!both)
        return std::nullopt;
      common.push_back(*both);
    }
  common = merge(common);
  if (common.size() > a.size() + b.size())
    return std::nullopt;
  return common;
}
