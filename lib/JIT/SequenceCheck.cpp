//===- SequenceCheck.cpp - Sequences of a call on a CPU -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SequenceCheck.h"

#include "KernelFunction.h"

#include <cstring>

using namespace mlir;
using namespace spattn;
using llvm::Error;

std::vector<SequenceArguments>
spattn::getSequenceArguments(AttentionOpInterface op) {
  std::vector<SequenceArguments> all;
  OperandValues values = op.getOperandValues();
  auto argumentOf = [&](OperandKind kind) -> std::optional<unsigned> {
    return values[kind] ? tracedArgument(values[kind]) : std::nullopt;
  };
  for (auto [ends, kind] : {std::pair(kQuerySequences, OperandKind::Query),
                            std::pair(kKeySequences, OperandKind::Key)}) {
    bool ofKeys = kind == OperandKind::Key;
    auto [counted, lengthDim] =
        ofKeys ? op.getKeyLengthDim()
               : std::pair(values[kind], op.getDim(Dim::Length));
    std::optional<unsigned> rows = tracedArgument(counted);
    const OperandInfo &info = getOperandInfo(ends.starts);
    SequenceArguments sequences = {ends,
                                   argumentOf(ends.starts),
                                   argumentOf(ends.ends),
                                   rows.value_or(0),
                                   lengthDim,
                                   ofKeys ? op.getPageSize() : 1,
                                   op.getDim(info, Dim::Batch),
                                   op.getDim(info, Dim::Length)};
    bool isKnown = (sequences.starts || !values[ends.starts]) &&
                   (sequences.endings || !values[ends.ends]) &&
                   (sequences.starts || sequences.endings);
    if (rows && isKnown)
      all.push_back(sequences);
  }
  return all;
}

Error spattn::checkSequences(const SequenceArguments &sequences,
                             function_ref<BufferView(unsigned)> view) {
  int64_t length =
      view(sequences.rows).sizes[sequences.lengthDim] * sequences.unit;
  std::optional<BufferView> starts, endings;
  if (sequences.starts)
    starts = view(*sequences.starts);
  if (sequences.endings)
    endings = view(*sequences.endings);
  const BufferView &any = starts ? *starts : *endings;
  auto load = [&](const std::optional<BufferView> &array, int64_t batch,
                  int64_t s, int64_t otherwise) -> int64_t {
    if (!array)
      return otherwise;
    int64_t at = batch * array->strides[sequences.batchDim] +
                 s * array->strides[sequences.sequenceDim];
    int32_t number;
    std::memcpy(&number, static_cast<const char *>(array->data) + 4 * at,
                sizeof(number));
    return number;
  };
  for (int64_t batch = 0; batch < any.sizes[sequences.batchDim]; ++batch) {
    int64_t least = 0;
    for (int64_t s = 0; s < any.sizes[sequences.sequenceDim]; ++s) {
      int64_t start = load(starts, batch, s, 0);
      int64_t end = load(endings, batch, s, length);
      if (start < least || end < start || end > length)
        return makeError(
            "sequence ", s, " of batch element ", batch, " is from '",
            getOperandInfo(sequences.ends.starts).name, "' ", start, " to '",
            getOperandInfo(sequences.ends.ends).name, "' ", end,
            ", expected ascending rows from ", least, " to ", length);
      least = end;
    }
  }
  return Error::success();
}
