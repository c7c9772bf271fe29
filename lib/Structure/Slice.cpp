//===- Slice.cpp - Structures of some queries and some keys ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Slice.h"

#include "spattn/Structure/Ops.h"
#include "spattn/Structure/Simplify.h"

#include <algorithm>

using namespace spattn;

namespace {
/// Says what a structure says of places of others: query `i` is query
/// `i - queries` of those, and key `j` is key `j - keys`.
class Mover {
public:
  Mover(int64_t queries, int64_t keys) : queries(queries), keys(keys) {}

  Structure move(const Structure &structure) const {
    switch (structure.kind()) {
    case Structure::Kind::Distances: {
      std::vector<Interval> intervals;
      for (const Interval &interval : structure.intervals())
        intervals.push_back(move(interval, queries - keys));
      return Structure::distances(intervals);
    }
    case Structure::Kind::Keys: {
      Interval moved = move(structure.keyInterval(), keys);
      return Structure::keys(moved.lo, moved.hi);
    }
    case Structure::Kind::Queries: {
      Interval moved = move(structure.queryInterval(), queries);
      return Structure::queries(moved.lo, moved.hi);
    }
    case Structure::Kind::Residues: {
      Residues moved = structure.residues();
      int64_t by = moved.of == Residues::Of::Distances ? queries - keys
                   : moved.of == Residues::Of::Keys    ? keys
                                                       : queries;
      IntOps ops;
      int64_t lo = moved.lo - by;
      lo -= moved.modulus * ops.floorDiv(lo, moved.modulus);
      moved.hi += lo - moved.lo;
      moved.lo = lo;
      return Structure::residues(moved);
    }
    case Structure::Kind::Band:
      return structure; // There is none in a structure of one length.
    case Structure::Kind::Union:
    case Structure::Kind::Intersection: {
      std::vector<Structure> parts;
      for (const Structure &child : structure.children())
        parts.push_back(move(child));
      return structure.kind() == Structure::Kind::Union
                 ? Structure::unite(parts)
                 : Structure::intersect(parts);
    }
    }
    return structure;
  }

private:
  static Interval move(const Interval &interval, int64_t by) {
    auto moved = [&](const Bound &bound) {
      return bound.isFinite() ? Bound::constant(bound.offset - by) : bound;
    };
    return {moved(interval.lo), moved(interval.hi)};
  }

  int64_t queries, keys;
};
} // namespace

Structure spattn::slice(const Structure &structure, const Slice &slice) {
  std::vector<Structure> parts;
  for (const KeyPiece &piece : slice.pieces) {
    // Alone, a piece shows what does not reach it.
    int64_t keys = piece.end - piece.begin;
    Structure alone =
        simplify(Mover(slice.firstQuery, piece.begin).move(structure),
                 {slice.queries, keys}, Alignment::Start);
    if (alone == Structure::none())
      continue;
    Structure placed = Mover(0, -piece.row).move(alone);
    if (piece.row != 0 || keys != slice.keys)
      placed = Structure::intersect(
          {placed, Structure::keys(Bound::constant(piece.row),
                                   Bound::constant(piece.row + keys))});
    parts.push_back(placed);
  }
  if (parts.empty())
    return Structure::none();
  Structure all =
      parts.size() == 1 ? parts.front() : Structure::unite(std::move(parts));
  // Only valid structures can be simplified.
  if (all.validate(1))
    return all;
  return simplify(all, {slice.queries, slice.keys}, Alignment::Start);
}
