//===- ForwardMainloopTest.cpp - Scores, softmax and output of work tiles ===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Forward/ForwardMainloop.h"

#include "KernelRun.h"
#include "QueueKernel.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

namespace {

/// A kernel, of which the mainloop is one part; those beside it have tests of
/// their own.
struct Variant {
  const char *target;
  int64_t mmaWarpgroups, keyTile, queryStages, stages;
  bool overlap, pingpong, dynamic;
  bool besideOutput = false, optimistic = true;
};

std::ostream &operator<<(std::ostream &stream, const Variant &v) {
  return stream << v.target << " warpgroups " << v.mmaWarpgroups << " keys "
                << v.keyTile << " stages " << v.queryStages << ", " << v.stages
                << (v.overlap ? " overlap" : "")
                << (v.pingpong ? " pingpong" : "")
                << (v.dynamic ? " dynamic" : "")
                << (v.besideOutput ? " beside output" : "")
                << (v.optimistic ? " optimistic" : "");
}

class ForwardMainloopTest : public testing::TestWithParam<Variant> {
protected:
  void run(const AttentionSpec &spec, const CallSpec &call, bool late,
           ArrayRef<float> sinks = {}) {
    const Variant &v = GetParam();
    KernelRun kernel(spec, call, /*seed=*/call.queries, sinks);
    kernel.build(v.target, [&](OpBuilder &builder, KernelProgram &program) {
      ForwardConfig config{*TargetCapabilities::of(v.target),
                           int64_t(llvm::alignTo(spec.headDim, 64)),
                           int64_t(llvm::alignTo(spec.valueDim, 64))};
      config.mmaWarpgroups = v.mmaWarpgroups;
      config.keyTile = v.keyTile;
      config.queryStages = v.queryStages;
      config.stages = v.stages;
      config.intraWarpgroupOverlap = v.overlap;
      config.pingpong = v.pingpong;
      config.softmaxBesideOutput = v.besideOutput;
      config.optimisticSoftmax = v.optimistic;
      config.dynamicScheduler = v.dynamic;
      config.hasSequences = spec.sequences;
      config.rows.heads = packedHeads;
      config.itemStages = 2;
      config.item = layoutOfRowTiles(kernel.op, config.queryTile(),
                                     config.keyTile, config.fromFirstKey());
      buildForwardKernel(builder, cast<AttentionOp>(*kernel.op), "kernel",
                         config, program);
    });
    ASSERT_EQ(kernel.run("kernel", late), "");
    kernel.expectRows("o", kernel.reference.out, 1e-2);
    if (spec.lse)
      kernel.expectRows("lse", kernel.reference.lse, 1e-5);
    kernel.expectGapsKept();
  }

