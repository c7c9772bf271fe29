//===- SchedulerRun.h - Runs emitted schedulers -----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_CONVERSION_SCHEDULERRUN_H
#define SPATTN_TEST_UNIT_CONVERSION_SCHEDULERRUN_H

#include "Parts/WorkScheduler.h"
#include "QueueKernel.h"
#include "gmock/gmock.h"

#include <map>

namespace spattn::test {

/// The numbers of the work tiles that each CTA has been dealt: those that its
/// readers get, and those that visit nothing.
struct Dealt {
  std::map<int64_t, std::vector<int64_t>> read, empty;
};

enum class SchedulerKind { Static, Dynamic, DynamicPairs };

/// Deals work tiles to a grid; every `emptyEvery`-th visits nothing, or none if
/// that is 0.
class Dealer {
public:
  Dealer(SchedulerKind kind, int64_t emptyEvery, int64_t stages = 2)
      : kernel(AttentionSpec(), /*ofRows=*/true, 64, 64, stages) {
    KernelBuilder &b = kernel.b;
    mlir::Value count = kernel.input("count");
    ScheduledWork work{
        count,
        [&, emptyEvery](mlir::Value number) {
          WorkTile tile;
          tile.batch = tile.keyHead = tile.head = number;
          tile.first = b.ops.wrap(number);
          tile.maskedCount = b.i32(0);
          tile.visited = b.i32(1);
          if (emptyEvery > 0)
            tile.visited = mlir::arith::MinSIOp::create(
                b, b.i32(1),
                mlir::arith::RemSIOp::create(b, number, b.i32(emptyEvery)));
          return tile;
        },
        [&](const WorkTile &tile) { kernel.record("empty", {tile.head}); }};
    WorkScheduler scheduler(b, kernel.queue);
    kernel.emit(
        [&] {
          switch (kind) {
          case SchedulerKind::Static:
            return scheduler.emitStatic(work);
          case SchedulerKind::Dynamic:
            return scheduler.emitDynamic(work, kernel.counter);
          case SchedulerKind::DynamicPairs:
            return scheduler.emitDynamicPairs(work, kernel.counter);
          }
        },
        [&] {
          kernel.queue.forEach([&](WorkTile &tile, mlir::Value) {
            kernel.record("read", {tile.head});
          });
        });
  }

  Dealt deal(int64_t count, int64_t ctas) {
    CallSpec call;
    call.ctas = ctas;
    Machine machine = kernel.machine(call);
    machine.inputs["count"] = [=](int64_t) { return Datum::integer(count); };
    EXPECT_EQ(machine.run(), "");
    Dealt dealt;
    std::map<std::pair<int64_t, int64_t>, std::vector<int64_t>> byWarp;
    for (const Machine::Event &event : machine.events["read"])
      byWarp[{event.cta, event.warp}].push_back(event.numbers().front());
    for (auto &[place, numbers] : byWarp) {
      std::vector<int64_t> &first = dealt.read[place.first];
      if (first.empty())
        first = numbers;
      EXPECT_EQ(first, numbers) << "readers of a CTA disagree";
    }
    for (const Machine::Event &event : machine.events["empty"])
      dealt.empty[event.cta].push_back(event.numbers().front());
    return dealt;
  }

private:
  QueueKernel kernel;
};

struct Decoded {
  int64_t number, batch, head, keyHead, first, visited, masked;
};

/// All work tiles of an instance by number, with groups of heads whose keys and
/// values have at most so many bytes, if not 0.
inline std::vector<Decoded> decodeAll(const AttentionSpec &spec,
                                      const CallSpec &call, int64_t bytes,
                                      int64_t packedHeads = 1) {
  TestKernel kernel(spec);
  KernelBuilder &b = kernel.b;
  RowTiles rows(b, kernel.op, kernel.sequence,
                kernel.sequence.queryTiles(b, 64),
                {64, 32, 64, RowLayout{packedHeads}, packedHeads > 1});
  mlir::Value count = rows.count();
  b.when(b.isWarp(0), [&] {
    if (bytes > 0)
      rows.groupHeads(bytes);
    auto loop = mlir::scf::ForOp::create(b, b.i32(0), count, b.i32(1));
    b.in(loop.getBody(), [&] {
      mlir::Value number = loop.getInductionVar();
      WorkTile tile = rows.decode(number);
      kernel.record("tile", {number, tile.batch, tile.head, tile.keyHead,
                             b.ops.materialize(tile.first), tile.visited,
                             tile.maskedCount});
    });
  });
  kernel.end();
  Machine machine = kernel.machine(call);
  EXPECT_EQ(machine.run(), "");
  std::vector<Decoded> result;
  for (const Machine::Event &event : machine.events["tile"]) {
    std::vector<int64_t> x = event.numbers();
    result.push_back({x[0], x[1], x[2], x[3], x[4], x[5], x[6]});
  }
  return result;
}

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_CONVERSION_SCHEDULERRUN_H
