//===- WorkTile.cpp - What the warps of a CTA do next ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WorkTile.h"

#include "TileLists.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace spattn;

using Index = KernelBuilder::Index;

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// Whether a value is at the top level of its kernel, which dominates all
/// roles.
static bool isKnownToReaders(Value value) {
  return isa<LLVM::LLVMFuncOp>(value.getParentRegion()->getParentOp());
}

WorkTileWords::WorkTileWords(WorkTile workTile, bool hasTables)
    : tile(std::move(workTile)), hasTables(hasTables) {
  auto add = [&](Value value) {
    if (value && !isKnownToReaders(value))
      words.insert(value);
  };
  // A constant has no value.
  auto visitor =
      llvm::makeVisitor(add, [&](Index &number) { add(number.value); });
  tile.forEachControlNumber(visitor, hasTables);
  numControlWords = words.size();
  tile.forEachMaskNumber(visitor, hasTables);
}

WorkTile WorkTileWords::withWords(ValueRange values) const {
  WorkTile result = tile;
  auto replace = [&](Value &value) {
    size_t number = llvm::find(words, value) - words.begin();
    if (number < values.size())
      value = values[number];
  };
  auto visitor =
      llvm::makeVisitor(replace, [&](Index &number) { replace(number.value); });
  result.forEachControlNumber(visitor, hasTables);
  result.forEachMaskNumber(visitor, hasTables);
  return result;
}

void WorkTileQueue::setLists(const std::optional<TileLists> &given) {
  lists = given ? &*given : nullptr;
}

//===----------------------------------------------------------------------===//
// The scheduler warp
//===----------------------------------------------------------------------===//

void WorkTileQueue::declare(WorkTile tile, Value count) {
  words = WorkTileWords(std::move(tile), hasTables());
  if (hasTables())
    writeTables(count);
}

void WorkTileQueue::writeTables(Value count) {
  const WorkTile &tile = words.getTile();
  llvm::SmallVector<Value> firsts, shifts, intervals;
  // One sequence of all tiles: masked ones, then full ones.
  for (const auto &piece : tile.masked.pieces) {
    firsts.push_back(b.ops.materialize(piece.firstNumber));
    shifts.push_back(b.ops.materialize(piece.shift));
  }
  for (const auto &piece : tile.full.pieces) {
    firsts.push_back(
        b.ops.materialize(b.ops.add(piece.firstNumber, tile.masked.count)));
    shifts.push_back(
        b.ops.materialize(b.ops.sub(piece.shift, tile.masked.count)));
  }
  const WorkTileLayout &slot = layout.slot;
  for (const std::vector<Index> &numbers : numbersOfBoxes(b.ops, tile.form)) {
    for (Index value : numbers)
      intervals.push_back(b.ops.materialize(value));
    intervals.append(slot.intervalWords - numbers.size(), b.i32(0));
  }
  assert(int64_t(firsts.size()) == slot.pieces &&
         int64_t(intervals.size()) == slot.intervalWords * slot.intervals &&
         "tables are laid out for this attention's work tiles");
  llvm::append_range(firsts, shifts);
  Value stage = b.asIndex(pipeline.state(count).stage);
  for (auto [at, values] :
       {std::pair(slot.piecesAt(), firsts), {slot.intervalsAt(), intervals}})
    spattn_gpu::WriteWordsOp::create(b, layout.slots.memory(b), stage,
                                     slot.bytes(), values, 4 * at);
}

void WorkTileQueue::post(Value count, ValueRange values) {
  Value stage = pipeline.state(count).stage;
  spattn_gpu::WriteWordsOp::create(b, layout.slots.memory(b), b.asIndex(stage),
                                   layout.slot.bytes(), values);
  pipeline.producerCommit(stage);
}

void WorkTileQueue::postEnd(Value count) {
  llvm::SmallVector<Value> none(words.getWords().size(), b.i32(0));
  acquire(count);
  post(count, none);
}

//===----------------------------------------------------------------------===//
// Readers
//===----------------------------------------------------------------------===//

ValueRange WorkTileQueue::read(Value count, size_t numWords, bool uniform) {
  Value stage = pipeline.state(count).stage;
  llvm::SmallVector<Type> types(numWords, b.getI32Type());
  return spattn_gpu::ReadWordsOp::create(b, types, layout.slots.memory(b),
                                         b.asIndex(stage), layout.slot.bytes(),
                                         uniform)
      .getValues();
}

WorkTile WorkTileQueue::withMask(const WorkTile &tile) {
  WorkTile again = words.withWords(
      read(tile.number, words.getWords().size(), /*uniform=*/false));
  again.number = tile.number;
  return again;
}

