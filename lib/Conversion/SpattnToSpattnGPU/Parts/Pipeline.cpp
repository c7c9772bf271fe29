//===- Pipeline.cpp - Rings of stages with full and empty barriers --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Pipeline.h"

using namespace mlir;
using namespace spattn;

PipelineState::PipelineState(KernelBuilder &b, Value count, int64_t stages) {
  Value number = b.i32(stages);
  stage = arith::RemUIOp::create(b, count, number);
  Value round = arith::DivUIOp::create(b, count, number);
  phase = arith::AndIOp::create(b, round, b.i32(1));
}

void Pipeline::producerAcquire(const PipelineState &state) {
  // A wait for the phase before the first one ends at once.
  Value before = arith::XOrIOp::create(b, state.phase, b.i32(1));
  b.await(layout.empty.at(b, state.stage), before);
}
