//===- Sort.h - Branch-free sorting -----------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_SORT_H
#define SPATTN_STRUCTURE_SORT_H

#include <algorithm>
#include <cstddef>
#include <vector>

namespace spattn::detail {

/// Sorts `items` ascending without looking at run-time values.
///
/// `knownLE(a, b)` says whether a <= b is certain; `exchange(a, b)` orders two
/// items at run time, in place. Items that are certainly least are put in
/// front first (so that nothing is emitted if the order is certain); the rest
/// goes through Batcher's merge exchange network (Knuth, TAOCP 5.2.2,
/// algorithm M), with the exchanges left out whose outcome is certain.
template <class T, class KnownLE, class Exchange>
void sortNetwork(std::vector<T> &items, KnownLE knownLE, Exchange exchange) {
  size_t sorted = 0, size = items.size();
  for (; sorted < size; ++sorted) {
    auto least = [&](size_t i) {
      for (size_t j = sorted; j < size; ++j)
        if (j != i && !knownLE(items[i], items[j]))
          return false;
      return true;
    };
    size_t found = sorted;
    while (found < size && !least(found))
      ++found;
    if (found == size)
      break;
    // A rotation, not a swap: it keeps the order of equal items.
    std::rotate(items.begin() + sorted, items.begin() + found,
                items.begin() + found + 1);
  }

  size_t rest = size - sorted;
  if (rest < 2)
    return;
  size_t top = 1;
  while (2 * top < rest)
    top *= 2;
  auto order = [&](T &a, T &b) {
    if (knownLE(a, b))
      return;
    if (knownLE(b, a))
      std::swap(a, b);
    else
      exchange(a, b);
  };
  for (size_t p = top; p > 0; p /= 2) {
    size_t q = top, r = 0, d = p;
    while (true) {
      for (size_t i = 0; i + d < rest; ++i)
        if ((i & p) == r)
          order(items[sorted + i], items[sorted + i + d]);
      if (q == p)
        break;
      d = q - p;
      q /= 2;
      r = p;
    }
  }
}

} // namespace spattn::detail

#endif // SPATTN_STRUCTURE_SORT_H
