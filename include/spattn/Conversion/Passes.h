//===- Passes.h - Conversions between levels -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_PASSES_H
#define SPATTN_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"
#include "spattn/Conversion/CheckLowered/CheckLowered.h"
#include "spattn/Conversion/ForallToTasks/ForallToTasks.h"
#include "spattn/Conversion/LaunchToLLVM/LaunchToLLVM.h"
#include "spattn/Conversion/LinalgToSpattn/RaiseAttention.h"
#include "spattn/Conversion/SpattnCPUToVector/SpattnCPUToVector.h"
#include "spattn/Conversion/SpattnGPUToNVVM/SpattnGPUToNVVM.h"
#include "spattn/Conversion/SpattnToLoops/SpattnToLoops.h"
#include "spattn/Conversion/SpattnToSpattnGPU/SpattnToSpattnGPU.h"
#include "spattn/Conversion/StableHLOToLinalg/StableHLOToLinalg.h"

namespace mlir {
class ModuleOp;
namespace arith {
class ArithDialect;
} // namespace arith
namespace func {
class FuncDialect;
} // namespace func
namespace LLVM {
class LLVMDialect;
} // namespace LLVM
namespace math {
class MathDialect;
} // namespace math
namespace memref {
class MemRefDialect;
} // namespace memref
namespace NVVM {
class NVVMDialect;
} // namespace NVVM
namespace scf {
class SCFDialect;
} // namespace scf
namespace vector {
class VectorDialect;
} // namespace vector
} // namespace mlir

namespace spattn {
namespace spattn_cpu {
class SpattnCPUDialect;
} // namespace spattn_cpu
namespace spattn_gpu {
class SpattnGPUDialect;
} // namespace spattn_gpu

#define GEN_PASS_REGISTRATION
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

#endif // SPATTN_CONVERSION_PASSES_H
