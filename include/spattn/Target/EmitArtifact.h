//===- EmitArtifact.h - Artifacts of lowered kernels -----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TARGET_EMITARTIFACT_H
#define SPATTN_TARGET_EMITARTIFACT_H

#include "mlir/IR/BuiltinOps.h"
#include "spattn/Runtime/Artifact.h"
#include "spattn/Target/Ptxas.h"

namespace spattn {

/// How code is made of lowered kernels.
struct TargetOptions {
  std::string chip = "sm_90a";
  /// 90 is PTX 9.0; 0 chooses one that ptxas and the driver take.
  unsigned ptxVersion = 0;
  unsigned optLevel = 3;
  enum Code { Auto, Cubin, Ptx };
  /// Auto: a cubin if there is a ptxas, else PTX, which the driver compiles.
  Code code = Auto;
  /// The ptxas to run, which has to work; if it is empty, the first that works
  /// of the candidates (see Ptxas::find), if there is one.
  std::string ptxas;
  std::vector<std::string> ptxasCandidates;
  /// The newest CUDA of the driver, such as 12080; 0 if it is not known.
  int driverVersion = 0;
  /// Make spills, stacks and warnings of ptxas errors. Otherwise they are
  /// warnings.
  bool strict = false;
};

/// Milliseconds that the steps took.
struct TargetTimes {
  double ptx = 0, ptxas = 0;
};

/// Code and launch description of all kernels in a module in the LLVM dialect:
/// functions with a `spattn_gpu.launch`, which are launched in their order.
/// Errors are also reported as diagnostics.
runtime::Result<runtime::Artifact>
emitArtifact(mlir::ModuleOp module, const TargetOptions &options = {},
             TargetTimes *times = nullptr);

/// The cubin alone, and what ptxas said; module and options as above. Kernels
/// need no `spattn_gpu.launch`. Errors have been reported.
mlir::FailureOr<Assembled> emitCubin(mlir::ModuleOp module,
                                     const TargetOptions &options = {},
                                     TargetTimes *times = nullptr);

/// A description for people, of everything but the code's bytes.
std::string describe(const runtime::Artifact &artifact);

/// "spattn 0.1.0, LLVM 22.1.8"
std::string getCompilerVersion();

} // namespace spattn

#endif // SPATTN_TARGET_EMITARTIFACT_H
