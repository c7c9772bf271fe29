//===- SpattnCPUOps.cpp - Operations on tiles -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/SpattnCPU/IR/SpattnCPU.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace spattn::spattn_cpu;

/// Whether a static size is as expected, or unknown where that is allowed.
static LogicalResult verifySize(Operation *op, Value value, StringRef name,
                                unsigned dim, int64_t expected,
                                bool mayBeDynamic = false) {
  int64_t size = cast<MemRefType>(value.getType()).getDimSize(dim);
  if (size == expected || (mayBeDynamic && ShapedType::isDynamic(size)))
    return success();
  InFlightDiagnostic diag = op->emitOpError("expected dimension ")
                            << dim << " of '" << name << "' to be " << expected;
  if (mayBeDynamic)
    diag << " or dynamic";
  return diag << ", got " << value.getType();
}

/// Scratch and state live in static buffers.
static LogicalResult verifyStatic(Operation *op, Value value, StringRef name) {
  auto type = cast<MemRefType>(value.getType());
  if (type.hasStaticShape() && type.getNumElements() > 0)
    return success();
  return op->emitOpError("expected '")
         << name << "' to have a static, non-empty shape, got " << type;
}

static int64_t dim(Value value, unsigned index) {
  return cast<MemRefType>(value.getType()).getDimSize(index);
}

/// A tile of which at least one row is there, and at most all of them.
static LogicalResult verifySomeRows(Operation *op, Value value, StringRef name,
                                    int64_t most) {
  int64_t rows = dim(value, 0);
  if (ShapedType::isDynamic(rows) || (rows >= 1 && rows <= most))
    return success();
  return op->emitOpError("expected between 1 and ")
         << most << " rows of '" << name << "', got " << value.getType();
}

/// Rows of a tile that may be fewer than it holds.
static LogicalResult verifyMostRows(Operation *op, Value value, StringRef name,
                                    int64_t most) {
  int64_t rows = dim(value, 0);
  if (ShapedType::isDynamic(rows) || rows <= most)
    return success();
  return op->emitOpError("expected at most ")
         << most << " rows of '" << name << "', got " << value.getType();
}

LogicalResult LoadQueryOp::verify() {
  if (failed(verifyStatic(*this, getOut(), "out")) ||
      failed(verifySomeRows(*this, getSource(), "source", dim(getOut(), 1))))
    return failure();
  return verifySize(*this, getSource(), "source", 1, dim(getOut(), 0));
}

LogicalResult StageOp::verify() {
  if (failed(verifyStatic(*this, getOut(), "out")) ||
      failed(verifyMostRows(*this, getSource(), "source", dim(getOut(), 0))))
    return failure();
  return verifySize(*this, getSource(), "source", 1, dim(getOut(), 1));
}

/// The state of a tile of queries: acc (M x D), max (M), sum (M).
static LogicalResult verifyState(Operation *op, Value acc, Value max,
                                 Value sum) {
  return success(succeeded(verifyStatic(op, acc, "acc")) &&
                 succeeded(verifySize(op, max, "max", 0, dim(acc, 0))) &&
                 succeeded(verifySize(op, sum, "sum", 0, dim(acc, 0))));
}

LogicalResult OnlineInitOp::verify() {
  return verifyState(*this, getAcc(), getMax(), getSum());
}

LogicalResult OnlineFinishOp::verify() {
  if (failed(verifyState(*this, getAcc(), getMax(), getSum())) ||
      failed(verifyMostRows(*this, getOut(), "out", dim(getAcc(), 0))))
    return failure();
  return verifySize(*this, getOut(), "out", 1, dim(getAcc(), 1));
}

/// Steps load rows of these as vectors.
static LogicalResult verifyUnitStride(Operation *op, Value value,
                                      StringRef name) {
  auto [strides, offset] =
      cast<MemRefType>(value.getType()).getStridesAndOffset();
  if (strides.back() == 1)
    return success();
  return op->emitOpError("expected '")
         << name << "' to have unit innermost stride, got " << value.getType();
}

/// A mask region says of a row of the query and one of the key whether the
/// pair is allowed.
static LogicalResult verifyMask(Operation *op, Region &mask) {
  if (mask.empty())
    return success();
  Block &block = mask.front();
  if (block.getNumArguments() != 2 ||
      !llvm::all_of(block.getArgumentTypes(),
                    [](Type type) { return type.isIndex(); }))
    return op->emitOpError("expected the mask region to have two arguments of "
                           "type index");
  if (!isa<YieldOp>(block.getTerminator()))
    return op->emitOpError(
        "expected the mask region to end in 'spattn_cpu.yield'");
  return success();
}

