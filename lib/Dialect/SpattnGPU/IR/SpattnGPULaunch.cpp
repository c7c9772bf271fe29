//===- SpattnGPULaunch.cpp - How a kernel is launched ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn::spattn_gpu;
using EmitError = function_ref<InFlightDiagnostic()>;

//===----------------------------------------------------------------------===//
// Syntax
//===----------------------------------------------------------------------===//

/// dimensions ::= `[` name `=` (integer | name) (`,` ...)* `]`
static ParseResult parseDimensions(AsmParser &parser,
                                   SmallVector<StringAttr> &names,
                                   SmallVector<Attribute> &sizes) {
  Builder &b = parser.getBuilder();
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Square, [&]() -> ParseResult {
        std::string name, extent;
        int64_t size;
        if (parser.parseKeywordOrString(&name) || parser.parseEqual())
          return failure();
        names.push_back(b.getStringAttr(name));
        OptionalParseResult number = parser.parseOptionalInteger(size);
        if (number.has_value()) {
          sizes.push_back(b.getI64IntegerAttr(size));
          return *number;
        }
        if (parser.parseKeywordOrString(&extent))
          return failure();
        sizes.push_back(b.getStringAttr(extent));
        return success();
      });
}

static void printDimensions(AsmPrinter &printer, ArrayRef<StringAttr> names,
                            ArrayRef<Attribute> sizes) {
  printer << "[";
  llvm::interleaveComma(llvm::zip(names, sizes), printer, [&](auto pair) {
    auto [name, size] = pair;
    printer.printKeywordOrString(name.getValue());
    printer << " = ";
    if (auto number = dyn_cast<IntegerAttr>(size))
      printer << number.getInt();
    else
      printer.printKeywordOrString(cast<StringAttr>(size).getValue());
  });
  printer << "]";
}

/// A list of attributes in brackets, without their prefixes.
template <class T>
static ParseResult parseList(AsmParser &parser, SmallVector<T> &list) {
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Square, [&]() -> ParseResult {
        FailureOr<T> element = FieldParser<T>::parse(parser);
        if (failed(element))
          return failure();
        list.push_back(*element);
        return success();
      });
}

template <class T>
static void printList(AsmPrinter &printer, StringRef name, ArrayRef<T> list) {
  if (list.empty())
    return;
  printer << name << " = [";
  llvm::interleaveComma(list, printer, [&](T element) {
    printer.printStrippedAttrOrType(element);
  });
  printer << "], ";
}

#define GET_ATTRDEF_CLASSES
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUAttrs.cpp.inc"

void SpattnGPUDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUAttrs.cpp.inc"
      >();
}

/// formula ::= `<` term (`+` term)* `>`
/// term ::= factor (`*` factor)*
/// factor ::= integer | name | `ceil` `(` name `/` integer `)`
Attribute FormulaAttr::parse(AsmParser &parser, Type) {
  Builder &b = parser.getBuilder();
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> coefficients, counts, divisors;
  SmallVector<StringAttr> names;
  auto parseFactor = [&]() -> ParseResult {
    int64_t number;
    SMLoc numberLoc = parser.getCurrentLocation();
    OptionalParseResult constant = parser.parseOptionalInteger(number);
    if (constant.has_value()) {
      if (failed(*constant))
        return failure();
      if (llvm::MulOverflow(coefficients.back(), number, coefficients.back()))
        return parser.emitError(numberLoc, "the product is too large");
      return success();
    }
    std::string name;
    int64_t divisor = 1;
    if (parser.parseKeywordOrString(&name))
      return failure();
    if (name == "ceil" && succeeded(parser.parseOptionalLParen()) &&
        (parser.parseKeywordOrString(&name) || parser.parseSlash() ||
         parser.parseInteger(divisor) || parser.parseRParen()))
      return failure();
    names.push_back(b.getStringAttr(name));
    divisors.push_back(divisor);
    ++counts.back();
    return success();
  };
  if (parser.parseLess())
    return {};
  do {
    coefficients.push_back(1);
    counts.push_back(0);
    do {
      if (parseFactor())
        return {};
    } while (succeeded(parser.parseOptionalStar()));
  } while (succeeded(parser.parseOptionalPlus()));
  if (parser.parseGreater())
    return {};
  return parser.getChecked<FormulaAttr>(loc, parser.getContext(), coefficients,
                                        counts, names, divisors);
}

