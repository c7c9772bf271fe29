//===- SpattnGPUDialect.cpp - The GPU dialect and its types --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace spattn::spattn_gpu;

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUDialect.cpp.inc"

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUEnums.cpp.inc"

/// matrix ::= rows `x` columns `x` type
static ParseResult parseMatrix(AsmParser &parser, int64_t &rows,
                               int64_t &columns, Type &elementType) {
  SmallVector<int64_t> dims;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseDimensionList(dims, /*allowDynamic=*/false) ||
      parser.parseType(elementType))
    return failure();
  if (dims.size() != 2)
    return parser.emitError(loc, "expected two dimensions");
  rows = dims[0];
  columns = dims[1];
  return success();
}

static void printMatrix(AsmPrinter &printer, int64_t rows, int64_t columns,
                        Type elementType) {
  printer << rows << "x" << columns << "x" << elementType;
}

#define GET_TYPEDEF_CLASSES
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUTypes.cpp.inc"

void SpattnGPUDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUTypes.cpp.inc"
      >();
  registerAttributes();
}

void SpattnGPUDialect::initialize() {
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUOps.cpp.inc"
      >();
  // Compiling takes a compiler, which is in Target.
  declarePromisedInterface<gpu::TargetAttrInterface, TargetAttr>();
}

using EmitError = function_ref<InFlightDiagnostic()>;

LogicalResult AccumulatorType::verify(EmitError emitError, int64_t rows,
                                      int64_t columns, Type elementType) {
  if (rows != kFragmentRows || columns < 8 || columns > 256 || columns % 8 != 0)
    return emitError() << "expected 64 rows and a multiple of 8 columns up to "
                          "256, got "
                       << rows << "x" << columns;
  if (!elementType.isF32())
    return emitError() << "expected elements of type f32, got " << elementType;
  return success();
}

LogicalResult ColumnsType::verify(EmitError emitError, int64_t columns) {
  if (columns < 8 || columns > 256 || columns % 8 != 0)
    return emitError() << "expected a multiple of 8 columns up to 256, got "
                       << columns;
  return success();
}

LogicalResult ColumnMaskType::verify(EmitError emitError, int64_t columns) {
  if (columns < 8 || columns > 256 || columns % 8 != 0)
    return emitError() << "expected a multiple of 8 columns up to 256, got "
                       << columns;
  return success();
}

LogicalResult OperandType::verify(EmitError emitError, int64_t rows,
                                  int64_t columns, Type elementType) {
  if (rows != kFragmentRows || columns < 16 || columns > 256 ||
      columns % 16 != 0)
    return emitError() << "expected 64 rows and a multiple of 16 columns up to "
                          "256, got "
                       << rows << "x" << columns;
  if (!elementType.isF16() && !elementType.isBF16())
    return emitError() << "expected elements of type f16 or bf16, got "
                       << elementType;
  return success();
}

LogicalResult SharedType::verify(EmitError emitError, int64_t rows,
                                 int64_t columns, Type elementType) {
  if (rows < 8 || rows > 256 || rows % 8 != 0 || columns < kChunkColumns ||
      columns > 256 || columns % kChunkColumns != 0)
    return emitError() << "expected a multiple of 8 rows and a multiple of 64 "
                          "columns, each up to 256, got "
                       << rows << "x" << columns;
  if (!elementType.isF16() && !elementType.isBF16())
    return emitError() << "expected elements of type f16 or bf16, got "
                       << elementType;
  return success();
}
