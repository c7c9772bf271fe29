//===- TileListCheck.h - Whether lists of tiles fit -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_JIT_TILELISTCHECK_H
#define SPATTN_LIB_JIT_TILELISTCHECK_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/JIT/KernelArgument.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <array>
#include <optional>

namespace spattn {

/// Which arguments of a function are an attention's lists of tiles, and those
/// whose sizes they have to fit.
struct TileListArguments {
  unsigned counts, indices, query, key;
  std::array<unsigned, 3> countDims;
  std::array<unsigned, 4> indexDims;
  unsigned batchDim, lengthDim;
  int64_t queryTile, keyTile;
};

/// The lists of an operation's tiles, if it has any and they are arguments.
std::optional<TileListArguments> getTileListArguments(AttentionOpInterface op);

/// What is wrong with lists, of which `view` gives the arguments, if anything.
llvm::Error checkTileLists(const TileListArguments &lists,
                           llvm::function_ref<BufferView(unsigned)> view);

} // namespace spattn

#endif // SPATTN_LIB_JIT_TILELISTCHECK_H
