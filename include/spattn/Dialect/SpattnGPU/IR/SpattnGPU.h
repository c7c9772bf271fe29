//===- SpattnGPU.h - The GPU dialect ---------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPU_H
#define SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPU_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace spattn::spattn_gpu {
/// Threads that hold a fragment together, and its rows.
inline constexpr int64_t kWarpgroupThreads = 128;
inline constexpr int64_t kFragmentRows = 64;
/// Columns of a chunk of a shared tile: 128 bytes of 16-bit elements.
inline constexpr int64_t kChunkColumns = 64;
/// On a kernel whose threads have few registers, a unit attribute: lowerings
/// compute what depends on the thread alone again at each use.
inline constexpr llvm::StringLiteral kScarceRegisters =
    "spattn_gpu.scarce_registers";

/// Which lanes of a warp execute together. An operation that exchanges data
/// between lanes reads it: were it moved into or out of a branch or loop, other
/// lanes might take part.
struct WarpConvergence
    : public mlir::SideEffects::Resource::Base<WarpConvergence> {
  llvm::StringRef getName() final { return "WarpConvergence"; }
};
} // namespace spattn::spattn_gpu

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUDialect.h.inc"

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUAttrs.h.inc"

#define GET_OP_CLASSES
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUOps.h.inc"

#endif // SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPU_H
