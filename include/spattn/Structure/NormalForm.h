//===- NormalForm.h - Segments of keys, intervals of distances --*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The form in which every question about a head's structure is answered, and
// the small types that answers are made of. It is derived from the description
// by `normalForm` (Evaluate.h).
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_NORMALFORM_H
#define SPATTN_STRUCTURE_NORMALFORM_H

#include <cstdint>
#include <vector>

namespace spattn {

/// Run-time lengths, each in [0, 2^31). V is an `Ops::Value`.
template <class V>
struct Lengths {
  V queries, keys;
};

/// Half-open [lo, hi); empty if lo >= hi.
template <class V>
struct Span {
  V lo, hi;
};

/// Distances [lo, hi). An unbounded end reaches every possible distance; its
/// value is then the end of those, and need not be compared with.
template <class V>
struct DistanceInterval {
  V lo, hi;
  bool loUnbounded = false;
  bool hiUnbounded = false;
};

/// Keys [begin, end), and the distances allowed for them.
template <class V>
struct KeySegment {
  V begin, end;
  std::vector<DistanceInterval<V>> intervals;
};

/// What one head sees, as a disjoint union. Invariants, which hold at run time
/// whatever the description was:
///  - there is a segment; the segments are ascending, share their ends, and
///    together are [0, Nk); some may be empty;
///  - the non-empty intervals of a segment are ascending, disjoint and not
///    even adjacent; empty ones may stand anywhere between them, and have
///    lo >= distanceEnd or hi <= distanceBegin;
///  - [distanceBegin, distanceEnd) are the distances of the pairs that exist;
///    hi <= distanceEnd, and lo >= distanceBegin if there is a pair at all.
/// How many segments and intervals there are is known statically.
template <class V>
struct NormalForm {
  Lengths<V> lengths;
  V offset;
  V distanceBegin, distanceEnd;
  std::vector<KeySegment<V>> segments;
};

/// Intervals of all segments of a normal form, empty ones included.
template <class V>
int64_t countIntervals(const NormalForm<V> &form) {
  int64_t intervals = 0;
  for (const KeySegment<V> &segment : form.segments)
    intervals += static_cast<int64_t>(segment.intervals.size());
  return intervals;
}

/// Tiles [begin, end) are visited. Those of [fullBegin, fullEnd) are full (no
/// mask is needed), the others are masked.
/// begin <= fullBegin <= fullEnd <= end; an empty slot has begin == end.
template <class V>
struct TileRange {
  V begin, fullBegin, fullEnd, end;
  /// Certainly begin == fullBegin.
  bool startsFull = false;
};

} // namespace spattn

#endif // SPATTN_STRUCTURE_NORMALFORM_H
