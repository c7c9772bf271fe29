//===- TileListsVerifier.cpp - The constraints of lists of tiles ----------===//
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

/// C27: lists of tiles come with what they are of, where all rows of a batch
/// entry are one sequence.
static LogicalResult verifyTileListsAreWhole(AttentionOpInterface op) {
  OperandValues values = op.getOperandValues();
  StringRef given;
  for (OperandKind kind : {OperandKind::TileCounts, OperandKind::TileIndices})
    if (values[kind])
      given = getOperandInfo(kind).name;
  if (op.hasTileLists())
    given = "tile_lists";
  if (given.empty())
    return success();
  if (!op.hasTileLists() || !values[OperandKind::TileCounts] ||
      !values[OperandKind::TileIndices])
    return op->emitOpError("has '")
           << given
           << "'; expected all of 'tile_counts', 'tile_indices' and "
              "'tile_lists'";
  if (op.hasSequences())
    return op->emitOpError("has 'tile_lists' and starts or ends of sequences, "
                           "which exclude each other");
  return success();
}

/// C28, C29, C30: lists have the sizes that the attention's give, and a mask
/// for each head.
LogicalResult spattn::verifyTileLists(AttentionOpInterface op) {
  if (failed(verifyTileListsAreWhole(op)))
    return failure();
  if (!op.hasTileLists())
    return success();
  auto differ = [](int64_t a, int64_t b) {
    return !ShapedType::isDynamic(a) && !ShapedType::isDynamic(b) && a != b;
  };
  int64_t lists = op.getExtentSize(Extent::ListBatch);
  if (lists != 1 && differ(lists, op.getStaticBatch()))
    return op->emitOpError("expected 'tile_indices' to have a batch size of 1 "
                           "or that of 'query', ")
           << op.getStaticBatch() << ", got " << lists;
  int64_t heads = op.getExtentSize(Extent::ListHeads);
  if (op.getNumQueryHeads() % heads != 0)
    return op->emitOpError("expected the number of heads of 'tile_indices' to "
                           "divide that of 'query', ")
           << op.getNumQueryHeads() << ", got " << heads;
  int64_t rows = op.getExtentSize(Extent::ListRows);
  int64_t length = op.getStaticQueryLength();
  int64_t tile = op.getTileListsAttr().getQueryTile();
  if (!ShapedType::isDynamic(length) &&
      differ(rows, llvm::divideCeil(length, tile)))
    return op->emitOpError("expected 'tile_indices' to have a list for each of "
                           "the ")
           << llvm::divideCeil(length, tile) << " tiles of " << tile
           << " queries, got " << rows;
  if (TileShapeAttr shape = op.getTileShapeAttr();
      shape && (tile % shape.getQueryTile() != 0 ||
                op.getTileListsAttr().getKeyTile() % shape.getKeyTile() != 0))
    return op->emitOpError("expected a tile shape that divides the tiles of "
                           "'tile_lists', ")
           << tile << " x " << op.getTileListsAttr().getKeyTile() << ", got "
           << shape;
  Attribute mask = op.getTileListsAttr().getMask();
  if (auto groups = dyn_cast<HeadsAttr>(mask);
      groups && groups.getNumHeads() != op.getNumQueryHeads())
    return op->emitOpError("expected a mask of 'tile_lists' for each of the ")
           << op.getNumQueryHeads() << " query heads, got "
           << groups.getNumHeads();
  if (std::optional<std::string> message = op.getTileListMasks().validate())
    return op->emitOpError("mask of 'tile_lists': ") << *message;
  return success();
}
