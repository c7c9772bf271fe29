//===- Layers.h - What heads see where residues matter ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Boxes of the same residues are a layer: a normal form of its own, whose pairs
// must meet conditions. For example, a window, and every fourth key before it,
//
//   intersection(distances(0 to inf),
//                union(distances(0 to 8), residues(distances, 0 to 1 mod 4)))
//
// has the layers
//
//   all keys    distances [0, 8)
//   all keys    distances [0, Nk)   where d mod 4 is 0
//
// and, as the union of both without the condition, distances [0, Nk). Tiles are
// visited for that, full for the first layer, and masked for both.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_LAYERS_H
#define SPATTN_STRUCTURE_LAYERS_H

#include "spattn/Structure/Boxes.h"

#include <algorithm>
#include <tuple>

namespace spattn {
namespace detail {

/// Boxes of the same residues.
template <class V>
struct BoxLayer {
  std::vector<Residues> residues;
  std::vector<Box<V>> boxes;
};

/// The layers that boxes are in; those of no residue come first. None if no box
/// has any.
template <class V>
std::vector<BoxLayer<V>> layersOfBoxes(const std::vector<Box<V>> &boxes) {
  std::vector<BoxLayer<V>> layers;
  auto inOrder = [](const Residues &a, const Residues &b) {
    return std::tie(a.of, a.modulus, a.lo, a.hi) <
           std::tie(b.of, b.modulus, b.lo, b.hi);
  };
  for (const Box<V> &box : boxes) {
    std::vector<Residues> residues;
    for (const Residues &own : box.residues)
      if (own.hi - own.lo < own.modulus)
        residues.push_back(own);
    std::sort(residues.begin(), residues.end(), inOrder);
    auto layer = std::find_if(
        layers.begin(), layers.end(),
        [&](const BoxLayer<V> &other) { return other.residues == residues; });
    if (layer == layers.end())
      layer = layers.insert(residues.empty() ? layers.begin() : layers.end(),
                            BoxLayer<V>{residues, {}});
    layer->boxes.push_back(box);
  }
  if (layers.size() == 1 && layers.front().residues.empty())
    layers.clear();
  return layers;
}

template <class Ops, class V = typename Ops::Value>
std::vector<ResidueCondition<V>>
conditionsOf(Ops &ops, const std::vector<Residues> &residues) {
  std::vector<ResidueCondition<V>> conditions;
  for (const Residues &own : residues)
    conditions.push_back({own.of, ops.constant(own.modulus),
                          ops.constant(own.lo), ops.constant(own.hi - own.lo)});
  return conditions;
}

} // namespace detail

/// What residues are of, for a query and a key.
template <class V>
struct Places {
  V distance, key, query;

  V of(Residues::Of what) const {
    switch (what) {
    case Residues::Of::Keys:
      return key;
    case Residues::Of::Queries:
      return query;
    case Residues::Of::Distances:
      break;
    }
    return distance;
  }
};

/// Whether a place meets a condition. It may be a vector, if `Ops` broadcasts.
template <class Ops, class V = typename Ops::Value>
typename Ops::Bool meets(Ops &ops, V place,
                         const ResidueCondition<V> &condition) {
  if (detail::isKnown(ops, condition.modulus, 1))
    return ops.constantBool(true);
  V rest = ops.mod(ops.sub(place, condition.lo), condition.modulus);
  return ops.lt(rest, condition.width);
}

namespace detail {

/// Selects between normal forms of the same lengths, slot by slot. The shorter
/// one is padded: with empty segments and intervals, with conditions that every
/// place meets, and with empty layers.
template <class Ops>
class FormSelector {
public:
  using V = typename Ops::Value;
  using Form = NormalForm<V>;
  using Bool = typename Ops::Bool;

  explicit FormSelector(Ops &ops) : ops(ops) {}

  Form select(Bool condition, const Form &a, const Form &b) {
    Form result = a;
    result.segments = selectKeys(condition, a, a.segments, b.segments);
    if (a.layers.empty() && b.layers.empty())
      return result;
    std::vector<Layer<V>> ofA = layersOf(a), ofB = layersOf(b);
    Layer<V> none = {{}, {{zero(), a.lengths.keys, noQueries(a)}}};
    bool isPlainA = ofA.front().conditions.empty();
    bool isPlainB = ofB.front().conditions.empty();
    if (isPlainA != isPlainB) {
      auto &other = isPlainA ? ofB : ofA;
      other.insert(other.begin(), none);
    }
    size_t layers = std::max(ofA.size(), ofB.size());
    pad(ofA, layers, none);
    pad(ofB, layers, none);
    result.layers.clear();
    for (size_t k = 0; k < layers; ++k)
      result.layers.push_back(
          {selectConditions(condition, ofA[k].conditions, ofB[k].conditions),
           layers == 1
               ? result.segments
               : selectKeys(condition, a, ofA[k].segments, ofB[k].segments)});
    return result;
  }

private:
  V zero() { return ops.constant(0); }

