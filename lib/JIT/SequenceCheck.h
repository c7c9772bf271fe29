//===- SequenceCheck.h - Sequences of a call on a CPU ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_JIT_SEQUENCECHECK_H
#define SPATTN_LIB_JIT_SEQUENCECHECK_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/JIT/KernelArgument.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <vector>

namespace spattn {

/// Where an attention takes from that queries, or keys, are in sequences: the
/// numbers of arguments of its function. Sequences that other values describe
/// are not checked.
struct SequenceArguments {
  SequenceEnds ends;
  std::optional<unsigned> starts, endings;
  /// What they are sequences of, and the dimension of its length.
  unsigned rows, lengthDim;
  /// Rows that one of that dimension counts for: those of a page, or 1.
  int64_t unit;
  /// Dimensions of `starts` and `endings`.
  unsigned batchDim, sequenceDim;
};

/// Those of an attention, for queries and for keys, as far as there are any.
std::vector<SequenceArguments> getSequenceArguments(AttentionOpInterface op);

/// Fails unless sequences ascend, are apart, and lie within the length, so that
/// nothing is computed that nobody meant. `view` gives an argument of the call,
/// with its data.
llvm::Error
checkSequences(const SequenceArguments &sequences,
               llvm::function_ref<BufferView(unsigned argument)> view);

} // namespace spattn

#endif // SPATTN_LIB_JIT_SEQUENCECHECK_H
