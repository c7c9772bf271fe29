//===- WarpRoles.cpp - Warp specialization --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WarpRoles.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace spattn;

void spattn::emitWarpRoles(KernelBuilder &b, const WarpRoles &roles) {
  Value group = arith::IndexCastOp::create(
      b, b.getI32Type(), spattn_gpu::WarpgroupOp::create(b, b.getIndexType()));
  // Warps of a warpgroup have to meet between two reallocations.
  auto meet = [&](bool increase) {
    if (roles.meetingThreads == 0)
      return;
    b.syncThreads(roles.meetingThreads);
    spattn_gpu::SetMaxRegistersOp::create(b, roles.launchedRegisters, increase);
  };
  Value isProducer = b.compare(arith::CmpIPredicate::eq, group, b.i32(0));
  b.when(
      isProducer,
      [&] {
        spattn_gpu::SetMaxRegistersOp::create(b, roles.producerRegisters,
                                              /*increase=*/false);
        for (auto [number, work] : llvm::enumerate(roles.warps))
          b.inWarp(number, work);
        meet(/*increase=*/true);
      },
      [&] {
        spattn_gpu::SetMaxRegistersOp::create(b, roles.mmaRegisters,
                                              /*increase=*/roles.mmaRegisters >=
                                                  roles.launchedRegisters);
        roles.mma(b.sub(group, b.i32(1)));
        meet(/*increase=*/roles.launchedRegisters > roles.mmaRegisters);
      });
}
