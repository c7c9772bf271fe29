//===- WarpRolesTest.cpp - Roles of warps, and turns of warpgroups --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/WarpRoles.h"

#include "Parts/PingPong.h"
#include "TestKernel.h"
#include "gmock/gmock.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;
using testing::ElementsAre;

namespace {

/// Each warp of the producer warpgroup has one role, and each warp of the
/// others the work of its warpgroup.
TEST(WarpRoles, GivesEachWarpItsWork) {
  TestKernel kernel({}, /*threads=*/3 * 128);
  KernelBuilder &b = kernel.b;
  auto role = [&](int64_t number) {
    return [&, number] { kernel.record("role", {b.i32(number)}); };
  };
  emitWarpRoles(
      b, {168, 24, 240, {role(0), role(1), role(2), role(3)}, [&](Value group) {
            kernel.record("mma", {group});
          }});
  kernel.end();
  Machine machine = kernel.machine({});
  ASSERT_EQ(machine.run(), "");
  std::map<int64_t, int64_t> roles, groups;
  for (const Machine::Event &event : machine.events["role"])
    roles[event.warp] = event.numbers().front();
  EXPECT_EQ(roles,
            (std::map<int64_t, int64_t>{{0, 0}, {1, 1}, {2, 2}, {3, 3}}));
  EXPECT_EQ(machine.events["role"].size(), 4u);
  for (const Machine::Event &event : machine.events["mma"])
    groups[event.warp] = event.numbers().front();
  EXPECT_EQ(
      groups,
      (std::map<int64_t, int64_t>{
          {4, 0}, {5, 0}, {6, 0}, {7, 0}, {8, 1}, {9, 1}, {10, 1}, {11, 1}}));
  EXPECT_EQ(machine.events["mma"].size(), 8u);
}

/// All warps of a warpgroup set their registers, once: the producer gives
/// some up; MMA warpgroups take more, if they get more than at the launch.
TEST(WarpRoles, ReallocatesRegisters) {
  for (auto [mma, increases] : {std::pair(240, 1), {168, 1}, {160, 0}}) {
    TestKernel kernel({}, /*threads=*/2 * 128);
    auto nothing = [] {};
    emitWarpRoles(kernel.b, {168, 24, mma, {nothing}, [](Value) {}});
    kernel.end();
    Machine machine = kernel.machine({});
    ASSERT_EQ(machine.run(), "");
    ASSERT_EQ(machine.events["registers"].size(), 8u);
    for (const Machine::Event &event : machine.events["registers"]) {
      if (event.warp < 4)
        EXPECT_THAT(event.numbers(), ElementsAre(24, 0));
      else
        EXPECT_THAT(event.numbers(), ElementsAre(mma, increases));
    }
  }
}

/// When all have met, they have as many as at the launch again.
TEST(WarpRoles, ReturnsRegisters) {
  for (auto [mma, increases] : {std::pair(240, 0), {168, 0}, {160, 1}}) {
    TestKernel kernel({}, /*threads=*/2 * 128);
    auto nothing = [] {};
    emitWarpRoles(kernel.b, {168, 24, mma, {nothing}, [](Value) {}, 2 * 128});
    kernel.end();
    Machine machine = kernel.machine({});
    ASSERT_EQ(machine.run(), "");
    std::map<int64_t, std::vector<std::vector<int64_t>>> ofWarps;
    for (const Machine::Event &event : machine.events["registers"])
      ofWarps[event.warp].push_back(event.numbers());
    ASSERT_EQ(ofWarps.size(), 8u);
    for (const auto &[warp, numbers] : ofWarps) {
      ASSERT_EQ(numbers.size(), 2u);
      EXPECT_THAT(numbers.back(), ElementsAre(168, warp < 4 ? 1 : increases));
    }
  }
}

/// The order in which warpgroups have had their turns; each has three.
std::vector<int64_t> takeTurns(int64_t warpgroups, bool enabled) {
  constexpr int64_t turns = 3;
  TestKernel kernel({}, 128 * warpgroups);
  KernelBuilder &b = kernel.b;
  PingPong pingPong(b, warpgroups, enabled);
  Value group = arith::IndexCastOp::create(
      b, b.getI32Type(), spattn_gpu::WarpgroupOp::create(b, b.getIndexType()));
  pingPong.begin(group);
  for (int64_t turn = 0; turn < turns; ++turn) {
    pingPong.await(group);
    kernel.record("turn", {group});
    pingPong.pass(group);
  }
  kernel.end();
  Machine machine = kernel.machine({});
  EXPECT_EQ(machine.run(), "");
  std::vector<int64_t> order;
  for (const Machine::Event &event : machine.events["turn"])
    order.push_back(event.numbers().front());
  EXPECT_EQ(order.size(), size_t(4 * warpgroups * turns));
  return order;
}

/// Four warps of warpgroup 0, four of warpgroup 1, and so on.
TEST(PingPong, WarpgroupsTakeTurns) {
  for (int64_t warpgroups : {2, 3}) {
    std::vector<int64_t> order = takeTurns(warpgroups, true);
    for (size_t i = 0; i < order.size(); ++i)
      EXPECT_EQ(order[i], int64_t(i) / 4 % warpgroups) << "turn " << i;
  }
}

/// Without, and with one warpgroup, no warp ever waits: there are no barriers.
TEST(PingPong, DoesNothingIfDisabled) {
  for (auto [warpgroups, enabled] : {std::pair(2, false), {1, true}}) {
    TestKernel kernel({}, 128 * warpgroups);
    KernelBuilder &b = kernel.b;
    Value group = b.i32(0);
    PingPong pingPong(b, warpgroups, enabled);
    Operation *last = &b.getInsertionBlock()->back();
    pingPong.begin(group);
    pingPong.await(group);
    pingPong.pass(group);
    EXPECT_EQ(last, &b.getInsertionBlock()->back());
    kernel.end();
  }
}

} // namespace
