//===- TileListCheck.cpp - Whether lists of tiles fit ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileListCheck.h"

#include "KernelFunction.h"
#include "spattn/Support/TileLists.h"

using namespace mlir;
using namespace spattn;
using llvm::Error;

std::optional<TileListArguments>
spattn::getTileListArguments(AttentionOpInterface op) {
  if (!op.hasTileLists())
    return std::nullopt;
  OperandValues values = op.getOperandValues();
  OperandKind countKind = OperandKind::TileCounts,
              indexKind = OperandKind::TileIndices;
  auto counts = tracedArgument(values[countKind]);
  auto indices = tracedArgument(values[indexKind]);
  auto query = tracedArgument(op.getQuery()), key = tracedArgument(op.getKey());
  if (!counts || !indices || !query || !key)
    return std::nullopt;
  auto dim = [&](OperandKind kind, Dim dim) {
    return op.getDim(getOperandInfo(kind), dim);
  };
  TileListsAttr lists = op.getTileListsAttr();
  return TileListArguments{
      *counts,
      *indices,
      *query,
      *key,
      {dim(countKind, Dim::Batch), dim(countKind, Dim::Head),
       dim(countKind, Dim::Length)},
      {dim(indexKind, Dim::Batch), dim(indexKind, Dim::Head),
       dim(indexKind, Dim::Length), dim(indexKind, Dim::Width)},
      op.getDim(Dim::Batch),
      op.getDim(Dim::Length),
      lists.getQueryTile(),
      lists.getKeyTile()};
}

Error spattn::checkTileLists(const TileListArguments &lists,
                             function_ref<BufferView(unsigned)> view) {
  TileListArrays arrays = {view(lists.counts), view(lists.indices),
                           lists.countDims, lists.indexDims};
  BufferView query = view(lists.query), key = view(lists.key);
  TileListSizes sizes = {
      query.sizes[lists.batchDim], query.sizes[lists.lengthDim],
      key.sizes[lists.lengthDim], lists.queryTile, lists.keyTile};
  if (auto error = findTileListError(arrays, sizes))
    return makeError(*error);
  return Error::success();
}