/// A score region makes a logit of a product and the rows of query and key, and
/// in gradients its derivative.
static LogicalResult verifyScore(Operation *op, Region &score,
                                 bool withDerivative) {
  if (score.empty())
    return success();
  Block &block = score.front();
  if (block.getNumArguments() != 3 || !block.getArgument(0).getType().isF32() ||
      !block.getArgument(1).getType().isIndex() ||
      !block.getArgument(2).getType().isIndex())
    return op->emitOpError("expected the score region to have an argument of "
                           "type f32 and two of type index");
  auto yield = dyn_cast<YieldScoreOp>(block.getTerminator());
  if (!yield)
    return op->emitOpError(
        "expected the score region to end in 'spattn_cpu.yield_score'");
  if (bool(yield.getDerivative()) != withDerivative)
    return op->emitOpError("expected the score region to yield ")
           << (withDerivative ? "a score and its derivative" : "a score alone");
  return success();
}

LogicalResult OnlineStepOp::verify() {
  if (failed(verifyState(*this, getAcc(), getMax(), getSum())) ||
      failed(verifyStatic(*this, getQuery(), "query")) ||
      failed(verifyStatic(*this, getScores(), "scores")))
    return failure();
  int64_t rows = dim(getAcc(), 0), keys = dim(getScores(), 0);
  if (failed(verifySize(*this, getQuery(), "query", 1, rows)) ||
      failed(verifySize(*this, getKey(), "key", 0, keys,
                        /*mayBeDynamic=*/true)) ||
      failed(verifySize(*this, getKey(), "key", 1, dim(getQuery(), 0))) ||
      failed(verifySize(*this, getValue(), "value", 0, keys,
                        /*mayBeDynamic=*/true)) ||
      failed(verifySize(*this, getValue(), "value", 1, dim(getAcc(), 1))) ||
      failed(verifySize(*this, getScores(), "scores", 1, rows)) ||
      failed(verifySize(*this, getCorrection(), "correction", 0, rows)))
    return failure();
  if (failed(verifyUnitStride(*this, getKey(), "key")) ||
      failed(verifyUnitStride(*this, getValue(), "value")))
    return failure();
  if (failed(verifyScore(*this, getScore(), /*withDerivative=*/false)))
    return failure();
  return verifyMask(*this, getMask());
}

LogicalResult LoadStatisticsOp::verify() {
  if (failed(verifyStatic(*this, getShift(), "shift")) ||
      failed(verifySomeRows(*this, getOut(), "out", dim(getShift(), 0))) ||
      failed(verifySize(*this, getDout(), "dout", 1, dim(getOut(), 1))) ||
      failed(verifySize(*this, getDelta(), "delta", 0, dim(getShift(), 0))))
    return failure();
  int64_t rows = dim(getOut(), 0);
  if (ShapedType::isDynamic(rows))
    return success();
  return success(
      succeeded(verifySize(*this, getDout(), "dout", 0, rows, true)) &&
      succeeded(verifySize(*this, getLse(), "lse", 0, rows, true)) &&
      (!getDlse() ||
       succeeded(verifySize(*this, getDlse(), "dlse", 0, rows, true))));
}

LogicalResult SinkGradientOp::verify() {
  if (failed(verifyStatic(*this, getDelta(), "delta")))
    return failure();
  return verifyMostRows(*this, getLse(), "lse", dim(getDelta(), 0));
}

LogicalResult StoreOp::verify() {
  if (failed(verifyStatic(*this, getAcc(), "acc")) ||
      failed(verifyMostRows(*this, getOut(), "out", dim(getAcc(), 0))))
    return failure();
  return verifySize(*this, getOut(), "out", 1, dim(getAcc(), 1));
}

LogicalResult ClearOp::verify() { return verifyStatic(*this, getAcc(), "acc"); }

namespace {
/// A tile that a step of gradients reads, and its name.
struct NamedTile {
  Value value;
  StringRef name;
};
} // namespace

/// The tiles of a step of gradients: those that stay, transposed; those it
/// steps over; the sums, as many rows as the former; and the scratch, whose
/// sizes are those of the tile of pairs.
static LogicalResult verifyGradientStep(Operation *op, NamedTile stays[2],
                                        NamedTile steps[2],
                                        ArrayRef<NamedTile> sums, Value p,
                                        Value ds) {
  if (failed(verifyStatic(op, p, "p")))
    return failure();
  int64_t rows = dim(p, 0), lanes = dim(p, 1);
  if (failed(verifySize(op, ds, "ds", 0, rows)) ||
      failed(verifySize(op, ds, "ds", 1, lanes)))
    return failure();
  for (int i : {0, 1}) {
    auto [tile, name] = stays[i];
    if (failed(verifyStatic(op, tile, name)) ||
        failed(verifySize(op, tile, name, 1, lanes)))
      return failure();
    auto [other, otherName] = steps[i];
    if (failed(verifySize(op, other, otherName, 0, rows, true)) ||
        failed(verifySize(op, other, otherName, 1, dim(tile, 0))) ||
        failed(verifyUnitStride(op, other, otherName)))
      return failure();
  }
  for (auto [i, sum] : llvm::enumerate(sums))
    if (failed(verifySize(op, sum.value, sum.name, 0, lanes)) ||
        failed(verifySize(op, sum.value, sum.name, 1, dim(stays[i].value, 0))))
      return failure();
  return success();
}

