//===- Slice.cpp - Structures of some queries and some keys ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Slice.h"
#include "Status.h"
#include "Structure.h"
#include "spattn/Structure/FixLength.h"

using namespace spattn;
using namespace spattn::capi;

static SpattnStatus checkPart(const char *what, int64_t first, int64_t count,
                              int64_t all) {
  if (first < 0 || count < 0 || first > all || count > all - first)
    return invalid("there are ", all, " ", what, ", which does not hold [",
                   first, ", ", first, " + ", count, ")");
  return nullptr;
}

/// Checks a slice but for its structure, and puts its pieces by key head.
static SpattnStatus readSlice(const SpattnSlice &given,
                              std::vector<std::vector<KeyPiece>> &pieces) {
  if (given.length < 0 || given.length >= kLengthLimit || given.keys < 0 ||
      given.keys >= kLengthLimit)
    return invalid("expected lengths from 0 to 2^30 - 1, got ", given.length,
                   " and ", given.keys);
  if (given.numKeyHeads < 1 || given.numHeads % given.numKeyHeads != 0)
    return invalid("expected a number of key heads that divides ",
                   given.numHeads, ", got ", given.numKeyHeads);
  if (SpattnStatus status =
          checkPart("heads", given.firstHead, given.heads, given.numHeads))
    return status;
  if (given.heads == 0)
    return invalid("expected one head or more, got 0");
  if (SpattnStatus status =
          checkPart("queries", given.firstQuery, given.queries, given.length))
    return status;
  if (given.numPieces > 0 && !given.pieces)
    return invalid("'pieces' is null, but there are ", given.numPieces);
  pieces.resize(size_t(given.numKeyHeads));
  for (size_t k = 0; k < given.numPieces; ++k) {
    const SpattnKeyPiece &own = given.pieces[k];
    if (SpattnStatus status =
            checkPart("key heads", own.keyHead, 1, given.numKeyHeads))
      return status;
    if (own.begin < 0 || own.end < own.begin || own.end > given.length)
      return invalid("there are ", given.length, " keys, which does not hold [",
                     own.begin, ", ", own.end, ")");
    int64_t size = own.end - own.begin;
    if (SpattnStatus status = checkPart("rows", own.row, size, given.keys))
      return status;
    std::vector<KeyPiece> &others = pieces[size_t(own.keyHead)];
    if (!others.empty() &&
        (own.begin < others.back().end ||
         own.row < others.back().row + others.back().end - others.back().begin))
      return invalid("pieces of key head ", own.keyHead,
                     " do not ascend, or overlap");
    others.push_back({own.begin, own.end, own.row});
  }
  return nullptr;
}

SpattnStatus spattnStructureSlice(SpattnStructure structure,
                                  const SpattnSlice *slice,
                                  SpattnStructure *sliced) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(
            sliced, "sliced", {{structure, "structure"}, {slice, "slice"}}))
      return status;
    int64_t numHeads = slice->numHeads;
    if (SpattnStatus status = resolveHeads(structure, numHeads))
      return status;
    std::vector<std::vector<KeyPiece>> pieces;
    if (SpattnStatus status = readSlice(*slice, pieces))
      return status;
    HeadStructures heads = structure->forHeads(numHeads);
    if (std::optional<std::string> message = heads.validate())
      return invalid(*message);
    int64_t end = slice->firstHead + slice->heads;
    int64_t groupSize = numHeads / slice->numKeyHeads;
    std::vector<HeadGroup> groups;
    int64_t head = 0;
    HeadStructures fixed = fixLength(heads, slice->length);
    for (const auto &[count, own] : fixed.groups())
      for (int64_t last = head + count; head < last; ++head) {
        if (head < slice->firstHead || head >= end)
          continue;
        Structure part =
            spattn::slice(own, {slice->firstQuery, slice->queries, slice->keys,
                                pieces[size_t(head / groupSize)]});
        if (!groups.empty() && groups.back().structure == part)
          ++groups.back().count;
        else
          groups.push_back({1, part});
      }
    return makeStructure(structure->shared, HeadStructures(std::move(groups)),
                         /*anyNumber=*/false, sliced);
  });
}
