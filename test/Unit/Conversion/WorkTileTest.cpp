//===- WorkTileTest.cpp - How work tiles get from the scheduler to others -===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/WorkTile.h"

#include "QueueKernel.h"
#include "gmock/gmock.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;
using testing::ElementsAre;

namespace {

using Index = WorkTile::Index;

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// A work tile of which some numbers are constants, values at the top level, or
/// shared; and those that have to be posted.
class WorkTileWordsTest : public testing::Test {
protected:
  WorkTileWordsTest() {
    KernelBuilder &b = kernel.b;
    top = kernel.input("top");
    auto ifOp = scf::IfOp::create(b, b.isWarp(0), /*withElseRegion=*/false);
    b.setInsertionPointToStart(ifOp.thenBlock());
    tile.visited = inner();
    tile.maskedCount = inner();
    tile.batch = top;
    tile.head = inner();
    tile.keyHead = tile.head;
    tile.extra = {top, inner()};
    tile.first = known(inner());
    tile.form.lengths = {known(top), known(inner())};
    tile.form.offset = b.ops.constant(3);
    tile.form.distanceBegin = known(top);
    tile.form.distanceEnd = known(inner());
    Index end = known(inner());
    tile.form.segments = {
        {b.ops.constant(0),
         end,
         {{b.ops.constant(0),
           known(top),
           {{known(inner()), b.ops.constant(9)}}}}},
        {end, known(top), {{b.ops.constant(0), known(top), {}}}}};
    tile.masked = {{{b.ops.constant(0), known(inner())},
                    {known(tile.maskedCount), known(inner())}},
                   known(tile.maskedCount)};
    tile.full = {{}, b.ops.constant(0)};
  }

  Value inner() { return kernel.input("inner"); }
  Index known(Value value) { return kernel.b.ops.wrap(value); }
  static const DistanceInterval<Index> &interval(const WorkTile &tile) {
    return tile.form.segments[0].queries[0].intervals[0];
  }
  std::vector<Value> words(const WorkTileWords &words) {
    return {words.getWords().begin(), words.getWords().end()};
  }

