//===- PageTable.h - Pages of keys and values -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_SUPPORT_PAGETABLE_H
#define SPATTN_SUPPORT_PAGETABLE_H

#include "spattn/Support/BufferView.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <optional>
#include <string>

namespace spattn {

/// Which pages hold the keys of each batch entry: an array of i32 of any
/// strides, and the positions of its dimensions.
struct PageTable {
  BufferView table;
  unsigned batchDim, pageDim;

  int64_t batch() const { return table.sizes[batchDim]; }
  /// Pages that an entry has room for.
  int64_t room() const { return table.sizes[pageDim]; }
  int64_t page(int64_t b, int64_t number) const;
};

/// What is wrong with a table of pages of `pageSize` rows, of which there are
/// `pages`, if anything: a page that there is not, among those that the keys of
/// an entry are in. Entry `b` has `keys(b)` of them, no more than fit.
std::optional<std::string>
findPageTableError(const PageTable &table, int64_t pages, int64_t pageSize,
                   llvm::function_ref<int64_t(int64_t b)> keys);

} // namespace spattn

#endif // SPATTN_SUPPORT_PAGETABLE_H
