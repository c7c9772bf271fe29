//===- BytecodeVersion.h - The version of spattn in bytecode ----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_BYTECODEVERSION_H
#define SPATTN_DIALECT_SPATTN_IR_BYTECODEVERSION_H

#include "mlir/Bytecode/BytecodeImplementation.h"

#include <cstdint>

namespace spattn {

/// The version that bytecode has. It grows with every operand and attribute of
/// an operation, so that an older spattn refuses what it does not know instead
/// of dropping it.
///   1: the first
///   2: page_table
inline constexpr uint64_t kBytecodeVersion = 2;

/// The version of the dialect `spattn` in a file.
struct BytecodeVersion : mlir::DialectVersion {
  uint64_t number = kBytecodeVersion;
};

} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_IR_BYTECODEVERSION_H
