//===- SpattnAttrs.cpp - The attributes of the dialect --------------------===//
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
// Enumerations as parameters
//===----------------------------------------------------------------------===//

StringRef spattn::stringifyEnum(Alignment alignment) {
  return alignmentName(alignment);
}

StringRef spattn::stringifyEnum(Partition partition) {
  return partitionName(partition);
}

StringRef spattn::stringifyEnum(Residues::Of of) { return residuesName(of); }

StringRef spattn::stringifyEnum(BoundLength length) {
  return length == BoundLength::Pack ? "pack" : "sequence";
}

llvm::raw_ostream &spattn::operator<<(llvm::raw_ostream &os,
                                      Alignment alignment) {
  return os << stringifyEnum(alignment);
}

llvm::raw_ostream &spattn::operator<<(llvm::raw_ostream &os,
                                      Partition partition) {
  return os << stringifyEnum(partition);
}

llvm::raw_ostream &spattn::operator<<(llvm::raw_ostream &os,
                                      BoundLength length) {
  return os << stringifyEnum(length);
}

template <class Enum>
static FailureOr<Enum> parseEnum(AsmParser &parser, StringRef what,
                                 ArrayRef<Enum> values) {
  SMLoc loc = parser.getCurrentLocation();
  std::string keyword;
  if (failed(parser.parseOptionalKeywordOrString(&keyword)))
    return parser.emitError(loc, "expected keyword for ") << what;
  for (Enum value : values)
    if (stringifyEnum(value) == keyword)
      return value;
  InFlightDiagnostic error = parser.emitError(loc, "expected one of [");
  llvm::interleaveComma(values, error,
                        [&](Enum value) { error << stringifyEnum(value); });
  return error << "] for " << what << ", got: " << keyword;
}

namespace mlir {
template <>
struct FieldParser<Alignment> {
  static FailureOr<Alignment> parse(AsmParser &parser) {
    return parseEnum<Alignment>(parser,
                                "how unequal query and key lengths line up",
                                {Alignment::End, Alignment::Start});
  }
};

template <>
struct FieldParser<BoundLength> {
  static FailureOr<BoundLength> parse(AsmParser &parser) {
    return parseEnum<BoundLength>(
        parser, "which length bounds and partitions depend on",
        {BoundLength::Sequence, BoundLength::Pack});
  }
};

template <>
struct FieldParser<Partition> {
  static FailureOr<Partition> parse(AsmParser &parser) {
    return parseEnum<Partition>(
        parser, "how the distances of a sequence are dealt to heads",
        {Partition::Exclusive, Partition::LocalBand, Partition::Gapped,
         Partition::Local});
  }
};
} // namespace mlir

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

llvm::hash_code spattn::hash_value(const Residues &residues) {
  return llvm::hash_combine(static_cast<int>(residues.of), residues.lo,
                            residues.hi, residues.modulus);
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

/// residues ::= (`distances` | `keys` | `queries`) `,` integer `to` integer
///              `mod` integer
static ParseResult parseResidues(AsmParser &parser, Residues &residues) {
  FailureOr<Residues::Of> of = parseEnum<Residues::Of>(
      parser, "what has the residues",
      {Residues::Of::Distances, Residues::Of::Keys, Residues::Of::Queries});
  if (failed(of))
    return failure();
  residues.of = *of;
  return failure(
      parser.parseComma() || parser.parseInteger(residues.lo) ||
      parser.parseKeyword("to") || parser.parseInteger(residues.hi) ||
      parser.parseKeyword("mod") || parser.parseInteger(residues.modulus));
}

static void printResidues(AsmPrinter &printer, const Residues &residues) {
  printer << residues.str();
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

#include "spattn/Dialect/Spattn/IR/SpattnAttrInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "spattn/Dialect/Spattn/IR/SpattnAttrs.cpp.inc"

void SpattnDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "spattn/Dialect/Spattn/IR/SpattnAttrs.cpp.inc"
      >();
}

LogicalResult
TileShapeAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      int64_t queryTile, int64_t keyTile) {
  for (int64_t tile : {queryTile, keyTile})
    if (tile < 1 || tile > 4096)
      return emitError() << "expected a tile of 1 to 4096 rows, got " << tile;
  return success();
}
