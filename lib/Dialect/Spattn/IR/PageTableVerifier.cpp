//===- PageTableVerifier.cpp - The constraints of page tables -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The labels are those of the specification, docs/Spec.md.
//
//===----------------------------------------------------------------------===//

#include "AttentionVerifier.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

/// C34: the size of pages is known, and one that tiles of keys go with.
static LogicalResult verifyPageSize(AttentionOpInterface op) {
  int64_t size = op.getPageSize();
  if (!ShapedType::isDynamic(size) && size >= 16 && size <= 256 &&
      llvm::isPowerOf2_64(size))
    return success();
  auto diagnostic =
      op->emitOpError("expected pages of 16, 32, 64, 128 or 256 rows where "
                      "there is a 'page_table', got ");
  if (ShapedType::isDynamic(size))
    return diagnostic << op.getKey().getType();
  return diagnostic << size;
}

/// C35: keys are counted from the first row of the first page.
static LogicalResult verifyPagedRows(AttentionOpInterface op) {
  OperandValues values = op.getOperandValues();
  for (OperandKind kind : {OperandKind::KeyStarts, OperandKind::KeyPositions,
                           OperandKind::TileIndices})
    if (values[kind])
      return op->emitOpError("has 'page_table' and '")
             << getOperandInfo(kind).name << "', which exclude each other";
  if (op.getStaticSequences() != 1)
    return op->emitOpError("expected one sequence of each batch entry where "
                           "there is a 'page_table', got ")
           << (ShapedType::isDynamic(op.getStaticSequences())
                   ? "a dynamic number"
                   : std::to_string(op.getStaticSequences()));
  return success();
}

LogicalResult spattn::verifyPageTable(AttentionOpInterface op) {
  if (!op.hasPages())
    return success();
  if (failed(verifyPageSize(op)) || failed(verifyPagedRows(op)))
    return failure();
  // C36: tiles are whole pages, or parts of one.
  TileShapeAttr shape = op.getTileShapeAttr();
  if (!shape || isTileOfPages(shape.getKeyTile(), op.getPageSize()))
    return success();
  return op->emitOpError("expected a tile shape whose keys are whole pages of "
                         "'page_table', or divide one of ")
         << op.getPageSize() << " rows, got " << shape;
}
