//===- Structure.cpp - Which (query, key) pairs a head sees ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Structure.h"

#include <algorithm>

using namespace spattn;

/// One node of the tree. Only the fields of its kind are meaningful; the others
/// keep their defaults, so that comparing all of them is comparing the node.
struct Structure::Node {
  Kind kind = Kind::Distances;
  std::vector<Interval> intervals; // Keys and Queries: exactly one.
  Partition partition = Partition::Exclusive;
  std::optional<int64_t> of, index, length;
  Residues residues = {Residues::Of::Distances, 0, 1, 1};
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
  case Kind::Queries:
  case Kind::Residues:
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

const char *spattn::alignmentName(Alignment alignment) {
  return alignment == Alignment::End ? "end" : "start";
}

const char *spattn::residuesName(Residues::Of of) {
  switch (of) {
  case Residues::Of::Distances:
    return "distances";
  case Residues::Of::Keys:
    return "keys";
  case Residues::Of::Queries:
    return "queries";
  }
  return "";
}

std::string Residues::str() const {
  return std::string(residuesName(of)) + ", " + std::to_string(lo) + " to " +
         std::to_string(hi) + " mod " + std::to_string(modulus);
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

std::vector<Interval> spattn::partitionDistances(Partition partition,
                                                 int64_t of, int64_t index,
                                                 int64_t length) {
  int64_t base = length / of, rest = length % of;
  int64_t width = base + (index < rest ? 1 : 0);
  int64_t start = index * base + std::min(index, rest);
  auto interval = [](int64_t lo, int64_t hi) -> Interval {
    return {Bound::constant(lo), Bound::constant(hi)};
  };
  switch (partition) {
  case Partition::Exclusive:
    return {interval(start, start + width)};
  case Partition::LocalBand:
    return {interval(0, width + 1), interval(start, start + width)};
  case Partition::Gapped:
    return {interval(start, start + width / 2)};
  case Partition::Local:
    return {interval(0, width + 1)};
  }
  return {};
}

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

Structure Structure::queries(Bound lo, Bound hi) {
  Node node;
  node.kind = Kind::Queries;
  node.intervals = {{lo, hi}};
  return make(std::move(node));
}

Structure Structure::residues(Residues residues) {
  Node node;
  node.kind = Kind::Residues;
  node.residues = residues;
  return make(std::move(node));
}

Structure Structure::strided(int64_t modulus, int64_t remainder) {
  return residues({Residues::Of::Distances, remainder, remainder + 1, modulus});
}

Structure Structure::band(Partition partition, std::optional<int64_t> of,
                          std::optional<int64_t> index,
                          std::optional<int64_t> length) {
  Node node;
  node.kind = Kind::Band;
  node.partition = partition;
  node.of = of;
  node.index = index;
  node.length = length;
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

static const Interval &noInterval() {
  static const Interval none{Bound::constant(0), Bound::constant(0)};
  return none;
}

const Interval &Structure::keyInterval() const {
  return node->kind == Kind::Keys ? node->intervals.front() : noInterval();
}

const Interval &Structure::queryInterval() const {
  return node->kind == Kind::Queries ? node->intervals.front() : noInterval();
}

const Residues &Structure::residues() const { return node->residues; }

Partition Structure::partition() const { return node->partition; }

std::optional<int64_t> Structure::partitionOf() const { return node->of; }

std::optional<int64_t> Structure::partitionIndex() const { return node->index; }

std::optional<int64_t> Structure::partitionLength() const {
  return node->length;
}

const std::vector<Structure> &Structure::children() const {
  return node->children;
}

bool Structure::dependsOnGroup() const {
  if (kind() == Kind::Band)
    return !partitionOf() || !partitionIndex();
  return std::any_of(
      children().begin(), children().end(),
      [](const Structure &child) { return child.dependsOnGroup(); });
}

int64_t Structure::depth() const { return node->depth; }

int64_t Structure::size() const { return node->size; }

int64_t Structure::pieces() const { return node->pieces; }

namespace spattn {
bool operator==(const Structure &a, const Structure &b) {
  if (a.node == b.node)
    return true;
  return a.node->kind == b.node->kind &&
         a.node->intervals == b.node->intervals &&
         a.node->residues == b.node->residues &&
         a.node->partition == b.node->partition && a.node->of == b.node->of &&
         a.node->index == b.node->index && a.node->length == b.node->length &&
         a.node->children == b.node->children;
}
} // namespace spattn

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
  case Kind::Queries:
    return "queries(" + list(intervals()) + ")";
  case Kind::Residues:
    return "residues(" + residues().str() + ")";
  case Kind::Band: {
    std::string text = std::string("band(") + partitionName(partition());
    if (partitionOf())
      text += ", of " + std::to_string(*partitionOf());
    if (partitionIndex())
      text += ", index " + std::to_string(*partitionIndex());
    if (partitionLength())
      text += ", length " + std::to_string(*partitionLength());
    return text + ")";
  }
  case Kind::Union:
    return "union(" + list(children()) + ")";
  case Kind::Intersection:
    return "intersection(" + list(children()) + ")";
  }
  return "";
}
