//===- TileViews.cpp - Rows of operands as tiles --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_cpu;

using Index = TileLoops::Index;

/// Views are built from strides rather than as rank-reducing subviews: which
/// of several dimensions of size 1 such a subview drops is not said.
TileLoops::RowView TileLoops::viewRows(Value buffer,
                                       function_ref<unsigned(Dim)> dimOf,
                                       Value element, Value head, Value first) {
  auto metadata = memref::ExtractStridedMetadataOp::create(b, buffer);
  RowView view{metadata.getBaseBuffer(), metadata.getOffset(),
               metadata.getConstifiedMixedStrides()};
  for (auto [name, position] :
       {std::pair(Dim::Batch, element), std::pair(Dim::Head, head),
        std::pair(Dim::Length, first)}) {
    Value stride = metadata.getStrides()[dimOf(name)];
    Value distance = arith::MulIOp::create(b, position, stride);
    view.offset = arith::AddIOp::create(b, view.offset, distance);
  }
  return view;
}

Value TileLoops::sliceRows(Value buffer, Value element, Value head, Value first,
                           OpFoldResult count) {
  auto dimOf = [&](Dim dim) { return op.getDim(dim); };
  RowView view = viewRows(buffer, dimOf, element, head, first);
  auto type = cast<MemRefType>(buffer.getType());
  return castRows(
      view, type, {count, b.getIndexAttr(type.getDimSize(dimOf(Dim::Width)))},
      {view.strides[dimOf(Dim::Length)], view.strides[dimOf(Dim::Width)]});
}

Value TileLoops::sliceRowNumbers(Value array, Value element, Value head,
                                 Value first, OpFoldResult count) {
  auto dimOf = [&](Dim dim) {
    return op.getDim(getOperandInfo(OperandKind::Lse), dim);
  };
  RowView view = viewRows(array, dimOf, element, head, first);
  return castRows(view, cast<MemRefType>(array.getType()), {count},
                  {view.strides[dimOf(Dim::Length)]});
}

Value TileLoops::castRows(const RowView &view, MemRefType type,
                          ArrayRef<OpFoldResult> sizes,
                          ArrayRef<OpFoldResult> strides) {
  SmallVector<int64_t> staticSizes, staticStrides;
  for (OpFoldResult size : sizes)
    staticSizes.push_back(
        getConstantIntValue(size).value_or(ShapedType::kDynamic));
  for (OpFoldResult stride : strides)
    staticStrides.push_back(
        getConstantIntValue(stride).value_or(ShapedType::kDynamic));
  auto layout = StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic,
                                       staticStrides);
  auto viewType = MemRefType::get(staticSizes, type.getElementType(), layout,
                                  type.getMemorySpace());
  return memref::ReinterpretCastOp::create(
      b, viewType, view.base, OpFoldResult(view.offset), sizes, strides);
}

Value TileLoops::allocate(ArrayRef<int64_t> shape) {
  auto type = MemRefType::get(shape, b.getF32Type());
  return memref::AllocaOp::create(b, type, b.getI64IntegerAttr(64));
}

bool TileLoops::needsStaging(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  auto [strides, offset] = type.getStridesAndOffset();
  return !type.getElementType().isF32() || strides[op.getDim(Dim::Width)] != 1;
}

Value TileLoops::stage(Value tile, Value buffer, OpFoldResult count) {
  if (!buffer)
    return tile;
  StageOp::create(b, tile, buffer);
  return takeRows(buffer, b.getIndexAttr(0), count);
}

Value TileLoops::takeRows(Value buffer, OpFoldResult first,
                          OpFoldResult count) {
  auto type = cast<MemRefType>(buffer.getType());
  if (getConstantIntValue(count) == type.getDimSize(0))
    return buffer;
  SmallVector<OpFoldResult> offsets{first, b.getIndexAttr(0)};
  SmallVector<OpFoldResult> strides(2, b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes{count, b.getIndexAttr(type.getDimSize(1))};
  return memref::SubViewOp::create(b, buffer, offsets, sizes, strides);
}

TileLoops::StagedKeys TileLoops::allocateStagedKeys() {
  StagedKeys staged;
  bool isOfPages = op.hasPages() && keyTile > op.getPageSize();
  if (isOfPages || needsStaging(op.getKey()))
    staged.key = allocate({keyTile, op.getHeadDim()});
  if (isOfPages || needsStaging(op.getValue()))
    staged.value = allocate({keyTile, op.getValueDim()});
  return staged;
}

TileLoops::KeyTile TileLoops::loadKeys(Value element, const QueryRow &row,
                                       Index tile, TileKind kind,
                                       const StagedKeys &staged) {
  Index firstKey = ops.mul(tile, ops.constant(keyTile));
  Value first = rowOf(Sequences::Side::Keys, row.place, firstKey);
  OpFoldResult count = b.getIndexAttr(keyTile);
  if (kind != TileKind::Full)
    count =
        rowCount(firstKey, keyTile, lengthOf(Sequences::Side::Keys, row.place));
  auto load = [&](Value buffer, Value staged) {
    if (op.hasPages())
      return loadPagedRows(buffer, element, row.keyHead, first, count, staged);
    return stage(sliceRows(buffer, element, row.keyHead, first, count), staged,
                 count);
  };
  Value key = load(op.getKey(), staged.key);
  Value value = load(op.getValue(), staged.value);
  TilePositions positions = slicePositions(element, row.head, row.keyHead,
                                           row.first, row.count, first, count);
  return {key, value, firstKey, positions};
}

//===----------------------------------------------------------------------===//
// Pages
//===----------------------------------------------------------------------===//

Value TileLoops::loadPage(Value element, Value first) {
  Value number = arith::DivUIOp::create(b, first, index(op.getPageSize()));
  Value indices[] = {element, number};
  if (op.getDim(getOperandInfo(OperandKind::PageTable), Dim::Length) == 0)
    std::swap(indices[0], indices[1]);
  Value page = memref::LoadOp::create(b, op.getPageTableOrNull(), indices);
  return arith::IndexCastOp::create(b, b.getIndexType(), page);
}

Value TileLoops::loadPagedRows(Value buffer, Value element, Value head,
                               Value first, OpFoldResult count, Value staged) {
  int64_t rows = op.getPageSize();
  if (keyTile <= rows) {
    Value inPage = arith::RemUIOp::create(b, first, index(rows));
    return stage(
        sliceRows(buffer, loadPage(element, first), head, inPage, count),
        staged, count);
  }
  // No page past the last key is looked up.
  Index total = ops.wrap(getValueOrCreateConstantIndexOp(b, b.getLoc(), count));
  bool isWhole = getConstantIntValue(count) == keyTile;
  emitLoop(ops.ceilDiv(total, rows), [&](Index number) {
    Index before = ops.mul(number, ops.constant(rows));
    Value begin = ops.materialize(before);
    OpFoldResult rowsOfPage = b.getIndexAttr(rows);
    if (!isWhole)
      rowsOfPage = rowCount(before, rows, ops.materialize(total));
    Value page = loadPage(element, arith::AddIOp::create(b, first, begin));
    StageOp::create(b, sliceRows(buffer, page, head, index(0), rowsOfPage),
                    takeRows(staged, begin, b.getIndexAttr(rows)));
  });
  return takeRows(staged, b.getIndexAttr(0), count);
}
