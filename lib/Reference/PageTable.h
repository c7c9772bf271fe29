//===- PageTable.h - Keys in pages ------------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_REFERENCE_PAGETABLE_H
#define SPATTN_LIB_REFERENCE_PAGETABLE_H

#include "spattn/Reference/Attention.h"

namespace spattn {

/// Fails on a page that there is not. Sizes and sequences have been checked.
llvm::Error checkPageTable(const AttentionProblem &problem,
                           const OperandArrays &arrays,
                           const AttentionSizes &sizes);

/// Where key `n` of batch element `b` is: the page and its row.
std::pair<int64_t, int64_t> findInPage(const AttentionProblem &problem,
                                       const OperandArrays &arrays, int64_t b,
                                       int64_t n);

} // namespace spattn

#endif // SPATTN_LIB_REFERENCE_PAGETABLE_H
