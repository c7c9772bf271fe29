//===- ForwardEpilogueTest.cpp - Output and log-sum-exp ------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Forward/ForwardEpilogue.h"

#include "TestKernel.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

constexpr int64_t kOut = 1 << 20, kLse = 1 << 21, kMap = 4096;
constexpr int64_t kWidth = 64;
/// Elements from one row, head and batch entry to the next.
constexpr int64_t kOutRow = 72, kOutHead = 20000, kOutBatch = 50000;
constexpr int64_t kLseRow = 2, kLseHead = 500, kLseBatch = 1100;

/// A warpgroup of 64 queries from `row` on writes an output.
struct Spec {
  bool lse, wide;
  int64_t queries, row, zeroRows = 0;
};

class ForwardEpilogueTest : public testing::Test {
protected:
  struct Run {
    std::vector<float> out, lse;
    std::map<std::string, std::vector<Machine::Event>> events;
  };

  /// What `emit` leaves; it is given an epilogue and a pending output, of which
  /// each row has another sum.
  Run run(const Spec &spec, bool late,
          llvm::function_ref<void(TestKernel &, ForwardEpilogue &,
                                  ForwardLayout &, PendingOutput)>
              emit) {
    AttentionSpec attention;
    attention.heads = attention.keyHeads = 2;
    attention.lse = spec.lse;
    attention.wideOutput = spec.wide;
    TestKernel kernel(attention, /*threads=*/128);
    KernelBuilder &b = kernel.b;
    ForwardConfig config{*TargetCapabilities::of("sm_90a"), 64, kWidth};
    config.mmaWarpgroups = 1;
    config.keyTile = 64;
    config.item = layoutOfRowTiles(kernel.op, 64, 64);
    config.zeroRows = spec.zeroRows;
    ForwardLayout layout(config);
    layout.shared.allocate(b);
    ScoreModifier modifier(b, kernel.scale);
    Softmax softmax(b, modifier);
    Type pointer = kernel.counter.getType();
    auto index = [&](int64_t value) { return b.asIndex(b.i32(value)); };
    StridedArray out = {kernel.input("out", pointer), index(kOutBatch),
                        index(kOutHead), index(kOutRow)};
    StridedArray lse = {kernel.input("lse", pointer), index(kLseBatch),
                        index(kLseHead), index(kLseRow)};
    ForwardEpilogue epilogue(b, cast<AttentionOp>(*kernel.op), config, layout,
                             softmax, modifier, kernel.sequence, out, lse,
                             /*sinks=*/nullptr);
    initBarriers(b, {layout.outputs}, 128);
    PendingOutput pending = epilogue.nothingPending();
    pending.output = kernel.input("output", b.accType(kWidth));
    pending.max = kernel.input("max", b.rowsType());
    pending.sum = kernel.input("sum", b.rowsType());
    EXPECT_EQ(epilogue.needsRow(), spec.lse || spec.wide);
    if (epilogue.needsRow()) {
      pending.batch = b.i32(1);
      pending.head = b.i32(1);
      pending.row = b.i32(spec.row);
    } else {
      EXPECT_FALSE(pending.row);
    }
    // As a loop carries it.
    emit(kernel, epilogue, layout, PendingOutput(pending.carried()));
    kernel.end(layout.shared.total());

    CallSpec call;
    call.batches = 2;
    call.queries = spec.queries;
    call.scale = 0.5f;
    Machine machine = kernel.machine(call);
    machine.late = late;
    int64_t bytes = spec.wide ? 4 : 2;
    machine.arrays[kOut] = {bytes, std::vector<float>(2 * kOutBatch, NAN)};
    machine.arrays[kLse] = {4, std::vector<float>(2 * kLseBatch, NAN)};
    machine.maps[kMap] = {kOut,      kWidth,   spec.queries,
                          kOutBatch, kOutHead, kOutRow};
    machine.inputs["out"] = [](int64_t) { return Datum::integer(kOut, 64); };
    machine.inputs["lse"] = [](int64_t) { return Datum::integer(kLse, 64); };
    machine.inputs["map"] = [](int64_t) { return Datum::integer(kMap, 64); };
    auto rows = [](auto value) {
      return [value](int64_t warp) {
        Datum datum;
        for (int64_t r = 0; r < Datum::kRows; ++r)
          for (int64_t thread = 0; thread < Datum::kQuad; ++thread)
            datum.elements.push_back(value(warp * Datum::kRows + r, thread));
        return datum;
      };
    };
    machine.inputs["max"] =
        rows([](int64_t row, int64_t) { return maxOf(row); });
    machine.inputs["sum"] = rows([](int64_t row, int64_t thread) {
      // Of a row, in parts.
      return sumOf(row) * (thread == 2 ? 0.5f : thread == 3 ? 0.5f : 0.0f);
    });
    machine.inputs["output"] = [](int64_t warp) {
      Datum datum;
      for (int64_t r = 0; r < Datum::kRows; ++r)
        for (int64_t c = 0; c < kWidth; ++c)
          datum.elements.push_back(outputOf(warp * Datum::kRows + r, c));
      return datum;
    };
    EXPECT_EQ(machine.run(), "");
    return {machine.arrays[kOut].data, machine.arrays[kLse].data,
            machine.events};
  }

  static bool isEmpty(int64_t row) { return row % 7 == 3; }
  static float sumOf(int64_t row) { return isEmpty(row) ? 0 : 1 + row % 5; }
  static float maxOf(int64_t row) {
    return isEmpty(row) ? -INFINITY : float(row) / 8;
  }
  static float outputOf(int64_t row, int64_t column) {
    return isEmpty(row) ? 0 : float((row * 13 + column * 7) % 31) - 15;
  }