  std::vector<QuerySegment<V>> noQueries(const Form &form) {
    return {{zero(), form.lengths.queries, {}}};
  }

  std::vector<KeySegment<V>> selectKeys(Bool condition, const Form &form,
                                        std::vector<KeySegment<V>> a,
                                        std::vector<KeySegment<V>> b) {
    V keys = form.lengths.keys, queries = form.lengths.queries;
    auto result =
        selectSegments(condition, a, b, keys, {keys, keys, noQueries(form)});
    for (size_t s = 0; s < result.size(); ++s) {
      auto &x = a[s].queries, &y = b[s].queries;
      result[s].queries =
          selectSegments(condition, x, y, queries, {queries, queries, {}});
      for (size_t r = 0; r < x.size(); ++r)
        result[s].queries[r].intervals = selectIntervals(
            condition, x[r].intervals, y[r].intervals, form.distanceEnd);
    }
    return result;
  }

  /// The ends of `condition ? a : b`; both get as many segments.
  template <class Segment>
  std::vector<Segment> selectSegments(Bool condition, std::vector<Segment> &a,
                                      std::vector<Segment> &b, V length,
                                      const Segment &filler) {
    size_t segments = std::max(a.size(), b.size());
    pad(a, segments, filler);
    pad(b, segments, filler);
    std::vector<Segment> result = a;
    for (size_t s = 0; s < segments; ++s) {
      // The outer ends are the same in both, by the invariant.
      result[s].begin =
          s == 0 ? zero() : choose(ops, condition, a[s].begin, b[s].begin);
      result[s].end = s + 1 == segments
                          ? length
                          : choose(ops, condition, a[s].end, b[s].end);
    }
    return result;
  }

  using Intervals = std::vector<DistanceInterval<V>>;
  Intervals selectIntervals(Bool condition, Intervals a, Intervals b,
                            V distanceEnd) {
    size_t intervals = std::max(a.size(), b.size());
    pad(a, intervals, {distanceEnd, distanceEnd});
    pad(b, intervals, {distanceEnd, distanceEnd});
    Intervals result;
    for (size_t k = 0; k < intervals; ++k) {
      V lo = choose(ops, condition, a[k].lo, b[k].lo);
      V hi = choose(ops, condition, a[k].hi, b[k].hi);
      result.push_back({lo, hi, a[k].loUnbounded && b[k].loUnbounded,
                        a[k].hiUnbounded && b[k].hiUnbounded});
    }
    return result;
  }

  using Conditions = std::vector<ResidueCondition<V>>;
  Conditions selectConditions(Bool condition, const Conditions &a,
                              const Conditions &b) {
    Conditions result;
    V one = ops.constant(1);
    for (Residues::Of of :
         {Residues::Of::Distances, Residues::Of::Keys, Residues::Of::Queries}) {
      Conditions x = ofKind(a, of), y = ofKind(b, of);
      size_t count = std::max(x.size(), y.size());
      pad(x, count, {of, one, zero(), one});
      pad(y, count, {of, one, zero(), one});
      for (size_t k = 0; k < count; ++k) {
        V modulus = choose(ops, condition, x[k].modulus, y[k].modulus);
        V lo = choose(ops, condition, x[k].lo, y[k].lo);
        V width = choose(ops, condition, x[k].width, y[k].width);
        result.push_back({of, modulus, lo, width});
      }
    }
    return result;
  }

  static Conditions ofKind(const Conditions &conditions, Residues::Of of) {
    Conditions result;
    std::copy_if(conditions.begin(), conditions.end(),
                 std::back_inserter(result),
                 [&](const ResidueCondition<V> &own) { return own.of == of; });
    return result;
  }

  template <class T>
  static void pad(std::vector<T> &items, size_t size, const T &filler) {
    items.resize(std::max(items.size(), size), filler);
  }

  Ops &ops;
};

} // namespace detail
} // namespace spattn

#endif // SPATTN_STRUCTURE_LAYERS_H
