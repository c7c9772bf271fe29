//===- Tuning.cpp - What was measured, by card ----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rows of kH200Forward and the numbers of getH200 are printed by
//
//   python benchmarks/gpu/tune.py table MEASUREMENTS.json
//
//===----------------------------------------------------------------------===//

#include "Tuning.h"

#include "spattn/Support/StructOptions.h"

using namespace spattn;

//===----------------------------------------------------------------------===//
// NVIDIA H200, for sm_90a: docs/Hopper.md, docs/Gradients.md
//===----------------------------------------------------------------------===//

// clang-format off
/// Clocks: `tune.py clocks`, from exclusive and causal structures. Head
/// dimensions above 128 have not been measured: these are the largest tiles
/// that compile without spills.
static constexpr ForwardCandidate kH200Forward[] = {
    {/*widestHead=*/64, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/3, /*ctasPerSM=*/1, /*keyTile=*/128, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/9250, /*keyTileClocks=*/2440, /*oneSpan=*/true},
    {/*widestHead=*/64, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/128, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/4050, /*keyTileClocks=*/2120, /*oneSpan=*/false},
    {/*widestHead=*/64, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/1, /*ctasPerSM=*/3, /*keyTile=*/64, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/1920, /*keyTileClocks=*/503, /*oneSpan=*/false},
    {/*widestHead=*/64, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/1, /*ctasPerSM=*/2, /*keyTile=*/64, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/2120, /*keyTileClocks=*/585, /*oneSpan=*/false},
    {/*widestHead=*/128, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/128, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/6320, /*keyTileClocks=*/2670, /*oneSpan=*/false},
    {/*widestHead=*/128, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/1, /*ctasPerSM=*/2, /*keyTile=*/64, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/3190, /*keyTileClocks=*/838, /*oneSpan=*/false},
    {/*widestHead=*/192, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/80, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
    {/*widestHead=*/256, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/80, /*stages=*/2, /*queryStages=*/1, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/true},
    {/*widestHead=*/256, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/64, /*stages=*/2, /*queryStages=*/1, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
};

/// For query heads that share tiles. Key tiles: the clocks above, of which a
/// third does not depend on the number of keys (64 keys take two thirds of the
/// time of 128). Work tiles: of a window of 128 at dimension 64, measured for
/// key tiles of 80 and 144 (docs/notes/hopper.md); in proportion for 128.
static constexpr ForwardCandidate kH200Packed[] = {
    {/*widestHead=*/64, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/144, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/7860, /*keyTileClocks=*/2300, /*oneSpan=*/false},
    {/*widestHead=*/64, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/128, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/7300, /*keyTileClocks=*/2120, /*oneSpan=*/false},
    {/*widestHead=*/64, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/80, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/5890, /*keyTileClocks=*/1590, /*oneSpan=*/false},
    {/*widestHead=*/64, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/1, /*ctasPerSM=*/3, /*keyTile=*/80, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/1930, /*keyTileClocks=*/587, /*oneSpan=*/false},
    {/*widestHead=*/64, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/1, /*ctasPerSM=*/3, /*keyTile=*/64, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/1920, /*keyTileClocks=*/503, /*oneSpan=*/false},
    {/*widestHead=*/128, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/144, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/11300, /*keyTileClocks=*/2890, /*oneSpan=*/false},
    {/*widestHead=*/128, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/128, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/10500, /*keyTileClocks=*/2670, /*oneSpan=*/false},
    {/*widestHead=*/128, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/80, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/8470, /*keyTileClocks=*/2000, /*oneSpan=*/false},
    {/*widestHead=*/128, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/1, /*ctasPerSM=*/2, /*keyTile=*/64, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/3190, /*keyTileClocks=*/838, /*oneSpan=*/false},
    {/*widestHead=*/192, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/80, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
    {/*widestHead=*/256, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/64, /*stages=*/2, /*queryStages=*/1, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
};

/// Compared by benchmarks/gpu/backward.py (docs/Gradients.md). Sums that are
/// staged leave less room for tiles. Head dimensions above 128 have not been
/// measured: docs/notes/gradients.md says what they have room for.
static constexpr BackwardCandidate kH200Backward[] = {
    {/*deterministic=*/false, /*widestHead=*/64, /*leastSharedMemory=*/224 * 1024, /*queryTile=*/64, /*mmaWarpgroups=*/3, /*ctasPerSM=*/1, /*keyStages=*/2, /*valueStages=*/1, /*queryStages=*/2, /*doStages=*/2, KeyGradients::Together, /*leastKeys=*/800, /*scarceRegisters=*/true},
    {/*deterministic=*/std::nullopt, /*widestHead=*/64, /*leastSharedMemory=*/0, /*queryTile=*/64, /*mmaWarpgroups=*/1, /*ctasPerSM=*/2, /*keyStages=*/2, /*valueStages=*/2, /*queryStages=*/2, /*doStages=*/2},
    {/*deterministic=*/false, /*widestHead=*/128, /*leastSharedMemory=*/0, /*queryTile=*/64, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyStages=*/2, /*valueStages=*/1, /*queryStages=*/2, /*doStages=*/2},
    {/*deterministic=*/true, /*widestHead=*/128, /*leastSharedMemory=*/0, /*queryTile=*/64, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyStages=*/2, /*valueStages=*/2, /*queryStages=*/3, /*doStages=*/3},
    {/*deterministic=*/std::nullopt, /*widestHead=*/192, /*leastSharedMemory=*/0, /*queryTile=*/64, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyStages=*/1, /*valueStages=*/1, /*queryStages=*/2, /*doStages=*/2, KeyGradients::ByWarpgroup},
    {/*deterministic=*/false, /*widestHead=*/256, /*leastSharedMemory=*/0, /*queryTile=*/64, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyStages=*/1, /*valueStages=*/1, /*queryStages=*/2, /*doStages=*/1, KeyGradients::ByWarpgroup},
    {/*deterministic=*/true, /*widestHead=*/256, /*leastSharedMemory=*/0, /*queryTile=*/64, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyStages=*/1, /*valueStages=*/1, /*queryStages=*/2, /*doStages=*/2, KeyGradients::ByWarpgroup},
};
// clang-format on

static Tuning getH200() {
  Tuning tuning;
  tuning.card = "NVIDIA H200";
  tuning.forward = kH200Forward;
  tuning.packed = kH200Packed;
  tuning.backward = kH200Backward;
  // tune.py deterministic: with and without, at windows of 64 to 4096 keys.
  tuning.fewKeysNarrow = 300;
  tuning.fewKeysWide = 800;
  // tune.py claim-keys: always and never, at windows of 256 to 16384 keys.
  tuning.claimKeys = 3000;
  tuning.claimKeysNarrow = 600;
  // Bands and a window of 1,024 keys are faster with, causal attention slower:
  // docs/notes/gradients.md. tune.py skip-keys has not been run.
  tuning.skipKeys = 4000;
  // tune.py knobs, for these and for what Tuning.h has.
  tuning.queryCtasPerSM = 2;
  return tuning;
}

//===----------------------------------------------------------------------===//
// Everything else, by sm_80's instructions: docs/Ampere.md
//===----------------------------------------------------------------------===//

// clang-format off
/// The largest tiles that compile without spills; benchmarks/gpu/targets.py
/// says what they need. An H200 that runs sm_80's instructions is the one card
/// that they were timed on (benchmarks/gpu/forward.py), so that there are no
/// clocks to choose by.
static constexpr ForwardCandidate kSm80Forward[] = {
    {/*widestHead=*/64, /*leastSharedMemory=*/163 * 1024, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/96, /*stages=*/3, /*queryStages=*/2, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
    {/*widestHead=*/64, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/96, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
    {/*widestHead=*/128, /*leastSharedMemory=*/163 * 1024, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/64, /*stages=*/3, /*queryStages=*/2, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
    {/*widestHead=*/128, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/2, /*ctasPerSM=*/1, /*keyTile=*/64, /*stages=*/2, /*queryStages=*/1, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
    // A warpgroup that computes alone has 255 registers for each thread.
    {/*widestHead=*/192, /*leastSharedMemory=*/163 * 1024, /*mmaWarpgroups=*/1, /*ctasPerSM=*/1, /*keyTile=*/64, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
    {/*widestHead=*/192, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/1, /*ctasPerSM=*/1, /*keyTile=*/48, /*stages=*/2, /*queryStages=*/1, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
    {/*widestHead=*/256, /*leastSharedMemory=*/163 * 1024, /*mmaWarpgroups=*/1, /*ctasPerSM=*/1, /*keyTile=*/48, /*stages=*/2, /*queryStages=*/2, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
    {/*widestHead=*/256, /*leastSharedMemory=*/0, /*mmaWarpgroups=*/1, /*ctasPerSM=*/1, /*keyTile=*/32, /*stages=*/2, /*queryStages=*/1, /*workTileClocks=*/0, /*keyTileClocks=*/0, /*oneSpan=*/false},
};

static constexpr BackwardCandidate kSm80Backward[] = {
    {/*deterministic=*/std::nullopt, /*widestHead=*/64, /*leastSharedMemory=*/0, /*queryTile=*/64, /*mmaWarpgroups=*/1, /*ctasPerSM=*/1, /*keyStages=*/2, /*valueStages=*/2, /*queryStages=*/2, /*doStages=*/2},
    {/*deterministic=*/std::nullopt, /*widestHead=*/128, /*leastSharedMemory=*/163 * 1024, /*queryTile=*/64, /*mmaWarpgroups=*/1, /*ctasPerSM=*/1, /*keyStages=*/2, /*valueStages=*/2, /*queryStages=*/2, /*doStages=*/2},
    {/*deterministic=*/std::nullopt, /*widestHead=*/128, /*leastSharedMemory=*/0, /*queryTile=*/64, /*mmaWarpgroups=*/1, /*ctasPerSM=*/1, /*keyStages=*/1, /*valueStages=*/1, /*queryStages=*/1, /*doStages=*/1},
    {/*deterministic=*/std::nullopt, /*widestHead=*/192, /*leastSharedMemory=*/163 * 1024, /*queryTile=*/64, /*mmaWarpgroups=*/1, /*ctasPerSM=*/1, /*keyStages=*/1, /*valueStages=*/1, /*queryStages=*/2, /*doStages=*/1, KeyGradients::ByKernel},
    {/*deterministic=*/std::nullopt, /*widestHead=*/256, /*leastSharedMemory=*/163 * 1024, /*queryTile=*/64, /*mmaWarpgroups=*/1, /*ctasPerSM=*/1, /*keyStages=*/1, /*valueStages=*/1, /*queryStages=*/1, /*doStages=*/1, KeyGradients::ByKernel},
};
// clang-format on

/// Seven MMAs never were faster than five, and no CTA can claim sums.
static Tuning getSm80() {
  Tuning tuning;
  tuning.card = "sm_80";
  tuning.multiprocessors = 108;
  tuning.forward = kSm80Forward;
  tuning.backward = kSm80Backward;
  return tuning;
}

llvm::Expected<Tuning> Tuning::of(const TargetCapabilities &target,
                                  llvm::StringRef overrides) {
  const Tuning measured = target.asyncMma ? getH200() : getSm80();
  llvm::Expected<Tuning> tuning = parseOptions<Tuning>(overrides, measured);
  if (!tuning)
    return tuning.takeError();
  if (llvm::Error error = checkRanges(*tuning))
    return error;
  return tuning;
}