  /// Whether rows from `row` on up to the last query are what they should be,
  /// and nothing else has been written.
  static void checkOut(const Run &run, const Spec &spec) {
    std::vector<float> out = run.out;
    for (int64_t r = 0; r < 64 && spec.row + r < spec.queries; ++r)
      for (int64_t c = 0; c < kWidth; ++c) {
        float &x = out[kOutBatch + kOutHead + (spec.row + r) * kOutRow + c];
        float expected = isEmpty(r) ? 0 : outputOf(r, c) / sumOf(r);
        ASSERT_NEAR(x, expected, std::abs(expected) / (spec.wide ? 1e6 : 200))
            << "row " << r << " column " << c;
        x = NAN;
      }
    EXPECT_TRUE(llvm::all_of(out, [](float x) { return std::isnan(x); }));
  }

  static void checkLse(const Run &run, const Spec &spec) {
    std::vector<float> lse = run.lse;
    for (int64_t r = 0; spec.lse && r < 64 && spec.row + r < spec.queries;
         ++r) {
      float &x = lse[kLseBatch + kLseHead + (spec.row + r) * kLseRow];
      if (isEmpty(r))
        ASSERT_EQ(x, -INFINITY) << "row " << r;
      else
        ASSERT_NEAR(x, maxOf(r) * 0.5f + std::log(sumOf(r)), 1e-5)
            << "row " << r;
      x = NAN;
    }
    EXPECT_TRUE(llvm::all_of(lse, [](float x) { return std::isnan(x); }));
  }
};

/// The warpgroup writes, a warp that waits for all of its warps stores.
TEST_F(ForwardEpilogueTest, ThroughSharedMemory) {
  for (bool lse : {false, true})
    for (int64_t queries : {64, 100, 128})
      for (bool late : {false, true}) {
        Spec spec = {lse, /*wide=*/false, queries, 64};
        // Of the second work tile: the second stage.
        Run result =
            run(spec, late,
                [&](TestKernel &kernel, ForwardEpilogue &epilogue,
                    ForwardLayout &layout, PendingOutput pending) {
                  KernelBuilder &b = kernel.b;
                  epilogue.emitOutput(pending, b.i32(0), /*count=*/b.i32(2));
                  Value map = kernel.input("map", kernel.counter.getType());
                  b.inWarp(2, [&] {
                    b.await(layout.outputs.at(b, b.i32(1)), b.i32(0));
                    WorkTile tile;
                    tile.first = b.ops.constant(64);
                    tile.head = tile.batch = b.i32(1);
                    epilogue.storeOutput(tile, b.i32(1), map);
                    kernel.record("stored", {});
                  });
                });
        EXPECT_EQ(result.events["stored"].size(), 1u);
        checkOut(result, spec);
        checkLse(result, spec);
      }
}

TEST_F(ForwardEpilogueTest, FromRegisters) {
  for (bool lse : {false, true})
    for (int64_t queries : {1, 64, 80, 200}) {
      Spec spec = {lse, /*wide=*/true, queries, queries > 100 ? 70 : 0};
      Run result =
          run(spec, /*late=*/true,
              [&](TestKernel &kernel, ForwardEpilogue &epilogue,
                  ForwardLayout &layout, PendingOutput pending) {
                KernelBuilder &b = kernel.b;
                epilogue.emitOutput(pending, b.i32(0), /*count=*/b.i32(1));
                // Others are told all the same.
                b.await(layout.outputs.at(b, b.i32(0)), b.i32(0));
                WorkTile tile;
                epilogue.storeOutput(tile, b.i32(0), Value());
              });
      checkOut(result, spec);
      checkLse(result, spec);
    }
}

/// One warp fills the rows that there are of a work tile that sees no key, by
/// stores of its own or of a tile of zeros.
TEST_F(ForwardEpilogueTest, EmptyRows) {
  for (auto [wide, zeroRows] :
       {std::pair<bool, int64_t>{false, 0}, {true, 0}, {false, 8}, {false, 64}})
    for (int64_t queries : {65, 100, 128, 300}) {
      Spec spec = {/*lse=*/true, wide, queries, 64, zeroRows};
      Run result = run(spec, /*late=*/true,
                       [&](TestKernel &kernel, ForwardEpilogue &epilogue,
                           ForwardLayout &layout, PendingOutput) {
                         KernelBuilder &b = kernel.b;
                         Value map =
                             kernel.input("map", kernel.counter.getType());
                         b.inWarp(1, [&] {
                           WorkTile tile;
                           tile.first = b.ops.constant(64);
                           tile.head = tile.batch = b.i32(1);
                           ZeroFill zeroFill(b, layout.zeroTile);
                           EXPECT_EQ(zeroFill.isUsed(), zeroRows > 0);
                           zeroFill.begin();
                           epilogue.emitEmptyRows(tile, zeroFill, map);
                           zeroFill.end();
                         });
                       });
      for (int64_t r = 64; r < std::min<int64_t>(queries, 128); ++r) {
        for (int64_t c = 0; c < kWidth; ++c) {
          float &x = result.out[kOutBatch + kOutHead + r * kOutRow + c];
          ASSERT_EQ(x, 0) << "row " << r;
          x = NAN;
        }
        float &lse = result.lse[kLseBatch + kLseHead + r * kLseRow];
        ASSERT_EQ(lse, -INFINITY) << "row " << r;
        lse = NAN;
      }
      for (const std::vector<float> *left : {&result.out, &result.lse})
        EXPECT_TRUE(llvm::all_of(*left, [](float x) { return std::isnan(x); }));
    }
}

} // namespace
