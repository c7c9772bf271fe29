//===- GpuTarget.h - What kernels have to know of a GPU --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_GPUTARGET_GPUTARGET_H
#define SPATTN_CONVERSION_GPUTARGET_GPUTARGET_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>

namespace spattn {

/// An option that the target decides unless it is given.
enum class Choice { Auto, No, Yes };

/// How CTAs get their work tiles.
enum class Scheduler {
  /// Dynamic where few tiles of rows see no key, else static.
  Auto,
  /// In rounds, known before they start.
  Static,
  /// One by one, from a counter in memory.
  Dynamic
};

struct GpuTarget {
  /// Which lowerings of tile operations its code is made by.
  enum class Family {
    /// Everything from sm_80 on: code uses nothing that a later one lacks.
    Sm80,
    /// The copy engine (TMA) and wgmma.
    Sm90a,
  };
  Family family;
  /// Bytes of shared memory that the blocks of a multiprocessor may use.
  int64_t sharedMemory;
  /// Threads that a multiprocessor holds at once.
  int64_t threads;

  /// The target of a name as compilers know it: "sm_90a". None before sm_80.
  static std::optional<GpuTarget> parse(llvm::StringRef name);

  /// Whether copies read a tensor map of the driver's, not one of spattn's.
  bool hasHardwareMaps() const { return family == Family::Sm90a; }
};

} // namespace spattn

#endif // SPATTN_CONVERSION_GPUTARGET_GPUTARGET_H
