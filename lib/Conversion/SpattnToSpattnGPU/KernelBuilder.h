//===- KernelBuilder.h - What attention kernels are built from -*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The vocabulary that the builders of attention kernels share: numbers,
// control flow, tiles and barriers of shared memory, element-wise work, and
// items of work that one warp finds and posts for the others.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_KERNELBUILDER_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_KERNELBUILDER_H

#include "ItemLayout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "spattn/Structure/Algebra.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

#include <limits>
#include <map>

namespace spattn {

inline constexpr float kNegInf = -std::numeric_limits<float>::infinity();
/// log2(e) and ln(2).
inline constexpr float kLog2E = 1.44269504f, kLn2 = 0.693147181f;

/// An item of work: a tile of queries or of keys of a head of a batch element,
/// and the tiles of the other kind that it visits, masked ones first.
struct WorkItem {
  using Value = mlir::Value;
  using Index = IndexOps::Value;

  Value batch, head, keyHead;
  /// The first query, or key.
  Index first;
  NormalForm<Index> form;
  TileSequence<Index> masked, full;
  Value visited, maskedCount;
  /// Whatever else readers need.
  llvm::SmallVector<Value, 2> extra;
  /// How many were posted before it.
  Value number;

  /// The numbers that say which tiles to visit; those of tile sequences only
  /// where there is no table of them.
  template <class Visitor>
  void forEachNumber(Visitor visit, bool hasTables) {
    visit(visited);
    visit(maskedCount);
    for (Value *value : {&batch, &head, &keyHead})
      visit(*value);
    for (Value &value : extra)
      visit(value);
    visit(first);
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
  /// Those that only masks ask for.
  template <class Visitor>
  void forEachMaskNumber(Visitor visit, bool hasTables) {
    for (Index *value : {&form.offset, &form.distanceBegin, &form.distanceEnd})
      visit(*value);
    if (hasTables) {
      visit(form.lengths.queries);
      visit(form.lengths.keys);
      return;
    }
    for (auto &segment : form.segments) {
      visit(segment.begin);
      visit(segment.end);
      for (auto &interval : segment.intervals) {
        visit(interval.lo);
        visit(interval.hi);
      }
    }
  }
};

/// Positions, counts and numbers of threads are i32; only offsets in global
/// memory are wider.
class KernelBuilder {
protected:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Type = mlir::Type;
  using Index = IndexOps::Value;
  template <class T>
  using SmallVector = llvm::SmallVector<T>;

  /// Elements of tiles in shared memory are of type `element`.
  KernelBuilder(mlir::OpBuilder &builder, mlir::Location loc, Type element)
      : b(loc, builder), ops(b, b.getI32Type()), element(element) {}

  //===--------------------------------------------------------------------===//
  // Numbers and control flow
  //===--------------------------------------------------------------------===//

  Value index(int64_t value);
  /// As an operand of a tile operation.
  Value asIndex(Value value);
  Value f32(float value);
  Value compare(mlir::arith::CmpIPredicate predicate, Value lhs, Value rhs);
  Value add(Value lhs, Value rhs);
  Value sub(Value lhs, Value rhs);
  Value mul(Value lhs, Value rhs);
  Value fma(Value x, Value y, Value z);
  Value pointer(Value base, Value elements, Type type);
  /// The number that says whether the sums of a query tile are there: how many
  /// have come to add to them, and `kPublished` once the first of those has
  /// written them. Behind the counter of items, one for each query tile that
  /// scratch has rows for.
  static constexpr int64_t kPublished = int64_t(1) << 30;
  Value sumsFlag(Value counter, Value tile) {
    return pointer(counter, add(tile, index(1)), b.getI32Type());
  }
  /// A truth value as 0 or 1.
  Value asNumber(Value truth);
  /// A row of an array of the caller, of which the strides of batch elements,
  /// heads and rows are arguments from `stride` on.
  Value rowPointer(int buffer, int stride, Value batch, Value head, Value row,
                   Type type);

  template <class Body>
  void in(mlir::Block *block, Body body) {
    mlir::OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(block);
    body();
  }
  template <class Body>
  void when(Value condition, Body body) {
    auto ifOp = mlir::scf::IfOp::create(b, condition, /*withElseRegion=*/false);
    in(ifOp.thenBlock(), body);
  }
  /// Runs `body` while `condition`; both get the carried values, and `body`,
  /// which also gets its block, returns the next ones. Returns the last.
  SmallVector<Value> emitWhile(
      ValueRange initial, llvm::function_ref<Value(ValueRange)> condition,
      llvm::function_ref<SmallVector<Value>(ValueRange, mlir::Block *)> body);
  /// Runs `body`, the work of one warp of a warpgroup, in that warp.
  template <class Body>
  void inWarp(int64_t number, Body body) {
    when(isWarp(number), body);
  }
  Value isWarp(int64_t number);
  /// The thread's number in its warp.
  Value lane();

