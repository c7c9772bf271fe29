//===- NormalForm.h - Segments, with intervals of distances -----*- C++ -*-===//
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

#include "spattn/Structure/Structure.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace spattn {

/// Run-time lengths, each in [0, 2^31). V is an `Ops::Value`.
template <class V>
struct Lengths {
  V queries, keys;
  /// The `N` of bounds and partitions, where that is not the number of keys,
  /// but a length that is at least as large.
  std::optional<V> pack = std::nullopt;

  V boundLength() const { return pack ? *pack : keys; }
};

/// What is added to `i - j` to get the distance of query `i` and key `j`.
template <class Ops, class V = typename Ops::Value>
V distanceOffset(Ops &ops, const Lengths<V> &lengths, Alignment alignment) {
  return alignment == Alignment::End ? ops.sub(lengths.keys, lengths.queries)
                                     : ops.constant(0);
}

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

/// Queries [begin, end), and the distances allowed for them.
template <class V>
struct QuerySegment {
  V begin, end;
  std::vector<DistanceInterval<V>> intervals;
};

/// Keys [begin, end), and the queries that may see them.
template <class V>
struct KeySegment {
  V begin, end;
  std::vector<QuerySegment<V>> queries;
};

/// Of places that have residues: `(x - lo) mod modulus < width`. The modulus
/// is positive.
template <class V>
struct ResidueCondition {
  Residues::Of of;
  V modulus, lo, width;
};

/// Pairs that segments allow and whose residues meet all conditions.
template <class V>
struct Layer {
  std::vector<ResidueCondition<V>> conditions;
  std::vector<KeySegment<V>> segments;
};

/// What one head sees, as a disjoint union. Invariants, which hold at run time
/// whatever the description was:
///  - there is a segment; the segments are ascending, share their ends, and
///    together are [0, Nk); some may be empty;
///  - so are the query segments of each, which together are [0, Nq). There is
///    one unless the description has intervals of queries;
///  - the non-empty intervals of a query segment are ascending, disjoint and
///  not
///    even adjacent; empty ones may stand anywhere between them, and have
///    lo >= distanceEnd or hi <= distanceBegin;
///  - [distanceBegin, distanceEnd) are the distances of the pairs that exist;
///    hi <= distanceEnd, and lo >= distanceBegin if there is a pair at all.
/// How many segments and intervals there are is known statically.
///
/// A description with residues has layers, which may overlap. What is said of
/// segments holds for those of each; the head sees what one of the layers
/// allows, and `segments` are what they would allow without their conditions.
/// At most one layer has no condition, and that is the first.
template <class V>
struct NormalForm {
  Lengths<V> lengths;
  V offset;
  V distanceBegin, distanceEnd;
  std::vector<KeySegment<V>> segments;
  std::vector<Layer<V>> layers = {};
};

/// The layers of a normal form; without any, that of its segments.
template <class V>
std::vector<Layer<V>> layersOf(const NormalForm<V> &form) {
  if (form.layers.empty())
    return {{{}, form.segments}};
  return form.layers;
}

/// A normal form that has nothing but those segments.
template <class V>
NormalForm<V> withSegments(const NormalForm<V> &form,
                           std::vector<KeySegment<V>> segments) {
  NormalForm<V> result = form;
  result.segments = std::move(segments);
  result.layers.clear();
  return result;
}

/// Intervals of all segments, empty ones included.
template <class V>
int64_t countIntervals(const std::vector<KeySegment<V>> &segments) {
  int64_t intervals = 0;
  for (const KeySegment<V> &segment : segments)
    for (const QuerySegment<V> &queries : segment.queries)
      intervals += static_cast<int64_t>(queries.intervals.size());
  return intervals;
}

/// Intervals of all layers of a normal form.
template <class V>
int64_t countIntervals(const NormalForm<V> &form) {
  int64_t intervals = 0;
  for (const Layer<V> &layer : layersOf(form))
    intervals += countIntervals(layer.segments);
  return intervals;
}

/// Whether which keys a query sees depends on more than their distance, and
/// residues: on where the query is.
template <class V>
bool hasQuerySegments(const NormalForm<V> &form) {
  for (const Layer<V> &layer : layersOf(form))
    for (const KeySegment<V> &segment : layer.segments)
      if (segment.queries.size() > 1)
        return true;
  return false;
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
