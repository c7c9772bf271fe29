//===- LaunchToArtifact.h - From spattn_gpu.launch to an artifact ----*- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TARGET_LAUNCHTOARTIFACT_H
#define SPATTN_LIB_TARGET_LAUNCHTOARTIFACT_H

#include "mlir/IR/BuiltinOps.h"
#include "spattn/Runtime/Artifact.h"

namespace spattn {

/// An artifact without code of the kernels of a module. Errors are reported at
/// the kernels.
mlir::FailureOr<runtime::Artifact> describeLaunches(mlir::ModuleOp module);

} // namespace spattn

#endif // SPATTN_LIB_TARGET_LAUNCHTOARTIFACT_H
