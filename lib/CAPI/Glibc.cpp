//===- Glibc.cpp - For C libraries that are older than the build's --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The static C++ library calls functions that the C library of the build has.
// Those that older ones lack are here, so that the shared library loads with
// any from glibc 2.35 on. Nobody else sees them.
//
//===----------------------------------------------------------------------===//

#if defined(__GLIBC__) || defined(__linux__)

#include <chrono>
#include <cstdint>

#include <sys/random.h>

/// In glibc from 2.36 on; std::random_device reads it.
extern "C" uint32_t arc4random(void) noexcept {
  uint32_t number;
  if (getrandom(&number, sizeof(number), 0) == ssize_t(sizeof(number)))
    return number;
  // Where the kernel has no such call, nothing here needs more than this.
  return uint32_t(std::chrono::steady_clock::now().time_since_epoch().count());
}

#endif
