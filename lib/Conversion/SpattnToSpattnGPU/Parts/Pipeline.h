//===- Pipeline.h - Rings of stages with full and empty barriers -*- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_PIPELINE_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_PIPELINE_H

#include "SharedMemory.h"

namespace spattn {

/// Where a pipeline's barriers are, and who arrives at them.
struct PipelineLayout {
  PipelineLayout() = default;
  /// `producers` arrive to say that a stage is full, by starting asynchronous
  /// copies if `loads`; `consumers` to say that it is empty again.
  PipelineLayout(SharedLayout &shared, int64_t stages, int64_t producers,
                 bool loads, int64_t consumers)
      : full(shared.barriers(stages, producers, loads)),
        empty(shared.barriers(stages, consumers)) {}

  BarrierArray full, empty;
};

/// The stage of the `count`-th use of a ring of `stages`, and the parity of
/// that use's phase: 0 in the first round, 1 in the second, and so on.
struct PipelineState {
  PipelineState(KernelBuilder &b, mlir::Value count, int64_t stages);
  PipelineState(mlir::Value stage, mlir::Value phase)
      : stage(stage), phase(phase) {}

  mlir::Value stage, phase;
};

/// A ring of stages between warps that fill them (producers) and warps that
/// use them (consumers). Every use has a number, `count`, from 0 on, which both
/// sides know; use `count` is of stage `count mod stages`.
class Pipeline {
public:
  Pipeline(KernelBuilder &b, const PipelineLayout &layout)
      : b(b), layout(layout) {}

  PipelineState state(mlir::Value count) {
    return PipelineState(b, count, layout.full.stages);
  }

  /// Waits until the stage's consumers have released its last use.
  void producerAcquire(const PipelineState &state);
  /// What copies into a stage arrive at.
  mlir::Value full(mlir::Value stage) { return layout.full.at(b, stage); }
  /// Says that a stage is full, where no copy does.
  void producerCommit(mlir::Value stage) { b.arrive(full(stage)); }

  /// Waits until the stage is full.
  void consumerWait(const PipelineState &state) {
    b.await(full(state.stage), state.phase);
  }
  /// Says that this warp does not need the stage any more.
  void consumerRelease(mlir::Value stage) {
    b.arrive(layout.empty.at(b, stage));
  }
  /// The same where lanes have read shared memory themselves.
  void consumerReleaseAfterReads(mlir::Value stage) {
    b.arriveAfterReads(layout.empty.at(b, stage));
  }

private:
  KernelBuilder &b;
  PipelineLayout layout;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_PIPELINE_H