void FormulaAttr::print(AsmPrinter &printer) const {
  printer << "<";
  size_t next = 0;
  for (auto [i, coefficient] : llvm::enumerate(getCoefficients())) {
    int64_t count = getCounts()[i];
    if (i > 0)
      printer << " + ";
    bool isFirst = coefficient == 1 && count > 0;
    if (!isFirst)
      printer << coefficient;
    for (int64_t n = 0; n < count; ++n, ++next) {
      if (!isFirst)
        printer << " * ";
      isFirst = false;
      int64_t divisor = getDivisors()[next];
      if (divisor == 1) {
        printer.printKeywordOrString(getNames()[next].getValue());
        continue;
      }
      printer << "ceil(";
      printer.printKeywordOrString(getNames()[next].getValue());
      printer << " / " << divisor << ")";
    }
  }
  printer << ">";
}

/// argument ::= `<` (`map` integer | kind name) `>`
Attribute ArgumentAttr::parse(AsmParser &parser, Type) {
  StringRef keyword;
  std::string name;
  int64_t number = 0;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword(&keyword))
    return {};
  std::optional<ArgumentKind> kind = symbolizeArgumentKind(keyword);
  if (!kind) {
    parser.emitError(loc, "expected 'buffer', 'map', 'scratch', 'i32', 'i64' "
                          "or 'f32', got '")
        << keyword << "'";
    return {};
  }
  if (*kind == ArgumentKind::TensorMap ? parser.parseInteger(number)
                                       : parser.parseString(&name))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<ArgumentAttr>(loc, parser.getContext(), *kind, name,
                                         number);
}

void ArgumentAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyArgumentKind(getKind()) << " ";
  if (getKind() == ArgumentKind::TensorMap)
    printer << getNumber();
  else
    printer.printString(getName());
  printer << ">";
}

Attribute LaunchAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<BufferAttr> buffers;
  SmallVector<TensorMapAttr> maps;
  SmallVector<ScratchAttr> scratch;
  SmallVector<LimitAttr> limits;
  SmallVector<StringAttr> positive;
  SmallVector<FormulaAttr> grid;
  SmallVector<ArgumentAttr> arguments;
  DictionaryAttr metadata;
  int64_t threads = 0, cluster = 1, shared = 0, persistent = -1;
  auto parseGrid = [&]() -> ParseResult {
    if (succeeded(parser.parseOptionalKeyword("persistent"))) {
      SMLoc at = parser.getCurrentLocation();
      if (parser.parseInteger(persistent))
        return failure();
      if (persistent < 0)
        return parser.emitError(at, "expected 0 or more CTAs per SM, got ")
               << persistent;
      if (failed(parser.parseOptionalKeyword("for")))
        return success();
    }
    do {
      FailureOr<FormulaAttr> formula = FieldParser<FormulaAttr>::parse(parser);
      if (failed(formula))
        return failure();
      grid.push_back(*formula);
      if (persistent >= 0 || grid.size() == 3)
        return success();
    } while (succeeded(parser.parseOptionalKeyword("by")));
    return success();
  };
  llvm::StringSet<> seen;
  auto parseField = [&]() -> ParseResult {
    StringRef key;
    SMLoc at = parser.getCurrentLocation();
    if (parser.parseKeyword(&key) || parser.parseEqual())
      return failure();
    if (!seen.insert(key).second)
      return parser.emitError(at, "'") << key << "' is given twice";
    if (key == "buffers")
      return parseList(parser, buffers);
    if (key == "maps")
      return parseList(parser, maps);
    if (key == "scratch")
      return parseList(parser, scratch);
    if (key == "limits")
      return parseList(parser, limits);
    if (key == "positive")
      return parseList(parser, positive);
    if (key == "arguments")
      return parseList(parser, arguments);
    if (key == "threads")
      return parser.parseInteger(threads);
    if (key == "cluster")
      return parser.parseInteger(cluster);
    if (key == "shared")
      return parser.parseInteger(shared);
    if (key == "grid")
      return parseGrid();
    if (key == "metadata")
      return parser.parseAttribute(metadata);
    return parser.emitError(at, "a launch has no '") << key << "'";
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseField))
    return {};
  return parser.getChecked<LaunchAttr>(
      loc, parser.getContext(), buffers, maps, scratch, limits, positive,
      threads, cluster, shared, persistent, grid, arguments, metadata);
}

void LaunchAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printList(printer, "buffers", getBuffers());
  printList(printer, "maps", getMaps());
  printList(printer, "scratch", getScratch());
  printList(printer, "limits", getLimits());
  printList(printer, "positive", getPositive());
  printList(printer, "arguments", getArguments());
  if (getMetadata())
    printer << "metadata = " << getMetadata() << ", ";
  printer << "threads = " << getThreads() << ", ";
  if (getCluster() != 1)
    printer << "cluster = " << getCluster() << ", ";
  if (getShared() != 0)
    printer << "shared = " << getShared() << ", ";
  printer << "grid = ";
  if (isPersistent()) {
    printer << "persistent " << getPersistent();
    if (!getGrid().empty())
      printer << " for ";
  }
  llvm::interleave(
      getGrid(), printer,
      [&](FormulaAttr formula) { printer.printStrippedAttrOrType(formula); },
      " by ");
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

static bool isName(StringRef name) {
  return !name.empty() && !name.contains(':');
}

static LogicalResult verifyName(EmitError emitError, StringRef name) {
  if (!isName(name))
    return emitError() << "expected a name without ':', got '" << name << "'";
  return success();
}

static LogicalResult verifyAlignment(EmitError emitError, int64_t alignment) {
  if (alignment < 1 || alignment > (1 << 20) || !llvm::isPowerOf2_64(alignment))
    return emitError() << "expected an alignment that is a power of two up to "
                          "2^20, got "
                       << alignment;
  return success();
}

/// Names that are unique, and what belongs to each.
static LogicalResult verifyDimensions(EmitError emitError,
                                      ArrayRef<StringAttr> names,
                                      ArrayRef<Attribute> sizes) {
  if (names.empty() || names.size() > 8 || names.size() != sizes.size())
    return emitError() << "expected 1 to 8 dimensions, got " << names.size();
  llvm::StringSet<> seen;
  for (StringAttr name : names) {
    if (failed(verifyName(emitError, name)))
      return failure();
    if (!seen.insert(name).second)
      return emitError() << "two dimensions are named " << name;
  }
  for (Attribute size : sizes)
    if (auto number = dyn_cast<IntegerAttr>(size);
        number && number.getInt() < 1)
      return emitError() << "expected a size of 1 or more, got "
                         << number.getInt();
  return success();
}

LogicalResult BufferAttr::verify(EmitError emitError, StringRef name,
                                 Type elementType,
                                 ArrayRef<StringAttr> dimensions,
                                 ArrayRef<Attribute> sizes, int64_t alignment,
                                 bool strided, bool optional, bool output) {
  bool isElement = elementType.isF16() || elementType.isBF16() ||
                   elementType.isF32() || elementType.isF64();
  for (unsigned width : {8, 16, 32, 64})
    isElement |= elementType.isSignlessInteger(width);
  if (!isElement)
    return emitError() << "expected elements of type f16, bf16, f32, f64, i8, "
                          "i16, i32 or i64, got "
                       << elementType;
  if (failed(verifyName(emitError, name)) ||
      failed(verifyDimensions(emitError, dimensions, sizes)))
    return failure();
  for (Attribute size : sizes)
    if (auto extent = dyn_cast<StringAttr>(size))
      if (failed(verifyName(emitError, extent)))
        return failure();
  return verifyAlignment(emitError, alignment);
}

LogicalResult TensorMapAttr::verify(EmitError emitError, StringRef buffer,
                                    ArrayRef<StringAttr> dimensions,
                                    ArrayRef<Attribute> box, int64_t swizzle,
                                    int64_t interleave, int64_t l2, bool nan,
                                    bool software) {
  if (failed(verifyDimensions(emitError, dimensions, box)))
    return failure();
  if (dimensions.size() > 5)
    return emitError() << "expected at most 5 dimensions of a tensor map, got "
                       << dimensions.size();
  for (Attribute size : box)
    if (auto number = dyn_cast<IntegerAttr>(size);
        !number || number.getInt() > 256)
      return emitError() << "expected a box of 1 to 256, got " << size;
  auto check = [&](StringRef what, int64_t value,
                   ArrayRef<int64_t> supported) -> LogicalResult {
    if (llvm::is_contained(supported, value))
      return success();
    InFlightDiagnostic diagnostic = emitError();
    diagnostic << "expected '" << what << "' to be one of ";
    llvm::interleaveComma(supported, diagnostic);
    return diagnostic << ", got " << value;
  };
  if (failed(check("swizzle", swizzle, {0, 32, 64, 128})) ||
      failed(check("interleave", interleave, {0, 16, 32})) ||
      failed(check("l2", l2, {0, 64, 128, 256})))
    return failure();
  if (software && (interleave != 0 || l2 != 0 || nan))
    return emitError() << "a software tensor map has no 'interleave', 'l2' and "
                          "'nan'";
  return success();
}

