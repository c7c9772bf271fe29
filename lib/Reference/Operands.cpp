//===- Operands.cpp - Operands of an attention in memory ------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PageTable.h"
#include "Sequences.h"
#include "TileLists.h"
#include "spattn/Reference/Attention.h"
#include "spattn/Reference/Mask.h"

#include <cmath>
#include <tuple>

using namespace mlir;
using namespace spattn;
using llvm::Error;
using llvm::Expected;

/// Lengths for which the arithmetic of Mask.h stays within 64 bits.
static constexpr int64_t kMaxLength = int64_t(1) << 31;

static int64_t getExtentSize(const AttentionProblem &problem,
                             const OperandArrays &arrays,
                             const AttentionSizes &sizes, Extent extent) {
  // Lists of tiles are as many as there are; what they have to fit is checked
  // with their entries.
  auto listSize = [&](Dim dim) -> int64_t {
    const BufferView &lists = arrays[OperandKind::TileIndices];
    return lists.sizes.size() == 4 ? lists.sizes[problem.layout.getDim(dim)]
                                   : 0;
  };
  auto keySize = [&](Dim dim) {
    return arrays[OperandKind::Key].sizes[problem.layout.getDim(dim)];
  };
  switch (extent) {
  case Extent::None:
    return 1;
  case Extent::Batch:
    return sizes.batch;
  case Extent::QueryHeads:
    return problem.queryHeads;
  case Extent::KeyHeads:
    return problem.keyHeads;
  case Extent::QueryLength:
    return sizes.queryLength;
  case Extent::KeyLength:
    return sizes.keyLength;
  case Extent::HeadDim:
    return problem.headDim;
  case Extent::ValueDim:
    return problem.valueDim;
  case Extent::Sequences:
    return sizes.sequences;
  case Extent::Distances:
    return problem.distances;
  case Extent::ListBatch:
    return listSize(Dim::Batch);
  case Extent::ListHeads:
    return listSize(Dim::Head);
  case Extent::ListRows:
    return listSize(Dim::Length);
  case Extent::Listed:
    return listSize(Dim::Width);
  case Extent::TablePages:
    return sizes.keyLength / std::max<int64_t>(keySize(Dim::Length), 1);
  case Extent::Pages:
    return keySize(Dim::Batch);
  case Extent::PageRows:
    return keySize(Dim::Length);
  case Extent::Terms:
    return 1;
  }
  llvm_unreachable("an extent is one of the above");
}

/// What of an array does not fit, if anything.
static Error checkArray(const AttentionProblem &problem,
                        const OperandArrays &arrays,
                        const AttentionSizes &sizes, const OperandInfo &info) {
  const BufferView &view = arrays[info.kind];
  unsigned rank = info.getRank();
  if (view.sizes.size() != rank || view.strides.size() != rank)
    return llvm::createStringError("'" + info.name + "' has rank " +
                                   Twine(view.sizes.size()) + ", expected " +
                                   Twine(rank));
  if (info.elements == ElementKind::I32) {
    if (view.elementType != ElementType::I32)
      return llvm::createStringError("'" + info.name +
                                     "' has an unsupported element type; "
                                     "supported is i32");
  } else if (!isFloatElement(view.elementType)) {
    return llvm::createStringError(
        "'" + info.name +
        "' has an unsupported element type; supported are f16, bf16, f32 and "
        "f64");
  }
  for (Dim dim : kDims) {
    if (!info.has(dim))
      continue;
    int64_t size = view.sizes[problem.layout.getDim(info, dim)];
    int64_t expected =
        getExtentSize(problem, arrays, sizes, info.getExtent(dim));
    if (size != expected)
      return llvm::createStringError(
          "'" + info.name + "' has a " + info.getSizeText(dim) + " of " +
          Twine(size) + ", expected " + Twine(expected));
  }
  if (!view.data && !llvm::is_contained(view.sizes, 0))
    return llvm::createStringError("'" + info.name + "' has no data");
  return Error::success();
}

