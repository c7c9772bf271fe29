//===- Rows.h - Rows of arrays by number, in float64 ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The oracle of `spattn.gather_rows`, `spattn.sum_rows` and `spattn.hash_rows`:
// their definitions, in float64, for arrays of any float type and any strides.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_REFERENCE_ROWS_H
#define SPATTN_REFERENCE_ROWS_H

#include "spattn/Reference/Attention.h"

namespace spattn {

/// Arrays of a gather, in `layout`. Where rows get a root mean square of 1,
/// `unitRms` has a truth value for each source; otherwise it is empty.
struct GatherArrays {
  Layout layout;
  llvm::SmallVector<BufferView, 4> sources;
  BufferView rows;
  llvm::SmallVector<BufferView, 4> outs;
  llvm::ArrayRef<bool> unitRms;
  double epsilon = 0;
};

/// Gathers rows; fails on arrays that do not fit one another.
llvm::Error evaluate(const GatherArrays &arrays);

/// Arrays of a sum. `unitRmsOf` and `add` may be left out.
struct SumArrays {
  Layout layout;
  BufferView source, rows, unitRmsOf, add, out;
  double epsilon = 0;
};

/// Sums rows; fails on arrays that do not fit one another.
llvm::Error evaluate(const SumArrays &arrays);

/// Arrays of hashes.
struct HashArrays {
  Layout layout;
  BufferView source, vectors, out;
};

/// Hashes rows; fails on arrays that do not fit one another.
llvm::Error evaluate(const HashArrays &arrays);

} // namespace spattn

#endif // SPATTN_REFERENCE_ROWS_H
