//===- Sequences.cpp - Sequences of batch entries -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sequences.h"

#include "PageTable.h"
#include "TileLists.h"
#include "spattn/Reference/Mask.h"

#include <cstring>

using namespace mlir;
using namespace spattn;
using llvm::Error;

static int64_t getLength(const AttentionProblem &problem,
                         const OperandArrays &arrays, OperandKind rows) {
  if (rows == OperandKind::Key)
    return getKeyLength(problem, arrays);
  return arrays[rows].sizes[problem.layout.getDim(Dim::Length)];
}

int64_t spattn::countSequences(const AttentionProblem &problem,
                               const OperandArrays &arrays) {
  for (OperandKind kind : {kQuerySequences.starts, kQuerySequences.ends,
                           kKeySequences.starts, kKeySequences.ends}) {
    unsigned dim = problem.layout.getDim(getOperandInfo(kind), Dim::Length);
    if (dim < arrays[kind].sizes.size())
      return arrays[kind].sizes[dim];
  }
  return 1;
}

/// An element of an array of starts or ends, or what it is if there is none.
static int64_t load(const AttentionProblem &problem,
                    const OperandArrays &arrays, OperandKind kind, int64_t b,
                    int64_t s, int64_t otherwise) {
  if (!isGiven(arrays[kind]))
    return otherwise;
  int32_t value;
  std::memcpy(&value, getRow(problem, arrays, kind, b, 0, s).data,
              sizeof(value));
  return value;
}

Sequence spattn::getSequence(const AttentionProblem &problem,
                             const OperandArrays &arrays, int64_t b,
                             int64_t s) {
  auto get = [&](SequenceEnds ends, OperandKind rows) {
    int64_t first = load(problem, arrays, ends.starts, b, s, 0);
    return std::pair(first, load(problem, arrays, ends.ends, b, s,
                                 getLength(problem, arrays, rows)) -
                                first);
  };
  auto [firstQuery, queries] = get(kQuerySequences, OperandKind::Query);
  auto [firstKey, keys] = get(kKeySequences, OperandKind::Key);
  bool isOfPack = problem.boundLength == BoundLength::Pack;
  return {firstQuery, queries, firstKey, keys,
          isOfPack ? getKeyLength(problem, arrays) : keys};
}

std::optional<Sequence> spattn::findSequence(const AttentionProblem &problem,
                                             const OperandArrays &arrays,
                                             int64_t b, int64_t i) {
  for (int64_t s = 0, e = countSequences(problem, arrays); s < e; ++s) {
    Sequence sequence = getSequence(problem, arrays, b, s);
    if (sequence.hasQuery(i))
      return sequence;
  }
  return std::nullopt;
}

bool spattn::isPairAllowed(const AttentionProblem &problem,
                           const OperandArrays &arrays,
                           const std::optional<Sequence> &sequence, int64_t b,
                           int64_t h, int64_t i, int64_t j) {
  if (!sequence)
    return false;
  auto isAllowedBy = [&](Attribute structure) {
    return isAllowed(structure, h, problem.queryHeads, i - sequence->firstQuery,
                     j - sequence->firstKey, sequence->queries, sequence->keys,
                     problem.alignment, sequence->boundLength);
  };
  return isAllowedBy(problem.structure) ||
         (isTileListed(problem, arrays, b, h, i, j) &&
          isAllowedBy(problem.tileLists.getMask()));
}

Error spattn::checkSequences(const AttentionProblem &problem,
                             const OperandArrays &arrays,
                             const AttentionSizes &sizes) {
  auto check = [&](int64_t b, SequenceEnds ends, int64_t first, int64_t count,
                   int64_t before, int64_t length, int64_t s) -> Error {
    if (first >= before && count >= 0 && first + count <= length)
      return Error::success();
    return llvm::createStringError(
        "sequence " + Twine(s) + " of batch element " + Twine(b) +
        " is from '" + getOperandInfo(ends.starts).name + "' " + Twine(first) +
        " to '" + getOperandInfo(ends.ends).name + "' " + Twine(first + count) +
        ", expected ascending rows from " + Twine(before) + " to " +
        Twine(length));
  };
  for (int64_t b = 0; b < sizes.batch; ++b) {
    int64_t queriesEnd = 0, keysEnd = 0;
    for (int64_t s = 0; s < sizes.sequences; ++s) {
      Sequence sequence = getSequence(problem, arrays, b, s);
      if (Error error =
              check(b, kQuerySequences, sequence.firstQuery, sequence.queries,
                    queriesEnd, sizes.queryLength, s))
        return error;
      if (Error error = check(b, kKeySequences, sequence.firstKey,
                              sequence.keys, keysEnd, sizes.keyLength, s))
        return error;
      queriesEnd = sequence.firstQuery + sequence.queries;
      keysEnd = sequence.firstKey + sequence.keys;
    }
  }
  return Error::success();
}
