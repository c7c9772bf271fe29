//===- StructureAttrs.cpp - Attributes and the algebra's structures -------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/Spattn.h"

using namespace mlir;
using namespace spattn;

//===----------------------------------------------------------------------===//
// From attributes to structures
//===----------------------------------------------------------------------===//

static std::vector<Structure> structuresOf(ArrayRef<Attribute> attrs) {
  std::vector<Structure> structures;
  for (Attribute attr : attrs)
    structures.push_back(cast<StructureAttrInterface>(attr).getStructure());
  return structures;
}

Structure FullAttr::getStructure() const { return Structure::full(); }
Structure CausalAttr::getStructure() const { return Structure::causal(); }
Structure WindowAttr::getStructure() const {
  return Structure::window(getLeft(), getRight());
}
Structure SinkAttr::getStructure() const { return Structure::sink(getCount()); }
Structure PrefixAttr::getStructure() const {
  return Structure::prefix(getCount());
}
Structure KeysAttr::getStructure() const {
  return Structure::keys(getInterval().lo, getInterval().hi);
}
Structure QueriesAttr::getStructure() const {
  return Structure::queries(getInterval().lo, getInterval().hi);
}
Structure ResiduesAttr::getStructure() const {
  return Structure::residues(getResidues());
}
Structure DistancesAttr::getStructure() const {
  return Structure::distances({getIntervals().begin(), getIntervals().end()});
}
Structure PartitionAttr::getStructure() const {
  return Structure::band(getKind(), std::nullopt, std::nullopt, getLength());
}
Structure BandAttr::getStructure() const {
  return Structure::band(getKind(), getCount(), getIndex(), getLength());
}
Structure UnionAttr::getStructure() const {
  return Structure::unite(structuresOf(getStructures()));
}
Structure IntersectionAttr::getStructure() const {
  return Structure::intersect(structuresOf(getStructures()));
}

//===----------------------------------------------------------------------===//
// From structures to attributes
//===----------------------------------------------------------------------===//

/// The attribute of distances. An attribute of a window has its last distances
/// in place of ends, and holds the query's own position or lies beyond it.
static Attribute toDistancesAttr(MLIRContext *context,
                                 const Structure &structure) {
  if (structure == Structure::none())
    return SinkAttr::get(context, 0);
  if (structure == Structure::full())
    return FullAttr::get(context);
  if (structure == Structure::causal())
    return CausalAttr::get(context);
  const Interval &first = structure.intervals().front();
  std::optional<int64_t> left, right;
  if (first.hi.isFinite())
    left = first.hi.offset - 1;
  if (first.lo.isFinite())
    right = -first.lo.offset;
  bool isWindow = structure == Structure::window(left, right);
  for (std::optional<int64_t> side : {left, right})
    isWindow &= !side || (*side >= 0 && *side < Bound::maxOffset);
  if (isWindow)
    return WindowAttr::get(context, left, right);
  return DistancesAttr::get(context, structure.intervals());
}

/// The attribute of a union or an intersection that has a name, or null.
static Attribute toNamedAttr(MLIRContext *context, const Structure &structure) {
  const Structure &last = structure.children().back();
  int64_t count = last.keyInterval().hi.offset;
  if (structure == Structure::sink(count))
    return SinkAttr::get(context, count);
  if (structure == Structure::prefix(count))
    return PrefixAttr::get(context, count);
  return nullptr;
}

Attribute spattn::toAttr(MLIRContext *context, const Structure &structure) {
  switch (structure.kind()) {
  case Structure::Kind::Distances:
    return toDistancesAttr(context, structure);
  case Structure::Kind::Keys:
    return KeysAttr::get(context, structure.keyInterval());
  case Structure::Kind::Queries:
    return QueriesAttr::get(context, structure.queryInterval());
  case Structure::Kind::Residues:
    return ResiduesAttr::get(context, structure.residues());
  case Structure::Kind::Band: {
    std::optional<int64_t> of = structure.partitionOf();
    std::optional<int64_t> index = structure.partitionIndex();
    std::optional<int64_t> length = structure.partitionLength();
    if (of && index)
      return BandAttr::get(context, structure.partition(), *index, *of, length);
    if (of || index)
      return nullptr;
    return PartitionAttr::get(context, structure.partition(), length);
  }
  case Structure::Kind::Union:
  case Structure::Kind::Intersection: {
    if (Attribute named = toNamedAttr(context, structure))
      return named;
    SmallVector<Attribute> parts;
    for (const Structure &child : structure.children()) {
      parts.push_back(toAttr(context, child));
      if (!parts.back())
        return nullptr;
    }
    if (structure.kind() == Structure::Kind::Union)
      return UnionAttr::get(context, parts);
    return IntersectionAttr::get(context, parts);
  }
  }
  llvm_unreachable("a structure is of one of the kinds above");
}

