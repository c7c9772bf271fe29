//===- PingPongTest.cpp - Turns of MMA warpgroups ------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/PingPong.h"

#include "Parts/WarpRoles.h"
#include "TestKernel.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

constexpr int64_t kTurns = 5;

/// The warpgroups that take turns, in the order in which they do.
std::vector<int64_t> run(int64_t warpgroups, bool enabled) {
  int64_t threads = 128 * (warpgroups + 1);
  TestKernel kernel({}, threads);
  KernelBuilder &b = kernel.b;
  PingPong pingPong(b, warpgroups, enabled);
  emitWarpRoles(b, {168, 40, 240, {}, [&](Value group) {
                      pingPong.begin(group);
                      auto loop = scf::ForOp::create(b, b.i32(0), b.i32(kTurns),
                                                     b.i32(1));
                      b.in(loop.getBody(), [&] {
                        pingPong.await(group);
                        kernel.record("turn", {group});
                        pingPong.pass(group);
                      });
                    }});
  kernel.end();
  Machine machine = kernel.machine({});
  EXPECT_EQ(machine.run(), "");
  std::vector<int64_t> turns;
  for (const Machine::Event &event : machine.events["turn"])
    if (event.warp % 4 == 0)
      turns.push_back(event.numbers().front());
  return turns;
}

TEST(PingPongTest, WarpgroupsAlternate) {
  for (int64_t warpgroups : {2, 3}) {
    std::vector<int64_t> turns = run(warpgroups, true);
    ASSERT_EQ(int64_t(turns.size()), kTurns * warpgroups);
    for (size_t i = 0; i < turns.size(); ++i)
      EXPECT_EQ(turns[i], int64_t(i) % warpgroups) << "turn " << i;
  }
}

TEST(PingPongTest, NothingToWaitFor) {
  EXPECT_EQ(int64_t(run(1, true).size()), kTurns);
  EXPECT_EQ(int64_t(run(2, false).size()), 2 * kTurns);
}

} // namespace
