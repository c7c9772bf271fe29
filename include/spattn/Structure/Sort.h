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

/// Merges two lists that are each ascending at run time: Batcher's odd-even
/// merge (Knuth, TAOCP 5.3.4). `knownLE` and `exchange` as above.
template <class T, class KnownLE, class Exchange>
std::vector<T> mergeNetwork(std::vector<T> a, std::vector<T> b, KnownLE knownLE,
                            Exchange exchange) {
  if (a.empty() || b.empty() || knownLE(a.back(), b.front())) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }
  if (knownLE(b.back(), a.front())) {
    b.insert(b.end(), a.begin(), a.end());
    return b;
  }
  if (a.size() == 1 && b.size() == 1) {
    exchange(a.front(), b.front());
    a.push_back(b.front());
    return a;
  }
  auto everySecond = [](const std::vector<T> &items, size_t from) {
    std::vector<T> result;
    for (size_t i = from; i < items.size(); i += 2)
      result.push_back(items[i]);
    return result;
  };
  std::vector<T> even =
      mergeNetwork(everySecond(a, 0), everySecond(b, 0), knownLE, exchange);
  std::vector<T> odd =
      mergeNetwork(everySecond(a, 1), everySecond(b, 1), knownLE, exchange);
  // `even` has up to two items more than `odd`, its first and its last.
  std::vector<T> result = {even.front()};
  for (size_t i = 0; i < odd.size(); ++i) {
    T low = odd[i];
    if (i + 1 < even.size()) {
      T high = even[i + 1];
      if (knownLE(high, low))
        std::swap(low, high);
      else if (!knownLE(low, high))
        exchange(low, high);
      result.push_back(low);
      result.push_back(high);
    } else {
      result.push_back(low);
    }
  }
  for (size_t i = odd.size() + 1; i < even.size(); ++i)
    result.push_back(even[i]);
  return result;
}

} // namespace spattn::detail

#endif // SPATTN_STRUCTURE_SORT_H
