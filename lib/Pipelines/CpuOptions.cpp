//===- CpuOptions.cpp - How code for a CPU is made ------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Pipelines/CpuOptions.h"

#include "spattn/Support/StructOptions.h"

using namespace spattn;

llvm::Expected<CpuOptions> CpuOptions::parse(llvm::StringRef text) {
  return parseOptions<CpuOptions>(text);
}

std::string CpuOptions::str() const { return printOptions(*this); }

llvm::Error CpuOptions::check() const { return checkRanges(*this); }
