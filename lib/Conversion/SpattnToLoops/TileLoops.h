//===- TileLoops.h - What loops over tiles are made of ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_TILELOOPS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_TILELOOPS_H

#include "ScoreRegions.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"
#include "spattn/Dialect/Spattn/Transforms/Sequences.h"
#include "spattn/Dialect/SpattnCPU/IR/SpattnCPU.h"
#include "spattn/Structure/Algebra.h"

namespace spattn {

/// Emits loops over the tiles of an attention on buffers, or of its gradients:
/// tasks for the tiles that are written, loops over the tiles that they need,
/// views and copies of both.
class TileLoops {
public:
  using Index = IndexOps::Value;
  using Ranges = std::vector<TileRange<Index>>;

  /// What a tile that is visited needs: nothing, the mask of the structure, or
  /// that of a listed tile.
  enum class TileKind { Full, Masked, Listed };
  /// What a head sees, and the tiles that a row of tiles visits for that; of
  /// listed tiles, those that it may.
  struct VisitedTiles {
    NormalForm<Index> form;
    Ranges ranges;
    std::optional<NormalForm<Index>> listForm;
    Ranges listRanges;
  };

protected:
  TileLoops(AttentionOpInterface op, TileShapeAttr tileShape,
            const mlir::OpBuilder &builder);

  /// A tile of queries of one head, and the key tiles that it needs.
  struct QueryRow {
    /// Of one that belongs to a batch element; else it is one of each.
    mlir::Value element;
    mlir::Value head, keyHead;
    /// Its first row in operands, and from the start of the sequence.
    mlir::Value first;
    Index firstQuery;
    std::optional<SequenceTile> place;
    mlir::OpFoldResult count;
    VisitedTiles visited;
  };

  /// The row of a number from 0 to before `tileRows`, the tiles of a head,
  /// times the heads and, of sequences, the batch elements.
  QueryRow emitQueryRow(mlir::Value number, mlir::Value tileRows);
  /// Runs `item(row)` for a row that was emitted, unless it is padding.
  void emitQueryRow(QueryRow &row, llvm::function_ref<void()> item);
  /// Runs `item(element, row)` for every batch element and tile of queries of
  /// every query head.
  void
  emitQueryRows(llvm::function_ref<void(mlir::Value, const QueryRow &)> item);

  using TilePositions = ScoreRegions::TilePositions;

  /// A tile of keys and values of one head, in f32. Full tiles lie within the
  /// keys; masked ones may end early.
  struct KeyTile {
    mlir::Value key, value;
    Index firstKey;
    /// Those of its keys, and of the row's queries.
    TilePositions positions;
  };
  /// Buffers of a tile of keys and values; null where none is needed.
  struct StagedKeys {
    mlir::Value key, value;
  };
  StagedKeys allocateStagedKeys();
  KeyTile loadKeys(mlir::Value element, const QueryRow &row, Index tile,
                   TileKind kind, const StagedKeys &staged);

  /// Which page has row `first` of the keys of a batch element.
  mlir::Value loadPage(mlir::Value element, mlir::Value first);
  /// Rows [first, first + count) of the keys or values of one head that are in
  /// pages, of a tile: within a page, or those of some pages, which are staged.
  mlir::Value loadPagedRows(mlir::Value buffer, mlir::Value element,
                            mlir::Value head, mlir::Value first,
                            mlir::OpFoldResult count, mlir::Value staged);

  /// What one query head sees, of a sequence if there are any.
  NormalForm<Index> emitNormalForm(mlir::Value head,
                                   const std::optional<SequenceTile> &place);

  /// Where sequences are; nothing if batch entries have one each, of all rows.
  std::optional<Sequences> sequences;
  /// Tiles of a head, of a batch element if that makes a difference.
  mlir::Value countTiles(Sequences::Side side);
  /// Takes the batch element off the number of a row of tiles of all heads, and
  /// finds the sequence of its tile.
  std::optional<SequenceTile> locate(Sequences::Side side, int64_t numHeads,
                                     mlir::Value tileRows, mlir::Value &element,
                                     mlir::Value &row);
  /// Runs `body` if a tile has any rows.
  void emitIfRows(const std::optional<SequenceTile> &place,
                  llvm::function_ref<void()> body);
  /// The queries, or keys, of a sequence, and its row in operands that is
  /// `first` rows from its start.
  mlir::Value lengthOf(Sequences::Side side,
                       const std::optional<SequenceTile> &place);
  mlir::Value rowOf(Sequences::Side side,
                    const std::optional<SequenceTile> &place, Index first);

  /// Runs `item(element, row)` for every batch element and each of `rows` rows
  /// of tiles: in parallel, the costliest rows first. `cost` emits how many
  /// tiles a row visits, at most `maxCost`. Rows of sequences are of one batch
  /// element each, and `element` is then 0.
  void emitItems(mlir::Value rows, mlir::Value maxCost,
                 llvm::function_ref<mlir::Value(mlir::Value row)> cost,
                 llvm::function_ref<void(mlir::Value, mlir::Value)> item);

  /// Runs `task(number)` for [0, count), in parallel.
  void emitTasks(mlir::Value count, llvm::function_ref<void(mlir::Value)> task);
  /// Frees at its end what `body` allocates on the stack.
  void emitScope(llvm::function_ref<void()> body);

