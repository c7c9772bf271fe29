//===- PingPong.h - MMA warpgroups that take turns --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_PINGPONG_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_PINGPONG_H

#include "KernelBuilder.h"

namespace spattn {

/// Ping-pong: MMA warpgroups start their MMAs in turn, so that the softmax of
/// one runs beside the MMAs of another. Named barriers 1 to `warpgroups` pass
/// the turn on. Does nothing if not `enabled`, or with one warpgroup.
class PingPong {
public:
  using Value = mlir::Value;

  PingPong(KernelBuilder &b, int64_t warpgroups, bool enabled)
      : b(b), warpgroups(warpgroups), enabled(enabled && warpgroups > 1) {}

  /// Gives the first turn to warpgroup 0.
  void begin(Value group) {
    if (enabled)
      b.when(b.compare(mlir::arith::CmpIPredicate::eq, group,
                       b.i32(warpgroups - 1)),
             [&] { pass(group); });
  }
  /// Waits for this warpgroup's turn.
  void await(Value group) {
    if (enabled)
      spattn_gpu::NamedBarrierSyncOp::create(b, kFirstBarrier, b.asIndex(group),
                                             kThreads);
  }
  /// Gives the turn to the next warpgroup.
  void pass(Value group) {
    if (!enabled)
      return;
    Value count = b.i32(warpgroups);
    Value next = mlir::arith::RemUIOp::create(b, b.add(group, b.i32(1)), count);
    spattn_gpu::NamedBarrierArriveOp::create(b, kFirstBarrier, b.asIndex(next),
                                             kThreads);
  }

private:
  static constexpr int64_t kFirstBarrier = 1;
  /// The warpgroup that waits, and the one that passes the turn.
  static constexpr int64_t kThreads = 2 * spattn_gpu::kWarpgroupThreads;

  KernelBuilder &b;
  int64_t warpgroups;
  bool enabled;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_PINGPONG_H
