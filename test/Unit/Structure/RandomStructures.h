//===- RandomStructures.h - Structures of the whole algebra -------- -*- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one generator of random structures: unit tests compare the algebra of
// what it draws with brute force, and spattn-random-structures writes it as
// attributes for tests of whole kernels, on a CPU, in the emulator, and on a
// GPU.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_STRUCTURE_RANDOMSTRUCTURES_H
#define SPATTN_TEST_UNIT_STRUCTURE_RANDOMSTRUCTURES_H

#include "spattn/Structure/HeadStructures.h"

#include <cstdint>
#include <random>
#include <string>

namespace spattn::test {

/// Draws structures, and what they are made of.
class RandomStructures {
public:
  /// Numbers are chosen so that something happens at lengths around `scale`.
  RandomStructures(std::mt19937 &random, int64_t scale,
                   bool withResidues = false)
      : random(random), scale(scale), withResidues(withResidues) {}

  int64_t pick(int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(random);
  }

  /// A valid structure for a group of so many heads, at most `depth` levels
  /// deep.
  Structure structure(int depth, int64_t heads) {
    while (true) {
      Structure result = draw(depth, heads);
      if (!result.validate(heads))
        return result;
    }
  }

  /// Groups of random structures, one to three of them or, rarely, one for each
  /// head; together of `heads` heads, or of up to four each if that is 0.
  HeadStructures heads(int depth, int64_t heads = 0) {
    while (true) {
      std::vector<HeadGroup> groups;
      int64_t left = heads;
      bool isEachItsOwn = pick(0, 9) == 0;
      for (int64_t k = std::max<int64_t>(pick(-1, 3), 1); k > 0; --k) {
        int64_t count = pick(1, 4);
        if (heads != 0)
          count = k == 1 ? left : std::min(pick(1, left), left);
        if (isEachItsOwn && heads != 0) {
          count = 1;
          k = left;
        }
        groups.push_back({count, structure(depth, count)});
        left -= count;
        if (heads != 0 && left == 0)
          break;
      }
      HeadStructures result(std::move(groups));
      if (!result.validate())
        return result;
    }
  }

private:
  Bound constant(int64_t lo) {
    // What 32 bits cannot hold, and what is more than any length.
    if (pick(0, 19) == 0)
      return Bound::constant((int64_t(1) << pick(30, 40)) - pick(0, 2));
    if (pick(0, 3) == 0) {
      // Where tiles end.
      int64_t edge = int64_t(64) << pick(0, 2);
      return Bound::constant(std::max(lo, edge + pick(-1, 1)));
    }
    return Bound::constant(pick(lo, scale + scale / 4));
  }

  Bound bound(bool ofKeys) {
    switch (pick(0, 9)) {
    case 0:
      return Bound::negInf();
    case 1:
      return Bound::posInf();
    case 2:
      // A product of more than 32 bits.
      if (pick(0, 1)) {
        int64_t den = pick(2, int64_t(1) << 20);
        return Bound::affine(pick(ofKeys ? 0 : -den, den), den, pick(-3, 3));
      }
      [[fallthrough]];
    case 3:
    case 4:
      return Bound::affine(pick(ofKeys ? 0 : -3, 4), pick(1, 6),
                           pick(-scale / 4, scale / 4));
    default:
      return constant(ofKeys ? 0 : -scale);
    }
  }

  /// Many intervals, as of a dilated window.
  Structure comb() {
    std::vector<Interval> intervals;
    int64_t width = pick(1, 3),
            step = width + pick(1, std::max<int64_t>(scale / 16, 1));
    int64_t at = pick(-scale / 8, scale / 8);
    for (int64_t k = pick(4, 20); k > 0; --k, at += step)
      intervals.push_back({Bound::constant(at), Bound::constant(at + width)});
    return Structure::distances(intervals);
  }

  /// Tokens that see all keys, and that all queries see.
  Structure globalTokens() {
    Bound begin = Bound::constant(0), end = constant(1);
    return Structure::unite(
        {Structure::keys(begin, end), Structure::queries(begin, end)});
  }

  /// Blocks of queries that see the keys at the same places.
  Structure blocks() {
    std::vector<Structure> parts;
    int64_t begin = pick(0, scale / 4);
    for (int64_t k = pick(1, 4); k > 0; --k) {
      int64_t end = begin + pick(1, std::max<int64_t>(scale / 3, 1));
      Bound lo = Bound::constant(begin), hi = Bound::constant(end);
      parts.push_back(Structure::intersect(
          {Structure::queries(lo, hi), Structure::keys(lo, hi)}));
      begin = end + (pick(0, 1) ? pick(1, 3) : 0);
    }
    return Structure::unite(parts);
  }

  Residues residues(int64_t most = Structure::maxResidues) {
    auto of = static_cast<Residues::Of>(pick(0, 2));
    int64_t modulus = pick(0, 1) ? int64_t(1) << pick(0, 7) : pick(1, 40);
    if (pick(0, 9) == 0)
      modulus = pick(0, 1) ? pick(1, 2 * scale) : Structure::maxModulus;
    int64_t lo = pick(0, modulus - 1);
    return {of, lo, lo + pick(1, std::min(modulus, most)), modulus};
  }