LogicalResult QueryGradientStepOp::verify() {
  NamedTile stays[] = {{getQuery(), "query"}, {getDout(), "dout"}};
  NamedTile steps[] = {{getKey(), "key"}, {getValue(), "value"}};
  if (failed(verifyGradientStep(*this, stays, steps, {{getDquery(), "dquery"}},
                                getP(), getDs())))
    return failure();
  int64_t lanes = dim(getP(), 1);
  if (failed(verifySize(*this, getShift(), "shift", 0, lanes)) ||
      failed(verifySize(*this, getDelta(), "delta", 0, lanes)))
    return failure();
  if (failed(verifyScore(*this, getScore(), /*withDerivative=*/true)))
    return failure();
  return verifyMask(*this, getMask());
}

LogicalResult KeyGradientStepOp::verify() {
  NamedTile stays[] = {{getKey(), "key"}, {getValue(), "value"}};
  NamedTile steps[] = {{getQuery(), "query"}, {getDout(), "dout"}};
  if (failed(verifyGradientStep(*this, stays, steps,
                                {{getDkey(), "dkey"}, {getDvalue(), "dvalue"}},
                                getP(), getDs())))
    return failure();
  int64_t rows = dim(getP(), 0);
  if (failed(verifySize(*this, getShift(), "shift", 0, rows)) ||
      failed(verifySize(*this, getDelta(), "delta", 0, rows)))
    return failure();
  if (failed(verifyScore(*this, getScore(), /*withDerivative=*/true)))
    return failure();
  return verifyMask(*this, getMask());
}

//===----------------------------------------------------------------------===//
// Steps: custom assembly
//===----------------------------------------------------------------------===//

namespace {
/// Consecutive operands of a step behind a keyword.
struct OperandGroup {
  StringRef keyword;
  unsigned count;
};
} // namespace

static ParseResult parseStep(OpAsmParser &parser, OperationState &result,
                             ArrayRef<OperandGroup> groups) {
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SMLoc loc = parser.getCurrentLocation();
  Region *score = result.addRegion(), *mask = result.addRegion();
  for (const OperandGroup &group : groups)
    if (parser.parseKeyword(group.keyword) ||
        parser.parseOperandList(operands, OpAsmParser::Delimiter::Paren))
      return failure();
  if (succeeded(parser.parseOptionalKeyword("score")) &&
      parser.parseRegion(*score))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("mask")) &&
      parser.parseRegion(*mask))
    return failure();
  SmallVector<Type> types;
  return failure(parser.parseOptionalAttrDict(result.attributes) ||
                 parser.parseColonTypeList(types) ||
                 parser.resolveOperands(operands, types, loc, result.operands));
}

static void printStep(OpAsmPrinter &printer, Operation *op,
                      ArrayRef<OperandGroup> groups) {
  OperandRange operands = op->getOperands();
  for (const OperandGroup &group : groups) {
    printer << " " << group.keyword << "(" << operands.take_front(group.count)
            << ")";
    operands = operands.drop_front(group.count);
  }
  static constexpr StringLiteral names[] = {"score", "mask"};
  for (auto [name, region] : llvm::zip_equal(names, op->getRegions()))
    if (!region.empty()) {
      printer << " " << name << " ";
      printer.printRegion(region);
    }
  printer.printOptionalAttrDict(op->getAttrs());
  printer << " : " << op->getOperandTypes();
}

static constexpr OperandGroup kOnlineStep[] = {
    {"ins", 3}, {"state", 3}, {"scratch", 2}};
static constexpr OperandGroup kQueryGradientStep[] = {
    {"ins", 4}, {"statistics", 2}, {"acc", 1}, {"scratch", 2}};
static constexpr OperandGroup kKeyGradientStep[] = {
    {"ins", 4}, {"statistics", 2}, {"acc", 2}, {"scratch", 2}};

ParseResult OnlineStepOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseStep(parser, result, kOnlineStep);
}
void OnlineStepOp::print(OpAsmPrinter &printer) {
  printStep(printer, *this, kOnlineStep);
}

ParseResult QueryGradientStepOp::parse(OpAsmParser &parser,
                                       OperationState &result) {
  return parseStep(parser, result, kQueryGradientStep);
}
void QueryGradientStepOp::print(OpAsmPrinter &printer) {
  printStep(printer, *this, kQueryGradientStep);
}

ParseResult KeyGradientStepOp::parse(OpAsmParser &parser,
                                     OperationState &result) {
  return parseStep(parser, result, kKeyGradientStep);
}
void KeyGradientStepOp::print(OpAsmPrinter &printer) {
  printStep(printer, *this, kKeyGradientStep);
}

//===----------------------------------------------------------------------===//
// The dialect
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/SpattnCPU/IR/SpattnCPUDialect.cpp.inc"

void SpattnCPUDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "spattn/Dialect/SpattnCPU/IR/SpattnCPUOps.cpp.inc"
      >();
}

#define GET_OP_CLASSES
#include "spattn/Dialect/SpattnCPU/IR/SpattnCPUOps.cpp.inc"
