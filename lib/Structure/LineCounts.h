//===- LineCounts.h - Pairs and lines where residues count ------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Intervals have closed forms for how many pairs they hold (Counts.h). Residues
// of several layers, which overlap, are counted query by query or key by key.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_STRUCTURE_LINECOUNTS_H
#define SPATTN_LIB_STRUCTURE_LINECOUNTS_H

#include "spattn/Structure/NormalForm.h"

namespace spattn {

enum class Lines { Queries, Keys };

/// How many pairs are allowed.
int64_t countPairs(const NormalForm<int64_t> &form);

/// The queries that see a key, or the keys that a query sees, as ascending
/// spans.
std::vector<Span<int64_t>> findLines(const NormalForm<int64_t> &form,
                                     Lines lines);
/// How many those are.
int64_t countLines(const NormalForm<int64_t> &form, Lines lines);

} // namespace spattn

#endif // SPATTN_LIB_STRUCTURE_LINECOUNTS_H
