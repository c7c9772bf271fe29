//===- Validate.cpp - What makes a structure unusable ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Evaluate.h"

#include <algorithm>

using namespace spattn;

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

/// Of keys or of queries: `what`. Keys end at N; queries may do so later, if
/// their starts are aligned.
Message checkPositions(const Interval &interval, const std::string &what,
                       bool endsAtLength) {
  if (Message message = checkRange(interval, what + " interval"))
    return message;
  if (Message message = checkOrder(interval, what + " interval"))
    return message;
  Bound zero = Bound::constant(0);
  bool isPast = endsAtLength && alwaysLE(Bound::length(), interval.lo);
  if (alwaysLE(interval.hi, zero) || isPast)
    return what + " interval " + quote(interval) + " selects no " + what;
  if (interval.lo.isFinite() && alwaysLT(interval.lo, zero))
    return what + " interval " + quote(interval) + " has a negative bound";
  return std::nullopt;
}

Message checkResidues(const Residues &residues) {
  auto [of, lo, hi, modulus] = residues;
  std::string what = "residues '" + residues.str() + "': ";
  if (modulus < 1 || modulus > Structure::maxModulus)
    return what + "modulus " + std::to_string(modulus) +
           " is out of range: expected 1 to 2^20";
  if (lo < 0 || lo >= modulus)
    return what + "residues start from 0 to " + std::to_string(modulus - 1) +
           ", not at " + std::to_string(lo);
  if (hi <= lo)
    return what +
           (hi == lo ? "the interval is empty" : "the interval is inverted");
  if (hi - lo > modulus)
    return what + "there are no " + std::to_string(hi - lo) + " residues";
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
  if (std::optional<int64_t> length = band.partitionLength()) {
    if (*length < 0)
      return "partition length " + std::to_string(*length) + " is negative";
    if (*length > Structure::maxPartitionLength)
      return "partition length " + std::to_string(*length) +
             " is out of range: lengths below 2^30 are supported";
  }
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
    return checkPositions(structure.keyInterval(), "key",
                          /*endsAtLength=*/true);
  case Structure::Kind::Queries:
    return checkPositions(structure.queryInterval(), "query",
                          /*endsAtLength=*/false);
  case Structure::Kind::Residues:
    return checkResidues(structure.residues());
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

/// Collects the distinct bounds that cut the keys, or the queries.
void collectBounds(const Structure &structure, Structure::Kind kind,
                   std::vector<Bound> &bounds) {
  if (structure.kind() == kind) {
    const Interval &interval = structure.intervals().front();
    for (const Bound &bound : {interval.lo, interval.hi}) {
      bool endsAtLength = kind == Structure::Kind::Keys;
      bool cuts = bound.isFinite() && !alwaysLE(bound, Bound::constant(0)) &&
                  !(endsAtLength && alwaysLE(Bound::length(), bound));
      if (cuts &&
          std::find(bounds.begin(), bounds.end(), bound) == bounds.end())
        bounds.push_back(bound);
    }
  }
  for (const Structure &child : structure.children())
    collectBounds(child, kind, bounds);
}

/// Collects the distinct residues.
void collectResidues(const Structure &structure, std::vector<Residues> &all) {
  if (structure.kind() == Structure::Kind::Residues &&
      std::find(all.begin(), all.end(), structure.residues()) == all.end())
    all.push_back(structure.residues());
  for (const Structure &child : structure.children())
    collectResidues(child, all);
}

/// Whether there is an interval of queries in it.
bool hasQueries(const Structure &structure) {
  return structure.kind() == Structure::Kind::Queries ||
         std::any_of(structure.children().begin(), structure.children().end(),
                     hasQueries);
}

/// Everything but the number of intervals, which takes the algebra to know.
Message checkDescription(const Structure &structure,
                         std::optional<int64_t> heads) {
  // First what the recursions below rely on.
  if (structure.depth() > Structure::maxDepth)
    return "the structure is nested more than " +
           std::to_string(Structure::maxDepth) + " levels deep";
  if (structure.size() > Structure::maxSize)
    return "the structure has more than " + std::to_string(Structure::maxSize) +
           " nodes";
  if (Message message = checkTree(structure, heads))
    return message;
  if (structure.pieces() > Structure::maxPieces)
    return "the structure expands to more than " +
           std::to_string(Structure::maxPieces) + " intervals";
  auto hasMoreBounds = [&](Structure::Kind kind, int64_t most) {
    std::vector<Bound> bounds;
    collectBounds(structure, kind, bounds);
    return static_cast<int64_t>(bounds.size()) > most;
  };
  if (hasMoreBounds(Structure::Kind::Keys, Structure::maxKeyBounds))
    return "the structure has more than " +
           std::to_string(Structure::maxKeyBounds) + " distinct key bounds";
  if (hasMoreBounds(Structure::Kind::Queries, Structure::maxQueryBounds))
    return "the structure has more than " +
           std::to_string(Structure::maxQueryBounds) + " distinct query bounds";
  std::vector<Residues> residues;
  collectResidues(structure, residues);
  if (static_cast<int64_t>(residues.size()) > Structure::maxResidues)
    return "the structure has more than " +
           std::to_string(Structure::maxResidues) +
           " distinct intervals of residues";
  return std::nullopt;
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
    int64_t own = spattn::countIntervals(form);
    // Tiles are found without the layers.
    if (form.layers.size() > 1)
      own += spattn::countIntervals(form.segments);
    most = std::max(most, own);
  }
  return most;
}

std::optional<std::string>
Structure::validate(std::optional<int64_t> heads) const {
  if (heads) {
    int64_t intervals;
    return validate(*heads, intervals);
  }
  return checkDescription(*this, heads);
}

std::optional<std::string> Structure::validate(int64_t heads,
                                               int64_t &intervals) const {
  if (Message message = checkDescription(*this, heads))
    return message;
  intervals = countIntervals(heads);
  if (intervals > maxIntervals)
    return "the structure has " + std::to_string(intervals) +
           " intervals of distances, counted for each range of keys" +
           (hasQueries(*this) ? " and of queries" : "") + "; at most " +
           std::to_string(maxIntervals) + " are supported";
  return std::nullopt;
}