  TestKernel kernel{AttentionSpec()};
  Value top;
  WorkTile tile;
};

/// Constants, values at the top level, and what is there already have no words.
TEST_F(WorkTileWordsTest, WhatReadersDoNotKnow) {
  WorkTileWords all(tile, /*hasTables=*/false);
  EXPECT_THAT(words(all), ElementsAre(tile.visited, tile.maskedCount, tile.head,
                                      tile.extra[1], tile.first.value,
                                      tile.masked.pieces[0].shift.value,
                                      tile.masked.pieces[1].shift.value,
                                      tile.form.distanceEnd.value,
                                      tile.form.segments[0].end.value,
                                      interval(tile).lo.value));
  EXPECT_EQ(all.getNumControlWords(), 7u);
}

/// With tables those have the tiles and the intervals, and masks need lengths.
TEST_F(WorkTileWordsTest, WhatTablesDoNotHave) {
  WorkTileWords all(tile, /*hasTables=*/true);
  EXPECT_THAT(words(all), ElementsAre(tile.visited, tile.maskedCount, tile.head,
                                      tile.extra[1], tile.first.value,
                                      tile.form.distanceEnd.value,
                                      tile.form.lengths.keys.value));
  EXPECT_EQ(all.getNumControlWords(), 5u);
}

/// A reader's work tile has the words that it has read in the place of the
/// scheduler's, wherever those are, and everything else unchanged.
TEST_F(WorkTileWordsTest, ReplacesWords) {
  WorkTileWords all(tile, /*hasTables=*/false);
  std::vector<Value> read;
  for (size_t i = 0; i < all.getWords().size(); ++i)
    read.push_back(inner());
  WorkTile result = all.withWords(read);
  EXPECT_EQ(result.visited, read[0]);
  EXPECT_EQ(result.maskedCount, read[1]);
  EXPECT_EQ(result.masked.count.value, read[1]);
  EXPECT_EQ(result.masked.pieces[1].firstNumber.value, read[1]);
  EXPECT_EQ(result.batch, top);
  EXPECT_EQ(result.head, read[2]);
  EXPECT_EQ(result.keyHead, read[2]);
  EXPECT_THAT(result.extra, ElementsAre(top, read[3]));
  EXPECT_EQ(result.first.value, read[4]);
  EXPECT_EQ(result.masked.pieces[0].firstNumber.constant, 0);
  EXPECT_EQ(result.masked.pieces[0].shift.value, read[5]);
  EXPECT_EQ(result.masked.pieces[1].shift.value, read[6]);
  EXPECT_EQ(result.form.offset.constant, 3);
  EXPECT_EQ(result.form.distanceBegin.value, top);
  EXPECT_EQ(result.form.distanceEnd.value, read[7]);
  EXPECT_EQ(result.form.segments[0].end.value, read[8]);
  EXPECT_EQ(result.form.segments[1].begin.value, read[8]);
  EXPECT_EQ(result.form.segments[1].end.value, top);
  EXPECT_EQ(interval(result).lo.value, read[9]);
  EXPECT_EQ(interval(result).hi.constant, 9);

  // Only the first words: what masks need stays as it is.
  WorkTile control =
      all.withWords(ArrayRef(read).take_front(all.getNumControlWords()));
  EXPECT_EQ(control.head, read[2]);
  EXPECT_EQ(control.form.distanceEnd.value, tile.form.distanceEnd.value);
  EXPECT_EQ(control.form.segments[0].end.value,
            tile.form.segments[0].end.value);
}

//===----------------------------------------------------------------------===//
// The queue
//===----------------------------------------------------------------------===//

/// All numbers of a work tile that its words or tables have.
std::vector<Value> numbersOf(KernelBuilder &b, WorkTile tile, bool hasTables) {
  std::vector<Value> numbers;
  auto visitor = llvm::makeVisitor(
      [&](Value &value) { numbers.push_back(value); },
      [&](Index &index) { numbers.push_back(b.ops.materialize(index)); });
  tile.forEachControlNumber(visitor, hasTables);
  tile.forEachMaskNumber(visitor, hasTables);
  return numbers;
}

/// What a table's rows of intervals say.
std::vector<Value> intervalsOf(KernelBuilder &b,
                               const NormalForm<Index> &form) {
  std::vector<Value> numbers;
  for (const std::vector<Index> &box : numbersOfBoxes(b.ops, form))
    for (Index index : box)
      numbers.push_back(b.ops.materialize(index));
  return numbers;
}

std::vector<std::vector<int64_t>>
numbersOfWarp(const std::vector<Machine::Event> &events, int64_t warp) {
  std::vector<std::vector<int64_t>> result;
  for (const Machine::Event &event : events)
    if (event.warp == warp)
      result.push_back(event.numbers());
  return result;
}

/// Readers get what the scheduler warp has posted, from one slot or more, and
/// stop at the end.
void passTiles(const RandomInstance &instance, int64_t stages,
               bool &hasTables) {
  QueueKernel kernel(instance.spec, /*ofRows=*/true, 64, 32, stages);
  KernelBuilder &b = kernel.b;
  WorkTileQueue &queue = kernel.queue;
  hasTables = queue.hasTables();
  bool tables = hasTables;
  kernel.emit(
      [&] {
        kernel.postAll([&](const WorkTile &tile) {
          kernel.record("posted", numbersOf(b, tile, tables));
          if (tables)
            kernel.record("posted intervals", intervalsOf(b, tile.form));
        });
      },
      [&] {
        auto end = queue.forEach(
            {b.i32(100)}, [&](WorkTile &tile, Value before, ValueRange state) {
              kernel.record("read", numbersOf(b, queue.withMask(tile), tables));
              kernel.record("counts",
                            {before, tile.number, tile.visited, state[0]});
              if (tables)
                queue.forEachInterval(
                    queue.withMask(tile), b.i32(0),
                    [&](const NormalForm<Index> &form, Value carried) {
                      kernel.record("interval", intervalsOf(b, form));
                      return carried;
                    });
              return llvm::SmallVector<Value>{b.add(state[0], b.i32(1))};
            });
        kernel.record("end", end);
      });
  Machine machine = kernel.machine(instance.call);
  ASSERT_EQ(machine.run(), "");
  auto posted = numbersOfWarp(machine.events["posted"], 0);
  std::vector<int64_t> intervals;
  for (const auto &row : numbersOfWarp(machine.events["posted intervals"], 0))
    intervals.insert(intervals.end(), row.begin(), row.end());
  for (int64_t warp = QueueKernel::kFirstReader;
       warp < QueueKernel::kFirstReader + QueueKernel::kReaders; ++warp) {
    ASSERT_EQ(numbersOfWarp(machine.events["read"], warp), posted);
    std::vector<int64_t> read;
    for (const auto &row : numbersOfWarp(machine.events["interval"], warp))
      read.insert(read.end(), row.begin(), row.end());
    ASSERT_EQ(read, intervals);
    int64_t tiles = 0, count = 0;
    for (const auto &x : numbersOfWarp(machine.events["counts"], warp)) {
      ASSERT_THAT(x, ElementsAre(tiles, count, x[2], 100 + count));
      tiles += x[2];
      ++count;
    }
    EXPECT_EQ(count, int64_t(posted.size()));
    EXPECT_THAT(numbersOfWarp(machine.events["end"], warp),
                ElementsAre(ElementsAre(tiles, count, 100 + count)));
  }
}

TEST(WorkTileQueue, ReadersGetWhatIsPosted) {
  std::mt19937 random(8);
  int withTables = 0;
  constexpr int rounds = 24;
  for (int round = 0; round < rounds; ++round) {
    RandomInstance instance(random, 300);
    SCOPED_TRACE(instance.str());
    bool hasTables = false;
    passTiles(instance, 1 + round % 3, hasTables);
    withTables += hasTables;
  }
  EXPECT_GT(withTables, 1);
  EXPECT_LT(withTables, rounds - 1);
}

//===----------------------------------------------------------------------===//
// The layout of a slot
//===----------------------------------------------------------------------===//

TEST(WorkTileLayout, SlotsWithoutTables) {
  WorkTileLayout layout;
  EXPECT_FALSE(layout.hasTables());
  EXPECT_EQ(layout.bytes(), 4 * WorkTileLayout::kNumbers);
}

/// Tables are behind the numbers and do not overlap, and rows of intervals are
/// where copies of 16 bytes can read them.
TEST(WorkTileLayout, Tables) {
  for (int64_t pieces = 1; pieces < 9; ++pieces) {
    WorkTileLayout layout;
    layout.pieces = pieces;
    layout.intervals = 5;
    EXPECT_TRUE(layout.hasTables());
    EXPECT_EQ(layout.piecesAt(), WorkTileLayout::kNumbersBesideTables);
    EXPECT_GE(layout.intervalsAt(), layout.piecesAt() + 2 * pieces);
    EXPECT_EQ(layout.intervalsAt() % 4, 0);
    EXPECT_EQ(layout.words(), layout.intervalsAt() + 20);
    EXPECT_EQ(layout.bytes(), 4 * layout.words());
  }
}

/// Few intervals are held in registers, many are looked up.
TEST(WorkTileLayout, TablesForManyIntervals) {
  auto layoutOf = [](const std::string &structure) {
    AttentionSpec spec;
    spec.structure = structure;
    TestKernel kernel(spec);
    WorkTileLayout rows = layoutOfRowTiles(kernel.op, 128, 128);
    WorkTileLayout columns = layoutOfColumnTiles(kernel.op, 128, 128);
    kernel.end();
    EXPECT_EQ(rows.hasTables(), columns.hasTables());
    EXPECT_EQ(rows.intervals, columns.intervals);
    return rows;
  };
  EXPECT_FALSE(layoutOf("#spattn.causal").hasTables());
  EXPECT_FALSE(layoutOf("#spattn.distances<0 to 8, 64 to 128>").hasTables());
  WorkTileLayout many =
      layoutOf("#spattn.distances<0 to 8, 64 to 128, 512 to 600>");
  EXPECT_TRUE(many.hasTables());
  EXPECT_EQ(many.intervals, 3);
  EXPECT_EQ(many.intervalWords, 4);
  // Those of queries have more numbers each.
  WorkTileLayout queries =
      layoutOf("#spattn.union<#spattn.window<left = 9, right = 9>, "
               "#spattn.keys<0 to 4>, #spattn.queries<0 to 4>>");
  EXPECT_EQ(queries.intervals, 3);
  EXPECT_EQ(queries.intervalWords, 8);
  EXPECT_EQ(queries.intervalsAt() % 8, 0);
  EXPECT_EQ(queries.words(), queries.intervalsAt() + 24);
}

} // namespace
