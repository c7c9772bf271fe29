//===- Schedule.h - Who computes what when ----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_VIZ_SCHEDULE_H
#define SPATTN_TOOLS_SPATTN_VIZ_SCHEDULE_H

#include "Cards.h"
#include "Sizes.h"
#include "spattn/Conversion/SpattnToSpattnGPU/KernelPlan.h"
#include "spattn/Conversion/SpattnToSpattnGPU/WorkOrder.h"
#include "llvm/Support/JSON.h"

namespace spattn::viz {

/// The work tiles of a kernel over the SMs of a card: a model, of the clocks
/// that were measured for a work tile and for a key tile of it. The CTAs of an
/// SM share it, so that each takes as many times as long as there are.
struct Schedule {
  /// Whether work tiles are tiles of queries, as opposed to keys.
  bool isForward = true;
  /// Tiles of a head or of heads that share work tiles, how many of those there
  /// are, and heads of each.
  int64_t rows = 0, rowHeads = 0, packedHeads = 1;
  bool isDynamic = false;
  int64_t sms = 0, ctasPerSM = 1;
  /// What a work tile takes a CTA, and what a tile of it that is visited takes.
  /// Without measured clocks a tile that is visited counts as one, and a work
  /// tile as two more.
  bool areClocksMeasured = false;
  int64_t workTile = 2, keyTile = 1;
  /// For each work tile of a batch element, head after head, the tiles that it
  /// visits.
  std::vector<int64_t> visited;
  /// Of each CTA: its work tiles, as batch element * heads * rows + place in
  /// `visited`, and for how long they keep it busy.
  DealtWork dealt;
  std::vector<int64_t> busy;

  int64_t getBusiest() const;
  double getMean() const;
  int64_t countWork() const;
  /// What a work tile takes; one that visits nothing is written beside others.
  int64_t cost(int64_t place) const {
    return visited[place] == 0 ? 0 : workTile + visited[place] * keyTile;
  }
};

/// That of attention, or of the main kernel of its gradients. Nothing where
/// there are too many work tiles to deal.
std::optional<Schedule> makeSchedule(AttentionOpInterface op,
                                     const Sizes &sizes, const KernelPlan &plan,
                                     const Card &card);

void printSchedule(llvm::json::OStream &json, const Schedule &schedule,
                   const Card &card);

} // namespace spattn::viz

#endif // SPATTN_TOOLS_SPATTN_VIZ_SCHEDULE_H