llvm::SmallVector<Value> WorkTileQueue::emitLoop(ValueRange initial,
                                                 Body body) {
  llvm::SmallVector<Value> carried{b.i32(0), b.i32(0)};
  llvm::append_range(carried, initial);
  llvm::SmallVector<Type> types =
      llvm::to_vector(ValueRange(carried).getTypes());
  llvm::SmallVector<Type> received = types;
  received.append(words.getNumControlWords(), b.getI32Type());
  auto loop = scf::WhileOp::create(b, received, carried);
  llvm::SmallVector<Location> locs(received.size(), b.getLoc());
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, types,
                                ArrayRef(locs).take_front(types.size()));
  llvm::SmallVector<Value> passed(before->args_begin(), before->args_end());
  pipeline.consumerWait(pipeline.state(before->getArgument(1)));
  ValueRange numbers = read(before->getArgument(1), words.getNumControlWords(),
                            /*uniform=*/true);
  Value any = words.withWords(numbers).isVisited(b);
  llvm::append_range(passed, numbers);
  scf::ConditionOp::create(b, any, passed);
  Block *after = b.createBlock(&loop.getAfter(), {}, received, locs);
  ValueRange arguments = after->getArguments();
  WorkTile tile = words.withWords(arguments.drop_front(types.size()));
  Value tiles = arguments[0], count = arguments[1];
  tile.number = count;
  llvm::SmallVector<Value> result =
      body(tile, tiles, arguments.take_front(types.size()).drop_front(2));
  llvm::SmallVector<Value> yielded{b.add(tiles, tile.visited),
                                   b.add(count, b.i32(1))};
  llvm::append_range(yielded, result);
  scf::YieldOp::create(b, yielded);
  b.setInsertionPointAfter(loop);
  return llvm::to_vector_of<Value>(loop.getResults().take_front(types.size()));
}

llvm::SmallVector<Value> WorkTileQueue::forEach(ValueRange initial, Body body) {
  return emitLoop(
      initial, [&](WorkTile &tile, Value tilesBefore, ValueRange carried) {
        llvm::SmallVector<Value> result = body(tile, tilesBefore, carried);
        release(tile);
        return result;
      });
}

void WorkTileQueue::forEach(
    function_ref<void(WorkTile &, Value tilesBefore)> body) {
  forEachUnreleased([&](WorkTile &tile, Value tilesBefore) {
    body(tile, tilesBefore);
    release(tile);
  });
}

void WorkTileQueue::forEachUnreleased(
    function_ref<void(WorkTile &, Value tilesBefore)> body) {
  emitLoop({}, [&](WorkTile &tile, Value tilesBefore, ValueRange) {
    body(tile, tilesBefore);
    return llvm::SmallVector<Value>();
  });
}

Value WorkTileQueue::lookupShift(const WorkTile &tile, Value n) {
  const WorkTileLayout &slot = layout.slot;
  Value stage = pipeline.state(tile.number).stage;
  return spattn_gpu::LookupOp::create(b, slot.pieces, layout.slots.memory(b),
                                      b.asIndex(stage), slot.bytes(), n,
                                      4 * slot.piecesAt());
}

Value WorkTileQueue::forEachInterval(
    const WorkTile &tile, Value initial,
    function_ref<Value(const NormalForm<Index> &, Value)> body) {
  const WorkTileLayout &slot = layout.slot;
  Value stage = pipeline.state(tile.number).stage;
  Value firstRow = b.mul(stage, b.i32(slot.words() / slot.intervalWords));
  Value step = b.i32(1);
  Value end = b.i32(slot.intervals);
  auto loop = scf::ForOp::create(b, b.i32(0), end, step, ValueRange{initial});
  b.in(loop.getBody(), [&] {
    llvm::SmallVector<Type> types(countNumbersOfBox(tile.form), b.getI32Type());
    ValueRange row =
        spattn_gpu::ReadWordsOp::create(
            b, types, layout.slots.memory(b),
            b.asIndex(b.add(firstRow, loop.getInductionVar())),
            4 * slot.intervalWords, /*uniform=*/false, 4 * slot.intervalsAt())
            .getValues();
    std::vector<Index> numbers;
    for (Value word : row)
      numbers.push_back(b.ops.wrap(word));
    NormalForm<Index> form = formOfBox(b.ops, tile.form, numbers);
    scf::YieldOp::create(b, ValueRange{body(form, loop.getRegionIterArg(0))});
  });
  return loop.getResult(0);
}
