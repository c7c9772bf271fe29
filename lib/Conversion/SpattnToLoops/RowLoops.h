//===- RowLoops.h - What operations on rows are made of ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_ROWLOOPS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_ROWLOOPS_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// Lower an operation on rows of buffers, before the operation.
void lowerToLoops(MergeOp op, const mlir::OpBuilder &builder);
void lowerToLoops(MergeBackwardOp op, const mlir::OpBuilder &builder);
void lowerToLoops(GatherRowsOp op, const mlir::OpBuilder &builder);
void lowerToLoops(SumRowsOp op, const mlir::OpBuilder &builder);
void lowerToLoops(HashRowsOp op, const mlir::OpBuilder &builder);

/// Loops over the rows of what an operation writes, and what they do with one.
class RowLoops {
protected:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  template <class T>
  using SmallVector = llvm::SmallVector<T>;

  RowLoops(KernelOpInterface op, const mlir::OpBuilder &builder);

  /// A row, by batch element, head and position.
  struct Row {
    Value batch, head, position;
  };
  /// Calls `body` for each row, in parallel.
  void emitRows(llvm::function_ref<void(const Row &)> body);
  /// Calls `body` for each vector of columns of a row with the first of them,
  /// and their number; `body` returns the next of the carried values. Returns
  /// the last.
  SmallVector<Value> emitColumns(
      ValueRange initial,
      llvm::function_ref<SmallVector<Value>(Value, int64_t, ValueRange)> body);

  /// The number that a buffer has for a row.
  Value loadNumber(Value buffer, const Row &row);
  void storeNumber(Value number, Value buffer, const Row &row);
  /// The number of a row of a source that a buffer of row numbers has, the one
  /// of a term if it has several, and whether the source has such a row.
  struct Source {
    Row row;
    Value isRow;
  };
  Source loadSource(Value source, Value rows, const Row &row, Value term = {});
  /// What `load` makes of a row of a source, or else `otherwise`.
  Value loadIf(const Source &source, Value otherwise,
               llvm::function_ref<Value(const Row &)> load);
  /// Stores the number of a term of a row.
  void storeTerm(Value number, Value buffer, const Row &row, Value term) {
    mlir::memref::StoreOp::create(b, number, buffer, indices(row, term));
  }
  /// A vector of columns of a row, as f32.
  Value load(Value buffer, const Row &row, Value column, int64_t width);
  void store(Value vector, Value buffer, const Row &row, Value column);

  /// What is known of a row by the log-sum-exps of its parts.
  struct Weights {
    /// For each part: whether it is empty, and its share.
    SmallVector<Value> isEmpty, weights;
    Value lse;
  };
  Weights emitWeights(ValueRange lses);

  /// `1 / sqrt(mean + epsilon)` of the mean of squares of columns, of which
  /// this is the sum.
  Value inverseRms(Value sumOfSquares, float epsilon);
  Value meanOf(Value sumOfColumns);
  /// A sum, and the products of two vectors.
  Value addProducts(Value lhs, Value rhs, Value sum);

  Value index(int64_t value);
  Value f32(float value);
  mlir::VectorType vectorType(int64_t width);
  Value splat(Value number, int64_t width);
  Value zeros(int64_t width);

  mlir::ImplicitLocOpBuilder b;

private:
  /// The indices of an element of a row, or of its number.
  SmallVector<Value> indices(const Row &row, Value column = Value());
  Value sizeOf(Dim dim);

  Layout order;
  KernelArray model;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_ROWLOOPS_H
