//===- TargetCapabilities.cpp - What a GPU can do -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"

using namespace spattn;

/// Of a chip by number; those that are not listed have at least the last.
static int64_t getSharedMemory(unsigned number) {
  switch (number) {
  case 90:
  case 100:
  case 101:
  case 103:
  case 110:
    return 227 * 1024;
  case 80:
  case 87:
    return 163 * 1024;
  default:
    return 99 * 1024;
  }
}

/// Likewise.
static int64_t getThreads(unsigned number) {
  switch (number) {
  case 80:
  case 90:
  case 100:
  case 101:
  case 103:
    return 2048;
  default:
    return 1536;
  }
}

std::optional<TargetCapabilities> TargetCapabilities::of(llvm::StringRef chip) {
  llvm::StringRef suffix = chip;
  unsigned number;
  if (!suffix.consume_front("sm_") || suffix.consumeInteger(10, number) ||
      number < 80 || number > 999)
    return std::nullopt;
  if (!suffix.empty() && suffix != "a" && suffix != "f")
    return std::nullopt;
  TargetCapabilities target;
  target.chip = chip.str();
  target.sharedMemory = getSharedMemory(number);
  target.threads = getThreads(number);
  // Code for any other chip uses what sm_80 has, and nothing that a later one
  // lacks.
  if (chip == "sm_90a")
    target.asyncMma = target.bulkReduce = target.registerReallocation =
        target.hardwareTensorMaps = true;
  return target;
}
