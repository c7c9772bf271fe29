//===- RowLanes.h - Rows of arrays, and their lanes -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_ROWLANES_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_ROWLANES_H

#include "KernelBuilder.h"
#include "KernelSignature.h"

namespace spattn {

/// What a lane loads and stores of a row at once: 16 bytes of 16-bit elements.
inline constexpr int64_t kColumnsOfLane = 8;

/// An array of an operation on rows, as its kernel addresses it.
struct RowArray {
  KernelSignature::Strided argument;
  mlir::Type element;
  /// Whether row numbers refer to it. Others have a row for each of the result.
  bool isSource;
  bool isWritten;
  /// Whether it has a row of elements, not a number.
  bool hasColumns;
  /// Where the lane's row starts, and one of its head that can be read
  /// instead. A source has no `row` but where `RowLanes::at` says which.
  mlir::Value row, spare;
  /// Of a source, where its head starts, and elements from row to row.
  mlir::Value start, apart;
};

/// The kernel of an operation on rows, such as a merge, whose CTAs take some
/// rows of a head each. A row is taken by a power of two of lanes of a warp,
/// which share its sums. Lanes past the last row do what those of the last row
/// do, but write nothing.
class RowLanes {
public:
  using Value = mlir::Value;
  template <class T>
  using SmallVector = llvm::SmallVector<T>;

  /// Fails, with an error, if there is no kernel for rows of such sizes.
  static mlir::LogicalResult check(KernelOpInterface op);

  RowLanes(KernelBuilder &b, KernelOpInterface op, KernelProgram &program);
  /// The same of arrays with their dimensions in some order. A row has all
  /// lanes of a warp then: groups of them, each of which has all columns, for
  /// some of the terms.
  RowLanes(KernelBuilder &b, llvm::ArrayRef<KernelArray> operands, Layout order,
           KernelProgram &program);

  /// Loads of 16 bytes for the columns of a lane: 2 where an array has f32.
  int64_t wordsOfColumns() const {
    return llvm::any_of(arrays,
                        [](const RowArray &array) {
                          return array.hasColumns && array.element.isF32();
                        })
               ? 2
               : 1;
  }
  /// Creates the function, and finds the lane's row. For each of them there are
  /// so many `terms`, rows of sources that are under way at once.
  void begin(llvm::StringRef name, int64_t terms = 0);
  void end();

  /// For arguments besides, ahead of `begin`.
  KernelSignature &getSignature() { return signature; }
  /// The lane's row, its number among the lanes of the row, and that of its
  /// group: after `begin`.
  struct Place {
    Value batch, head, row, lane, group;
    /// Whether there is such a row.
    Value isInside;
  };
  const Place &getPlace() const { return place; }
  Value getLength() const { return signature.get(length); }
  int64_t getLanesOfRow() const { return lanes * groups; }
  int64_t getGroups() const { return groups; }

  /// The arrays of the operation, in its order.
  llvm::MutableArrayRef<RowArray> getArrays() { return arrays; }

  /// Columns of a row that the lane has; `isValid` is null where all lanes have
  /// such.
  struct Chunk {
    Value first, isValid;
  };
  /// Calls `body` for each chunk that a lane may have.
  void forEachChunk(llvm::function_ref<void(const Chunk &)> body);

  /// Reads the spare row of the head instead of one that is empty: what is read
  /// is not used then, and all such lanes read the same.
  void leaveOut(RowArray &array, Value isEmpty);

  /// The number of a row that an array of row numbers has for the lane's row,
  /// the one of a term.
  Value loadRowNumber(const RowArray &array, int64_t term);
  /// Whether there is such a row of the sources.
  Value isRow(Value number);
  /// A source at a row, or at its spare row where `isRow` is false.
  RowArray at(const RowArray &source, Value number, Value isRow);

  /// The columns, as f32; those of another lane where there are none.
  Value load(const RowArray &array, const Chunk &chunk);
  void store(Value columns, const RowArray &array, const Chunk &chunk);
  /// The same in the elements of the array, bit by bit.
  Value loadElements(const RowArray &array, const Chunk &chunk);
  void storeElements(Value columns, const RowArray &array, const Chunk &chunk);
  /// Columns of any elements, as f32.
  Value widen(Value columns);
  /// The number that an array has for the row.
  Value loadNumber(const RowArray &array);
  SmallVector<Value> loadNumbers(llvm::ArrayRef<RowArray> arrays);
  void storeNumber(Value number, const RowArray &array);

  /// What the log-sum-exps of its parts say of a row.
  struct Weights {
    /// For each part: whether it is empty, and its share.
    SmallVector<Value> isEmpty, weights;
    /// The largest of the log-sum-exps, and the sum of their exponentials
    /// relative to that.
    Value max, sum;
  };
  Weights emitWeights(llvm::ArrayRef<Value> lses);
  /// The exponential of a log-sum-exp relative to the largest one.
  Value emitExponential(Value lse, Value max);
  Value emitLse(const Weights &weights);

  Value zeros();
  Value splat(Value number);
  /// A number, or columns of any elements, or else 0.
  Value zeroIf(Value condition, Value value);
  /// `sum` and the products of two vectors of columns.
  Value addProducts(Value lhs, Value rhs, Value sum, const Chunk &chunk);
  /// The sum of a number over the lanes of the row, and the largest one.
  Value sumOfRow(Value number);
  Value maxOfRow(Value number);
  /// The sums of columns over the groups of the row.
  Value sumOfGroups(Value columns);
  /// Of a sum over the columns of a row, `1 / sqrt(sum / columns + epsilon)`.
  Value inverseRms(Value sumOfSquares, float epsilon);
  Value meanOf(Value sumOfColumns);

private:
  Value getWrittenRow(const RowArray &source) const;
  RowLanes(KernelBuilder &b, llvm::ArrayRef<KernelArray> operands, Layout order,
           KernelProgram &program, bool areWarps);
  int64_t rowsOfCta() const;
  /// Combines a number with those of lanes that are so far apart, from `first`
  /// to before `end`, powers of two.
  Value combineLanes(Value number, int64_t first, int64_t end,
                     llvm::function_ref<Value(Value, Value)> combine);
  mlir::VectorType columnsType(mlir::Type element) {
    return mlir::VectorType::get(kColumnsOfLane, element);
  }

  KernelBuilder &b;
  KernelProgram &program;
  KernelSignature signature;
  SmallVector<RowArray> arrays;
  KernelSignature::Argument length;
  std::optional<KernelSignature::Argument> sourceLength;
  int64_t heads, chunks;
  /// Lanes that have a row's columns, and how often a row has such.
  int64_t lanes, groups = 1;
  Place place;
  /// The lane's number in its group.
  Value lane, isInside;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_ROWLANES_H