  /// Gives out the roles of a kernel: each of the first warpgroup's warps has
  /// one, with so many registers a thread; `computing` is that of the other
  /// warpgroups, numbered from 0. All threads are launched with as many.
  struct Roles {
    int64_t launchedRegisters, producerRegisters, consumerRegisters;
    llvm::SmallVector<llvm::function_ref<void()>, 4> warps;
    llvm::function_ref<void(Value group)> computing;
  };
  void emitRoles(const Roles &roles);

  //===--------------------------------------------------------------------===//
  // The function
  //===--------------------------------------------------------------------===//

  /// Types of a kernel's arguments: so many pointers, tensor maps among them,
  /// then batch size and lengths, the scale, and strides.
  llvm::SmallVector<Type> argumentTypes(int pointers, int count);

  /// Creates `function` with arguments of the given types, the first `maps` of
  /// which are tensor maps, for blocks of `threads`, `blocks` of them a
  /// multiprocessor; and reads the numbers of thread, block and blocks. Code
  /// goes to its entry.
  void begin(llvm::StringRef name, llvm::ArrayRef<Type> types, int maps,
             int64_t threads, int64_t blocks);

  //===--------------------------------------------------------------------===//
  // Shared memory and barriers
  //===--------------------------------------------------------------------===//

  /// Allocates the kernel's shared memory: a part from each of some bytes on,
  /// the first of which is 0, to where the next begins or to `total`. Parts
  /// that come before `words` hold tiles.
  void allocate(llvm::ArrayRef<int64_t> begins, int64_t words, int64_t total);
  /// The part that has a byte, and which byte of that it is.
  std::pair<Value, int64_t> place(int64_t offset);

  spattn_gpu::AccumulatorType accType(int64_t columns);
  spattn_gpu::SharedType sharedType(int64_t rows, int64_t columns);
  /// The tile at byte `offset`, where a part begins, or the `stage`-th after
  /// it.
  Value sharedTile(int64_t rows, int64_t columns, Value stage, int64_t offset);

  /// Barrier `number`, or the `stage`-th after it.
  Value barrier(int64_t number, Value stage);
  /// Sets up `stages` barriers from `number` on.
  void initBarriers(int64_t number, int64_t stages, int64_t count, bool loads);
  /// The stage of the `count`-th tile of `stages` that take turns, and the
  /// parity of its phase.
  std::pair<Value, Value> stageOf(Value count, int64_t stages);
  /// The parity of the `count`-th tile where there is one stage.
  Value parity(Value count) { return stageOf(count, 1).second; }
  Value flip(Value parity);
  /// A lane of each warp says that the warp is done with something.
  void arrive(Value barrier);
  /// The same where lanes have read numbers themselves: none of them later than
  /// the lane that arrives.
  void arriveAfterReads(Value barrier);
  void await(Value barrier, Value parity) {
    spattn_gpu::BarrierWaitOp::create(b, barrier, parity);
  }
  void load(Value map, Value row, Value head, Value batch, Value tile,
            Value barrier);

  //===--------------------------------------------------------------------===//
  // Computing
  //===--------------------------------------------------------------------===//

  Value map(ValueRange operands, Type type,
            llvm::function_ref<Value(ValueRange)> body);
  Value scaleRows(Value acc, Value factors);
  /// Starts a product of `columns` columns; `lhs` is a tile, of which
  /// `lhsBlock` is the row block, or an operand in registers.
  Value mma(Value lhs, Value lhsBlock, Value rhs, Value acc, bool transposed,
            int64_t columns, bool lhsTransposed = false);
  void fence() { spattn_gpu::MmaFenceOp::create(b); }
  void commit() { spattn_gpu::MmaCommitOp::create(b); }
  Value toOperand(Value acc);
  ValueRange wait(int64_t pending, ValueRange values, Value after = Value());
  /// The columns of a tile that are in `others` or in one of the spans that
  /// `body` gives for a row of the warpgroup's 64; columns are numbered from
  /// `first`.
  Value spans(int64_t columns, Index first, Value others,
              llvm::function_ref<std::vector<Span<Index>>(Index row)> body);
  /// Gives the spans of a row that a normal form allows.
  using SpansOfRow = llvm::function_ref<std::vector<Span<Index>>(
      const NormalForm<Index> &form, Index row)>;
  /// The columns of a tile that an item, as `withMask` returns it, allows.
  Value allowedColumns(const WorkItem &item, int64_t columns, Index first,
                       SpansOfRow body);
  /// Keeps the scores in those columns, or those that an item allows.
  Value mask(Value scores, Value seen);
  Value mask(const WorkItem &item, Value scores, Index first, SpansOfRow body);

