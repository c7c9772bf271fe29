//===- SpattnGPUOps.cpp - Operations of the GPU dialect ------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn::spattn_gpu;

#define GET_OP_CLASSES
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPUOps.cpp.inc"

LogicalResult BarrierInitOp::verify() {
  // The most arrivals that an mbarrier counts are 2^20 - 1; a load may be 32.
  constexpr uint32_t limit = (1 << 15) - 1;
  if (getCount() < 1 || getCount() > limit)
    return emitOpError("expected a count from 1 to ")
           << limit << ", got " << getCount();
  return success();
}

LogicalResult MmaOp::verify() {
  auto rhs = getRhs().getType();
  auto result = getResult().getType();
  int64_t depth;
  Type element;
  if (auto shared = dyn_cast<SharedType>(getLhs().getType())) {
    if (!getRowBlock())
      return emitOpError("expected 'rows' for a left operand in shared memory");
    depth = getLhsTransposed() ? shared.getRows() : shared.getColumns();
    element = shared.getElementType();
  } else {
    auto operand = cast<OperandType>(getLhs().getType());
    if (getRowBlock())
      return emitOpError("expected no 'rows' for a left operand in registers");
    if (getLhsTransposed())
      return emitOpError("expected a left operand in shared memory for "
                         "'lhs_transposed'");
    depth = operand.getColumns();
    element = operand.getElementType();
  }
  if (element != rhs.getElementType())
    return emitOpError("expected operands of one element type, got ")
           << element << " and " << rhs.getElementType();
  int64_t rhsDepth = getTransposed() ? rhs.getColumns() : rhs.getRows();
  int64_t columns = getTransposed() ? rhs.getRows() : rhs.getColumns();
  if (depth != rhsDepth)
    return emitOpError("expected operands of one depth, got ")
           << depth << " and " << rhsDepth;
  if (depth % 16 != 0)
    return emitOpError("expected a depth that is a multiple of 16, got ")
           << depth;
  if (result.getColumns() != columns)
    return emitOpError("expected a result of ")
           << columns << " columns, got " << result;
  if (getAcc() && getAcc().getType() != result)
    return emitOpError("expected 'acc' of the result's type, got ")
           << getAcc().getType();
  return success();
}

LogicalResult MapOp::verify() {
  bool anyMatrix = false;
  auto result = dyn_cast<AccumulatorType>(getResult().getType());
  for (Type type : getOperandTypes()) {
    anyMatrix |= !isa<RowsType>(type);
    if (isa<AccumulatorType>(type)) {
      if (type != getResult().getType())
        return emitOpError("expected accumulators of the result's type, got ")
               << type;
    } else if (auto columns = dyn_cast<ColumnsType>(type)) {
      if (!result || columns.getColumns() != result.getColumns())
        return emitOpError("expected as many columns as the result has, got ")
               << type;
    }
  }
  if (anyMatrix != isa<AccumulatorType>(getResult().getType()))
    return emitOpError("expected rows as result of rows alone, and else an "
                       "accumulator");
  Block &body = getBody().front();
  if (body.getNumArguments() != getOperands().size() ||
      !llvm::all_of(body.getArgumentTypes(),
                    [](Type type) { return type.isF32(); }))
    return emitOpError("expected an argument of type f32 for each operand");
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getValues().size() != 1 ||
      !yield.getValues().front().getType().isF32())
    return emitOpError("expected the body to yield an f32");
  return success();
}

/// The body of a mask yields groups of `size` numbers, `what`, for a row.
template <class MaskOp>
static LogicalResult verifyMask(MaskOp op, size_t size, StringRef what) {
  Block &body = op.getBody().front();
  if (body.getNumArguments() != 1 || !body.getArgument(0).getType().isIndex())
    return op.emitOpError("expected one argument of type index");
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getValues().size() % size != 0 ||
      !llvm::all_of(yield.getValues().getTypes(),
                    [](Type type) { return type.isInteger(32); }))
    return op.emitOpError("expected the body to yield ") << what << " of i32";
  if (op.getOthers() && op.getOthers().getType() != op.getResult().getType())
    return op.emitOpError("expected 'others' of the result's type ")
           << op.getResult().getType() << ", got " << op.getOthers().getType();
  return success();
}

LogicalResult ColumnMaskOp::verify() { return verifyMask(*this, 2, "pairs"); }

LogicalResult ResidueMaskOp::verify() {
  return verifyMask(*this, 3, "triples");
}

LogicalResult ToOperandOp::verify() {
  if (getSource().getType().getColumns() == getResult().getType().getColumns())
    return success();
  return emitOpError("expected an operand of ")
         << getSource().getType().getColumns() << " columns, got "
         << getResult().getType();
}

