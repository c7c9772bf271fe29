//===- QuerySegments.h - Segments of queries of some keys -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The second cut: within a segment of keys, queries are cut at the bounds of
// queries. Then keys and queries have ends, and so do the distances of their
// pairs; which makes most cuts superfluous. For example, a causal window with
// four tokens that see all keys and that all queries see,
//
//   intersection(distances(0 to inf),
//                union(distances(-inf to 8), keys(0 to 4), queries(0 to 4)))
//
// has the segments
//
//   keys [0, 4)    queries [0, 4)    distances [0, inf)
//                  queries [4, Nq)   distances [0, inf)
//   keys [4, Nk)   queries [0, 4)    distances [0, inf)
//                  queries [4, Nq)   distances [0, 8)
//
// (queries by their positions). Queries from 4 on are past keys up to 4: all
// distances are allowed. Queries up to 4 see none of the keys from 4 on: none
// is. So it makes no difference if neighbours allow the same, and nothing but
//
//   keys [0, 4)    distances [0, inf)
//   keys [4, Nk)   distances [0, 8)
//
// is left of it.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_QUERYSEGMENTS_H
#define SPATTN_STRUCTURE_QUERYSEGMENTS_H

#include "spattn/Structure/Cuts.h"

#include <algorithm>
#include <utility>

namespace spattn::detail {

/// a - b, if that is a bound.
inline std::optional<Bound> differenceOf(const std::optional<Bound> &a,
                                         const std::optional<Bound> &b) {
  if (!a || !b || !a->isFinite() || !b->isFinite())
    return std::nullopt;
  int64_t offset = a->offset - b->offset;
  if (a->num == b->num && a->den == b->den)
    return Bound::constant(offset);
  if (b->num == 0)
    return Bound::affine(a->num, a->den, offset);
  if (a->den == 1 && b->den == 1)
    return Bound::affine(a->num - b->num, 1, offset);
  return std::nullopt;
}

/// A segment of queries within one of keys, and the distances allowed.
template <class V>
struct QueryCut {
  V begin, end;
  std::vector<Edges<V>> edges;
  /// What is known of the queries' positions for every N.
  std::optional<Bound> least, limit;
};

/// Cuts the queries of a segment of keys.
template <class Ops>
class QueryCutter {
public:
  using V = typename Ops::Value;
  using Edges = detail::Edges<V>;

  QueryCutter(Ops &ops, EdgeOps<Ops> &edgeOps)
      : edgeOps(edgeOps), cutter(ops, edgeOps) {}

  /// `merge` makes ascending and disjoint what boxes allow.
  template <class Merge>
  std::vector<QueryCut<V>> cut(const Cut<V> &keys, Merge merge) {
    std::vector<QueryCut<V>> result;
    std::vector<Cut<V>> cuts = cutter.cut(keys.boxes, Axis::Queries);
    for (const Cut<V> &cut : cuts) {
      std::vector<Edges> edges;
      for (const Box<V> &box : cut.boxes)
        edges.push_back(box.distances);
      QueryCut<V> own = {cut.begin, cut.end, {}, cut.least, cut.limit};
      if (cuts.size() == 1)
        own.edges = merge(std::move(edges));
      else
        own.edges = merge(clip(std::move(edges), keys, own));
      if (result.empty() || !join(result.back(), own, keys))
        result.push_back(std::move(own));
    }
    return result;
  }

  static bool certainlyEqual(const std::vector<QueryCut<V>> &a,
                             const std::vector<QueryCut<V>> &b) {
    if (a.size() != b.size())
      return false;
    for (size_t r = 0; r < a.size(); ++r) {
      bool isLast = r + 1 == a.size();
      bool haveSameEnd = isLast || (a[r].limit && a[r].limit == b[r].limit);
      if (!haveSameEnd || !EdgeOps<Ops>::certainlyEqual(a[r].edges, b[r].edges))
        return false;
    }
    return true;
  }

private:
  /// Distances are unbounded where all distances of pairs are, and left out
  /// where none is.
  std::vector<Edges> clip(std::vector<Edges> edges, const Cut<V> &keys,
                          const QueryCut<V> &queries) {
    std::optional<Bound> limit = differenceOf(queries.limit, keys.least);
    std::optional<Bound> least = differenceOf(queries.least, keys.limit);
    if (least)
      ++least->offset;
    std::vector<Edges> left;
    for (auto [lo, hi] : edges) {
      bool isPast =
          limit && ((lo.bound && alwaysLE(*limit, *lo.bound)) ||
                    (lo.nonNegative && alwaysLE(*limit, Bound::constant(0))));
      bool isBefore = least && hi.bound && alwaysLE(*hi.bound, *least);
      if (isPast || isBefore)
        continue;
      if (least && lo.bound && alwaysLE(*lo.bound, *least))
        lo = edgeOps.edgeOf(Bound::negInf());
      if (limit && hi.bound && alwaysLE(*limit, *hi.bound))
        hi = edgeOps.edgeOf(Bound::posInf());
      left.push_back({lo, hi});
    }
    return left;
  }

  /// Makes two neighbours one, if either of them allows what both do.
  bool join(QueryCut<V> &a, const QueryCut<V> &b, const Cut<V> &keys) {
    auto holdsFor = [&](const QueryCut<V> &one, const QueryCut<V> &other) {
      return EdgeOps<Ops>::certainlyEqual(clip(one.edges, keys, other),
                                          other.edges);
    };
    if (!holdsFor(a, b)) {
      if (!holdsFor(b, a))
        return false;
      a.edges = b.edges;
    }
    a.end = b.end;
    a.limit = b.limit;
    return true;
  }

  EdgeOps<Ops> &edgeOps;
  Cutter<Ops> cutter;
};

} // namespace spattn::detail

#endif // SPATTN_STRUCTURE_QUERYSEGMENTS_H