LogicalResult FormulaAttr::verify(EmitError emitError,
                                  ArrayRef<int64_t> coefficients,
                                  ArrayRef<int64_t> counts,
                                  ArrayRef<StringAttr> names,
                                  ArrayRef<int64_t> divisors) {
  int64_t total = 0;
  for (int64_t count : counts)
    total += count;
  if (coefficients.empty() || coefficients.size() != counts.size() ||
      total != int64_t(names.size()) || names.size() != divisors.size())
    return emitError() << "expected a count for each term, and a name and a "
                          "divisor for each factor";
  for (StringAttr name : names)
    if (failed(verifyName(emitError, name)))
      return failure();
  for (int64_t divisor : divisors)
    if (divisor < 1)
      return emitError() << "expected a divisor of 1 or more, got " << divisor;
  return success();
}

LogicalResult ScratchAttr::verify(EmitError emitError, StringRef name,
                                  FormulaAttr bytes, int64_t alignment,
                                  bool zeroed) {
  if (failed(verifyName(emitError, name)))
    return failure();
  return verifyAlignment(emitError, alignment);
}

LogicalResult ArgumentAttr::verify(EmitError emitError, ArgumentKind kind,
                                   StringRef name, int64_t number) {
  if (kind == ArgumentKind::TensorMap ? number < 0 || !name.empty()
                                      : number != 0 || name.empty())
    return emitError() << "expected the number of a tensor map, or a name";
  return success();
}

namespace {
/// Checks that names of a launch stand for something.
class LaunchNames {
public:
  LaunchNames(EmitError emitError, ArrayRef<BufferAttr> buffers, size_t numMaps,
              ArrayRef<ScratchAttr> scratch)
      : emitError(emitError), buffers(buffers), scratch(scratch),
        numMaps(numMaps) {}

  BufferAttr findBuffer(StringRef name) const {
    auto it = llvm::find_if(
        buffers, [&](BufferAttr buffer) { return buffer.getName() == name; });
    return it == buffers.end() ? BufferAttr() : *it;
  }

  LogicalResult verifyUnique() const {
    llvm::StringSet<> seen;
    for (BufferAttr buffer : buffers)
      if (!seen.insert(buffer.getName()).second)
        return emitError() << "two buffers are named '" << buffer.getName()
                           << "'";
    seen.clear();
    for (ScratchAttr buffer : scratch)
      if (!seen.insert(buffer.getName()).second)
        return emitError() << "two scratch buffers are named '"
                           << buffer.getName() << "'";
    return success();
  }

  LogicalResult verifyMap(TensorMapAttr map) const {
    BufferAttr buffer = findBuffer(map.getBuffer());
    if (!buffer)
      return emitError() << "there is no buffer '" << map.getBuffer()
                         << "' for a tensor map";
    for (StringAttr dimension : map.getDimensions())
      if (failed(verifyDimension(buffer, dimension)))
        return failure();
    return success();
  }

  LogicalResult verifyArgument(ArgumentAttr argument) const {
    StringRef name = argument.getName();
    switch (argument.getKind()) {
    case ArgumentKind::Buffer:
      if (!findBuffer(name))
        return emitError() << "there is no buffer '" << name
                           << "' for an argument";
      return success();
    case ArgumentKind::TensorMap:
      if (argument.getNumber() >= int64_t(numMaps))
        return emitError() << "there is no tensor map " << argument.getNumber();
      return success();
    case ArgumentKind::Scratch:
      if (llvm::none_of(scratch, [&](ScratchAttr buffer) {
            return buffer.getName() == name;
          }))
        return emitError() << "there is no scratch buffer '" << name << "'";
      return success();
    case ArgumentKind::I32:
    case ArgumentKind::I64:
    case ArgumentKind::F32:
      break;
    }
    if (!name.contains(':'))
      return success();
    auto [kind, rest] = name.split(':');
    auto [bufferName, dimension] = rest.split(':');
    if (kind != "stride" && kind != "size")
      return emitError() << "expected stride:BUFFER:DIMENSION or "
                            "size:BUFFER:DIMENSION, got '"
                         << name << "'";
    BufferAttr buffer = findBuffer(bufferName);
    if (!buffer)
      return emitError() << "there is no buffer '" << bufferName << "' for '"
                         << name << "'";
    return verifyDimension(buffer, dimension);
  }

private:
  LogicalResult verifyDimension(BufferAttr buffer, StringRef name) const {
    for (StringAttr dimension : buffer.getDimensions())
      if (dimension == name)
        return success();
    return emitError() << "buffer '" << buffer.getName()
                       << "' has no dimension '" << name << "'";
  }

  EmitError emitError;
  ArrayRef<BufferAttr> buffers;
  ArrayRef<ScratchAttr> scratch;
  size_t numMaps;
};
} // namespace

