//===- Ptx.h - From the LLVM dialect to LLVM IR and PTX --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TARGET_PTX_H
#define SPATTN_TARGET_PTX_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>

namespace spattn {

/// For which machine PTX is made, and how.
struct PtxOptions {
  /// As compilers name it.
  std::string chip = "sm_90a";
  /// 90 is PTX 9.0; 0 is the newest that LLVM writes, which CUDA 13.0 takes.
  unsigned version = 0;
  /// Of code generation, 0 to 3. LLVM IR is optimized alike above 0.
  unsigned optLevel = 3;
};

/// The newest version of PTX that LLVM writes and drivers for a version of CUDA
/// (12080 is 12.8) compile; 0, for "the newest", if `cudaVersion` is 0.
unsigned getPtxVersion(int cudaVersion);

/// The kernels of a module in the LLVM dialect as LLVM IR, optimized for the
/// chip. Other functions are kept only where kernels call them. Null after an
/// error, which has been reported at the module or at one of its operations.
std::unique_ptr<llvm::Module> translateToLLVMIR(mlir::ModuleOp module,
                                                llvm::LLVMContext &context,
                                                const PtxOptions &options = {});

/// The same, as PTX.
mlir::FailureOr<std::string> translateToPtx(mlir::ModuleOp module,
                                            const PtxOptions &options = {});

} // namespace spattn

#endif // SPATTN_TARGET_PTX_H
