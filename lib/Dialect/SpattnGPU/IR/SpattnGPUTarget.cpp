//===- SpattnGPUTarget.cpp - What containers are compiled for -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

using namespace mlir;
using namespace spattn::spattn_gpu;

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef chip, int64_t opt, int64_t ptx,
                                 bool strict) {
  if (chip.empty())
    return emitError() << "expected a chip, such as \"sm_90a\"";
  if (opt < 0 || opt > 3)
    return emitError() << "expected 'opt' from 0 to 3, got " << opt;
  if (ptx != 0 && (ptx < 10 || ptx > 999))
    return emitError() << "expected 'ptx' to be 0, or a version such as 84 for "
                          "8.4, got "
                       << ptx;
  return success();
}
