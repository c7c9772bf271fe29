//===- Passes.h - Kernels out of and beside a program ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTNGPU_TRANSFORMS_PASSES_H
#define SPATTN_DIALECT_SPATTNGPU_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir {
namespace arith {
class ArithDialect;
} // namespace arith
namespace func {
class FuncDialect;
} // namespace func
namespace gpu {
class GPUDialect;
} // namespace gpu
} // namespace mlir

namespace spattn {
class SpattnDialect;
namespace spattn_gpu {
class SpattnGPUDialect;
} // namespace spattn_gpu

/// What a container holds.
enum class CodeFormat {
  /// A cubin if there is a ptxas, else PTX.
  Auto,
  Cubin,
  Ptx,
};

#define GEN_PASS_DECL
#include "spattn/Dialect/SpattnGPU/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "spattn/Dialect/SpattnGPU/Transforms/Passes.h.inc"
} // namespace spattn

#endif // SPATTN_DIALECT_SPATTNGPU_TRANSFORMS_PASSES_H
