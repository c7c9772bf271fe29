//===- SpattnGPUToNVVM.h - Tile operations to NVVM and inline PTX *- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_SPATTNGPUTONVVM_SPATTNGPUTONVVM_H
#define SPATTN_CONVERSION_SPATTNGPUTONVVM_SPATTNGPUTONVVM_H

#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/DialectConversion.h"
#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace spattn {

#define GEN_PASS_DECL_CONVERTSPATTNGPUTONVVM
#include "spattn/Conversion/Passes.h.inc"

namespace spattn_gpu {

/// Registers that a thread holds of each type: fragments become one value for
/// each.
class GPUTypeConverter : public mlir::TypeConverter {
public:
  /// For the kernels in `root`, which are functions of the LLVM dialect.
  GPUTypeConverter(mlir::Operation *root, const TargetCapabilities &target);

  /// Whether what depends on the thread alone is computed where it is used, to
  /// save registers.
  bool savesRegisters(mlir::Operation *op) const;

  /// Where an allocation is in its kernel's shared memory, in bytes.
  int64_t offsetOf(mlir::Operation *alloc) const { return offsets.at(alloc); }

  /// How many consecutive elements in memory, of a fragment that was added up
  /// there, belong to one thread: as many as it adds with one instruction.
  const int64_t fragmentWidth;

private:
  llvm::SmallPtrSet<mlir::Operation *, 4> saving;
  llvm::DenseMap<mlir::Operation *, int64_t> offsets;
};

} // namespace spattn_gpu

/// Patterns of convert-spattn-gpu-to-nvvm: each converts one operation of the
/// dialect spattn_gpu for a target, and one of scf whose values have its types.
/// What is legal, and what is not, is added to `legality`; operations of other
/// dialects are left to their owner.
void populateSpattnGPUToNVVMPatterns(const spattn_gpu::GPUTypeConverter &types,
                                     const TargetCapabilities &target,
                                     mlir::RewritePatternSet &patterns,
                                     mlir::ConversionTarget &legality);

/// Declares the kernels' dynamic shared memory in a module, if it is not there:
/// the symbol that converted operations refer to.
void declareSharedMemory(mlir::Operation *module);

} // namespace spattn

#endif // SPATTN_CONVERSION_SPATTNGPUTONVVM_SPATTNGPUTONVVM_H