  /// Dilated windows, columns, rows, and blocks of every so many places.
  Structure withHoles() {
    int64_t modulus = int64_t(1) << pick(1, 6);
    Structure window = Structure::window(constant(0).offset, 0);
    Structure strided = Structure::strided(modulus, pick(0, modulus - 1));
    switch (pick(0, 4)) {
    case 0:
      return Structure::intersect({window, strided});
    case 1:
      return Structure::unite(
          {window, Structure::intersect({Structure::causal(), strided})});
    case 2: {
      Residues columns = residues();
      columns.of = Residues::Of::Keys;
      return Structure::unite(
          {blocks(), Structure::intersect(
                         {Structure::causal(), Structure::residues(columns)})});
    }
    case 3: {
      Residues rows = residues(1), columns = rows;
      rows.of = Residues::Of::Queries;
      columns.of = Residues::Of::Keys;
      return Structure::intersect(
          {named(), Structure::residues(rows), Structure::residues(columns)});
    }
    default:
      return Structure::residues(residues());
    }
  }

  /// The patterns with names of their own, or often drawn.
  Structure named() {
    auto side = [&]() -> std::optional<int64_t> {
      if (pick(0, 3) == 0)
        return std::nullopt;
      return constant(0).offset;
    };
    switch (pick(0, 7)) {
    case 0:
      return Structure::full();
    case 1:
      return Structure::causal();
    case 2:
      return Structure::sink(pick(0, std::max<int64_t>(scale / 8, 1)));
    case 3:
      return Structure::prefix(pick(0, std::max<int64_t>(scale / 4, 1)));
    case 4:
      return Structure::window(side(), 0);
    case 5:
      return globalTokens();
    case 6:
      return blocks();
    default:
      return Structure::window(side(), side());
    }
  }

  Structure draw(int depth, int64_t heads) {
    if (withResidues && pick(0, 4) == 0)
      return withHoles();
    switch (pick(0, depth > 1 ? 9 : 5)) {
    case 0:
    case 1: {
      std::vector<Interval> intervals;
      for (int64_t k = pick(1, 3); k > 0; --k)
        intervals.push_back({bound(false), bound(false)});
      return Structure::distances(intervals);
    }
    case 2: {
      Bound lo = bound(true), hi = bound(true);
      return pick(0, 1) ? Structure::keys(lo, hi) : Structure::queries(lo, hi);
    }
    case 3: {
      auto partition = static_cast<Partition>(pick(0, 3));
      int64_t of = pick(heads, heads + 5);
      std::optional<int64_t> length;
      if (pick(0, 2) == 0)
        length = pick(0, 9) ? pick(0, 2 * scale)
                            : Structure::maxPartitionLength - pick(0, 2);
      if (pick(0, 1))
        return Structure::band(partition, std::nullopt, std::nullopt, length);
      return Structure::band(partition, of, pick(0, of - 1), length);
    }
    case 4:
      return named();
    case 5:
      return pick(0, 3) ? named() : comb();
    default: {
      std::vector<Structure> parts;
      for (int64_t k = pick(1, 3); k > 0; --k)
        parts.push_back(draw(depth - 1, heads));
      return pick(0, 2) ? Structure::unite(parts) : Structure::intersect(parts);
    }
    }
  }

  std::mt19937 &random;
  int64_t scale;
  bool withResidues;
};

/// A structure as an attribute, in its custom syntax.
inline std::string attributeOf(const Structure &structure) {
  auto boundText = [](const Bound &bound) -> std::string {
    if (!bound.isFinite())
      return bound.isNegInf() ? "-inf" : "inf";
    std::string offset = std::to_string(bound.offset);
    if (bound.num == 0)
      return offset;
    std::string text = std::to_string(bound.num) + " * N";
    if (bound.den != 1)
      text += " floordiv " + std::to_string(bound.den);
    if (bound.offset > 0)
      text += " + " + offset;
    else if (bound.offset < 0)
      text += " - " + offset.substr(1);
    return text;
  };
  auto list = [](const auto &items, auto text) {
    std::string result;
    for (const auto &item : items)
      result += (result.empty() ? "" : ", ") + text(item);
    return result;
  };
  auto intervalText = [&](const Interval &interval) {
    return boundText(interval.lo) + " to " + boundText(interval.hi);
  };
  switch (structure.kind()) {
  case Structure::Kind::Distances:
    // Nothing at all is a sink of no keys.
    if (structure.intervals().empty())
      return "#spattn.sink<0>";
    return "#spattn.distances<" + list(structure.intervals(), intervalText) +
           ">";
  case Structure::Kind::Keys:
    return "#spattn.keys<" + intervalText(structure.keyInterval()) + ">";
  case Structure::Kind::Queries:
    return "#spattn.queries<" + intervalText(structure.queryInterval()) + ">";
  case Structure::Kind::Residues:
    return "#spattn.residues<" + structure.residues().str() + ">";
  case Structure::Kind::Band: {
    std::string kind = partitionName(structure.partition()), length;
    if (structure.partitionLength())
      length = ", length = " + std::to_string(*structure.partitionLength());
    if (!structure.partitionIndex())
      return "#spattn.partition<" + kind + length + ">";
    return "#spattn.band<" + kind + ", " +
           std::to_string(*structure.partitionIndex()) + " of " +
           std::to_string(*structure.partitionOf()) + length + ">";
  }
  case Structure::Kind::Union:
    return "#spattn.union<" + list(structure.children(), attributeOf) + ">";
  case Structure::Kind::Intersection:
    return "#spattn.intersection<" + list(structure.children(), attributeOf) +
           ">";
  }
  return "";
}

/// The attribute of an attention's structure.
inline std::string attributeOf(const HeadStructures &heads) {
  if (heads.groups().size() == 1)
    return attributeOf(heads.groups().front().structure);
  std::string text;
  for (const HeadGroup &group : heads.groups())
    text += (text.empty() ? "" : ", ") + std::to_string(group.count) + " x " +
            attributeOf(group.structure);
  return "#spattn.heads<" + text + ">";
}

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_STRUCTURE_RANDOMSTRUCTURES_H
