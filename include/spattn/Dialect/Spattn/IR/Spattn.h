//===- Spattn.h - The spattn dialect ---------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_SPATTN_H
#define SPATTN_DIALECT_SPATTN_IR_SPATTN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "spattn/Dialect/Spattn/IR/Operands.h"
#include "spattn/Structure/HeadStructures.h"

namespace spattn {
/// An interval as an attribute parameter.
llvm::hash_code hash_value(const Bound &bound);
llvm::hash_code hash_value(const Interval &interval);
llvm::hash_code hash_value(const Residues &residues);

/// Which length the `N` of bounds and partitions is, where batch entries hold
/// sequences: that of a sequence's keys, or that of all keys.
enum class BoundLength { Sequence, Pack };

/// Enumerations of the algebra, by the names that they have there.
llvm::StringRef stringifyEnum(Alignment alignment);
llvm::StringRef stringifyEnum(BoundLength length);
llvm::StringRef stringifyEnum(Partition partition);
llvm::StringRef stringifyEnum(Residues::Of of);
llvm::raw_ostream &operator<<(llvm::raw_ostream &os, Alignment alignment);
llvm::raw_ostream &operator<<(llvm::raw_ostream &os, Partition partition);
llvm::raw_ostream &operator<<(llvm::raw_ostream &os, BoundLength length);
} // namespace spattn

#include "spattn/Dialect/Spattn/IR/SpattnDialect.h.inc"

#include "spattn/Dialect/Spattn/IR/SpattnAttrInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "spattn/Dialect/Spattn/IR/SpattnAttrs.h.inc"

namespace spattn {

/// The attribute of a structure, by the name that it has, if any; the
/// attribute's `getStructure` is `structure` again. Null where the dialect has
/// no attribute: for a partition of which only the number of parts or the index
/// is given. The structure is valid.
mlir::Attribute toAttr(mlir::MLIRContext *context, const Structure &structure);

/// The same for all heads: a head structure, or `#spattn.heads`.
mlir::Attribute toAttr(mlir::MLIRContext *context, const HeadStructures &heads);

namespace detail {
/// The structures of `numHeads` query heads that an attribute gives: a head
/// structure, or `#spattn.heads`.
HeadStructures getHeadStructures(mlir::Attribute structure, int64_t numHeads);

/// Those of `operands` that are scalars, or those that are not.
llvm::SmallVector<AttentionOperand>
selectOperands(llvm::ArrayRef<AttentionOperand> operands, bool scalars);
} // namespace detail

} // namespace spattn

#include "spattn/Dialect/Spattn/IR/SpattnInterfaces.h.inc"

#define GET_OP_CLASSES
#include "spattn/Dialect/Spattn/IR/SpattnOps.h.inc"

namespace spattn {

/// The value of a scalar operand that is not given. None if the operation does
/// without, and launches have no value for it.
std::optional<double> getDefaultScalar(AttentionOpInterface op,
                                       OperandKind kind);

/// What is wrong with the value of a scalar operand, if anything: `expected a
/// finite scale`.
std::optional<std::string> findScalarError(const OperandInfo &info,
                                           double value);
/// The same of the scalar operands of an operation that are constants.
std::optional<std::string> findScalarError(AttentionOpInterface op);

} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTN_H
