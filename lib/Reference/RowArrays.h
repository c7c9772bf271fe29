//===- RowArrays.h - Arrays of operations on rows, in memory ----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_REFERENCE_ROWARRAYS_H
#define SPATTN_LIB_REFERENCE_ROWARRAYS_H

#include "spattn/Reference/Attention.h"
#include "llvm/Support/Parallel.h"

#include <optional>
#include <vector>

namespace spattn {

/// The sizes that the arrays of an operation on rows share, and their elements.
class RowArrays {
public:
  /// `model` has a row of elements for each row of the result.
  RowArrays(const Layout &layout, const BufferView &model) : layout(layout) {
    for (Dim dim : kDims)
      sizes[unsigned(dim)] = model.sizes[layout.getDim(dim)];
  }

  int64_t size(Dim dim) const { return sizes[unsigned(dim)]; }
  /// Says that an array of such dimensions has the rows that numbers refer to,
  /// and how many numbers a row has.
  void setSource(const BufferView &array, const OperandInfo &info) {
    sourceLength = array.sizes[layout.getDim(info, Dim::Length)];
  }
  void setTerms(const BufferView &rows) {
    terms = rows.sizes[layout.getDim(Dim::Width)];
  }

  /// What of arrays does not fit, if anything.
  llvm::Error check(llvm::ArrayRef<BufferView> arrays, const OperandInfo &info,
                    const char *name) const;

  /// A row: batch element, head, and position.
  using Place = std::array<int64_t, 3>;

  /// Calls `body` for each row, in parallel.
  template <class F>
  void forEach(F body) const {
    int64_t heads = size(Dim::Head), length = size(Dim::Length);
    llvm::parallelFor(0, size(Dim::Batch) * heads * length, [&](size_t row) {
      body(Place{int64_t(row) / length / heads, int64_t(row) / length % heads,
                 int64_t(row) % length});
    });
  }

  /// The elements of a row, or its number.
  std::vector<double> load(const BufferView &array, const Place &place) const;
  double loadNumber(const BufferView &array, const Place &place) const;
  void store(const BufferView &array, const Place &place,
             const std::vector<double> &row) const;
  void storeNumber(const BufferView &array, const Place &place,
                   double number) const;

  /// The row of a source that the number of a row, or of a term of it, refers
  /// to; nothing if there is none.
  std::optional<Place> find(const BufferView &rows, const Place &place,
                            int64_t term = 0) const;

  /// Stores an i32 of a row that has several.
  void storeInteger(const BufferView &array, const Place &place, int64_t term,
                    int32_t number) const;

private:
  ElementRow at(const BufferView &array, const Place &place) const;

  Layout layout;
  std::array<int64_t, 4> sizes;
  int64_t sourceLength = 0, terms = 0;
};

} // namespace spattn

#endif // SPATTN_LIB_REFERENCE_ROWARRAYS_H
