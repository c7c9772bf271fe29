//===- WarpRoles.h - Warp specialization ------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WARPROLES_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WARPROLES_H

#include "KernelBuilder.h"

namespace spattn {

/// The roles of a warp-specialized kernel. The warps of the first warpgroup,
/// the producer, have one each: they schedule, load and store. The other
/// warpgroups compute.
struct WarpRoles {
  /// Registers of a thread at the launch, of the producer warpgroup's, and of
  /// an MMA warpgroup's.
  int64_t launchedRegisters, producerRegisters, mmaRegisters;
  llvm::SmallVector<llvm::function_ref<void()>, 4> warps;
  /// Gets the MMA warpgroup's number, from 0.
  llvm::function_ref<void(mlir::Value group)> mma;
  /// The threads of the CTA, if all meet at the end, and then have as many
  /// registers as at the launch.
  int64_t meetingThreads = 0;
};

/// Gives out the roles, and reallocates registers between them.
void emitWarpRoles(KernelBuilder &b, const WarpRoles &roles);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WARPROLES_H
