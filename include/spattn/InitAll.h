//===- InitAll.h - Registers everything spattn has -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_INITALL_H
#define SPATTN_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace spattn {

/// Adds the spattn dialect, the upstream dialects its pipelines use, and their
/// interfaces.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers spattn's passes and pipelines with the pass registry.
void registerAllPasses();

} // namespace spattn

#endif // SPATTN_INITALL_H
