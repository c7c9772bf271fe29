//===- Glibc.cpp - Compatibility with older C libraries -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The static C++ library calls functions of the build machine's glibc. Those
// that older releases lack are defined here, so that the shared library loads
// with glibc 2.35 and later. They are not exported.
//
//===----------------------------------------------------------------------===//

#if defined(__GLIBC__) || defined(__linux__)

#include <chrono>
#include <cstdint>

#include <sys/random.h>

/// Added in glibc 2.36; std::random_device calls it.
extern "C" uint32_t arc4random(void) noexcept {
  uint32_t number;
  if (getrandom(&number, sizeof(number), 0) == ssize_t(sizeof(number)))
    return number;
  // Without the system call, the time is random enough for this library.
  return uint32_t(std::chrono::steady_clock::now().time_since_epoch().count());
}

#endif
