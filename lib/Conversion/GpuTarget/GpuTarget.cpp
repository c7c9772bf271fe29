//===- GpuTarget.cpp - What kernels have to know of a GPU -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/GpuTarget/GpuTarget.h"

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

std::optional<GpuTarget> GpuTarget::parse(llvm::StringRef name) {
  llvm::StringRef suffix = name;
  unsigned number;
  if (!suffix.consume_front("sm_") || suffix.consumeInteger(10, number) ||
      number < 80 || number > 999)
    return std::nullopt;
  if (!suffix.empty() && suffix != "a" && suffix != "f")
    return std::nullopt;
  Family family = name == "sm_90a" ? Family::Sm90a : Family::Sm80;
  return GpuTarget{family, getSharedMemory(number), getThreads(number)};
}
