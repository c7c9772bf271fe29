//===- SpattnToSpattnGPU.h - Attention to kernels ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_SPATTNTOSPATTNGPU_SPATTNTOSPATTNGPU_H
#define SPATTN_CONVERSION_SPATTNTOSPATTNGPU_SPATTNTOSPATTNGPU_H

#include "mlir/Pass/Pass.h"
#include "spattn/Conversion/SpattnToSpattnGPU/GpuOptions.h"

namespace spattn {

#define GEN_PASS_DECL_CONVERTSPATTNTOSPATTNGPU
#include "spattn/Conversion/Passes.h.inc"

std::unique_ptr<mlir::Pass>
createConvertSpattnToSpattnGPU(const GpuOptions &options);

// No patterns: an attention becomes kernels of the module around it, and a
// description of their launch. HostFunction.h has what it needs of a function.

} // namespace spattn

#endif // SPATTN_CONVERSION_SPATTNTOSPATTNGPU_SPATTNTOSPATTNGPU_H
