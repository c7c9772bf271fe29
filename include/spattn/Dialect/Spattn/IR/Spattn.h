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
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "spattn/Structure/Algebra.h"
#include "spattn/Structure/Structure.h"

namespace spattn {
/// An interval as an attribute parameter.
llvm::hash_code hash_value(const Bound &bound);
llvm::hash_code hash_value(const Interval &interval);
} // namespace spattn

#include "spattn/Dialect/Spattn/IR/SpattnDialect.h.inc"

#include "spattn/Dialect/Spattn/IR/SpattnEnums.h.inc"

#include "spattn/Dialect/Spattn/IR/SpattnAttrInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "spattn/Dialect/Spattn/IR/SpattnAttrs.h.inc"

namespace spattn {

/// What an operand is, which decides its shape and its elements.
enum class OperandKind {
  Query,
  Key,
  Value,
  Out,
  Lse,
  OutGradient,
  QueryGradient,
  KeyGradient,
  ValueGradient,
};

/// A tensor or buffer that an attention takes.
struct AttentionOperand {
  mlir::Value value;
  /// As in messages.
  llvm::StringRef name;
  OperandKind kind;

  /// Whether there is a row for each query; otherwise there is one for each
  /// key.
  bool isOfQueries() const;
  /// Whether rows are as wide as those of queries and keys; otherwise they are
  /// as wide as those of values, but for those of `lse`, which have no width.
  bool isOfHeadDim() const;
  bool hasWidth() const { return kind != OperandKind::Lse; }
  /// What kernels' launches call its buffer: `q`, `k`, `v`, `o`, `lse`, and
  /// with a `d` in front what is a gradient.
  llvm::StringRef getBufferName() const;
};

} // namespace spattn

namespace spattn::detail {
/// The structures of `numHeads` query heads that an attribute gives: a head
/// structure, or `#spattn.heads`.
HeadStructures getHeadStructures(mlir::Attribute structure, int64_t numHeads);
} // namespace spattn::detail

#include "spattn/Dialect/Spattn/IR/SpattnInterfaces.h.inc"

#define GET_OP_CLASSES
#include "spattn/Dialect/Spattn/IR/SpattnOps.h.inc"

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTN_H
