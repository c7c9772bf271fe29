//===- Schedule.cpp - Who computes what when ------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Schedule.h"

#include "spattn/Dialect/Spattn/Transforms/TileShape.h"

#include <numeric>

using namespace mlir;
using namespace spattn;
using namespace spattn::viz;

/// Work tiles that are dealt at most, and that are printed one by one.
static constexpr int64_t kMostDealt = 1 << 22, kMostPrinted = 1 << 17;

int64_t Schedule::getBusiest() const {
  return busy.empty() ? 0 : *std::max_element(busy.begin(), busy.end());
}

double Schedule::getMean() const {
  // SMs without a CTA count.
  double slots = double(sms) * ctasPerSM;
  return std::accumulate(busy.begin(), busy.end(), 0.0) / slots;
}

int64_t Schedule::countWork() const {
  int64_t count = 0;
  for (const std::vector<int64_t> &own : dealt)
    count += own.size();
  return count;
}

/// The order in which attention's kernel numbers its work tiles.
static RowTileOrder makeOrder(AttentionOpInterface op, const Sizes &sizes,
                              const KernelPlan &plan,
                              const Schedule &schedule) {
  RowTileOrder order(sizes.batch, schedule.rowHeads, schedule.rows);
  if (plan.sectionBytes == 0)
    return order;
  int64_t most = plan.sectionBytes / getKeyBytes(op) * op.getGroupSize();
  order.groupHeads(sizes.keys, most / plan.packedHeads);
  return order;
}

using Clocks = std::function<int64_t(int64_t)>;

/// Deals tiles of queries, or of keys for gradients.
template <class Order, class Deal>
static void deal(Schedule &schedule, const Order &order, Deal deal) {
  auto placeOf = [&](int64_t number) {
    WorkPlace place = order.locate(number);
    return place.head * schedule.rows + place.tile;
  };
  // A grid has no more CTAs than work tiles.
  int64_t ctas = std::min(order.count(), schedule.sms * schedule.ctasPerSM);
  schedule.dealt = deal(order.count(), ctas, Clocks([&](int64_t number) {
                          return schedule.cost(placeOf(number));
                        }));
  int64_t ofBatch = schedule.visited.size();
  for (std::vector<int64_t> &own : schedule.dealt) {
    int64_t &busy = schedule.busy.emplace_back(0);
    for (int64_t &number : own) {
      int64_t place = placeOf(number);
      busy += schedule.cost(place);
      number = order.locate(number).batch * ofBatch + place;
    }
  }
}

static void dealRows(Schedule &schedule, AttentionOpInterface op,
                     const Sizes &sizes, const KernelPlan &plan) {
  HostAlgebra algebra = getAlgebra(op, sizes.queries, sizes.keys);
  for (int64_t head = 0; head < algebra.numHeads(); head += plan.packedHeads)
    llvm::append_range(schedule.visited,
                       algebra.rowTiles(head, plan.tile, plan.fromFirstKey));
  RowTileOrder order = makeOrder(op, sizes, plan, schedule);
  deal(schedule, order, [&](int64_t count, int64_t ctas, const Clocks &clocks) {
    if (!plan.isDynamic)
      return dealStatic(count, ctas);
    return plan.inPairs ? dealDynamicPairs(count, ctas, clocks)
                        : dealDynamic(count, ctas, clocks);
  });
}

/// A key tile has the query tiles of all heads that share its keys.
static void dealColumns(Schedule &schedule, AttentionOpInterface op,
                        const Sizes &sizes, const KernelPlan &plan) {
  HostAlgebra algebra = getAlgebra(op, sizes.queries, sizes.keys);
  schedule.visited.resize(schedule.rowHeads * schedule.rows);
  for (int64_t head = 0; head < algebra.numHeads(); ++head) {
    int64_t first = head / op.getGroupSize() * schedule.rows;
    std::vector<int64_t> own = algebra.columnTiles(head, plan.tile);
    for (size_t column = 0; column < own.size(); ++column)
      schedule.visited[first + column] += own[column];
  }
  KeyTileOrder order(sizes.batch, schedule.rowHeads, schedule.rows,
                     plan.headsTogether);
  if (plan.inPairs)
    order.groupForPairs();
  deal(schedule, order, plan.inPairs ? dealPairs : dealInOrder);
}

std::optional<Schedule> spattn::viz::makeSchedule(AttentionOpInterface op,
                                                  const Sizes &sizes,
                                                  const KernelPlan &plan,
                                                  const Card &card) {
  Schedule schedule;
  schedule.isForward = isa<AttentionOp>(*op);
  schedule.rows = schedule.isForward
                      ? llvm::divideCeil(sizes.queries, plan.tile.queries)
                      : llvm::divideCeil(sizes.keys, plan.tile.keys);
  schedule.packedHeads =
      schedule.isForward ? plan.packedHeads : op.getGroupSize();
  schedule.rowHeads = op.getNumQueryHeads() / schedule.packedHeads;
  double work = double(schedule.rows) * schedule.rowHeads * sizes.batch;
  if (work > kMostDealt)
    return std::nullopt;
  schedule.isDynamic = plan.isDynamic;
  schedule.sms = card.sms;
  schedule.ctasPerSM = plan.ctasPerSM;
  schedule.areClocksMeasured = plan.keyTileClocks > 0;
  if (schedule.areClocksMeasured) {
    schedule.workTile = plan.workTileClocks * plan.ctasPerSM;
    schedule.keyTile = plan.keyTileClocks * plan.ctasPerSM;
  }
  if (schedule.isForward)
    dealRows(schedule, op, sizes, plan);
  else
    dealColumns(schedule, op, sizes, plan);
  return schedule;
}

void spattn::viz::printSchedule(llvm::json::OStream &json,
                                const Schedule &schedule, const Card &card) {
  auto printAll = [&](const std::vector<int64_t> &numbers) {
    for (int64_t number : numbers)
      json.value(number);
  };
  int64_t count = schedule.countWork();
  json.attribute("scheduler", schedule.isDynamic ? "dynamic" : "static");
  StringRef tile = schedule.isForward ? "key tile" : "query tile";
  json.attribute("tile", tile);
  json.attribute("unit",
                 schedule.areClocksMeasured ? "clocks" : (tile + "s").str());
  json.attribute("sms", schedule.sms);
  json.attribute("ctasPerSM", schedule.ctasPerSM);
  json.attribute("rows", schedule.rows);
  json.attribute("rowHeads", schedule.rowHeads);
  json.attribute("packedHeads", schedule.packedHeads);
  json.attribute("workTile", schedule.workTile);
  json.attribute("keyTile", schedule.keyTile);
  json.attribute("workTiles", count);
  json.attribute("busiest", schedule.getBusiest());
  json.attribute("mean", schedule.getMean());
  if (schedule.areClocksMeasured)
    json.attribute("ms", schedule.getBusiest() / card.ghz * 1e-6);
  json.attributeArray("busy", [&] { printAll(schedule.busy); });
  if (count > kMostPrinted)
    return;
  json.attributeArray("visited", [&] { printAll(schedule.visited); });
  json.attributeArray("ctas", [&] {
    for (const std::vector<int64_t> &own : schedule.dealt)
      json.array([&] { printAll(own); });
  });
}
