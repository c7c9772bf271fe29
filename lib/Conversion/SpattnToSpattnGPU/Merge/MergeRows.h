//===- MergeRows.h - Rows of a merge, and their lanes -----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_MERGE_MERGEROWS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_MERGE_MERGEROWS_H

#include "../Parts/KernelBuilder.h"
#include "../Parts/KernelSignature.h"

namespace spattn {

/// What a lane loads and stores of a row at once: 16 bytes of 16-bit elements.
inline constexpr int64_t kColumnsOfLane = 8;

/// An array of a merge, as its kernel addresses it.
struct MergeArray {
  KernelSignature::Strided argument;
  mlir::Type element;
  /// Where the lane's row starts, and the first row of its head.
  mlir::Value row, start;
};

/// The kernel of a merge, whose CTAs take some rows of a head each. A row is
/// taken by a power of two of lanes of a warp, which share its sums. Lanes past
/// the last row do what those of the last row do, but write nothing.
class MergeRows {
public:
  using Value = mlir::Value;
  template <class T>
  using SmallVector = llvm::SmallVector<T>;

  MergeRows(KernelBuilder &b, KernelOpInterface op, KernelProgram &program);

  /// Creates the function, and finds the lane's row.
  void begin(llvm::StringRef name);
  void end();

  /// The arrays of the operation, in its order.
  llvm::MutableArrayRef<MergeArray> getArrays() { return arrays; }

  /// Columns of a row that the lane has; `isValid` is null where all lanes have
  /// such.
  struct Chunk {
    Value first, isValid;
  };
  /// Calls `body` for each chunk that a lane may have.
  void forEachChunk(llvm::function_ref<void(const Chunk &)> body);

  /// Reads the first row of the head instead of one that is empty: what is read
  /// is not used then, and all such lanes read the same.
  void leaveOut(MergeArray &array, Value isEmpty);

  /// The columns, as f32; those of another lane where there are none.
  Value load(const MergeArray &array, const Chunk &chunk);
  void store(Value columns, const MergeArray &array, const Chunk &chunk);
  /// The number that an array has for the row.
  Value loadNumber(const MergeArray &array);
  void storeNumber(Value number, const MergeArray &array);

  /// What the log-sum-exps of its parts say of a row.
  struct Weights {
    /// For each part: whether it is empty, and its share.
    SmallVector<Value> isEmpty, weights;
    /// The largest of the log-sum-exps, and the sum of their exponentials
    /// relative to that.
    Value max, sum;
  };
  Weights emitWeights(llvm::ArrayRef<MergeArray> lses);
  Value emitLse(const Weights &weights);

  Value zeros();
  Value splat(Value number);
  /// A number, or columns, or else 0.
  Value zeroIf(Value condition, Value value);
  /// `sum` and the products of two vectors of columns.
  Value addProducts(Value lhs, Value rhs, Value sum, const Chunk &chunk);
  /// The sum of a number over the lanes of the row.
  Value sumOfRow(Value number);

private:
  mlir::VectorType columnsType(mlir::Type element) {
    return mlir::VectorType::get(kColumnsOfLane, element);
  }

  KernelBuilder &b;
  KernelProgram &program;
  KernelSignature signature;
  SmallVector<MergeArray> arrays;
  KernelSignature::Argument length;
  int64_t heads, chunks, lanes;
  Value lane, isInside;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_MERGE_MERGEROWS_H
