//===- PageTableCheck.h - Whether pages are there ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_JIT_PAGETABLECHECK_H
#define SPATTN_LIB_JIT_PAGETABLECHECK_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/JIT/KernelArgument.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <optional>

namespace spattn {

/// Which arguments of a function are an attention's page table, its pages, and
/// where the keys of batch entries end.
struct PageTableArguments {
  unsigned table, key;
  std::optional<unsigned> ends;
  /// Dimensions of the table, of pages in `key`, and of entries in `ends`.
  unsigned batchDim, pageDim, poolDim, endsDim;
  int64_t pageSize;
};

/// The page table of an operation, if it has one and all are arguments.
std::optional<PageTableArguments>
getPageTableArguments(AttentionOpInterface op);

/// Fails on a page that there is not. `view` gives the arguments; where keys
/// end has been checked.
llvm::Error checkPageTable(const PageTableArguments &pages,
                           llvm::function_ref<BufferView(unsigned)> view);

} // namespace spattn

#endif // SPATTN_LIB_JIT_PAGETABLECHECK_H
