//===- SpattnTileOps.cpp - Online-softmax tile operations -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace spattn;

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

LogicalResult LoadQueryOp::verify() {
  if (failed(verifyStatic(*this, getOut(), "out")))
    return failure();
  if (!ShapedType::isDynamic(dim(getSource(), 0)) &&
      (dim(getSource(), 0) < 1 || dim(getSource(), 0) > dim(getOut(), 1)))
    return emitOpError("expected between 1 and ")
           << dim(getOut(), 1) << " rows of 'source', got "
           << getSource().getType();
  return verifySize(*this, getSource(), "source", 1, dim(getOut(), 0));
}

LogicalResult StageOp::verify() {
  if (failed(verifyStatic(*this, getOut(), "out")))
    return failure();
  if (!ShapedType::isDynamic(dim(getSource(), 0)) &&
      dim(getSource(), 0) > dim(getOut(), 0))
    return emitOpError("expected at most ")
           << dim(getOut(), 0) << " rows of 'source', got "
           << getSource().getType();
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
  if (failed(verifyState(*this, getAcc(), getMax(), getSum())))
    return failure();
  int64_t rows = dim(getOut(), 0);
  if (!ShapedType::isDynamic(rows) && rows > dim(getAcc(), 0))
    return emitOpError("expected at most ")
           << dim(getAcc(), 0) << " rows of 'out', got " << getOut().getType();
  return verifySize(*this, getOut(), "out", 1, dim(getAcc(), 1));
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
  for (auto [value, name] :
       {std::pair(getKey(), "key"), std::pair(getValue(), "value")}) {
    auto [strides, offset] =
        cast<MemRefType>(value.getType()).getStridesAndOffset();
    if (strides.back() != 1)
      return emitOpError("expected '")
             << name << "' to have unit innermost stride, got "
             << value.getType();
  }
  if (getMask().empty())
    return success();
  Block &block = getMask().front();
  if (block.getNumArguments() != 2 ||
      !llvm::all_of(block.getArgumentTypes(),
                    [](Type type) { return type.isIndex(); }))
    return emitOpError("expected the mask region to have two arguments of type "
                       "index");
  if (!isa<YieldOp>(block.getTerminator()))
    return emitOpError("expected the mask region to end in 'spattn.yield'");
  return success();
}

//===----------------------------------------------------------------------===//
// online_step: custom assembly
//===----------------------------------------------------------------------===//

ParseResult OnlineStepOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  auto parseGroup = [&](StringRef keyword) -> ParseResult {
    return failure(
        parser.parseKeyword(keyword) ||
        parser.parseOperandList(operands, OpAsmParser::Delimiter::Paren));
  };
  SMLoc loc = parser.getCurrentLocation();
  Region *mask = result.addRegion();
  if (parseGroup("ins") || parseGroup("state") || parseGroup("scratch"))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("mask")) &&
      parser.parseRegion(*mask))
    return failure();
  SmallVector<Type> types;
  return failure(parser.parseOptionalAttrDict(result.attributes) ||
                 parser.parseColonTypeList(types) ||
                 parser.resolveOperands(operands, types, loc, result.operands));
}

void OnlineStepOp::print(OpAsmPrinter &printer) {
  printer << " ins(" << getQuery() << ", " << getKey() << ", " << getValue()
          << ") state(" << getAcc() << ", " << getMax() << ", " << getSum()
          << ") scratch(" << getScores() << ", " << getCorrection() << ")";
  if (!getMask().empty()) {
    printer << " mask ";
    printer.printRegion(getMask());
  }
  printer.printOptionalAttrDict((*this)->getAttrs());
  printer << " : " << getOperandTypes();
}
