//===- OperandChecks.cpp - Operands with an invariant, at a call ----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperandChecks.h"

#include "KernelFunction.h"
#include "spattn/Support/PageTable.h"
#include "spattn/Support/TileLists.h"

#include <cstring>

using namespace mlir;
using namespace spattn;
using llvm::Error;

using View = OperandCheck::View;

namespace {
/// Where the operands of an attention are in a call.
class Operands {
public:
  explicit Operands(AttentionOpInterface op)
      : op(op), values(op.getOperandValues()) {}

  bool has(OperandKind kind) const { return bool(values[kind]); }
  /// The argument that an operand is, if it is there and is one.
  std::optional<unsigned> find(OperandKind kind) const {
    return has(kind) ? tracedArgument(values[kind]) : std::nullopt;
  }
  unsigned dim(OperandKind kind, Dim dim) {
    return op.getDim(getOperandInfo(kind), dim);
  }

private:
  AttentionOpInterface op;
  OperandValues values;
};
} // namespace

/// An element of an array of i32.
static int64_t load(const BufferView &array, int64_t at) {
  int32_t number;
  std::memcpy(&number, static_cast<const char *>(array.data) + 4 * at,
              sizeof(number));
  return number;
}

/// Sequences of queries, or of keys, have to ascend, be apart, and lie within
/// the length.
static std::optional<OperandCheck> checkSequences(AttentionOpInterface op,
                                                  bool ofKeys) {
  Operands operands(op);
  const SequenceEnds &ends = ofKeys ? kKeySequences : kQuerySequences;
  auto startArgument = operands.find(ends.starts),
       endArgument = operands.find(ends.ends);
  bool isKnown = (startArgument || !operands.has(ends.starts)) &&
                 (endArgument || !operands.has(ends.ends));
  auto [counted, lengthDim] =
      ofKeys ? op.getKeyLengthDim()
             : std::pair(op.getQuery(), op.getDim(Dim::Length));
  auto rows = tracedArgument(counted);
  OperandCheck check;
  for (auto argument : {startArgument, endArgument})
    if (argument)
      check.data.push_back(*argument);
  if (!isKnown || check.data.empty() || !rows)
    return std::nullopt;
  unsigned batchDim = operands.dim(ends.starts, Dim::Batch),
           sequenceDim = operands.dim(ends.starts, Dim::Length);
  // Rows that one of the length's dimension counts for.
  int64_t unit = ofKeys ? op.getPageSize() : 1;
  check.run = [=, rows = *rows, lengthDim = lengthDim](View view) -> Error {
    int64_t length = view(rows).sizes[lengthDim] * unit;
    std::optional<BufferView> starts, endings;
    if (startArgument)
      starts = view(*startArgument);
    if (endArgument)
      endings = view(*endArgument);
    const BufferView &any = starts ? *starts : *endings;
    auto number = [&](const std::optional<BufferView> &array, int64_t batch,
                      int64_t s, int64_t otherwise) {
      return array ? load(*array, batch * array->strides[batchDim] +
                                      s * array->strides[sequenceDim])
                   : otherwise;
    };
    for (int64_t batch = 0; batch < any.sizes[batchDim]; ++batch) {
      int64_t least = 0;
      for (int64_t s = 0; s < any.sizes[sequenceDim]; ++s) {
        int64_t start = number(starts, batch, s, 0);
        int64_t end = number(endings, batch, s, length);
        if (start < least || end < start || end > length)
          return makeError("sequence ", s, " of batch element ", batch,
                           " is from '", getOperandInfo(ends.starts).name, "' ",
                           start, " to '", getOperandInfo(ends.ends).name, "' ",
                           end, ", expected ascending rows from ", least,
                           " to ", length);
        least = end;
      }
    }
    return Error::success();
  };
  return check;
}

/// Lists of tiles have to ascend, and name tiles that there are.
static std::optional<OperandCheck> checkTileLists(AttentionOpInterface op) {
  if (!op.hasTileLists())
    return std::nullopt;
  Operands operands(op);
  OperandKind countKind = OperandKind::TileCounts,
              indexKind = OperandKind::TileIndices;
  auto counts = operands.find(countKind), indices = operands.find(indexKind),
       query = tracedArgument(op.getQuery()), key = tracedArgument(op.getKey());
  if (!counts || !indices || !query || !key)
    return std::nullopt;
  TileListArrays dims;
  Dim order[] = {Dim::Batch, Dim::Head, Dim::Length, Dim::Width};
  for (auto [i, dim] : llvm::enumerate(order)) {
    if (i < dims.countDims.size())
      dims.countDims[i] = operands.dim(countKind, dim);
    dims.indexDims[i] = operands.dim(indexKind, dim);
  }
  unsigned batchDim = op.getDim(Dim::Batch), lengthDim = op.getDim(Dim::Length);
  int64_t queryTile = op.getTileListsAttr().getQueryTile(),
          keyTile = op.getTileListsAttr().getKeyTile();
  auto run = [=](View view) -> Error {
    TileListArrays arrays = dims;
    arrays.counts = view(*counts);
    arrays.indices = view(*indices);
    BufferView queries = view(*query);
    TileListSizes sizes = {queries.sizes[batchDim], queries.sizes[lengthDim],
                           view(*key).sizes[lengthDim], queryTile, keyTile};
    if (auto error = findTileListError(arrays, sizes))
      return makeError(*error);
    return Error::success();
  };
  return OperandCheck{{*counts, *indices}, run};
}

/// The pages that hold keys have to be there. Where keys end has been checked.
static std::optional<OperandCheck> checkPageTable(AttentionOpInterface op) {
  if (!op.hasPages())
    return std::nullopt;
  Operands operands(op);
  OperandKind tableKind = OperandKind::PageTable,
              endKind = OperandKind::KeyEnds;
  auto table = operands.find(tableKind), key = tracedArgument(op.getKey()),
       ends = operands.find(endKind);
  if (!table || !key || (operands.has(endKind) && !ends))
    return std::nullopt;
  OperandCheck check;
  check.data.push_back(*table);
  if (ends)
    check.data.push_back(*ends);
  unsigned batchDim = operands.dim(tableKind, Dim::Batch),
           pageDim = operands.dim(tableKind, Dim::Length),
           endDim = operands.dim(endKind, Dim::Batch),
           poolDim = op.getDim(Dim::Batch);
  int64_t pageSize = op.getPageSize();
  check.run = [=, table = *table, key = *key](View view) -> Error {
    PageTable pages = {view(table), batchDim, pageDim};
    BufferView endings;
    if (ends)
      endings = view(*ends);
    auto keys = [&](int64_t b) {
      return ends ? load(endings, b * endings.strides[endDim])
                  : pages.room() * pageSize;
    };
    int64_t pool = view(key).sizes[poolDim];
    if (auto error = findPageTableError(pages, pool, pageSize, keys))
      return makeError(*error);
    return Error::success();
  };
  return check;
}

std::vector<OperandCheck> spattn::getOperandChecks(AttentionOpInterface op) {
  std::vector<OperandCheck> checks;
  for (auto &check : {checkTileLists(op), checkSequences(op, /*ofKeys=*/false),
                      checkSequences(op, /*ofKeys=*/true), checkPageTable(op)})
    if (check)
      checks.push_back(*check);
  return checks;
}
