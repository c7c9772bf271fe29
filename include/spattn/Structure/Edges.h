//===- Edges.h - Ends of intervals at run time ------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_EDGES_H
#define SPATTN_STRUCTURE_EDGES_H

#include "spattn/Structure/NormalForm.h"
#include "spattn/Structure/Ops.h"
#include "spattn/Structure/Structure.h"

#include <algorithm>

namespace spattn::detail {

/// An end of a distance interval: its value, and what is known of it for
/// every N: the bound it comes from, or at least a lower limit.
template <class V>
struct Edge {
  V value;
  std::optional<Bound> bound;
  bool nonNegative = false;
};

template <class V>
struct Edges {
  Edge<V> lo, hi;
};

/// Arithmetic of ends at given lengths, which asks `Ops` only what bounds do
/// not decide for every N.
template <class Ops>
class EdgeOps {
public:
  using V = typename Ops::Value;
  using Edge = detail::Edge<V>;

  EdgeOps(Ops &ops, Lengths<V> lengths, Alignment alignment)
      : ops(ops), lengths(lengths), alignment(alignment), zero(ops.constant(0)),
        offset(distanceOffset(ops, lengths, alignment)),
        distanceBegin(alignment == Alignment::End
                          ? ops.sub(ops.constant(1), lengths.queries)
                          : ops.sub(ops.constant(1), lengths.keys)),
        distanceEnd(alignment == Alignment::End ? lengths.keys
                                                : lengths.queries) {}

  V valueOf(const Bound &bound) {
    return ops.affine(lengths.boundLength(), bound.num, bound.den,
                      bound.offset);
  }

  /// An end at a bound. Ends that no possible distance passes are infinite.
  Edge edgeOf(Bound bound) {
    if (alignment == Alignment::End && alwaysLE(Bound::length(), bound))
      bound = Bound::posInf();
    if (alignment == Alignment::Start &&
        alwaysLE(bound, Bound::affine(-1, 1, 1)))
      bound = Bound::negInf();
    V value = bound.isNegInf()   ? distanceBegin
              : bound.isPosInf() ? distanceEnd
                                 : valueOf(bound);
    return {value, bound, alwaysLE(Bound::constant(0), bound)};
  }

  bool knownLE(const Edge &a, const Edge &b) {
    if (a.bound && b.bound)
      return alwaysLE(*a.bound, *b.bound) ||
             (a.bound->isFinite() && b.bound->isFinite() &&
              detail::knownLE(ops, a.value, b.value));
    // Infinite ends stand for more than their value.
    if ((a.bound && a.bound->isNegInf()) || (b.bound && b.bound->isPosInf()))
      return true;
    if ((b.bound && b.bound->isNegInf()) || (a.bound && a.bound->isPosInf()))
      return false;
    if (b.nonNegative && a.bound && alwaysLE(*a.bound, Bound::constant(0)))
      return true;
    return detail::knownLE(ops, a.value, b.value);
  }

  bool knownLT(const Edge &a, const Edge &b) {
    if (a.bound && b.bound && alwaysLT(*a.bound, *b.bound))
      return true;
    auto infinite = [](const Edge &edge) {
      return edge.bound && !edge.bound->isFinite();
    };
    return !infinite(a) && !infinite(b) &&
           detail::knownLT(ops, a.value, b.value);
  }

  Edge maxOf(const Edge &a, const Edge &b) {
    if (knownLE(a, b))
      return b;
    if (knownLE(b, a))
      return a;
    return {ops.max(a.value, b.value), std::nullopt,
            a.nonNegative || b.nonNegative};
  }

  Edge minOf(const Edge &a, const Edge &b) {
    if (knownLE(a, b))
      return a;
    if (knownLE(b, a))
      return b;
    return {ops.min(a.value, b.value), std::nullopt,
            a.nonNegative && b.nonNegative};
  }

  Edge choose(typename Ops::Bool condition, const Edge &a, const Edge &b) {
    if (std::optional<bool> known = ops.known(condition))
      return *known ? a : b;
    if (a.bound && a.bound == b.bound)
      return a;
    return {detail::choose(ops, condition, a.value, b.value), std::nullopt,
            a.nonNegative && b.nonNegative};
  }

  static bool certainlyEqual(const Edge &a, const Edge &b) {
    return a.bound && a.bound == b.bound;
  }
  static bool certainlyEqual(const std::vector<Edges<V>> &a,
                             const std::vector<Edges<V>> &b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](const Edges<V> &x, const Edges<V> &y) {
                        return certainlyEqual(x.lo, y.lo) &&
                               certainlyEqual(x.hi, y.hi);
                      });
  }

  Ops &ops;
  const Lengths<V> lengths;
  const Alignment alignment;
  /// Added to a query's position; distances that exist are from `distanceBegin`
  /// to before `distanceEnd`.
  const V zero, offset, distanceBegin, distanceEnd;
};

} // namespace spattn::detail

#endif // SPATTN_STRUCTURE_EDGES_H
