//===- FindStructure.h - The structure of a set of pairs --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The way back: from a mask, element by element, to a closed form.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_FINDSTRUCTURE_H
#define SPATTN_STRUCTURE_FINDSTRUCTURE_H

#include "spattn/Structure/Structure.h"

namespace spattn {

/// Which keys each query sees: a mask of `queries` x `keys`.
class PairGrid {
public:
  PairGrid(int64_t queries, int64_t keys, bool value = false)
      : numQueries(queries), numKeys(keys), bits(queries * keys, value) {}

  int64_t queries() const { return numQueries; }
  int64_t keys() const { return numKeys; }
  bool at(int64_t query, int64_t key) const {
    return bits[query * numKeys + key];
  }
  void set(int64_t query, int64_t key, bool value) {
    bits[query * numKeys + key] = value;
  }

  /// Whether there is a query that sees no key.
  bool hasEmptyRow() const;

  friend bool operator==(const PairGrid &a, const PairGrid &b) {
    return a.numQueries == b.numQueries && a.numKeys == b.numKeys &&
           a.bits == b.bits;
  }

private:
  int64_t numQueries, numKeys;
  std::vector<bool> bits;
};

/// A valid structure that allows exactly the pairs of the grid at its lengths,
/// pair by pair, or nothing if none is found. Found are
///  - sets of distances, keys and queries, their unions, and such a union
///    within another set of distances, of keys and of queries: causal,
///    windows, bands, prefixes, sinks, padding, global tokens;
///  - different keys for each of a few ranges of queries: blocks;
///  - a few blocks on the diagonal, each with one of the above: documents.
std::optional<Structure> findStructure(const PairGrid &grid,
                                       Alignment alignment);

/// The pairs that a valid structure allows at these lengths.
PairGrid listPairs(const Structure &structure, int64_t queries, int64_t keys,
                   Alignment alignment);

} // namespace spattn

#endif // SPATTN_STRUCTURE_FINDSTRUCTURE_H
