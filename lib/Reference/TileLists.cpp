//===- TileLists.cpp - Lists of tiles of an attention ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileLists.h"

#include "spattn/Reference/Mask.h"
#include "spattn/Support/TileLists.h"

using namespace mlir;
using namespace spattn;
using llvm::Error;

static TileListArrays getLists(const AttentionProblem &problem,
                               const OperandArrays &arrays) {
  auto dim = [&](OperandKind kind, Dim dim) {
    return problem.layout.getDim(getOperandInfo(kind), dim);
  };
  OperandKind counts = OperandKind::TileCounts,
              indices = OperandKind::TileIndices;
  return {arrays[counts],
          arrays[indices],
          {dim(counts, Dim::Batch), dim(counts, Dim::Head),
           dim(counts, Dim::Length)},
          {dim(indices, Dim::Batch), dim(indices, Dim::Head),
           dim(indices, Dim::Length), dim(indices, Dim::Width)}};
}

Error spattn::checkTileLists(const AttentionProblem &problem,
                             const OperandArrays &arrays,
                             const AttentionSizes &sizes) {
  bool isGivenAny = isGiven(arrays[OperandKind::TileCounts]) ||
                    isGiven(arrays[OperandKind::TileIndices]);
  if (!problem.tileLists && !isGivenAny)
    return Error::success();
  if (!problem.tileLists || !isGiven(arrays[OperandKind::TileCounts]) ||
      !isGiven(arrays[OperandKind::TileIndices]))
    return llvm::createStringError("expected all of 'tile_counts', "
                                   "'tile_indices' and 'tile_lists'");
  if (Error error = checkStructure(problem.tileLists.getMask()))
    return error;
  TileListArrays lists = getLists(problem, arrays);
  if (lists.heads() < 1 || problem.queryHeads % lists.heads() != 0)
    return llvm::createStringError(
        "'tile_indices' has a number of heads of " + Twine(lists.heads()) +
        ", expected one that divides " + Twine(problem.queryHeads));
  if (auto error = findTileListError(lists, {sizes.batch, sizes.queryLength,
                                             sizes.keyLength,
                                             problem.tileLists.getQueryTile(),
                                             problem.tileLists.getKeyTile()}))
    return llvm::createStringError(*error);
  return Error::success();
}

bool spattn::isTileListed(const AttentionProblem &problem,
                          const OperandArrays &arrays, int64_t b, int64_t h,
                          int64_t i, int64_t j) {
  if (!problem.tileLists)
    return false;
  TileListArrays lists = getLists(problem, arrays);
  int64_t batch = lists.batch() == 1 ? 0 : b;
  int64_t head = h / (problem.queryHeads / lists.heads());
  int64_t row = i / problem.tileLists.getQueryTile();
  int64_t tile = j / problem.tileLists.getKeyTile();
  for (int64_t n = 0, e = lists.count(batch, head, row); n < e; ++n)
    if (lists.entry(batch, head, row, n) == tile)
      return true;
  return false;
}
