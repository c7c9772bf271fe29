//===- SpattnDialect.cpp - The spattn dialect -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include "Bytecode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace spattn;

#include "spattn/Dialect/Spattn/IR/SpattnDialect.cpp.inc"

void SpattnDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "spattn/Dialect/Spattn/IR/SpattnOps.cpp.inc"
      >();
  addBytecodeInterface(*this);
}
