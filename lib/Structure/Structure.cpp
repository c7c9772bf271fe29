//===- Structure.cpp - Which (query, key) pairs a head sees ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Structure.h"

#include "spattn/Structure/Evaluate.h"

#include <algorithm>

using namespace spattn;

/// One node of the tree. Only the fields of its kind are meaningful; the others
/// keep their defaults, so that comparing all of them is comparing the node.
struct Structure::Node {
  Kind kind = Kind::Distances;
  std::vector<Interval> intervals; // Keys: exactly one.
  Partition partition = Partition::Exclusive;
  std::optional<int64_t> of, index;
  std::vector<Structure> children;
  int64_t depth = 1;
  int64_t size = 1; // Nodes of the tree, saturated at maxSize + 1.
  int64_t pieces = 1;
};

Structure::Structure(std::shared_ptr<const Node> node)
    : node(std::move(node)) {}

/// Derives depth, size and piece count, which are thereby never computed twice.
Structure Structure::make(Node node) {
  auto saturate = [](int64_t count) { return std::min(count, maxPieces + 1); };
  for (const Structure &child : node.children) {
    node.depth = std::max(node.depth, child.node->depth + 1);
    node.size = std::min(node.size + child.node->size, maxSize + 1);
  }
  switch (node.kind) {
  case Kind::Distances:
    node.pieces = saturate(static_cast<int64_t>(node.intervals.size()));
    break;
  case Kind::Keys:
    break;
  case Kind::Band:
    node.pieces = node.partition == Partition::LocalBand ? 2 : 1;
    break;
  case Kind::Union:
    node.pieces = 0;
    for (const Structure &child : node.children)
      node.pieces = saturate(node.pieces + child.pieces());
    break;
  case Kind::Intersection:
    for (const Structure &child : node.children)
      node.pieces = saturate(node.pieces * child.pieces());
    break;
  }
  return Structure(std::make_shared<const Node>(std::move(node)));
}

const char *spattn::partitionName(Partition partition) {
  switch (partition) {
  case Partition::Exclusive:
    return "exclusive";
  case Partition::LocalBand:
    return "local_band";
  case Partition::Gapped:
    return "gapped";
  case Partition::Local:
    return "local";
  }
  return "";
}

std::string Interval::str() const { return lo.str() + " to " + hi.str(); }

//===----------------------------------------------------------------------===//
// Factories and accessors
//===----------------------------------------------------------------------===//

Structure Structure::distances(std::vector<Interval> intervals) {
  Node node;
  node.intervals = std::move(intervals);
  return make(std::move(node));
}

Structure Structure::keys(Bound lo, Bound hi) {
  Node node;
  node.kind = Kind::Keys;
  node.intervals = {{lo, hi}};
  return make(std::move(node));
}

Structure Structure::band(Partition partition, std::optional<int64_t> of,
                          std::optional<int64_t> index) {
  Node node;
  node.kind = Kind::Band;
  node.partition = partition;
  node.of = of;
  node.index = index;
  return make(std::move(node));
}

Structure Structure::unite(std::vector<Structure> parts) {
  Node node;
  node.kind = Kind::Union;
  node.children = std::move(parts);
  return make(std::move(node));
}

Structure Structure::intersect(std::vector<Structure> parts) {
  Node node;
  node.kind = Kind::Intersection;
  node.children = std::move(parts);
  return make(std::move(node));
}

Structure Structure::full() {
  return distances({{Bound::negInf(), Bound::posInf()}});
}

Structure Structure::causal() {
  return distances({{Bound::constant(0), Bound::posInf()}});
}

Structure Structure::window(std::optional<int64_t> left,
                            std::optional<int64_t> right) {
  // Values past these limits are out of range in any case; stopping there
  // keeps the arithmetic defined until `validate` says so.
  auto limit = [](int64_t value) {
    return std::clamp(value, -2 * Bound::maxOffset, 2 * Bound::maxOffset);
  };
  Bound lo = right ? Bound::constant(-limit(*right)) : Bound::negInf();
  Bound hi = left ? Bound::constant(limit(*left) + 1) : Bound::posInf();
  return distances({{lo, hi}});
}

Structure Structure::none() { return distances({}); }

Structure Structure::sink(int64_t count) {
  if (count == 0)
    return none();
  return intersect(
      {causal(), keys(Bound::constant(0), Bound::constant(count))});
}

