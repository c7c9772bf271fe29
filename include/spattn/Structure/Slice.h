//===- Slice.h - Structures of some queries and some keys -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where a sequence is spread over several devices, each has some queries, and
// gathers the keys that these see, which need not be neighbours. What is
// computed there is an attention of its own, with its own places:
//
//   whole   queries .....[......)......      keys [..)....[....)........
//   slice           rows [0, n)              rows [0, 2) [2, 6)
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_SLICE_H
#define SPATTN_STRUCTURE_SLICE_H

#include "spattn/Structure/Structure.h"

namespace spattn {

/// Keys [begin, end) of the whole, which are the rows from `row` on of a slice.
struct KeyPiece {
  int64_t begin, end, row;
};

/// Queries [firstQuery, firstQuery + queries) of the whole, and `keys` rows of
/// keys. Rows of no piece are seen by no query.
struct Slice {
  int64_t firstQuery, queries, keys;
  std::vector<KeyPiece> pieces;
};

/// What a head sees of a slice, in terms of its rows, with starts aligned.
/// `structure` is valid and of one length (`fixLength`), of an attention with
/// as many queries as keys. Pieces do not overlap, on either side. What comes
/// out may be beyond the limits, which `validate` says.
Structure slice(const Structure &structure, const Slice &slice);

} // namespace spattn

#endif // SPATTN_STRUCTURE_SLICE_H
