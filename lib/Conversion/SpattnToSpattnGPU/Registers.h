//===- Registers.h - Shares of the register file ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_REGISTERS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_REGISTERS_H

#include <algorithm>
#include <cstdint>

namespace spattn {

/// Registers that each thread is launched with, in blocks of so many threads of
/// which a multiprocessor holds some at once. The register file of 65,536 is
/// shared by all threads of all blocks, a multiple of 8 each.
inline int64_t launchedRegisters(int64_t threads, int64_t blocks) {
  return std::min<int64_t>(65536 / blocks / threads / 8 * 8, 256);
}

/// Registers of a thread that computes, in blocks of which a multiprocessor
/// holds some at once: what a warpgroup that loads, whose threads keep
/// `loading` each, leaves to the `consumers` others. Not less than it is
/// launched with, or else 240.
inline int64_t registersOfConsumer(int64_t consumers, int64_t blocks,
                                   int64_t loading) {
  // A block only ever has what it was launched with, a multiple of 8 for each
  // thread; who asks for more waits forever.
  int64_t warpgroups = consumers + 1;
  int64_t launched = launchedRegisters(128 * warpgroups, blocks);
  int64_t left = launched * warpgroups - loading;
  return std::min<int64_t>(left / consumers / 8 * 8, 240);
}

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_REGISTERS_H