Structure Structure::prefix(int64_t count) {
  if (count == 0)
    return causal();
  return unite({causal(), keys(Bound::constant(0), Bound::constant(count))});
}

Structure::Kind Structure::kind() const { return node->kind; }

const std::vector<Interval> &Structure::intervals() const {
  return node->intervals;
}

const Interval &Structure::keyInterval() const {
  static const Interval none{Bound::constant(0), Bound::constant(0)};
  return node->kind == Kind::Keys ? node->intervals.front() : none;
}

Partition Structure::partition() const { return node->partition; }

std::optional<int64_t> Structure::partitionOf() const { return node->of; }

std::optional<int64_t> Structure::partitionIndex() const { return node->index; }

const std::vector<Structure> &Structure::children() const {
  return node->children;
}

int64_t Structure::pieces() const { return node->pieces; }

namespace spattn {
bool operator==(const Structure &a, const Structure &b) {
  if (a.node == b.node)
    return true;
  return a.node->kind == b.node->kind &&
         a.node->intervals == b.node->intervals &&
         a.node->partition == b.node->partition && a.node->of == b.node->of &&
         a.node->index == b.node->index && a.node->children == b.node->children;
}
} // namespace spattn

//===----------------------------------------------------------------------===//
// Validation
//===----------------------------------------------------------------------===//

namespace {
using Message = std::optional<std::string>;

std::string quote(const Interval &interval) {
  return "'" + interval.str() + "'";
}

Message checkRange(const Interval &interval, const std::string &what) {
  for (const Bound &bound : {interval.lo, interval.hi})
    if (!bound.inRange())
      return what + " " + quote(interval) + ": bound '" + bound.str() +
             "' is out of range (offsets up to 2^40, factors and divisors up "
             "to 2^20, divisors positive)";
  return std::nullopt;
}

/// Rejects an interval that holds nothing for every N.
Message checkOrder(const Interval &interval, const std::string &what) {
  if (!alwaysLE(interval.hi, interval.lo))
    return std::nullopt;
  bool equal = interval.lo == interval.hi;
  return what + " " + quote(interval) + (equal ? " is empty" : " is inverted");
}

Message checkDistances(const std::vector<Interval> &intervals) {
  const Interval *previous = nullptr;
  for (const Interval &interval : intervals) {
    if (Message message = checkRange(interval, "distance interval"))
      return message;
    if (Message message = checkOrder(interval, "distance interval"))
      return message;
    // Only constant intervals can be ordered here; where N decides, any order
    // is legal and sorted out at run time.
    if (!interval.lo.isConstant() || !interval.hi.isConstant())
      continue;
    if (previous && alwaysLE(interval.hi, previous->lo))
      return "distance intervals " + quote(*previous) + " and " +
             quote(interval) + " are not ascending";
    if (previous && alwaysLT(interval.lo, previous->hi))
      return "distance intervals " + quote(*previous) + " and " +
             quote(interval) + " overlap";
    previous = &interval;
  }
  return std::nullopt;
}

Message checkKeys(const Interval &interval) {
  if (Message message = checkRange(interval, "key interval"))
    return message;
  if (Message message = checkOrder(interval, "key interval"))
    return message;
  Bound zero = Bound::constant(0);
  if (alwaysLE(interval.hi, zero) || alwaysLE(Bound::length(), interval.lo))
    return "key interval " + quote(interval) + " selects no key";
  if (interval.lo.isFinite() && alwaysLT(interval.lo, zero))
    return "key interval " + quote(interval) + " has a negative bound";
  return std::nullopt;
}

Message checkBand(const Structure &band, std::optional<int64_t> heads) {
  std::optional<int64_t> of = band.partitionOf();
  std::optional<int64_t> index = band.partitionIndex();
  if (of && *of < 1)
    return "a partition of " + std::to_string(*of) +
           " is not possible: it needs at least one part";
  if (of && *of > Structure::maxPartition)
    return "a partition of " + std::to_string(*of) +
           " is out of range: at most 2^20 parts are supported";
  if (index && *index < 0)
    return "partition index " + std::to_string(*index) + " is negative";
  std::optional<int64_t> parts = of ? of : heads;
  if (index && parts && *index >= *parts)
    return "partition index " + std::to_string(*index) +
           " is out of range: there are indices from 0 to " +
           std::to_string(*parts - 1);
  if (!index && of && heads && *heads > *of)
    return "a partition of " + std::to_string(*of) +
           " has no part for each of " + std::to_string(*heads) + " heads";
  return std::nullopt;
}

Message checkTree(const Structure &structure, std::optional<int64_t> heads) {
  switch (structure.kind()) {
  case Structure::Kind::Distances:
    return checkDistances(structure.intervals());
  case Structure::Kind::Keys:
    return checkKeys(structure.keyInterval());
  case Structure::Kind::Band:
    return checkBand(structure, heads);
  case Structure::Kind::Union:
  case Structure::Kind::Intersection:
    if (structure.children().empty())
      return structure.kind() == Structure::Kind::Union
                 ? "a union needs at least one part"
                 : "an intersection needs at least one part";
    for (const Structure &child : structure.children())
      if (Message message = checkTree(child, heads))
        return message;
    return std::nullopt;
  }
  return std::nullopt;
}

/// Collects the distinct bounds that cut the keys.
void collectKeyBounds(const Structure &structure, std::vector<Bound> &bounds) {
  if (structure.kind() == Structure::Kind::Keys) {
    const Interval &keys = structure.keyInterval();
    for (const Bound &bound : {keys.lo, keys.hi}) {
      bool cuts = !alwaysLE(bound, Bound::constant(0)) &&
                  !alwaysLE(Bound::length(), bound);
      if (cuts &&
          std::find(bounds.begin(), bounds.end(), bound) == bounds.end())
        bounds.push_back(bound);
    }
  }
  for (const Structure &child : structure.children())
    collectKeyBounds(child, bounds);
}
} // namespace

