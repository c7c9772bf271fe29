//===- TargetInterface.h - #spattn_gpu.target's compiler -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TARGET_TARGETINTERFACE_H
#define SPATTN_TARGET_TARGETINTERFACE_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace spattn {

/// Lets `#spattn_gpu.target` compile the kernels of a `gpu.module` to an
/// artifact (`gpu::TargetAttrInterface`). The options mean what they mean for
/// `#nvvm.target`: of the toolkit bin/ptxas is run; the format `isa` asks for
/// an artifact that holds PTX, `bin` for one with a cubin, and `fatbin`, which
/// is the default, for a cubin where there is a ptxas.
void registerTargetInterface(mlir::DialectRegistry &registry);

} // namespace spattn

#endif // SPATTN_TARGET_TARGETINTERFACE_H
