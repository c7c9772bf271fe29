//===- SpattnAttrs.cpp - Head structures as attributes --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace spattn;

//===----------------------------------------------------------------------===//
// Bounds and intervals as parameters
//===----------------------------------------------------------------------===//

llvm::hash_code spattn::hash_value(const Bound &bound) {
  return llvm::hash_combine(static_cast<int>(bound.kind), bound.num, bound.den,
                            bound.offset);
}

llvm::hash_code spattn::hash_value(const Interval &interval) {
  return llvm::hash_combine(interval.lo, interval.hi);
}

/// An integer with at most one sign, which has been read. A parser of integers
/// takes a sign of its own.
static OptionalParseResult
parseOptionalUnsigned(AsmParser &parser, bool isNegative, int64_t &value) {
  SMLoc loc = parser.getCurrentLocation();
  if (isNegative && succeeded(parser.parseOptionalMinus()))
    return parser.emitError(loc, "expected one sign, got two");
  APInt digits;
  OptionalParseResult result = parser.parseOptionalInteger(digits);
  if (!result.has_value() || failed(*result))
    return result;
  // A bit more, so that the negative of what is read is never out of range.
  digits = digits.sext(std::max(digits.getBitWidth(), 64u) + 1);
  if (isNegative)
    digits.negate();
  if (!digits.isSignedIntN(64))
    return parser.emitError(loc, "integer value too large");
  value = digits.getSExtValue();
  return success();
}

/// bound ::= `inf` | `-` `inf` | integer | [integer `*`] `N`
///           [`floordiv` integer] [(`+` | `-`) integer]
static ParseResult parseBound(AsmParser &parser, Bound &bound) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t num = 1;
  bool negative = succeeded(parser.parseOptionalMinus());
  if (succeeded(parser.parseOptionalKeyword("inf"))) {
    bound = negative ? Bound::negInf() : Bound::posInf();
    return success();
  }
  OptionalParseResult integer = parseOptionalUnsigned(parser, negative, num);
  if (integer.has_value()) {
    if (failed(*integer))
      return failure();
    if (failed(parser.parseOptionalStar())) {
      bound = Bound::constant(num);
      return success();
    }
  } else if (negative) {
    return parser.emitError(loc, "expected 'inf' or an integer after '-'");
  }
  if (failed(parser.parseOptionalKeyword("N")))
    return parser.emitError(loc, "expected a bound: an integer, 'inf', '-inf', "
                                 "or '[p *] N [floordiv q] [+ c]'");
  int64_t den = 1, offset = 0;
  if (succeeded(parser.parseOptionalKeyword("floordiv"))) {
    SMLoc denLoc = parser.getCurrentLocation();
    if (parser.parseInteger(den))
      return failure();
    if (den <= 0)
      return parser.emitError(denLoc, "expected a positive divisor");
  }
  bool isPlus = succeeded(parser.parseOptionalPlus());
  bool isMinus = !isPlus && succeeded(parser.parseOptionalMinus());
  if (isPlus || isMinus) {
    SMLoc offsetLoc = parser.getCurrentLocation();
    integer = parseOptionalUnsigned(parser, isMinus, offset);
    if (!integer.has_value())
      return parser.emitError(offsetLoc, "expected an integer after the sign");
    if (failed(*integer))
      return failure();
  }
  bound = Bound::affine(num, den, offset);
  return success();
}

/// interval ::= bound `to` bound, half-open as in a loop.
static ParseResult parseInterval(AsmParser &parser, Interval &interval) {
  return failure(parseBound(parser, interval.lo) || parser.parseKeyword("to") ||
                 parseBound(parser, interval.hi));
}

static void printInterval(AsmPrinter &printer, const Interval &interval) {
  printer << interval.str();
}

static ParseResult parseIntervals(AsmParser &parser,
                                  SmallVector<Interval> &intervals) {
  return parser.parseCommaSeparatedList([&]() -> ParseResult {
    return parseInterval(parser, intervals.emplace_back());
  });
}