  std::mt19937 random{61};
  int64_t packedHeads = 1;
};

INSTANTIATE_TEST_SUITE_P(
    Kernels, ForwardMainloopTest,
    testing::Values(Variant{"sm_90a", 1, 64, 2, 2, true, false, false},
                    Variant{"sm_90a", 2, 64, 2, 2, true, true, true, true},
                    Variant{"sm_90a", 2, 80, 3, 1, true, false, false, true},
                    Variant{"sm_90a", 3, 48, 2, 3, true, true, false},
                    // The next queries come when the output has been stored.
                    Variant{"sm_90a", 2, 80, 1, 2, true, true, true},
                    Variant{"sm_90a", 1, 64, 1, 1, true, false, false, true,
                            /*optimistic=*/false},
                    Variant{"sm_80", 2, 64, 1, 1, false, false, false},
                    Variant{"sm_80", 1, 96, 2, 2, false, false, true}));

/// Random structures, lengths and heads: several work tiles for a CTA, ragged
/// ones, and rows without keys.
TEST_P(ForwardMainloopTest, IsAttention) {
  for (int round = 0; round < 6; ++round) {
    RandomInstance instance(random, 260);
    instance.vary(round);
    instance.spec.lse = round % 3 != 0;
    instance.spec.sinks = round >= 4;
    instance.spec.softCap = round == 1 || round == 5;
    instance.spec.region = round == 4 || round == 5;
    // The maximum is that of scaled scores.
    if (round == 0)
      instance.spec.signedScale = true, instance.call.scale = -0.2f;
    instance.spec.slopes = round == 2 || round == 5;
    instance.spec.distances = round == 3 ? 40 : round == 5 ? 151 : 0;
    SCOPED_TRACE(instance.str());
    run(instance.spec, instance.call, /*late=*/round % 2);
    if (HasFatalFailure())
      return;
  }
}

/// Scores that are capped or biased by distance, where rows have negative
/// distances, too.
TEST_P(ForwardMainloopTest, ModifiedScores) {
  AttentionSpec spec;
  spec.heads = 2;
  spec.lse = true;
  CallSpec call = {1, 150, 200, 1, 0.3f};
  for (Alignment alignment : {Alignment::End, Alignment::Start})
    for (bool softCap : {false, true}) {
      spec.alignment = alignment;
      spec.softCap = softCap;
      spec.slopes = true;
      spec.distances = softCap ? 97 : 0;
      spec.structure = softCap ? "#spattn.full" : "#spattn.causal";
      run(spec, call, /*late=*/softCap);
    }
  // The maximum is that of modified scores, whatever the sign of the scale.
  call.scale = -0.3f;
  run(spec, call, /*late=*/true);
}

/// Positions decide on pairs, of full tiles and masked ones, of sequences, and
/// beside other modifiers of scores.
TEST_P(ForwardMainloopTest, Positions) {
  for (int round = 0; round < 6; ++round) {
    RandomInstance instance(random, 260);
    instance.vary(round);
    instance.spec.lse = true;
    instance.spec.causalPositions = round % 3 != 1;
    if (round % 3 != 0)
      instance.spec.selfScore = -1.5f;
    instance.spec.softCap = round == 4;
    instance.spec.slopes = round == 5;
    instance.spec.region = round == 2 || round == 4;
    if (round == 2 || round == 3)
      instance.addSequences(random, /*count=*/2);
    SCOPED_TRACE(instance.str());
    run(instance.spec, instance.call, /*late=*/round % 2);
    if (HasFatalFailure())
      return;
  }
}

/// Documents and padding, which holds NaN: of any lengths, none included, so
/// that tiles end in the next document, in padding, or at the last row.
TEST_P(ForwardMainloopTest, Sequences) {
  for (int round = 0; round < 6; ++round) {
    RandomInstance instance(random, 260);
    instance.vary(round);
    instance.spec.lse = round % 3 != 0;
    instance.spec.sinks = round >= 4;
    // Distances are those within a sequence.
    instance.spec.slopes = round % 3 == 1;
    instance.spec.distances = round == 2 || round == 4 ? 33 : 0;
    instance.spec.softCap = round == 4;
    instance.spec.region = round == 3 || round == 4;
    instance.addSequences(random, /*count=*/round == 0 ? 1 : 1 + round);
    SCOPED_TRACE(instance.str());
    run(instance.spec, instance.call, /*late=*/round % 2);
    if (HasFatalFailure())
      return;
  }
}

/// Query heads of a group share tiles: everything that is of a row is that of
/// its query and head.
TEST_P(ForwardMainloopTest, PackedHeads) {
  if (GetParam().target != StringRef("sm_90a"))
    return; // Rows of several heads take TMA.
  for (int round = 0; round < 9; ++round) {
    RandomInstance instance(random, 160, /*numHeads=*/1);
    packedHeads = int64_t(2) << round % 3;
    // All of a group, or half of one.
    instance.spec.heads = packedHeads * (round % 4 == 3 ? 2 : 1);
    instance.spec.keyHeads = 1;
    if (instance.heads.groups().front().structure.dependsOnGroup()) {
      --round;
      continue;
    }
    instance.call.batches = 1;
    instance.call.ctas = 1 + round % 3;
    instance.call.scale = 0.2f;
    instance.spec.lse = round % 4 != 1;
    instance.spec.sinks = round % 3 != 1;
    instance.spec.slopes = round % 2 == 1;
    instance.spec.softCap = round == 4 || round == 7;
    instance.spec.region = round == 5 || round == 7;
    instance.spec.causalPositions = round == 2 || round == 6;
    instance.spec.wideOutput = round == 3 || round == 8;
    if (round >= 4 && !instance.spec.causalPositions)
      instance.addSequences(random, /*count=*/2);
    SCOPED_TRACE(instance.str());
    run(instance.spec, instance.call, /*late=*/round % 2);
    if (HasFatalFailure())
      return;
  }
}

/// What spans many tiles, masked and full ones.
TEST_P(ForwardMainloopTest, LongRows) {
  AttentionSpec spec;
  spec.heads = 2;
  spec.lse = true;
  CallSpec call = {1, 200, 500, 1, 0.3f};
  bool late = false;
  for (const char *structure :
       {"#spattn.causal", "#spattn.partition<local_band>",
        "#spattn.union<#spattn.window<left = 30, right = 20>, #spattn.keys<0 "
        "to 70>, #spattn.queries<300 to 370>>"}) {
    spec.structure = structure;
    run(spec, call, late);
    late = !late;
  }
}

/// Scores so far apart that probabilities leave the range of sums, where rows
/// have seen keys before, and where they see their first.
TEST_P(ForwardMainloopTest, ScoresFarApart) {
  AttentionSpec spec;
  spec.heads = 2;
  spec.lse = true;
  for (const char *structure :
       {"#spattn.causal", "#spattn.partition<exclusive>",
        "#spattn.window<left = 100, right = 40>"}) {
    spec.structure = structure;
    for (float scale : {15.f, 90.f})
      run(spec, {1, 150, 300, 1, scale}, /*late=*/false);
  }
}

/// Head dimensions that do not fill their chunks.
TEST_P(ForwardMainloopTest, OddHeadDimensions) {
  AttentionSpec spec;
  spec.structure = "#spattn.partition<exclusive>";
  spec.heads = 2;
  spec.headDim = 72;
  spec.valueDim = 40;
  run(spec, {2, 130, 150, 1, 0.2f}, /*late=*/true);
}

/// Sinks that are far above the scores, among them, and far below.
TEST_P(ForwardMainloopTest, Sinks) {
  AttentionSpec spec;
  spec.structure = "#spattn.distances<20 to 90>";
  spec.heads = 4;
  spec.lse = spec.sinks = true;
  run(spec, {2, 130, 150, 1, 0.2f}, /*late=*/true,
      {-INFINITY, -200, 0.5f, 200});
}

/// An output of another element type goes out from registers.
TEST_P(ForwardMainloopTest, OutputFromRegisters) {
  AttentionSpec spec;
  spec.structure = "#spattn.window<left = 70, right = 9>";
  spec.wideOutput = true;
  for (bool lse : {false, true}) {
    spec.lse = lse;
    run(spec, {2, 170, 150, 2, 0.2f}, /*late=*/lse);
  }
}

} // namespace
