//===- WorkTile.h - What the warps of a CTA do next -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WORKTILE_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WORKTILE_H

#include "Pipeline.h"
#include "WorkTileLayout.h"
#include "spattn/Dialect/Spattn/Transforms/Sequences.h"
#include "spattn/Structure/Algebra.h"
#include "spattn/Structure/FormNumbers.h"
#include "llvm/ADT/SetVector.h"

namespace spattn {

class TileLists;

/// What of a work tile a list at run time says: how many of its tiles are of
/// the structure, masked and full ones; how many listed ones are masked, which
/// come behind masked ones of the structure; and by what. Other listed tiles
/// come last.
struct ListedTiles {
  KernelBuilder::Index masked, full, listedMasked;
  NormalForm<KernelBuilder::Index> form;
};

/// Which part of a walk a work tile has, where several share one: its number,
/// and that of its first tile in the walk.
struct WalkPart {
  mlir::Value number;
  KernelBuilder::Index first;
};

/// A tile of queries or of keys of a head of a batch entry, and the tiles of
/// the other kind that it visits, masked ones first.
struct WorkTile {
  using Value = mlir::Value;
  using Index = KernelBuilder::Index;

  Value batch, head, keyHead;
  /// The first query, or key.
  Index first;
  /// The key from which the key tiles of its structure are counted, if that is
  /// not the first of all.
  std::optional<Index> origin;
  NormalForm<Index> form;
  TileSequence<Index> masked, full;
  Value visited, maskedCount;
  /// Where it has a part of a walk; `masked` and `full` are those of all parts
  /// then.
  std::optional<WalkPart> part;
  /// The sequence that the tile is of, where batch entries have any.
  std::optional<SequenceTile> place;
  /// What its list says, if there are lists. `masked` and `full` are those of
  /// the structure then.
  std::optional<ListedTiles> listed;
  /// What else a kernel's readers need; the kernel says what it means.
  llvm::SmallVector<Value, 2> extra;
  /// How many were posted before it. Known to readers.
  Value number;

  /// The row in operands of a query, or key, counted from the start of the
  /// sequence.
  Value queryRow(KernelBuilder &b, Index query) const {
    return b.ops.materialize(place ? b.ops.add(query, place->queriesBefore)
                                   : query);
  }
  Value keyRow(KernelBuilder &b, Index key) const {
    return b.ops.materialize(place ? b.ops.add(key, place->keysBefore) : key);
  }

  /// Whether it visits any tile.
  Value isVisited(KernelBuilder &b) const {
    return b.compare(mlir::arith::CmpIPredicate::sgt, visited, b.i32(0));
  }

  /// Calls `visit` for each number that says which tiles to visit, in the order
  /// of its words: what all readers need. Those of tile sequences are words
  /// only where there is no table of them.
  template <class Visitor>
  void forEachControlNumber(Visitor visit, bool hasTables) {
    visit(visited);
    visit(maskedCount);
    for (Value *value : {&batch, &head, &keyHead})
      visit(*value);
    for (Value &value : extra)
      visit(value);
    visit(first);
    if (origin)
      visit(*origin);
    if (part) {
      visit(part->number);
      visit(part->first);
    }
    if (place)
      for (Index *value :
           {&place->queriesBefore, &place->keysBefore, &place->rowsLeft,
            &place->lengths.queries, &place->lengths.keys, &place->scratchRow})
        visit(*value);
    if (listed)
      for (Index *value :
           {&listed->masked, &listed->full, &listed->listedMasked})
        visit(*value);
    if (hasTables)
      return;
    for (TileSequence<Index> *sequence : {&masked, &full}) {
      visit(sequence->count);
      for (auto &piece : sequence->pieces) {
        visit(piece.firstNumber);
        visit(piece.shift);
      }
    }
  }
  /// The same for numbers that only masks need.
  template <class Visitor>
  void forEachMaskNumber(Visitor visit, bool hasTables) {
    for (Index *value : {&form.offset, &form.distanceBegin, &form.distanceEnd})
      visit(*value);
    if (hasTables || place) {
      visit(form.lengths.queries);
      visit(form.lengths.keys);
    }
    if (!hasTables) {
      forEachNumber(form, visit);
      // The last queries of a sequence end with it.
      if (place)
        for (auto &segment : form.segments)
          visit(segment.queries.back().end);
    }
    if (!listed)
      return;
    for (Index *value :
         {&listed->form.offset, &listed->form.distanceBegin,
          &listed->form.distanceEnd, &listed->form.lengths.queries,
          &listed->form.lengths.keys})
      visit(*value);
    forEachNumber(listed->form, visit);
  }
};

/// The words of a work tile: which of its numbers the scheduler warp posts, and
/// where a reader finds each. A number has a word unless readers know it
/// already, being a constant or a value at the top level of the kernel, or
/// share it with an earlier number.
class WorkTileWords {
public:
  WorkTileWords() = default;
  WorkTileWords(WorkTile tile, bool hasTables);

