//===- SpattnGPUMemory.cpp - Shared memory and what is in it --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn::spattn_gpu;

/// Shared memory that a block has on any target.
static constexpr int64_t kMaxShared = 227 * 1024;
/// Alignments of memory: what words need, and what tiles need.
static constexpr int64_t kWordAlignment = 16, kTileAlignment = 1024;

//===----------------------------------------------------------------------===//
// Allocations
//===----------------------------------------------------------------------===//

LogicalResult MemoryType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t bytes, int64_t alignment) {
  if (bytes < 1 || bytes > kMaxShared)
    return emitError() << "expected from 1 to " << kMaxShared
                       << " bytes, which a block may have, got " << bytes;
  if (alignment < kWordAlignment || alignment > kTileAlignment ||
      !llvm::isPowerOf2_64(alignment))
    return emitError() << "expected an alignment that is a power of two from "
                       << kWordAlignment << " to " << kTileAlignment << ", got "
                       << alignment;
  return success();
}

void AllocOp::build(OpBuilder &builder, OperationState &state, int64_t bytes,
                    int64_t alignment, bool overlaid) {
  state.addTypes(MemoryType::get(builder.getContext(), bytes, alignment));
  if (overlaid)
    state.addAttribute(getOverlaidAttrName(state.name), builder.getUnitAttr());
}

/// The block that a kernel's allocations are in; null if there is none.
static Block *entryOf(Operation *op) {
  auto kernel = dyn_cast_if_present<FunctionOpInterface>(op);
  return !kernel || kernel.isExternal() ? nullptr
                                        : &kernel.getFunctionBody().front();
}

LogicalResult AllocOp::verify() {
  if ((*this)->getBlock() == entryOf((*this)->getParentOp()))
    return success();
  return emitOpError("expected to be in the entry block of a function, since "
                     "an allocation lasts as long as the kernel");
}

int64_t AllocOp::layOut(FunctionOpInterface kernel,
                        function_ref<void(AllocOp, int64_t)> visit) {
  int64_t end = 0, total = 0;
  if (Block *entry = entryOf(kernel))
    for (auto alloc : entry->getOps<AllocOp>()) {
      MemoryType type = alloc.getMemory().getType();
      int64_t offset =
          alloc.getOverlaid() ? 0 : llvm::alignTo(end, type.getAlignment());
      visit(alloc, offset);
      end = offset + type.getBytes();
      total = std::max(total, end);
    }
  return total;
}

//===----------------------------------------------------------------------===//
// What is in a memory
//===----------------------------------------------------------------------===//

/// Bytes from an offset on, the first of some that are a stride apart, are in
/// their memory, and so are those of a stage that is a constant.
static LogicalResult verifyInMemory(Operation *op, MemoryType memory,
                                    Value stage, int64_t stride, int64_t offset,
                                    int64_t bytes) {
  int64_t size = memory.getBytes();
  if (offset < 0 || bytes > size || offset > size - bytes)
    return op->emitOpError("expected ")
           << bytes << " bytes within the " << size
           << " of its memory, got offset " << offset;
  if (stride > size)
    return op->emitOpError("expected a stride within the ")
           << size << " bytes of its memory, got " << stride;
  APInt number;
  if (!stage || !matchPattern(stage, m_ConstantInt(&number)))
    return success();
  uint64_t last = (size - offset - bytes) / stride;
  if (number.isNegative() || number.ugt(last))
    return op->emitOpError("expected a stage from 0 to ")
           << last << ", the last within the " << size
           << " bytes of its memory, got " << number.getSExtValue();
  return success();
}

int64_t SharedOp::getStageBytes() {
  SharedType type = getType();
  return getStride().value_or(type.getRows() * type.getColumns() * 2);
}

LogicalResult SharedOp::verify() {
  MemoryType memory = getMemory().getType();
  if (memory.getAlignment() < kTileAlignment)
    return emitOpError("expected memory with an alignment of ")
           << kTileAlignment << " for a tile, got " << memory;
  SharedType type = getType();
  int64_t bytes = type.getRows() * type.getColumns() * 2;
  if (std::optional<int64_t> stride = getStride())
    if (*stride < bytes || *stride % kTileAlignment != 0)
      return emitOpError("expected a stride that is a multiple of ")
             << kTileAlignment << " and at least the tile's " << bytes
             << " bytes, got " << *stride;
  return verifyInMemory(*this, memory, getStage(), getStageBytes(),
                        /*offset=*/0, bytes);
}

LogicalResult BarrierOp::verify() {
  constexpr int64_t bytes = 8;
  int64_t offset = getOffset();
  if (offset % bytes != 0)
    return emitOpError("expected an offset that is a multiple of 8, got ")
           << offset;
  return verifyInMemory(*this, getMemory().getType(), getStage(),
                        /*stride=*/bytes, offset, bytes);
}

/// A set of `count` words for each stage.
template <class Op>
static LogicalResult verifyWords(Op op, int64_t count) {
  int64_t offset = op.getOffset(), stride = op.getStride();
  if (offset < 0 || offset % kWordAlignment != 0 || stride < 0 ||
      stride % kWordAlignment != 0)
    return op.emitOpError("expected an offset and a stride that are multiples "
                          "of 16, got ")
           << offset << " and " << stride;
  if (count < 1 || count > stride / 4)
    return op.emitOpError("expected from 1 to ")
           << stride / 4 << " numbers, got " << count;
  return verifyInMemory(op, op.getMemory().getType(), op.getStage(), stride,
                        offset, /*bytes=*/4 * count);
}

LogicalResult WriteWordsOp::verify() {
  return verifyWords(*this, getValues().size());
}

LogicalResult ReadWordsOp::verify() {
  return verifyWords(*this, getValues().size());
}

LogicalResult LookupOp::verify() {
  int64_t count = getCount();
  // Keys and values; what is no count stays what it is.
  bool isCount = count > 0 && count < kMaxShared;
  return verifyWords(*this, isCount ? 2 * count : count);
}

/// Words that are copied 16 bytes at a time.
template <class Op>
static LogicalResult verifyCopiedWords(Op op) {
  int64_t count = op.getCount();
  if (count % 4 != 0)
    return op.emitOpError("expected a multiple of 4 numbers, got ") << count;
  return verifyWords(op, count);
}

LogicalResult LoadPagesOp::verify() {
  // Rows of the pattern that the swizzle repeats.
  constexpr int64_t unit = 8;
  int64_t rows = getTile().getType().getRows(), pages = getPages().size();
  if (pages > 0 && rows % (unit * pages) == 0)
    return success();
  return emitOpError("expected pages of a multiple of 8 rows each, got ")
         << pages << " for a tile of " << rows;
}

LogicalResult LoadWordsOp::verify() { return verifyCopiedWords(*this); }

LogicalResult AddWordsOp::verify() { return verifyCopiedWords(*this); }

LogicalResult WriteFragmentOp::verify() {
  AccumulatorType type = getSource().getType();
  return verifyWords(*this, type.getRows() * type.getColumns());
}

LogicalResult ReadFragmentOp::verify() {
  AccumulatorType type = getResult().getType();
  return verifyWords(*this, type.getRows() * type.getColumns());
}

LogicalResult ReadColumnsOp::verify() {
  return verifyWords(*this, getResult().getType().getColumns());
}
