//===- Registers.h - Shares of the register file ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_REGISTERS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_REGISTERS_H

#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"

#include <algorithm>
#include <cstdint>

namespace spattn {

/// Registers that each thread is launched with, in CTAs of so many threads of
/// which an SM holds some at once: all threads of all CTAs share its registers,
/// a multiple of 8 each.
inline int64_t launchedRegisters(const TargetCapabilities &target,
                                 int64_t threads, int64_t ctas) {
  return std::min<int64_t>(target.registers / ctas / threads / 8 * 8, 256);
}

/// Registers of a thread that computes: what a warpgroup that loads, whose
/// threads keep `loading` each, leaves to the `mmaWarpgroups` others of a CTA.
/// Not less than it is launched with, or else 240.
inline int64_t registersOfConsumer(const TargetCapabilities &target,
                                   int64_t mmaWarpgroups, int64_t ctas,
                                   int64_t loading) {
  // A CTA only ever has what it was launched with, a multiple of 8 for each
  // thread; a thread that asks for more waits forever.
  int64_t warpgroups = mmaWarpgroups + 1;
  int64_t launched = launchedRegisters(target, 128 * warpgroups, ctas);
  int64_t left = launched * warpgroups - loading;
  return std::min<int64_t>(left / mmaWarpgroups / 8 * 8, 240);
}

/// Registers of a thread that loads, where the scheduler warp looks through
/// lists of tiles and those that compute do not need them.
inline constexpr int64_t kListProducerRegisters = 72;
/// The same where it cuts walks into parts.
inline constexpr int64_t kPartProducerRegisters = 56;

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_REGISTERS_H
