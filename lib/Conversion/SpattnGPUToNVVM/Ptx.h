//===- Ptx.h - PTX instructions as inline assembly --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Instructions that LLVM has no operation for, or that its dialect emits in a
// form that cannot be used: WGMMA with the left operand in registers, and
// waits that pass on what they guard. Named after the PTX ISA.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNGPUTONVVM_PTX_H
#define SPATTN_LIB_CONVERSION_SPATTNGPUTONVVM_PTX_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace spattn::ptx {

/// Inline assembly with the given operands. Results are numbered first.
llvm::SmallVector<mlir::Value> emit(mlir::ImplicitLocOpBuilder &b,
                                    llvm::StringRef text,
                                    llvm::StringRef constraints,
                                    mlir::ValueRange operands = {},
                                    mlir::TypeRange results = {});

/// Adds 1 to a number in memory, by lane 0, and returns what it was there.
/// `order` is that of the access, relaxed or acquire; `fence` orders what
/// follows behind it for other proxies.
mlir::Value emitIncrement(mlir::ImplicitLocOpBuilder &b, mlir::Value number,
                          mlir::Value lane, llvm::StringRef order,
                          llvm::StringRef fence = "");

/// Waits until a number in global memory is at least `value`, then for `fence`.
void emitSemaphoreWait(mlir::ImplicitLocOpBuilder &b, mlir::Value flag,
                       int64_t value, llvm::StringRef fence);

/// A shape and the operands' layout for wgmma.mma_async.
struct Wgmma {
  int64_t columns;
  bool isBF16;
  /// The right operand's rows are its depth; those of the left operand, in
  /// shared memory, are.
  bool transposeRhs, transposeLhs;
  /// Byte offsets, divided by 16, of the operands of each step of 16 along the
  /// depth. `lhsSteps` is unused with the left operand in registers.
  llvm::SmallVector<int64_t> lhsSteps, rhsSteps;
};

/// All steps of an MMA in one piece of assembly. `lhs` is a descriptor, or
/// four registers for each step. Without `acc` the first step overwrites.
llvm::SmallVector<mlir::Value> emitWgmma(mlir::ImplicitLocOpBuilder &b,
                                         const Wgmma &shape,
                                         mlir::ValueRange lhs, mlir::Value rhs,
                                         mlir::ValueRange acc);

/// wgmma.wait_group, passing on the values that are ready after it; not before
/// the f32 `after`, sums of numbers that are not negative, are known.
llvm::SmallVector<mlir::Value> emitWgmmaWait(mlir::ImplicitLocOpBuilder &b,
                                             int64_t pending,
                                             mlir::ValueRange values,
                                             mlir::ValueRange after);

/// A matrix descriptor: the address of a tile with the 128-byte swizzle, and
/// the strides between its 8x128-byte atoms.
mlir::Value emitDescriptor(mlir::ImplicitLocOpBuilder &b, mlir::Value address,
                           int64_t leadingBytes, int64_t strideBytes);

} // namespace spattn::ptx

#endif // SPATTN_LIB_CONVERSION_SPATTNGPUTONVVM_PTX_H