  /// Calls `body(tile, kind)` in a loop over the full tiles and in one over
  /// the masked ones, whatever ranges they lie in.
  using TileBody = llvm::function_ref<void(Index, TileKind)>;
  void emitTiles(const Ranges &ranges, TileBody body);
  /// The same, and of the tiles that the list of the row has.
  void emitTiles(const QueryRow &row, mlir::Value element, TileBody body);
  /// The same of query tiles, of `head`, that see the tile of keys from
  /// `firstKey` on.
  void emitTiles(const VisitedTiles &visited, mlir::Value element,
                 mlir::Value head, Index firstKey, TileBody body);

  /// What of listed tiles depends on the head alone.
  std::optional<NormalForm<Index>> emitListForm(mlir::Value head);
  /// How many tiles a row visits; of listed ones there may be fewer.
  Index countVisited(mlir::Value element, const QueryRow &row);
  /// How many tiles a list has.
  Index listCount(mlir::Value element, mlir::Value head, Index row);
  /// Runs `body` if the number of visited tiles is not 0.
  void emitIfVisited(Index visited, llvm::function_ref<void()> body);
  /// A loop over [0, count).
  void emitLoop(Index count, llvm::function_ref<void(Index)> body);
  /// The sum of `zero` and `term(i)` for [0, count), in this order.
  mlir::Value emitSum(mlir::Value count, mlir::Value zero,
                      llvm::function_ref<mlir::Value(mlir::Value)> term);

  mlir::Value index(int64_t value);
  /// The number of keys of a batch element.
  mlir::Value countKeys();
  /// The size of a dimension of a buffer of rank 4.
  mlir::Value sizeOf(mlir::Value buffer, Dim name);
  /// The sink logit of a query head, -inf for padding; null if there is none.
  mlir::Value loadSinkLogit(mlir::Value head,
                            const std::optional<SequenceTile> &place = {});

  /// How many of the rows [first, first + tile) there are.
  mlir::OpFoldResult rowCount(Index first, int64_t tile, mlir::Value length);

  /// Rows [first, first + count) of one head of an operand, as a matrix.
  mlir::Value sliceRows(mlir::Value buffer, mlir::Value element,
                        mlir::Value head, mlir::Value first,
                        mlir::OpFoldResult count);
  /// As above of the log-sum-exp, or what else has a number for each row, as a
  /// vector.
  mlir::Value sliceRowNumbers(mlir::Value array, mlir::Value element,
                              mlir::Value head, mlir::Value first,
                              mlir::OpFoldResult count);

  /// A buffer of f32 on the stack.
  mlir::Value allocate(llvm::ArrayRef<int64_t> shape);
  /// Operands are used in place if they are f32 with unit stride.
  bool needsStaging(mlir::Value buffer);
  /// The first `count` rows of a buffer, with what a tile holds; the tile
  /// itself if there is no buffer.
  mlir::Value stage(mlir::Value tile, mlir::Value buffer,
                    mlir::OpFoldResult count);

  /// Rows [first, first + count) of a buffer; the buffer itself if that is all.
  mlir::Value takeRows(mlir::Value buffer, mlir::OpFoldResult first,
                       mlir::OpFoldResult count);

  /// The positions of some queries and keys, with the rows where they are.
  TilePositions slicePositions(mlir::Value element, mlir::Value head,
                               mlir::Value keyHead, mlir::Value firstQuery,
                               mlir::OpFoldResult queries, mlir::Value firstKey,
                               mlir::OpFoldResult keys);

  /// Fills the mask region of a step over the tile of queries from `firstQuery`
  /// and keys from `firstKey` on, if it needs one.
  void emitMask(mlir::Region &region, const VisitedTiles &visited,
                TileKind kind, Index firstQuery, Index firstKey,
                const TilePositions &positions);

  AttentionOpInterface op;
  mlir::ImplicitLocOpBuilder b;
  IndexOps ops;
  int64_t queryTile, keyTile;
  HeadStructures heads;
  ScoreRegions scores;
  mlir::Value batch, queries, keys;

private:
  /// Where rows of one head of one batch element begin, and how they lie.
  struct RowView {
    mlir::Value base, offset;
    llvm::SmallVector<mlir::OpFoldResult> strides;
  };

  RowView viewRows(mlir::Value buffer, llvm::function_ref<unsigned(Dim)> dimOf,
                   mlir::Value element, mlir::Value head, mlir::Value first);
  mlir::Value castRows(const RowView &view, mlir::MemRefType type,
                       llvm::ArrayRef<mlir::OpFoldResult> sizes,
                       llvm::ArrayRef<mlir::OpFoldResult> strides);
  mlir::Value loadOfList(OperandKind kind, mlir::Value element,
                         mlir::Value head, Index row, mlir::Value entry = {});
  /// Calls `body` for a tile that is listed, if it is seen.
  void emitListedTile(const VisitedTiles &visited, Index tile, TileBody body);
  /// Whether a list has a tile.
  IndexOps::Bool isListed(mlir::Value element, mlir::Value head, Index row,
                          Index tile);
  void emitIf(IndexOps::Bool condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = nullptr);
};

/// Emit loops over the tiles of an operation on buffers, and leave it to the
/// caller to erase.
void lowerToLoops(AttentionOp op, TileShapeAttr tileShape,
                  const mlir::OpBuilder &builder);
void lowerToLoops(AttentionBackwardOp op, TileShapeAttr tileShape,
                  const mlir::OpBuilder &builder);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOLOOPS_TILELOOPS_H
