//===- TileLists.h - Lists of tiles of an attention -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_REFERENCE_TILELISTS_H
#define SPATTN_LIB_REFERENCE_TILELISTS_H

#include "spattn/Reference/Attention.h"

namespace spattn {

/// Fails unless lists of tiles, if there are any, fit the sizes, and their
/// entries are ascending tiles.
llvm::Error checkTileLists(const AttentionProblem &problem,
                           const OperandArrays &arrays,
                           const AttentionSizes &sizes);

/// Whether the tile of query `i` and key `j` is in the list of its row.
bool isTileListed(const AttentionProblem &problem, const OperandArrays &arrays,
                  int64_t b, int64_t h, int64_t i, int64_t j);

} // namespace spattn

#endif // SPATTN_LIB_REFERENCE_TILELISTS_H
