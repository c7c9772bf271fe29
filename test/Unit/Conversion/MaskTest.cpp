//===- MaskTest.cpp - Masks of partial tiles ------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/Mask.h"

#include "../Structure/Definition.h"
#include "QueueKernel.h"

#include <cmath>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

constexpr int64_t kColumns = 64;

/// Masks tiles of ones of a random instance, and compares what is left with the
/// definition. Work tiles are `own` queries or keys, of which the warpgroup has
/// 64 from `before` on.
class MaskTest : public testing::Test {
protected:
  void run(const RandomInstance &instance, Mask::Orientation orientation,
           Mask::When when, int64_t own, int64_t before) {
    SCOPED_TRACE(instance.str());
    bool ofRows = orientation == Mask::Orientation::QueriesByKeys;
    QueueKernel kernel(instance.spec, ofRows, own, kColumns);
    KernelBuilder &b = kernel.b;
    (kernel.queue.hasTables() ? withTables : withoutTables) += 1;
    TileWalk walk(b, kernel.queue, kColumns);
    Mask mask(b, kernel.queue, walk, orientation, kColumns);
    Value rowsBefore = kernel.input("before");
    kernel.emit(
        [&] { kernel.postAll(); },
        [&] {
          kernel.queue.forEach([&](WorkTile &tile, Value) {
            auto loop = scf::ForOp::create(b, b.i32(0), tile.visited, b.i32(1));
            b.in(loop.getBody(), [&] {
              Value n = loop.getInductionVar();
              Value ones = b.fillAcc(kColumns, 1);
              kernel.record("masked",
                            {tile.head, b.ops.materialize(tile.first),
                             walk.firstValue(tile, n),
                             b.asNumber(walk.isMasked(tile, n)),
                             mask.apply(tile, n, when, rowsBefore, ones)});
            });
          });
        });
    CallSpec call = instance.call;
    call.batches = 1;
    Machine machine = kernel.machine(call);
    machine.inputs["before"] = [=](int64_t) { return Datum::integer(before); };
    ASSERT_EQ(machine.run(), "");
    for (const Machine::Event &event : machine.events["masked"])
      check(instance, event, ofRows, when, before);
  }

  void check(const RandomInstance &instance, const Machine::Event &event,
             bool ofRows, Mask::When when, int64_t before) {
    int64_t head = event.values[0].signedValue();
    int64_t firstRow = event.values[1].signedValue() + before +
                       Datum::kRows * (event.warp % 4);
    int64_t firstColumn = event.values[2].signedValue();
    bool isMasked = event.values[3].signedValue() != 0;
    Instance definition = {&instance.heads, head, instance.call.queries,
                           instance.call.keys, instance.spec.alignment};
    int64_t rows = ofRows ? instance.call.queries : instance.call.keys;
    for (int64_t row = 0; row < Datum::kRows; ++row)
      for (int64_t column = 0; column < kColumns; ++column) {
        int64_t r = firstRow + row, c = firstColumn + column;
        // What rows that do not exist have is not looked at.
        if (r >= rows)
          continue;
        bool holds = ofRows ? test::holds(definition, r, c)
                            : test::holds(definition, c, r);
        // A tile that is not masked is one that need not be.
        if (when == Mask::When::Never)
          holds = true;
        else if (when == Mask::When::IfPartial && !isMasked)
          ASSERT_TRUE(holds);
        float value = event.values[4].elements[row * kColumns + column];
        ASSERT_EQ(value, holds ? 1 : -INFINITY)
            << "head " << head << " row " << r << " column " << c;
      }
  }

  std::mt19937 random{17};
  int withTables = 0, withoutTables = 0;
};

TEST_F(MaskTest, KeysOfQueries) {
  for (int round = 0; round < 32; ++round)
    run(RandomInstance(random, 200), Mask::Orientation::QueriesByKeys,
        round % 2 ? Mask::When::Always : Mask::When::IfPartial, 64, 0);
  EXPECT_GT(withTables, 2);
  EXPECT_GT(withoutTables, 2);
}

TEST_F(MaskTest, QueriesOfKeys) {
  for (int round = 0; round < 32; ++round)
    run(RandomInstance(random, 200), Mask::Orientation::KeysByQueries,
        round % 2 ? Mask::When::Always : Mask::When::IfPartial, 64, 0);
  EXPECT_GT(withTables, 2);
  EXPECT_GT(withoutTables, 2);
}

/// The rows of a warpgroup are a part of the work tile's.
TEST_F(MaskTest, RowsOfSecondWarpgroup) {
  for (int round = 0; round < 8; ++round)
    run(RandomInstance(random, 300),
        round % 2 ? Mask::Orientation::QueriesByKeys
                  : Mask::Orientation::KeysByQueries,
        Mask::When::IfPartial, 128, 64);
}

TEST_F(MaskTest, Never) {
  for (int round = 0; round < 2; ++round)
    run(RandomInstance(random, 150), Mask::Orientation::QueriesByKeys,
        Mask::When::Never, 64, 0);
}

} // namespace