  //===--------------------------------------------------------------------===//
  // Posted items
  //===--------------------------------------------------------------------===//

  /// Where items are posted: words from a byte of shared memory on, and
  /// barriers for posted and for read ones; `stages` items wait for their
  /// readers at most.
  struct ItemQueue {
    int64_t stages, words, full, empty;
    ItemLayout layout;
  };

  /// Notes which values of an item its readers cannot know: those that the
  /// block computes in which it was decoded. Writes the tables of the
  /// `count`-th item, for which there has to be room, if it has any.
  void setPosted(WorkItem item, mlir::Block *decoded, Value count);
  /// Waits until there is room for an item. Where items have tables, that is
  /// ahead of decoding one, so that a table's row need not be kept; elsewhere
  /// it is as late as possible, unless an item is decoded anyway.
  void awaitRoom(Value count);
  void awaitRoomForTables(Value count) {
    if (queue.layout.hasTables())
      awaitRoom(count);
  }
  void awaitRoomForNumbers(Value count) {
    if (!queue.layout.hasTables())
      awaitRoom(count);
  }
  /// Posts an item's numbers; there has to be room.
  void post(Value count, ValueRange values);
  /// The end: an item that visits nothing.
  void postEnd(Value count);
  /// Items that are tiles of rows: of so many tiles of each of `rowHeads`,
  /// heads of batch elements, a section of which comes before the others; and
  /// the sizes of tiles.
  struct RowItems {
    Value tileRows, rowHeads, section;
    int64_t queryTile, keyTile;
  };
  /// Heads of batch elements of a section: the largest power of two that
  /// divides their number and whose keys and values have at most so many bytes.
  Value emitSection(AttentionOpInterface op, Value rowHeads, Value keyLength,
                    int64_t bytes);
  /// The tile of an item, and which of the heads of batch elements it is of.
  /// Items are numbered so that of a section later rows, which have the most
  /// keys, come last.
  std::pair<Value, Value> locate(const RowItems &rows, Value number);
  /// The item of a number: its tile's queries and the key tiles that they see.
  WorkItem decodeRows(AttentionOpInterface op, const HeadStructures &heads,
                      const RowItems &rows, Value number, Value batches,
                      const Lengths<Index> &lengths);
  /// Whether an item visits tiles.
  Value isVisited(const WorkItem &item);
  /// Deals items to blocks, posts those that visit tiles, and runs `emitEmpty`
  /// for the others.
  void dealItems(Value items, llvm::function_ref<WorkItem(Value number)> decode,
                 llvm::function_ref<void(const WorkItem &)> emitEmpty);
  /// The first words of the `count`-th posted item.
  ValueRange receive(Value count, size_t numWords, bool uniform);
  /// The posted item with received words in the place of the posted ones.
  WorkItem withWords(ValueRange values);
  /// The item with all its numbers, read again: registers are dear.
  WorkItem withMask(const WorkItem &item);

  /// Runs `body` for the posted items. It gets the tiles and the items before,
  /// and what it returned for the item before. Returns the number of tiles and
  /// of items, and what `body` returned last.
  SmallVector<Value> forPosted(
      ValueRange initial,
      llvm::function_ref<SmallVector<Value>(WorkItem &, Value tilesBefore,
                                            Value itemsBefore, ValueRange)>
          body);
  void forPosted(
      llvm::function_ref<void(WorkItem &, Value tilesBefore, Value itemsBefore)>
          body);

  /// Whether tiles are masked where code is shared.
  enum class Masked { Yes, No, Perhaps };
  /// Scores of an item's n-th tile, as `emitMask` leaves them if that is a
  /// partial one.
  Value maskIfPartial(const WorkItem &item, Value n, Masked masked,
                      Value scores, llvm::function_ref<Value()> emitMask);

  /// The first key or query of an item's n-th tile of `size`: masked ones come
  /// first. By all lanes of a warp.
  Index firstOf(const WorkItem &item, Value n, int64_t size);

  mlir::ImplicitLocOpBuilder b;
  IndexOps ops;
  Type element;
  mlir::LLVM::LLVMFuncOp function;
  llvm::SmallVector<Value> args;
  Value thread, block, blocks;
  /// Of barriers in shared memory, in bytes.
  int64_t barrierOffset = 0;
  ItemQueue queue;

  /// What the scheduling warp posts; readers put received words in its place.
  WorkItem posted;
  llvm::SetVector<Value> words;
  size_t controlWords = 0;

private:
  void postTables(Value count);

  /// Parts of shared memory by where they begin.
  std::map<int64_t, Value> memories;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_KERNELBUILDER_H
