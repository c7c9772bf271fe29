//===- Bytecode.h - Files that later versions read --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_DIALECT_SPATTN_IR_BYTECODE_H
#define SPATTN_LIB_DIALECT_SPATTN_IR_BYTECODE_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// Gives the dialect its version in bytecode.
void addBytecodeInterface(SpattnDialect &dialect);

} // namespace spattn

#endif // SPATTN_LIB_DIALECT_SPATTN_IR_BYTECODE_H
