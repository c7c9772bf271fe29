//===- Sequences.h - Sequences of batch entries -----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_REFERENCE_SEQUENCES_H
#define SPATTN_LIB_REFERENCE_SEQUENCES_H

#include "spattn/Reference/Attention.h"

namespace spattn {

/// How many sequences a batch entry has, by the first array of theirs that is
/// given; 1 if none is.
int64_t countSequences(const AttentionProblem &problem,
                       const OperandArrays &arrays);

/// Fails unless sequences ascend, are apart, and lie within the lengths.
llvm::Error checkSequences(const AttentionProblem &problem,
                           const OperandArrays &arrays,
                           const AttentionSizes &sizes);

} // namespace spattn

#endif // SPATTN_LIB_REFERENCE_SEQUENCES_H