static void printIntervals(AsmPrinter &printer, ArrayRef<Interval> intervals) {
  llvm::interleaveComma(intervals, printer,
                        [&](const Interval &i) { printInterval(printer, i); });
}

static ParseResult parseHeadGroups(AsmParser &parser,
                                   SmallVector<int64_t> &counts,
                                   SmallVector<Attribute> &structures) {
  return parser.parseCommaSeparatedList([&]() -> ParseResult {
    int64_t count = 1;
    Attribute structure;
    if (parser.parseInteger(count) || parser.parseKeyword("x") ||
        parser.parseAttribute(structure))
      return failure();
    counts.push_back(count);
    structures.push_back(structure);
    return success();
  });
}

static void printHeadGroups(AsmPrinter &printer, ArrayRef<int64_t> counts,
                            ArrayRef<Attribute> structures) {
  llvm::interleaveComma(
      llvm::zip(counts, structures), printer, [&](auto group) {
        printer << std::get<0>(group) << " x " << std::get<1>(group);
      });
}

#include "spattn/Dialect/Spattn/IR/SpattnEnums.cpp.inc"

#include "spattn/Dialect/Spattn/IR/SpattnAttrInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "spattn/Dialect/Spattn/IR/SpattnAttrs.cpp.inc"

void SpattnDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "spattn/Dialect/Spattn/IR/SpattnAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// From attributes to the algebra's structures
//===----------------------------------------------------------------------===//

static Partition toAlgebra(PartitionKind kind) {
  switch (kind) {
  case PartitionKind::Exclusive:
    return Partition::Exclusive;
  case PartitionKind::LocalBand:
    return Partition::LocalBand;
  case PartitionKind::Gapped:
    return Partition::Gapped;
  case PartitionKind::Local:
    return Partition::Local;
  }
  return Partition::Exclusive;
}

static std::vector<Structure> toAlgebra(ArrayRef<Attribute> attrs) {
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
Structure DistancesAttr::getStructure() const {
  return Structure::distances({getIntervals().begin(), getIntervals().end()});
}
Structure PartitionAttr::getStructure() const {
  return Structure::band(toAlgebra(getKind()));
}
Structure BandAttr::getStructure() const {
  return Structure::band(toAlgebra(getKind()), getCount(), getIndex());
}
Structure UnionAttr::getStructure() const {
  return Structure::unite(toAlgebra(getStructures()));
}
Structure IntersectionAttr::getStructure() const {
  return Structure::intersect(toAlgebra(getStructures()));
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
LogicalResult DistancesAttr::verify(EmitError emitError,
                                    ArrayRef<Interval> intervals) {
  // It could not be parsed again.
  if (intervals.empty())
    return emitError() << "expected at least one interval of distances";
  return verifyStructure(
      emitError, Structure::distances({intervals.begin(), intervals.end()}));
}
LogicalResult BandAttr::verify(EmitError emitError, PartitionKind kind,
                               int64_t index, int64_t count) {
  return verifyStructure(emitError,
                         Structure::band(toAlgebra(kind), count, index));
}
LogicalResult UnionAttr::verify(EmitError emitError,
                                ArrayRef<Attribute> structures) {
  if (failed(verifyConstituents(emitError, structures)))
    return failure();
  return verifyStructure(emitError, Structure::unite(toAlgebra(structures)));
}
LogicalResult IntersectionAttr::verify(EmitError emitError,
                                       ArrayRef<Attribute> structures) {
  if (failed(verifyConstituents(emitError, structures)))
    return failure();
  return verifyStructure(emitError,
                         Structure::intersect(toAlgebra(structures)));
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

LogicalResult TileShapeAttr::verify(EmitError emitError, int64_t queryTile,
                                    int64_t keyTile) {
  for (int64_t tile : {queryTile, keyTile})
    if (tile < 1 || tile > 4096)
      return emitError() << "expected a tile of 1 to 4096 rows, got " << tile;
  return success();
}
