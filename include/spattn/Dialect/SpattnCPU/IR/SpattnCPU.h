//===- SpattnCPU.h - The CPU dialect ---------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTNCPU_IR_SPATTNCPU_H
#define SPATTN_DIALECT_SPATTNCPU_IR_SPATTNCPU_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "spattn/Dialect/SpattnCPU/IR/SpattnCPUDialect.h.inc"

#define GET_OP_CLASSES
#include "spattn/Dialect/SpattnCPU/IR/SpattnCPUOps.h.inc"

#endif // SPATTN_DIALECT_SPATTNCPU_IR_SPATTNCPU_H
