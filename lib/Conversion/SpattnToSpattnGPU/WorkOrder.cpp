//===- WorkOrder.cpp - Which CTA does which work tile ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/SpattnToSpattnGPU/WorkOrder.h"

#include <algorithm>
#include <queue>

using namespace spattn;

void RowTileOrder::groupHeads(int64_t keys, int64_t most) {
  grouped = 1;
  while (rowHeads > 0 && 2 * grouped * keys <= most &&
         rowHeads % (2 * grouped) == 0)
    grouped *= 2;
}

WorkPlace RowTileOrder::locate(int64_t number) const {
  int64_t ofGroup = rows * grouped;
  int64_t inGroup = number % ofGroup;
  int64_t head = number / ofGroup * grouped + grouped - 1 - inGroup % grouped;
  return {head % batches, head / batches, inGroup / grouped};
}

void KeyTileOrder::groupForPairs() {
  int64_t most = together;
  together = 1;
  while (heads > 0 && 2 * together <= most && heads % (2 * together) == 0)
    together *= 2;
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

DealtWork
spattn::dealDynamicPairs(int64_t count, int64_t ctas,
                         const std::function<int64_t(int64_t)> &clocks) {
  DealtWork dealt =
      dealPairs(count, ctas, [&](int64_t n) { return clocks(count - 1 - n); });
  for (std::vector<int64_t> &own : dealt)
    for (int64_t &number : own)
      number = count - 1 - number;
  return dealt;
}

DealtWork spattn::dealDynamic(int64_t count, int64_t ctas,
                              const std::function<int64_t(int64_t)> &clocks) {
  DealtWork dealt = dealInOrder(
      count, ctas, [&](int64_t n) { return clocks(count - 1 - n); });
  for (std::vector<int64_t> &own : dealt)
    for (int64_t &number : own)
      number = count - 1 - number;
  return dealt;
}
