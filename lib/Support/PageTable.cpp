//===- PageTable.cpp - Pages of keys and values ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Support/PageTable.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace spattn;
using llvm::Twine;

int64_t PageTable::page(int64_t b, int64_t number) const {
  int64_t at = b * table.strides[batchDim] + number * table.strides[pageDim];
  int32_t page;
  std::memcpy(&page, static_cast<const char *>(table.data) + 4 * at,
              sizeof(page));
  return page;
}

std::optional<std::string>
spattn::findPageTableError(const PageTable &table, int64_t pages,
                           int64_t pageSize,
                           llvm::function_ref<int64_t(int64_t b)> keys) {
  for (int64_t b = 0; b < table.batch(); ++b) {
    int64_t used = llvm::divideCeil(keys(b), pageSize);
    for (int64_t n = 0; n < used; ++n)
      if (int64_t page = table.page(b, n); page < 0 || page >= pages)
        return ("'page_table' has the page " + Twine(page) + " at " + Twine(n) +
                " of batch element " + Twine(b) +
                ", expected pages from 0 to before " + Twine(pages))
            .str();
  }
  return std::nullopt;
}
