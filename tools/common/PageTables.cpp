//===- PageTables.cpp - Random page tables --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/PageTables.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <numeric>
#include <random>

using namespace mlir;
using namespace spattn;
using namespace spattn::tool;

int64_t spattn::tool::getKeyLength(Entry &entry, AttentionOpInterface op) {
  auto [value, dim] = op.getKeyLengthDim();
  EntryArgument *argument = entry.getArgument(value);
  int64_t size = argument ? argument->sizes[dim]
                          : cast<ShapedType>(value.getType()).getDimSize(dim);
  return ShapedType::isDynamic(size) ? size : size * op.getPageSize();
}

LogicalResult spattn::tool::setPagedKeys(Entry &entry, int64_t keys) {
  AttentionOpInterface op = entry.attention;
  auto [table, dim] = op.getKeyLengthDim();
  EntryArgument *argument = entry.getArgument(table);
  if (!argument)
    return entry.function.emitError("--keys=")
           << keys << ": the page table of the attention of '"
           << entry.getName() << "' is not an argument";
  int64_t rows = op.getPageSize(), &size = argument->sizes[dim];
  if (keys % rows != 0)
    return emitError(argument->location)
           << "--keys=" << keys << ": expected whole pages of " << rows
           << " keys";
  if (!ShapedType::isDynamic(size) && size != keys / rows)
    return emitError(argument->location)
           << "--keys=" << keys << ": " << argument->describe()
           << " has a number of pages of " << size << ", of " << rows
           << " keys each";
  size = keys / rows;
  return success();
}

void spattn::tool::inferPages(Entry &entry, AttentionOpInterface op) {
  if (!op.hasPages())
    return;
  EntryArgument *table = entry.getArgument(op.getPageTableOrNull());
  if (!table || llvm::any_of(table->sizes, ShapedType::isDynamic))
    return;
  int64_t pages = table->sizes[0] * table->sizes[1];
  unsigned dim = op.getDim(Dim::Batch);
  for (Value value : {op.getKey(), op.getValue()})
    if (EntryArgument *pool = entry.getArgument(value))
      if (ShapedType::isDynamic(pool->sizes[dim]))
        pool->sizes[dim] = pages;
}

void spattn::tool::drawPageTable(Entry &entry, uint64_t seed,
                                 ArrayRef<ReferenceValue> values) {
  AttentionOpInterface op = entry.attention;
  if (!op || !op.hasPages())
    return;
  EntryArgument *argument = entry.getArgument(op.getPageTableOrNull());
  EntryArgument *key = entry.getArgument(op.getKey());
  if (!argument || !key || !argument->file.empty())
    return;
  auto viewOf = [&](EntryArgument *argument) {
    return std::get<ReferenceArray>(values[argument->index]).view;
  };
  BufferView table = viewOf(argument), ends;
  if (EntryArgument *given =
          entry.getArgument(op.getOperandValues()[OperandKind::KeyEnds]))
    ends = viewOf(given);
  auto dimOf = [&](OperandKind kind, Dim dim) {
    return op.getDim(getOperandInfo(kind), dim);
  };
  unsigned batchDim = dimOf(OperandKind::PageTable, Dim::Batch),
           pageDim = dimOf(OperandKind::PageTable, Dim::Length);
  // Pages of one entry are different while there are enough.
  std::vector<int32_t> pool(key->sizes[op.getDim(Dim::Batch)]);
  std::iota(pool.begin(), pool.end(), 0);
  std::mt19937_64 engine(seed * 1000003 + pool.size());
  std::shuffle(pool.begin(), pool.end(), engine);
  int64_t next = 0;
  for (int64_t b = 0; b < table.sizes[batchDim]; ++b) {
    int64_t keys = table.sizes[pageDim] * op.getPageSize();
    if (!ends.sizes.empty())
      keys = static_cast<int32_t *>(
          ends.data)[b * ends.strides[dimOf(OperandKind::KeyEnds, Dim::Batch)]];
    int64_t used = llvm::divideCeil(keys, op.getPageSize());
    for (int64_t n = 0; n < table.sizes[pageDim]; ++n)
      static_cast<int32_t *>(table.data)[b * table.strides[batchDim] +
                                         n * table.strides[pageDim]] =
          n < used && !pool.empty() ? pool[next++ % pool.size()] : -7;
  }
}
