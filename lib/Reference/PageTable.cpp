//===- PageTable.cpp - Keys in pages --------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PageTable.h"

#include "spattn/Support/PageTable.h"

using namespace mlir;
using namespace spattn;
using llvm::Error;

static int64_t getPageSize(const AttentionProblem &problem,
                           const OperandArrays &arrays) {
  return arrays[OperandKind::Key].sizes[problem.layout.getDim(Dim::Length)];
}

static PageTable getTable(const AttentionProblem &problem,
                          const OperandArrays &arrays) {
  const OperandInfo &info = getOperandInfo(OperandKind::PageTable);
  return {arrays[OperandKind::PageTable],
          problem.layout.getDim(info, Dim::Batch),
          problem.layout.getDim(info, Dim::Length)};
}

int64_t spattn::getKeyLength(const AttentionProblem &problem,
                             const OperandArrays &arrays) {
  int64_t rows = getPageSize(problem, arrays);
  if (!isGiven(arrays[OperandKind::PageTable]))
    return rows;
  return getTable(problem, arrays).room() * rows;
}

Error spattn::checkPageTable(const AttentionProblem &problem,
                             const OperandArrays &arrays,
                             const AttentionSizes &sizes) {
  if (!isGiven(arrays[OperandKind::PageTable]))
    return Error::success();
  if (sizes.sequences != 1 || problem.tileLists ||
      isGiven(arrays[OperandKind::KeyStarts]) ||
      isGiven(arrays[OperandKind::KeyPositions]))
    return llvm::createStringError(
        "expected one sequence of each batch element, from its first key on, "
        "and neither positions nor lists of tiles with 'page_table'");
  int64_t pages =
      arrays[OperandKind::Key].sizes[problem.layout.getDim(Dim::Batch)];
  if (auto error = findPageTableError(
          getTable(problem, arrays), pages, getPageSize(problem, arrays),
          [&](int64_t b) { return getSequence(problem, arrays, b, 0).keys; }))
    return llvm::createStringError(*error);
  return Error::success();
}

std::pair<int64_t, int64_t> spattn::findInPage(const AttentionProblem &problem,
                                               const OperandArrays &arrays,
                                               int64_t b, int64_t n) {
  int64_t rows = getPageSize(problem, arrays);
  return {getTable(problem, arrays).page(b, n / rows), n % rows};
}
