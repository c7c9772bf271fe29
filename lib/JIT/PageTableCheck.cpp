//===- PageTableCheck.cpp - Whether pages are there -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PageTableCheck.h"

#include "KernelFunction.h"
#include "spattn/Support/PageTable.h"

#include <cstring>

using namespace mlir;
using namespace spattn;
using llvm::Error;

std::optional<PageTableArguments>
spattn::getPageTableArguments(AttentionOpInterface op) {
  if (!op.hasPages())
    return std::nullopt;
  OperandValues values = op.getOperandValues();
  auto table = tracedArgument(values[OperandKind::PageTable]);
  auto key = tracedArgument(op.getKey());
  std::optional<unsigned> ends;
  if (Value given = values[OperandKind::KeyEnds])
    if (!(ends = tracedArgument(given)))
      return std::nullopt;
  if (!table || !key)
    return std::nullopt;
  const OperandInfo &info = getOperandInfo(OperandKind::PageTable);
  const OperandInfo &endInfo = getOperandInfo(OperandKind::KeyEnds);
  return PageTableArguments{*table,
                            *key,
                            ends,
                            op.getDim(info, Dim::Batch),
                            op.getDim(info, Dim::Length),
                            op.getDim(Dim::Batch),
                            op.getDim(endInfo, Dim::Batch),
                            op.getPageSize()};
}

Error spattn::checkPageTable(const PageTableArguments &pages,
                             function_ref<BufferView(unsigned)> view) {
  PageTable table = {view(pages.table), pages.batchDim, pages.pageDim};
  BufferView ends;
  if (pages.ends)
    ends = view(*pages.ends);
  auto keys = [&](int64_t b) -> int64_t {
    if (!pages.ends)
      return table.room() * pages.pageSize;
    int64_t at = b * ends.strides[pages.endsDim];
    int32_t end;
    std::memcpy(&end, static_cast<const char *>(ends.data) + 4 * at,
                sizeof(end));
    return end;
  };
  int64_t pool = view(pages.key).sizes[pages.poolDim];
  if (auto error = findPageTableError(table, pool, pages.pageSize, keys))
    return makeError(*error);
  return Error::success();
}
