//===- GpuOptions.cpp - How kernels for a GPU are built -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/SpattnToSpattnGPU/GpuOptions.h"

#include "Tuning.h"
#include "spattn/Support/StructOptions.h"

using namespace spattn;

llvm::Expected<GpuOptions> GpuOptions::parse(llvm::StringRef text) {
  return parseOptions<GpuOptions>(text);
}

std::string GpuOptions::str() const { return printOptions(*this); }

llvm::Error GpuOptions::check() const {
  std::optional<TargetCapabilities> capabilities =
      TargetCapabilities::of(getTarget());
  if (!capabilities)
    return llvm::createStringError(
        "expected 'target' to be sm_90a, or sm_80 or later, got '" + target +
        "'");
  if (llvm::Error error = checkRanges(*this))
    return error;
  llvm::Expected<Tuning> numbers = Tuning::of(*capabilities, tuning);
  if (numbers)
    return llvm::Error::success();
  return llvm::createStringError("expected 'tuning' to replace numbers of the "
                                 "tuning table, got '" +
                                 tuning +
                                 "': " + llvm::toString(numbers.takeError()));
}