/// Rows of several heads, one beside the other.
static LogicalResult verifyHeads(Operation *op, int64_t heads) {
  if (llvm::isPowerOf2_64(heads) && heads <= kFragmentRows)
    return success();
  return op->emitOpError("expected 'heads' to be a power of two up to ")
         << kFragmentRows << ", got " << heads;
}

static LogicalResult verifyHeads(Operation *op, int64_t heads, Value stride) {
  if (bool(stride) != (heads != 1))
    return op->emitOpError("expected 'head_stride' with more than one head");
  return verifyHeads(op, heads);
}

LogicalResult StoreOp::verify() {
  if (failed(verifyHeads(*this, getHeads(), getHeadStride())))
    return failure();
  Type element = getElementType();
  if (element.isF32() || element.isF16() || element.isBF16())
    return success();
  return emitOpError(
             "expected to store elements of type f32, f16 or bf16, got ")
         << element;
}

/// A tile whose row blocks are a warpgroup's fragments of some columns.
static LogicalResult verifyRowBlocks(Operation *op, SharedType tile,
                                     int64_t columns) {
  if (columns != tile.getColumns())
    return op->emitOpError("expected a tile of ")
           << columns << " columns, got " << tile;
  if (tile.getRows() % kFragmentRows != 0)
    return op->emitOpError("expected a tile of a multiple of ")
           << kFragmentRows << " rows, got " << tile;
  return success();
}

LogicalResult ReadOp::verify() {
  return verifyRowBlocks(*this, getTile().getType(),
                         getResult().getType().getColumns());
}

LogicalResult RowProductsOp::verify() {
  return verifyRowBlocks(*this, getLhs().getType(),
                         getLhs().getType().getColumns());
}

LogicalResult WriteOp::verify() {
  int64_t columns;
  if (auto operand = dyn_cast<OperandType>(getSource().getType())) {
    columns = operand.getColumns();
    if (operand.getElementType() != getTile().getType().getElementType())
      return emitOpError("expected a tile of the operand's element type, got ")
             << getTile().getType();
  } else {
    columns = cast<AccumulatorType>(getSource().getType()).getColumns();
  }
  return verifyRowBlocks(*this, getTile().getType(), columns);
}

LogicalResult StoreFillOp::verify() {
  if (getColumns() >= 1 && getColumns() <= 4096)
    return success();
  return emitOpError("expected from 1 to 4096 columns, got ") << getColumns();
}

LogicalResult DistancesOp::verify() {
  if (getTransposed() && getHeads() != 1)
    return emitOpError("expected 'heads' of rows that are queries, without "
                       "'transposed'");
  return verifyHeads(*this, getHeads());
}

LogicalResult PositionsOp::verify() {
  if (getHeads() != 1 && !isa<RowsType>(getResult().getType()))
    return emitOpError("expected 'heads' of rows, got ")
           << getResult().getType();
  return verifyHeads(*this, getHeads());
}

LogicalResult StoreRowsOp::verify() {
  return verifyHeads(*this, getHeads(), getHeadStride());
}

LogicalResult LoadRowsOp::verify() {
  return verifyHeads(*this, getHeads(), getHeadStride());
}

LogicalResult StoreTileOp::verify() {
  int64_t column = getColumn();
  if (column >= 0 && column % 8 == 0)
    return success();
  return emitOpError("expected a 'column' that is a multiple of 8, got ")
         << column;
}

LogicalResult StoreTileRowsOp::verify() {
  if (failed(verifyHeads(*this, getHeads(), getHeadStride())))
    return failure();
  int64_t most = getTile().getType().getColumns();
  int64_t columns = getColumns();
  if (columns >= 8 && columns <= most && columns % 8 == 0)
    return success();
  return emitOpError("expected a multiple of 8 columns up to ")
         << most << ", got " << columns;
}

/// A named barrier, and how many threads meet at it.
static LogicalResult verifyNamedBarrier(Operation *op, uint32_t id,
                                        uint32_t threads) {
  if (id > 15)
    return op->emitOpError("expected a barrier from 0 to 15, got ") << id;
  if (threads < 32 || threads > 1024 || threads % 32 != 0)
    return op->emitOpError("expected a multiple of 32 threads up to 1024, got ")
           << threads;
  return success();
}

LogicalResult NamedBarrierSyncOp::verify() {
  return verifyNamedBarrier(*this, getId(), getThreads());
}

LogicalResult NamedBarrierArriveOp::verify() {
  return verifyNamedBarrier(*this, getId(), getThreads());
}

LogicalResult SetMaxRegistersOp::verify() {
  if (getCount() < 24 || getCount() > 256 || getCount() % 8 != 0)
    return emitOpError("expected a multiple of 8 from 24 to 256, got ")
           << getCount();
  return success();
}
