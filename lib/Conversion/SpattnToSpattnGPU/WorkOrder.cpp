//===- WorkOrder.cpp - Which CTA does which work tile ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/SpattnToSpattnGPU/WorkOrder.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <algorithm>
#include <queue>

using namespace spattn;

/// The largest power of two that divides `heads` and that `fits`.
static int64_t largestGroup(int64_t heads,
                            llvm::function_ref<bool(int64_t)> fits) {
  int64_t count = 1;
  while (heads > 0 && fits(2 * count) && heads % (2 * count) == 0)
    count *= 2;
  return count;
}

void RowTileOrder::groupHeads(int64_t keys, int64_t most) {
  grouped = largestGroup(rowHeads,
                         [&](int64_t count) { return count * keys <= most; });
}

WorkPlace RowTileOrder::locate(int64_t number) const {
  int64_t ofGroup = rows * grouped;
  int64_t inGroup = number % ofGroup;
  int64_t head = number / ofGroup * grouped + grouped - 1 - inGroup % grouped;
  return {head % batches, head / batches, inGroup / grouped};
}

void KeyTileOrder::groupForPairs() {
  together = largestGroup(
      heads, [most = together](int64_t count) { return count <= most; });
}

WorkPlace KeyTileOrder::locate(int64_t number) const {
  int64_t ofGroup = columns * together;
  int64_t first = number / ofGroup * together, inGroup = number % ofGroup;
  int64_t own = std::min(heads - first, together);
  int64_t head = first + inGroup % own;
  return {head % batches, head / batches, inGroup / own};
}

DealtWork spattn::dealStatic(int64_t count, int64_t ctas) {
  DealtWork dealt(ctas);
  int64_t seconds = count / 2, pairs = count - seconds;
  // The golden section: see WorkScheduler::emitStatic.
  int64_t move = ctas * 98 / 256;
  for (int64_t cta = 0; cta < ctas; ++cta) {
    int64_t place = cta;
    for (int64_t round = 0; round < pairs; round += ctas) {
      int64_t pair = round + place;
      if (pair < pairs)
        dealt[cta].push_back(count - 1 - pair);
      if (pair < seconds)
        dealt[cta].push_back(pair);
      place = (place + move) % ctas;
    }
  }
  return dealt;
}

DealtWork spattn::dealInOrder(int64_t count, int64_t ctas,
                              const std::function<int64_t(int64_t)> &clocks) {
  DealtWork dealt(ctas);
  // When each CTA is free; the earliest is on top.
  using Free = std::pair<int64_t, int64_t>;
  std::priority_queue<Free, std::vector<Free>, std::greater<Free>> free;
  for (int64_t cta = 0; cta < ctas; ++cta)
    free.push({0, cta});
  for (int64_t number = 0; number < count && ctas > 0; ++number) {
    auto [time, cta] = free.top();
    free.pop();
    dealt[cta].push_back(number);
    free.push({time + clocks(number), cta});
  }
  return dealt;
}

DealtWork spattn::dealPairs(int64_t count, int64_t ctas,
                            const std::function<int64_t(int64_t)> &clocks) {
  int64_t seconds = count / 2;
  DealtWork pairs = dealInOrder(count - seconds, ctas, [&](int64_t pair) {
    return clocks(pair) + (pair < seconds ? clocks(count - 1 - pair) : 0);
  });
  DealtWork dealt(ctas);
  for (int64_t cta = 0; cta < ctas; ++cta)
    for (int64_t pair : pairs[cta]) {
      dealt[cta].push_back(pair);
      if (pair < seconds)
        dealt[cta].push_back(count - 1 - pair);
    }
  return dealt;
}

/// Deals from the last work tile on, as `deal` does from the first.
template <class Deal>
static DealtWork dealFromLast(Deal deal, int64_t count, int64_t ctas,
                              const std::function<int64_t(int64_t)> &clocks) {
  DealtWork dealt =
      deal(count, ctas, [&](int64_t n) { return clocks(count - 1 - n); });
  for (std::vector<int64_t> &own : dealt)
    for (int64_t &number : own)
      number = count - 1 - number;
  return dealt;
}

DealtWork spattn::dealDynamic(int64_t count, int64_t ctas,
                              const std::function<int64_t(int64_t)> &clocks) {
  return dealFromLast(dealInOrder, count, ctas, clocks);
}

DealtWork
spattn::dealDynamicPairs(int64_t count, int64_t ctas,
                         const std::function<int64_t(int64_t)> &clocks) {
  return dealFromLast(dealPairs, count, ctas, clocks);
}
