//===- NamedOperands.h - Operands with names -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// named-operands ::= (named-operand (`,` named-operand)*)?
// named-operand  ::= (bare-id | string) `=` ssa-use `:` type
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_DIALECT_SPATTN_IR_NAMEDOPERANDS_H
#define SPATTN_LIB_DIALECT_SPATTN_IR_NAMEDOPERANDS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpImplementation.h"

namespace spattn {

mlir::ParseResult parseNamedOperands(
    mlir::OpAsmParser &parser, mlir::ArrayAttr &names,
    llvm::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand> &operands,
    llvm::SmallVectorImpl<mlir::Type> &types);

void printNamedOperands(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                        mlir::ArrayAttr names, mlir::OperandRange operands,
                        mlir::TypeRange types);

} // namespace spattn

#endif // SPATTN_LIB_DIALECT_SPATTN_IR_NAMEDOPERANDS_H
