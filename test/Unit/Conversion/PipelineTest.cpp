//===- PipelineTest.cpp - Rings of stages between warps -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/Pipeline.h"

#include "TestKernel.h"
#include "gmock/gmock.h"

#include <numeric>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// The stage is the use's number in its round; the parity is its round's.
TEST(Pipeline, State) {
  for (int64_t stages : {1, 2, 3, 5}) {
    TestKernel kernel({});
    PipelineState state(kernel.b, kernel.input("count"), stages);
    kernel.record("state", {state.stage, state.phase});
    kernel.end();
    // As unsigned numbers, also where those of 31 bits end.
    for (int64_t count : {0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 1000, 0x7fffffff}) {
      Machine machine = kernel.machine({});
      machine.inputs["count"] = [&](int64_t) { return Datum::integer(count); };
      ASSERT_EQ(machine.run(), "");
      EXPECT_THAT(machine.events["state"].front().numbers(),
                  ElementsAre(count % stages, count / stages % 2))
          << count << " of " << stages;
    }
  }
}

/// Warp 0 passes the numbers from 0 on to all other warps, through a slot of
/// each stage. The last warp releases its stages only if `releases`.
std::string passNumbers(int64_t stages, int64_t readers, int64_t numbers,
                        bool releases,
                        std::map<int64_t, std::vector<int64_t>> &read) {
  SharedLayout shared;
  SharedRegion slots = shared.take(16 * stages);
  PipelineLayout layout(shared, stages, /*producers=*/1, /*loads=*/false,
                        /*consumers=*/readers);
  int64_t threads = 32 * (readers + 1);
  TestKernel kernel({}, threads);
  KernelBuilder &b = kernel.b;
  shared.allocate(b);
  initBarriers(b, {layout.full, layout.empty}, threads);
  Pipeline pipeline(b, layout);
  auto forEachNumber = [&](auto body) {
    auto loop = scf::ForOp::create(b, b.i32(0), b.i32(numbers), b.i32(1));
    b.in(loop.getBody(), [&] {
      body(loop.getInductionVar(), pipeline.state(loop.getInductionVar()));
    });
  };
  b.when(
      b.isWarp(0),
      [&] {
        forEachNumber([&](Value number, const PipelineState &state) {
          pipeline.producerAcquire(state);
          spattn_gpu::WriteWordsOp::create(b, slots.memory(b),
                                           b.asIndex(state.stage), 16, number);
          pipeline.producerCommit(state.stage);
        });
      },
      [&] {
        forEachNumber([&](Value, const PipelineState &state) {
          pipeline.consumerWait(state);
          auto words = spattn_gpu::ReadWordsOp::create(
              b, TypeRange{b.getI32Type()}, slots.memory(b),
              b.asIndex(state.stage), 16, /*uniform=*/false);
          kernel.record("read", words.getValues());
          auto release = [&] {
            pipeline.consumerReleaseAfterReads(state.stage);
          };
          if (releases)
            release();
          else
            b.when(b.compare(
                       arith::CmpIPredicate::ne, b.isWarp(readers),
                       b.compare(arith::CmpIPredicate::eq, b.i32(0), b.i32(0))),
                   release);
        });
      });
  kernel.end(shared.total());
  Machine machine = kernel.machine({});
  std::string error = machine.run();
  for (const Machine::Event &event : machine.events["read"])
    read[event.warp].push_back(event.numbers().front());
  return error;
}

/// Each reader gets each number once and in order, however few stages there
/// are.
TEST(Pipeline, PassesEachUseOnToAllConsumers) {
  constexpr int64_t numbers = 17;
  std::vector<int64_t> all(numbers);
  std::iota(all.begin(), all.end(), 0);
  for (int64_t stages : {1, 2, 3, 4})
    for (int64_t readers : {1, 3}) {
      std::map<int64_t, std::vector<int64_t>> read;
      ASSERT_EQ(passNumbers(stages, readers, numbers, true, read), "");
      for (int64_t warp = 1; warp <= readers; ++warp)
        EXPECT_EQ(read[warp], all)
            << stages << " stages, reader " << warp << " of " << readers;
    }
}

/// Where a consumer keeps its stages, the producer gets as far as there are
/// stages: a stage is not filled while it is in use.
TEST(Pipeline, WaitsForAllConsumers) {
  std::map<int64_t, std::vector<int64_t>> read;
  EXPECT_THAT(passNumbers(3, 2, 17, false, read), HasSubstr("all warps wait"));
  EXPECT_THAT(read[1], ElementsAre(0, 1, 2));
  EXPECT_THAT(read[2], ElementsAre(0, 1, 2));
}

} // namespace