LogicalResult
LaunchAttr::verify(EmitError emitError, ArrayRef<BufferAttr> buffers,
                   ArrayRef<TensorMapAttr> maps, ArrayRef<ScratchAttr> scratch,
                   ArrayRef<LimitAttr> limits, ArrayRef<StringAttr> positive,
                   int64_t threads, int64_t cluster, int64_t shared,
                   int64_t persistent, ArrayRef<FormulaAttr> grid,
                   ArrayRef<ArgumentAttr> arguments, DictionaryAttr metadata) {
  if (threads < 1 || threads > 1024)
    return emitError() << "expected 1 to 1024 threads, got " << threads;
  if (cluster < 1 || cluster > 16)
    return emitError() << "expected clusters of 1 to 16 CTAs, got " << cluster;
  if (shared < 0 || shared > (1 << 20))
    return emitError() << "expected 0 to 2^20 bytes of shared memory, got "
                       << shared;
  if (persistent > 64)
    return emitError() << "expected at most 64 CTAs per SM, got " << persistent;
  if (persistent < 0 && grid.empty())
    return emitError() << "expected a grid";
  if (grid.size() > (persistent < 0 ? 3 : 1))
    return emitError() << "expected a grid of up to 3 formulas, a persistent "
                          "one of 1, got "
                       << grid.size();
  LaunchNames names(emitError, buffers, maps.size(), scratch);
  if (failed(names.verifyUnique()))
    return failure();
  for (TensorMapAttr map : maps)
    if (failed(names.verifyMap(map)))
      return failure();
  for (ArgumentAttr argument : arguments)
    if (failed(names.verifyArgument(argument)))
      return failure();
  for (StringAttr name : positive)
    if (failed(verifyName(emitError, name)))
      return failure();
  if (metadata)
    for (NamedAttribute entry : metadata)
      if (!isa<StringAttr>(entry.getValue()))
        return emitError() << "expected a string as metadata "
                           << entry.getName();
  return success();
}

LaunchAttr LaunchAttr::of(Operation *function) {
  return function->getAttrOfType<LaunchAttr>(kName);
}

/// Whether a parameter of this type can take the argument.
static bool fits(ArgumentKind kind, Type type) {
  switch (kind) {
  case ArgumentKind::Buffer:
  case ArgumentKind::TensorMap:
  case ArgumentKind::Scratch:
    return isa<LLVM::LLVMPointerType>(type);
  case ArgumentKind::I32:
    return type.isSignlessInteger(32);
  case ArgumentKind::I64:
    return type.isSignlessInteger(64);
  case ArgumentKind::F32:
    return type.isF32();
  }
  return false;
}

LogicalResult
SpattnGPUDialect::verifyOperationAttribute(Operation *op,
                                           NamedAttribute attribute) {
  if (attribute.getName() == kScarceRegisters) {
    if (!isa<UnitAttr>(attribute.getValue()))
      return op->emitError("expected '")
             << kScarceRegisters << "' to be a unit attribute, got "
             << attribute.getValue();
    if (!isa<FunctionOpInterface>(op))
      return op->emitError("expected '")
             << kScarceRegisters << "' on a function, got '" << op->getName()
             << "'";
    return success();
  }
  if (attribute.getName() != LaunchAttr::kName)
    return op->emitError("the spattn_gpu dialect has no attribute ")
           << attribute.getName();
  auto launch = dyn_cast<LaunchAttr>(attribute.getValue());
  if (!launch)
    return op->emitError("expected '")
           << LaunchAttr::kName << "' to be a #spattn_gpu.launch, got "
           << attribute.getValue();
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return op->emitError("expected '")
           << LaunchAttr::kName << "' on a function, got '" << op->getName()
           << "'";
  ArrayRef<Type> types = function.getArgumentTypes();
  ArrayRef<ArgumentAttr> arguments = launch.getArguments();
  if (types.size() != arguments.size())
    return op->emitError("the launch has ")
           << arguments.size() << " arguments, but the function takes "
           << types.size();
  for (auto [i, argument, type] : llvm::enumerate(arguments, types))
    if (!fits(argument.getKind(), type))
      return op->emitError("argument ") << i << " of the launch is " << argument
                                        << ", but the function takes " << type;
  int64_t allocated = AllocOp::layOut(function, [](AllocOp, int64_t) {});
  if (allocated > launch.getShared())
    return op->emitError("the launch has ")
           << launch.getShared()
           << " bytes of shared memory, but the function's allocations take "
           << allocated;
  return success();
}
