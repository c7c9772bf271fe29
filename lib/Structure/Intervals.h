//===- Intervals.h - Intervals whose ends depend on a length ----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Unions and intersections, as far as they are certain for every N.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_STRUCTURE_INTERVALS_H
#define SPATTN_LIB_STRUCTURE_INTERVALS_H

#include "spattn/Structure/Structure.h"

#include <algorithm>

namespace spattn {

/// A union of intervals.
using Intervals = std::vector<Interval>;

inline bool isEmpty(const Interval &interval) {
  return alwaysLE(interval.hi, interval.lo);
}

/// The union of two intervals, if that certainly is an interval.
std::optional<Interval> unite(const Interval &a, const Interval &b);

/// The intersection of two intervals, if its ends are certain.
std::optional<Interval> intersect(const Interval &a, const Interval &b);

/// Unites what can be, drops what is empty, and sorts constant intervals among
/// the places that they have.
Intervals merge(const Intervals &intervals);

/// The intersection of two unions of intervals, if it is certain and takes no
/// more of them.
std::optional<Intervals> intersect(const Intervals &a, const Intervals &b);

/// Adds an item to a list in which no two can be combined, and keeps it so. The
/// combined item takes the first place of those it is made of.
template <class T, class Combine>
void addCombined(std::vector<T> &items, T next, Combine combine) {
  size_t place = items.size();
  for (size_t k = 0; k < items.size();) {
    std::optional<T> both = combine(items[k], next);
    if (!both) {
      ++k;
      continue;
    }
    next = *both;
    place = std::min(place, k);
    items.erase(items.begin() + k);
    k = 0;
  }
  items.insert(items.begin() + std::min(place, items.size()), next);
}

} // namespace spattn

#endif // SPATTN_LIB_STRUCTURE_INTERVALS_H