  /// All words, and how many of the first say which tiles to visit.
  llvm::ArrayRef<mlir::Value> getWords() const { return words.getArrayRef(); }
  size_t getNumControlWords() const { return numControlWords; }
  /// The work tile of the scheduler warp.
  const WorkTile &getTile() const { return tile; }
  /// The work tile with `values` in the place of the first words.
  WorkTile withWords(mlir::ValueRange values) const;

private:
  WorkTile tile;
  bool hasTables = false;
  llvm::SetVector<mlir::Value> words;
  size_t numControlWords = 0;
};

/// Where work tiles are posted: a ring of slots between the scheduler warp and
/// `readers` warps.
struct WorkTileQueueLayout {
  WorkTileQueueLayout() = default;
  WorkTileQueueLayout(SharedLayout &shared, const WorkTileLayout &slot,
                      int64_t stages, int64_t readers)
      : slot(slot), barriers(shared, stages, 1, /*loads=*/false, readers),
        slots(shared.take(stages * slot.bytes())) {}

  WorkTileLayout slot;
  PipelineLayout barriers;
  SharedRegion slots;
};

/// Passes work tiles from the scheduler warp to all others. A work tile without
/// tiles to visit is the end.
class WorkTileQueue {
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;

public:
  WorkTileQueue(KernelBuilder &b, const WorkTileQueueLayout &layout)
      : b(b), layout(layout), pipeline(b, layout.barriers) {}

  bool hasTables() const { return layout.slot.hasTables(); }
  /// The lists that work tiles have besides their structure; null if none.
  const TileLists *getLists() const { return lists; }
  void setLists(const std::optional<TileLists> &given);

  //===--------------------------------------------------------------------===//
  // The scheduler warp. Its code is emitted before that of readers.
  //===--------------------------------------------------------------------===//

  /// Declares the words of the kernel's work tiles, `tile` being the
  /// `count`-th, and writes its tables if it has any: its slot is free then.
  void declare(WorkTile tile, Value count);
  /// The work tile that was declared.
  const WorkTile &declared() const { return words.getTile(); }
  /// Waits until slot `count` is free. Tables are written as soon as a work
  /// tile is decoded, so that waits ahead of that; where there are none, it
  /// waits as late as possible.
  void acquire(Value count) { pipeline.producerAcquire(pipeline.state(count)); }
  void acquireForTables(Value count) {
    if (hasTables())
      acquire(count);
  }
  void acquireForWords(Value count) {
    if (!hasTables())
      acquire(count);
  }
  /// Posts the declared work tile as the `count`-th. Its slot is free.
  void post(Value count) { post(count, words.getWords()); }
  /// Posts the end.
  void postEnd(Value count);

  //===--------------------------------------------------------------------===//
  // Readers
  //===--------------------------------------------------------------------===//

  using Body = llvm::function_ref<llvm::SmallVector<Value>(
      WorkTile &, Value tilesBefore, ValueRange)>;
  /// Runs `body` for each work tile, with how many tiles were visited before it
  /// and what it returned for the one before. Returns the number of tiles and
  /// of work tiles, and what `body` returned last.
  llvm::SmallVector<Value> forEach(ValueRange initial, Body body);
  void forEach(llvm::function_ref<void(WorkTile &, Value tilesBefore)> body);
  /// The same, but `body` releases the work tile as soon as it has no use for
  /// its slot any more; it may go on with what says which tiles to visit.
  void forEachUnreleased(
      llvm::function_ref<void(WorkTile &, Value tilesBefore)> body);
  void release(const WorkTile &tile) {
    pipeline.consumerReleaseAfterReads(pipeline.state(tile.number).stage);
  }
  /// The work tile with the numbers of its mask, read again rather than kept in
  /// registers.
  WorkTile withMask(const WorkTile &tile);
  /// From a table: what to add to the number of a work tile's n-th tile to get
  /// its place in the sequence. By all lanes of a warp.
  Value lookupShift(const WorkTile &tile, Value n);
  /// From a table: runs `body` for each interval of a work tile, as a normal
  /// form that has nothing else. `body` gets and returns a carried value.
  Value forEachInterval(
      const WorkTile &tile, Value initial,
      llvm::function_ref<Value(const NormalForm<WorkTile::Index> &, Value)>
          body);

private:
  llvm::SmallVector<Value> emitLoop(ValueRange initial, Body body);
  void writeTables(Value count);
  void post(Value count, ValueRange values);
  ValueRange read(Value count, size_t numWords, bool uniform);

  KernelBuilder &b;
  WorkTileQueueLayout layout;
  Pipeline pipeline;
  WorkTileWords words;
  const TileLists *lists = nullptr;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_WORKTILE_H