int64_t Structure::countIntervals(int64_t heads) const {
  HeadStructures group({{heads, *this}});
  int64_t most = 0;
  for (Alignment alignment : {Alignment::End, Alignment::Start}) {
    BlindOps ops;
    NormalForm<BlindOps::Value> form =
        normalForm(ops, group, ops.unknown(0), {ops.unknown(0), ops.unknown(0)},
                   alignment);
    int64_t intervals = 0;
    for (const auto &segment : form.segments)
      intervals += static_cast<int64_t>(segment.intervals.size());
    most = std::max(most, intervals);
  }
  return most;
}

std::optional<std::string>
Structure::validate(std::optional<int64_t> heads) const {
  // First what the recursions below rely on.
  if (node->depth > maxDepth)
    return "the structure is nested more than " + std::to_string(maxDepth) +
           " levels deep";
  if (node->size > maxSize)
    return "the structure has more than " + std::to_string(maxSize) + " nodes";
  if (Message message = checkTree(*this, heads))
    return message;
  if (pieces() > maxPieces)
    return "the structure expands to more than " + std::to_string(maxPieces) +
           " intervals";
  std::vector<Bound> bounds;
  collectKeyBounds(*this, bounds);
  if (static_cast<int64_t>(bounds.size()) > maxKeyBounds)
    return "the structure has more than " + std::to_string(maxKeyBounds) +
           " distinct key bounds";
  if (!heads)
    return std::nullopt;
  if (int64_t intervals = countIntervals(*heads); intervals > maxIntervals)
    return "the structure has " + std::to_string(intervals) +
           " intervals of distances, counted for each range of keys; at most " +
           std::to_string(maxIntervals) + " are supported";
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

std::string Structure::str() const {
  auto list = [](const auto &items) {
    std::string text;
    for (const auto &item : items)
      text += (text.empty() ? "" : ", ") + item.str();
    return text;
  };
  switch (kind()) {
  case Kind::Distances:
    return "distances(" + list(intervals()) + ")";
  case Kind::Keys:
    return "keys(" + list(intervals()) + ")";
  case Kind::Band: {
    std::string text = std::string("band(") + partitionName(partition());
    if (partitionOf())
      text += ", of " + std::to_string(*partitionOf());
    if (partitionIndex())
      text += ", index " + std::to_string(*partitionIndex());
    return text + ")";
  }
  case Kind::Union:
    return "union(" + list(children()) + ")";
  case Kind::Intersection:
    return "intersection(" + list(children()) + ")";
  }
  return "";
}
