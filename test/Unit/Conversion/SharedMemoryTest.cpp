//===- SharedMemoryTest.cpp - The layout of a kernel's shared memory ------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/SharedMemory.h"

#include "TestKernel.h"
#include "gmock/gmock.h"

#include <random>

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_gpu;
using namespace spattn::test;
using testing::ElementsAre;

namespace {

struct Placed {
  int64_t offset, bytes, alignment;
};

/// Where the allocations that a kernel has got are, and their end.
std::pair<std::vector<Placed>, int64_t> placesOf(TestKernel &kernel) {
  std::vector<Placed> places;
  int64_t end =
      AllocOp::layOut(kernel.function, [&](AllocOp alloc, int64_t offset) {
        MemoryType type = alloc.getMemory().getType();
        places.push_back({offset, type.getBytes(), type.getAlignment()});
      });
  return {places, end};
}

TEST(SharedLayout, PlacesAllocationsInTheirOrder) {
  SharedLayout shared;
  SharedRegion words = shared.take(20);
  TileRing tiles = shared.tiles(/*stages=*/2, /*rows=*/64, /*columns=*/128);
  WordRing row = shared.words(/*stages=*/3, /*words=*/64);
  BarrierArray full = shared.barriers(2, 1), empty = shared.barriers(3, 8);
  SharedRegion last = shared.take(16, /*alignment=*/128);
  BarrierArray more = shared.barriers(1, 1);
  TestKernel kernel({});
  shared.allocate(kernel.b);
  auto [places, end] = placesOf(kernel);
  ASSERT_EQ(places.size(), 6u);
  auto placeOf = [&, places = places](const SharedRegion &region) {
    const Placed &place = places[region.allocation];
    return std::vector<int64_t>{place.offset + region.offset, place.bytes,
                                place.alignment};
  };
  EXPECT_THAT(placeOf(words), ElementsAre(0, 20, 16));
  EXPECT_THAT(placeOf(tiles.region), ElementsAre(1024, 32768, 1024));
  EXPECT_THAT(placeOf(row.region), ElementsAre(33792, 768, 16));
  // Barriers that follow each other share an allocation.
  EXPECT_THAT(placeOf(full.region), ElementsAre(34560, 40, 16));
  EXPECT_THAT(placeOf(empty.region), ElementsAre(34576, 40, 16));
  EXPECT_THAT(placeOf(last), ElementsAre(34688, 16, 128));
  EXPECT_THAT(placeOf(more.region), ElementsAre(34704, 8, 16));
  EXPECT_EQ(shared.total(), 34712);
  EXPECT_EQ(end, 34712);
  kernel.end(shared.total());
}

/// CTAs that use one layout do not use the other.
TEST(SharedLayout, LiesOverAnother) {
  SharedLayout first, second;
  first.take(4096);
  SharedRegion words = second.take(20), tiles = second.tiles(1, 64, 64).region;
  TestKernel kernel({});
  first.allocate(kernel.b);
  second.allocate(kernel.b, /*overlaid=*/true);
  auto [places, end] = placesOf(kernel);
  EXPECT_EQ(places[1 + words.allocation].offset, 0);
  EXPECT_EQ(places[1 + tiles.allocation].offset, 1024);
  EXPECT_EQ(end, second.total());
  kernel.end(second.total());
}

/// What is known before a kernel is built is what its allocations come to.
TEST(SharedLayout, TotalIsThatOfTheAllocations) {
  std::mt19937 random(1);
  auto pick = [&](int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(random);
  };
  for (int round = 0; round < 50; ++round) {
    SharedLayout shared;
    for (int64_t k = pick(0, 12); k > 0; --k)
      switch (pick(0, 3)) {
      case 0:
        shared.take(pick(1, 300), int64_t(16) << pick(0, 6));
        break;
      case 1:
        shared.tiles(pick(1, 2), 64 * pick(1, 2), 64);
        break;
      case 2:
        shared.words(pick(1, 3), 4 * pick(1, 16));
        break;
      case 3:
        shared.barriers(pick(1, 4), pick(1, 12));
        break;
      }
    TestKernel kernel({});
    shared.allocate(kernel.b);
    auto [places, end] = placesOf(kernel);
    EXPECT_EQ(shared.total(), end);
    for (const Placed &place : places)
      EXPECT_EQ(place.offset % place.alignment, 0);
    // Fails where a launch has less than its kernel allocates.
    kernel.end(shared.total());
  }
}

/// Tiles of a ring are one behind the other, chunks of a tile too, and a
/// narrower tile starts where its stage does.
TEST(SharedLayout, TilesOfRing) {
  constexpr int64_t rows = 64, columns = 192, bytes = rows * columns * 2;
  SharedLayout shared;
  TileRing tiles = shared.tiles(/*stages=*/3, rows, columns);
  TestKernel kernel({});
  KernelBuilder &b = kernel.b;
  shared.allocate(b);
  Value stage = kernel.input("stage"), chunk = kernel.input("chunk");
  kernel.record("places", {tiles.at(b, stage), tiles.chunk(b, stage, chunk),
                           tiles.narrowed(b, stage, 64), tiles.at(b)});
  kernel.end(shared.total());
  for (int64_t s = 0; s < 3; ++s)
    for (int64_t c = 0; c < columns / kChunkColumns; ++c) {
      Machine machine = kernel.machine({});
      machine.inputs["stage"] = [=](int64_t) { return Datum::integer(s); };
      machine.inputs["chunk"] = [=](int64_t) { return Datum::integer(c); };
      ASSERT_EQ(machine.run(), "");
      EXPECT_THAT(machine.events["places"].front().numbers(),
                  ElementsAre(s * bytes,
                              s * bytes + c * rows * kChunkColumns * 2,
                              s * bytes, 0));
    }
}

/// One thread sets up all barriers of all arrays, each with its arrivals.
TEST(SharedLayout, InitBarriers) {
  SharedLayout shared;
  BarrierArray full = shared.barriers(2, 1, /*loads=*/true);
  BarrierArray empty = shared.barriers(3, 8);
  TestKernel kernel({}, 128);
  shared.allocate(kernel.b);
  initBarriers(kernel.b, {full, empty}, 128);
  kernel.end(shared.total());
  std::map<int64_t, std::pair<int64_t, bool>> found;
  kernel.function.walk([&](BarrierInitOp init) {
    auto barrier = init.getBarrier().getDefiningOp<BarrierOp>();
    Datum stage = *evaluate(
        barrier.getStage().getDefiningOp<arith::IndexCastOp>(),
        *evaluate(
            barrier.getStage().getDefiningOp()->getOperand(0).getDefiningOp(),
            {}));
    found[barrier.getOffset() + 8 * stage.signedValue()] = {init.getCount(),
                                                            init.getLoads()};
    EXPECT_TRUE(isa<scf::IfOp>(init->getParentOp()));
  });
  using Init = std::pair<int64_t, bool>;
  EXPECT_EQ(found, (std::map<int64_t, Init>{{0, {1, true}},
                                            {8, {1, true}},
                                            {16, {8, false}},
                                            {24, {8, false}},
                                            {32, {8, false}}}));
  EXPECT_EQ(kernel.machine({}).run(), "");
}

} // namespace
