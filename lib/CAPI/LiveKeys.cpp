//===- LiveKeys.cpp - Keys that later queries may see ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/LiveKeys.h"
#include "Status.h"
#include "Structure.h"

using namespace spattn;
using namespace spattn::capi;

/// The heads of a structure, which are valid, and a number of tokens that is.
static SpattnStatus resolve(SpattnStructure structure, int64_t &numHeads,
                            int64_t tokens, HeadStructures &heads) {
  if (SpattnStatus status = resolveHeads(structure, numHeads))
    return status;
  if (tokens < 0 || tokens >= kLengthLimit)
    return invalid("expected from 0 to 2^30 - 1 tokens, got ", tokens);
  heads = structure->forHeads(numHeads);
  if (std::optional<std::string> message = heads.validate())
    return invalid(*message);
  return nullptr;
}

SpattnStatus spattnStructureGetLiveKeys(SpattnStructure structure,
                                        int64_t numHeads, int64_t firstHead,
                                        int64_t heads, int64_t tokens,
                                        int64_t maxLength,
                                        SpattnKeyInterval *intervals,
                                        size_t capacity, size_t *numIntervals) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(numIntervals, "numIntervals",
                                          {{structure, "structure"}}))
      return status;
    if (capacity > 0 && !intervals)
      return invalid("'intervals' is null, but there is room for ", capacity);
    HeadStructures all;
    if (SpattnStatus status = resolve(structure, numHeads, tokens, all))
      return status;
    if (firstHead < 0 || heads < 0 || firstHead > numHeads ||
        heads > numHeads - firstHead)
      return invalid("there are ", numHeads, " heads, which does not hold [",
                     firstHead, ", ", firstHead, " + ", heads, ")");
    if (maxLength == SPATTN_UNKNOWN)
      maxLength = kUnboundedLength;
    else if (maxLength < tokens || maxLength >= kLengthLimit)
      return invalid("expected a maximum length from ", tokens,
                     ", the number of tokens, to 2^30 - 1, got ", maxLength);
    for (const Span<int64_t> &keys :
         liveKeys(all, firstHead, heads, tokens, maxLength)) {
      if (*numIntervals < capacity)
        intervals[*numIntervals] = {keys.lo, keys.hi};
      ++*numIntervals;
    }
    return nullptr;
  });
}

SpattnStatus spattnStructureGetRemovableKeys(SpattnStructure structure,
                                             int64_t numHeads, int64_t tokens,
                                             SpattnKeyInterval *removable) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(removable, "removable", {{structure, "structure"}}))
      return status;
    HeadStructures heads;
    if (SpattnStatus status = resolve(structure, numHeads, tokens, heads))
      return status;
    Span<int64_t> keys = removableKeys(heads, tokens);
    *removable = {keys.lo, keys.hi};
    return nullptr;
  });
}
