//===- Interpreter.h - Runs functions of attention directly ----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_REFERENCE_INTERPRETER_H
#define SPATTN_REFERENCE_INTERPRETER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "spattn/Support/BufferView.h"

#include <memory>
#include <variant>

namespace spattn {

/// An array and, unless it is the caller's, the memory that it is in.
struct ReferenceArray {
  BufferView view;
  std::shared_ptr<void> memory;
};

/// A value of the interpreter: a tensor or memref, a float, or an index or
/// integer.
using ReferenceValue = std::variant<ReferenceArray, double, int64_t>;

/// Runs a function on the first level of the dialect: one block of
///  - `spattn.attention`, `spattn.merge` and the gradients of both on tensors
///  or
///    memrefs, evaluated by the oracle,
///  - `tensor.empty` (all zeros here), `tensor.dim`, `memref.dim`,
///  - `arith.constant` of floats, integers, index and dense tensors,
///  - `func.return`.
/// Tensor arguments are not written to. Anything else, and operands whose sizes
/// do not agree, are reported at the operation's location.
mlir::FailureOr<llvm::SmallVector<ReferenceValue>>
interpretFunction(mlir::func::FuncOp function,
                  llvm::ArrayRef<ReferenceValue> arguments);

} // namespace spattn

#endif // SPATTN_REFERENCE_INTERPRETER_H
