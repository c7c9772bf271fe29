//===- KernelGlobals.h - Kernels in a program's memory ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The LLVM side of spattn/Runtime/CompiledProgram.h: the structs of C, and what
// a program holds of each artifact.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LAUNCHTOLLVM_KERNELGLOBALS_H
#define SPATTN_LIB_CONVERSION_LAUNCHTOLLVM_KERNELGLOBALS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// SpattnBuffer, SpattnValue and SpattnKernels.
mlir::LLVM::LLVMStructType getBufferType(mlir::MLIRContext *context);
mlir::LLVM::LLVMStructType getValueType(mlir::MLIRContext *context);
mlir::LLVM::LLVMStructType getKernelsType(mlir::MLIRContext *context);

/// The SpattnElementType of a type, which is one that L4 allows.
int64_t getElementTypeNumber(mlir::Type type);

/// The artifact that a binary holds, or null.
mlir::StringAttr getArtifact(mlir::gpu::BinaryOp binary);

/// The SpattnKernels of a launch, whose kernels are a binary or already a
/// constant. Launches of one binary with the same names share it. Null if the
/// kernels are neither.
mlir::LLVM::GlobalOp getKernels(mlir::OpBuilder &builder, LaunchOp launch);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LAUNCHTOLLVM_KERNELGLOBALS_H