Expected<AttentionSizes> spattn::getSizes(const AttentionProblem &problem,
                                          const OperandArrays &arrays,
                                          ArrayRef<OperandInfo> infos,
                                          bool needsOutputs) {
  const BufferView &query = arrays[OperandKind::Query];
  const BufferView &key = arrays[OperandKind::Key];
  if (Error error = checkStructure(problem.structure))
    return error;
  if (query.sizes.size() != 4 || key.sizes.size() != 4)
    return llvm::createStringError("expected 'query' and 'key' of rank 4");
  const BufferView &pages = arrays[OperandKind::PageTable];
  if (isGiven(pages) && pages.sizes.size() != 2)
    return llvm::createStringError("expected 'page_table' of rank 2");
  AttentionSizes sizes = {query.sizes[problem.layout.getDim(Dim::Batch)],
                          query.sizes[problem.layout.getDim(Dim::Length)],
                          getKeyLength(problem, arrays),
                          countSequences(problem, arrays)};
  for (int64_t length : {sizes.queryLength, sizes.keyLength})
    if (length < 0 || length > kMaxLength)
      return llvm::createStringError(
          "expected lengths from 0 to 2147483648, got " + Twine(length));
  if (!std::isfinite(problem.getScale()))
    return llvm::createStringError("expected a finite scale, got %g",
                                   problem.getScale());
  if (problem.softCap &&
      (!std::isfinite(*problem.softCap) || *problem.softCap <= 0))
    return llvm::createStringError(
        "expected a positive, finite soft_cap, got %g", *problem.softCap);
  bool hasPositions = isGiven(arrays[OperandKind::QueryPositions]);
  if (hasPositions != isGiven(arrays[OperandKind::KeyPositions]) ||
      hasPositions != (problem.causalPositions || problem.selfScore))
    return llvm::createStringError(
        "expected positions of queries and of keys where pairs depend on them, "
        "and only there");
  if (sizes.batch < 0)
    return llvm::createStringError("expected a batch size from 0, got " +
                                   Twine(sizes.batch));
  for (const OperandInfo &info : infos) {
    if (info.isScalar())
      continue;
    const BufferView &array = arrays[info.kind];
    bool isNeeded = !info.isOptional && (needsOutputs || !info.isWritten);
    if (!isGiven(array) && isNeeded)
      return llvm::createStringError("'" + info.name + "' is missing");
    if (!isGiven(array))
      continue;
    if (Error error = checkArray(problem, arrays, sizes,
                                 isGiven(pages) ? getPagedInfo(info) : info))
      return error;
  }
  if (Error error = checkSequences(problem, arrays, sizes))
    return error;
  if (Error error = checkTileLists(problem, arrays, sizes))
    return error;
  if (Error error = checkPageTable(problem, arrays, sizes))
    return error;
  return sizes;
}

ElementRow spattn::getRow(const AttentionProblem &problem,
                          const OperandArrays &arrays, OperandKind kind,
                          int64_t b, int64_t h, int64_t n) {
  const OperandInfo &info = getOperandInfo(kind);
  const BufferView &view = arrays[kind];
  bool isPaged = isGiven(arrays[OperandKind::PageTable]) &&
                 getPagedInfo(info).getExtent(Dim::Length) == Extent::PageRows;
  if (isPaged)
    std::tie(b, n) = findInPage(problem, arrays, b, n);
  auto stride = [&](Dim dim) {
    return info.has(dim) ? view.strides[problem.layout.getDim(info, dim)] : 0;
  };
  int64_t offset =
      b * stride(Dim::Batch) + h * stride(Dim::Head) + n * stride(Dim::Length);
  int64_t bytes = getElementBytes(view.elementType);
  return {static_cast<char *>(view.data) + offset * bytes, view.elementType,
          stride(Dim::Width)};
}