Attribute spattn::toAttr(MLIRContext *context, const HeadStructures &heads) {
  SmallVector<int64_t> counts;
  SmallVector<Attribute> structures;
  for (const auto &[count, structure] : heads.groups()) {
    counts.push_back(count);
    structures.push_back(toAttr(context, structure));
    if (!structures.back())
      return nullptr;
  }
  if (structures.size() == 1)
    return structures.front();
  return HeadsAttr::get(context, counts, structures);
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

using EmitError = function_ref<InFlightDiagnostic()>;

/// What the algebra refuses is refused here, in its words.
static LogicalResult verifyStructure(EmitError emitError,
                                     const Structure &structure) {
  if (std::optional<std::string> message = structure.validate())
    return emitError() << *message;
  return success();
}

/// Constituents are structures, at least one.
static LogicalResult verifyConstituents(EmitError emitError,
                                        ArrayRef<Attribute> structures) {
  if (structures.empty())
    return emitError() << "expected at least one structure";
  for (Attribute structure : structures)
    if (!isa<StructureAttrInterface>(structure))
      return emitError() << "expected a head structure, got " << structure;
  return success();
}

/// What these make of their numbers has other ends: they are checked as
/// written.
LogicalResult WindowAttr::verify(EmitError emitError,
                                 std::optional<int64_t> left,
                                 std::optional<int64_t> right) {
  for (auto [side, name] :
       {std::pair(left, "left"), std::pair(right, "right")}) {
    int64_t most = Bound::maxOffset - 1;
    if (side && (*side < -most || *side > most))
      return emitError() << "expected a window of fewer than 2^40 distances to "
                            "each side, got "
                         << name << " = " << *side;
  }
  if (left && right && *left + *right < 0)
    return emitError() << "expected a window that holds a distance, from "
                          "-right to left, got left = "
                       << *left << " and right = " << *right;
  return success();
}
static LogicalResult verifyKeyCount(EmitError emitError, StringRef what,
                                    int64_t count) {
  if (count < 0 || count > Bound::maxOffset)
    return emitError() << "expected a " << what << " of 0 to 2^40 keys, got "
                       << count;
  return success();
}
LogicalResult SinkAttr::verify(EmitError emitError, int64_t count) {
  return verifyKeyCount(emitError, "sink", count);
}
LogicalResult PrefixAttr::verify(EmitError emitError, int64_t count) {
  return verifyKeyCount(emitError, "prefix", count);
}
LogicalResult KeysAttr::verify(EmitError emitError, Interval interval) {
  return verifyStructure(emitError, Structure::keys(interval.lo, interval.hi));
}
LogicalResult QueriesAttr::verify(EmitError emitError, Interval interval) {
  return verifyStructure(emitError,
                         Structure::queries(interval.lo, interval.hi));
}
LogicalResult ResiduesAttr::verify(EmitError emitError, Residues residues) {
  return verifyStructure(emitError, Structure::residues(residues));
}
LogicalResult DistancesAttr::verify(EmitError emitError,
                                    ArrayRef<Interval> intervals) {
  // It could not be parsed again.
  if (intervals.empty())
    return emitError() << "expected at least one interval of distances";
  return verifyStructure(
      emitError, Structure::distances({intervals.begin(), intervals.end()}));
}
LogicalResult PartitionAttr::verify(EmitError emitError, Partition kind,
                                    std::optional<int64_t> length) {
  return verifyStructure(
      emitError, Structure::band(kind, std::nullopt, std::nullopt, length));
}
LogicalResult BandAttr::verify(EmitError emitError, Partition kind,
                               int64_t index, int64_t count,
                               std::optional<int64_t> length) {
  return verifyStructure(emitError,
                         Structure::band(kind, count, index, length));
}
LogicalResult UnionAttr::verify(EmitError emitError,
                                ArrayRef<Attribute> structures) {
  if (failed(verifyConstituents(emitError, structures)))
    return failure();
  return verifyStructure(emitError, Structure::unite(structuresOf(structures)));
}
LogicalResult IntersectionAttr::verify(EmitError emitError,
                                       ArrayRef<Attribute> structures) {
  if (failed(verifyConstituents(emitError, structures)))
    return failure();
  return verifyStructure(emitError,
                         Structure::intersect(structuresOf(structures)));
}

LogicalResult HeadsAttr::verify(EmitError emitError, ArrayRef<int64_t> counts,
                                ArrayRef<Attribute> structures) {
  if (counts.size() != structures.size())
    return emitError() << "expected a structure for every group of heads";
  for (int64_t count : counts)
    if (count < 1 || count > (1 << 20))
      return emitError() << "expected between 1 and 1048576 heads in a group, "
                            "got "
                         << count;
  return verifyConstituents(emitError, structures);
}

int64_t HeadsAttr::getNumHeads() {
  int64_t total = 0;
  for (int64_t count : getCounts())
    total += count;
  return total;
}

LogicalResult TileListsAttr::verify(EmitError emitError, int64_t queryTile,
                                    int64_t keyTile, Attribute mask) {
  for (int64_t tile : {queryTile, keyTile})
    if (tile < 16 || tile > 4096 || tile % 16 != 0)
      return emitError() << "expected tiles of a multiple of 16 rows from 16 "
                            "to 4096, got "
                         << tile;
  if (!isa<StructureAttrInterface, HeadsAttr>(mask))
    return emitError() << "expected a mask that is a head structure or "
                          "#spattn.heads, got "
                       << mask;
  return success();
}
