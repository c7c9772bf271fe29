//===- Cuda.h - Functions on a GPU ------------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_RUN_CUDA_H
#define SPATTN_TOOLS_SPATTN_RUN_CUDA_H

#include "Device.h"

namespace spattn::run {

/// Whether there is a driver and a device; says what is missing.
mlir::LogicalResult checkCuda();

/// Makes a function ready for the GPU.
mlir::FailureOr<std::unique_ptr<Executable>>
makeCudaExecutable(mlir::ModuleOp module, Entry &entry, const Options &options,
                   llvm::StringRef dumpFolder);

} // namespace spattn::run

#endif // SPATTN_TOOLS_SPATTN_RUN_CUDA_H
