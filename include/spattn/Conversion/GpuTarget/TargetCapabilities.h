//===- TargetCapabilities.h - What a GPU can do ----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_GPUTARGET_TARGETCAPABILITIES_H
#define SPATTN_CONVERSION_GPUTARGET_TARGETCAPABILITIES_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace spattn {

/// What kernels may count on: what the GPU has and spattn's lowerings for it
/// use. Kernels ask for a capability, never for a chip.
struct TargetCapabilities {
  /// The chip as compilers know it: "sm_90a".
  std::string chip;

  /// MMAs run beside other instructions until they are awaited (WGMMA).
  /// Without, one has completed when the next instruction starts.
  bool asyncMma = false;
  /// The TMA unit adds from shared to global memory (cp.reduce.async.bulk).
  bool bulkReduce = false;
  /// Warpgroups hand registers to each other in a running kernel (setmaxnreg).
  bool registerReallocation = false;
  /// Copies read the driver's tensor maps. Without, they read spattn's own:
  /// address, strides and sizes.
  bool hardwareTensorMaps = false;

  /// Of an SM: bytes of shared memory that its CTAs may use, threads that it
  /// holds at once, and 32-bit registers.
  int64_t sharedMemory = 0;
  int64_t threads = 0;
  int64_t registers = 65536;

  /// Those of a chip: sm_90a, or sm_80 or later. None for other names.
  static std::optional<TargetCapabilities> of(llvm::StringRef chip);
};

} // namespace spattn

#endif // SPATTN_CONVERSION_GPUTARGET_TARGETCAPABILITIES_H
