//===- PageTables.h - Random page tables ------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_PAGETABLES_H
#define SPATTN_TOOLS_COMMON_PAGETABLES_H

#include "common/Entry.h"
#include "spattn/Reference/Interpreter.h"

namespace spattn::tool {

/// The number of keys of an attention at run time, or kDynamic: rows of `key`,
/// or of the pages that its table has room for.
int64_t getKeyLength(Entry &entry, AttentionOpInterface op);

/// Makes the table as long as `keys` keys need, if an attention has one, and
/// fails unless those are whole pages.
mlir::LogicalResult setPagedKeys(Entry &entry, int64_t keys);
/// Gives pools whose size is not known as many pages as tables have entries.
void inferPages(Entry &entry, AttentionOpInterface op);

/// Fills the page table of an attention with random pages, unless a file holds
/// it. Entries past the keys are of no pages. Where keys end has been drawn.
void drawPageTable(Entry &entry, uint64_t seed,
                   llvm::ArrayRef<ReferenceValue> values);

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_PAGETABLES_H
