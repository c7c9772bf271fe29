//===- Tuning.h - What was measured, by card --------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every number of a kernel's configuration that was found by measuring, with
// its unit. benchmarks/gpu/tune.py measures them again: docs/Tuning.md.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_TUNING_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_TUNING_H

#include "BackwardConfig.h"
#include "spattn/Support/OptionField.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>

namespace spattn {

/// A tile shape of the forward kernel with what goes with it.
struct ForwardCandidate {
  /// For head dimensions up to this, in elements.
  int64_t widestHead;
  /// For SMs with at least so many bytes of shared memory.
  int64_t leastSharedMemory;
  /// Those of the configuration.
  int64_t mmaWarpgroups, ctasPerSM, keyTile, stages, queryStages;
  /// Clocks of an SM for a work tile, and for a key tile of it. 0 where there
  /// is nothing to compare.
  int64_t workTileClocks, keyTileClocks;
  /// Registers are so few that some would spill for rows that see more than one
  /// span of keys.
  bool oneSpan;
};

/// The same of the gradient kernels.
struct BackwardCandidate {
  /// For one mode; none: for both.
  std::optional<bool> deterministic;
  int64_t widestHead, leastSharedMemory;
  int64_t queryTile, mmaWarpgroups, ctasPerSM;
  int64_t keyStages, valueStages, queryStages, doStages;
  KeyGradients keyGradients = KeyGradients::Together;
  /// For queries that see at least so many keys on average: others see too
  /// little of wide key tiles.
  int64_t leastKeys = 0;
  /// Registers are so few that some would spill for modified scores, and for
  /// rows that see more than two spans of keys.
  bool scarceRegisters = false;
};

struct Tuning {
  /// Whose numbers these are.
  llvm::StringRef card;

  /// The first one that fits a head dimension is for wide structures.
  llvm::ArrayRef<ForwardCandidate> forward;
  /// Those of packed query heads; none where nothing is packed.
  llvm::ArrayRef<ForwardCandidate> packed;
  llvm::ArrayRef<BackwardCandidate> backward;

  /// Each is declared in `forEach`, with unit and meaning.
  int64_t assumedLength = 16384;
  int64_t emptyRows = 8;
  int64_t packedClocks = 92;
  int64_t multiprocessors = 132;
  int64_t partKeys = 1024;
  int64_t partsPerCta = 16;
  int64_t combineClocks = 6000;
  int64_t splitClocks = 75;
  int64_t staticWarpgroups = 2;
  int64_t staticWorkTiles = 4;
  int64_t dynamicWorkTiles = 2;
  int64_t staticL2Bytes = int64_t(8) << 20;
  int64_t dynamicL2Bytes = int64_t(64) << 20;
  int64_t spansL2Keys = 48 << 10;
  int64_t producerRegisters = 40;
  int64_t scarceProducerRegisters = 32;
  int64_t scarceRegisters = 160;
  int64_t optimisticDim = 192;
  int64_t overlapRegisters = 40;
  int64_t fewKeysNarrow = 0;
  int64_t fewKeysWide = 0;
  int64_t claimKeys = 0;
  int64_t claimKeysNarrow = 0;
  int64_t skipKeys = 0;
  int64_t headsTogether = 8;
  int64_t headsTogetherDeterministic = 16;
  int64_t headsL2Bytes = int64_t(4) << 20;
  int64_t queryCtasPerSM = 1;
  int64_t queryProducerRegisters = 56;
  int64_t queryL2Bytes = int64_t(2) << 20;

  template <class Self, class Visitor>
  static void forEach(Self &tuning, Visitor &&visit) {
    constexpr NumberRange registers{24, 240, 8, /*orZero=*/false};
    constexpr NumberRange some{1, int64_t(1) << 40, 1, /*orZero=*/false};
    constexpr NumberRange any{1, int64_t(1) << 40};
    // Of all kernels.
    visit("assumed-length", tuning.assumedLength,
          "queries and keys where lengths are neither known nor expected",
          some);
    visit("producer-registers", tuning.producerRegisters,
          "registers of a thread that loads", registers);
    visit(
        "scarce-registers", tuning.scarceRegisters,
        "registers of a thread that computes, up to which what depends on the "
        "thread alone is computed again at each use",
        any);
    // Of the forward kernel.
    visit("optimistic-dim", tuning.optimisticDim,
          "head dimension of values up to which the softmax is optimistic; 0: "
          "never",
          any);
    visit(
        "overlap-registers", tuning.overlapRegisters,
        "registers that a thread that computes has left beside scores, output "
        "and two tiles' probabilities, with which an optimistic softmax runs "
        "beside the output's MMA",
        any);
    visit("empty-rows", tuning.emptyRows,
          "work tiles come in pairs where one in so many tiles of 128 rows, or "
          "keys, is empty",
          some);
    visit("packed-clocks", tuning.packedClocks,
          "percent of the clocks without packed query heads below which they "
          "are packed",
          some);
    visit("multiprocessors", tuning.multiprocessors,
          "SMs that walks over keys are cut for",
          NumberRange{1, 4096, 1, /*orZero=*/false});
    visit("part-keys", tuning.partKeys,
          "keys of a part of a walk at least; 0: as many as take as long as "
          "what a work tile takes besides",
          NumberRange{1, (int64_t(1) << 30) - 1});
    visit("parts-per-cta", tuning.partsPerCta,
          "parts of walks that a CTA has at most, on average",
          NumberRange{1, 1024, 1, /*orZero=*/false});
    visit("combine-clocks", tuning.combineClocks,
          "clocks that it takes to merge parts in a kernel of their own", any);
    visit("split-clocks", tuning.splitClocks,
          "percent of the clocks of the longest walk below which it is cut",
          NumberRange{1, 1000, 1, /*orZero=*/false});
    visit("static-warpgroups", tuning.staticWarpgroups,
          "warpgroups that compute up to which the scheduler may be static",
          NumberRange{1, 4, 1, /*orZero=*/false});
    visit("static-work-tiles", tuning.staticWorkTiles,
          "work tiles ahead of their readers with the static scheduler",
          NumberRange{2, 4, 1, /*orZero=*/false});
    visit("dynamic-work-tiles", tuning.dynamicWorkTiles,
          "work tiles ahead of their readers with the dynamic scheduler",
          NumberRange{2, 4, 1, /*orZero=*/false});
    visit(
        "static-l2-bytes", tuning.staticL2Bytes,
        "bytes of keys and values under way with the static scheduler; 0: all",
        any);
    visit(
        "dynamic-l2-bytes", tuning.dynamicL2Bytes,
        "bytes of keys and values under way with the dynamic scheduler; 0: all",
        any);
    visit("spans-l2-keys", tuning.spansL2Keys,
          "keys of the heads under way with the dynamic scheduler where rows "
          "see several spans of keys; 0: all",
          any);
    visit("scarce-producer-registers", tuning.scarceProducerRegisters,
          "registers of a thread that loads with more warpgroups than "
          "static-warpgroups",
          registers);
    // Of gradients.
    visit(
        "few-keys-narrow", tuning.fewKeysNarrow,
        "keys that a query sees on average, below which a kernel of their own "
        "for gradients of queries is faster: head dimensions up to 64",
        any);
    visit("few-keys-wide", tuning.fewKeysWide,
          "the same for larger head dimensions", any);
    visit(
        "claim-keys", tuning.claimKeys,
        "keys that a query sees on average, below which the first CTA to come "
        "writes a query tile's sums, which then need not be cleared",
        any);
    visit(
        "claim-keys-narrow", tuning.claimKeysNarrow,
        "the same for key tiles of 64 keys and head dimensions up to 64, whose "
        "steps take little longer than asking who comes first",
        any);
    visit("skip-keys", tuning.skipKeys,
          "keys that a query sees on average, below which two warpgroups that "
          "take turns with dQ skip query tiles that see none of their keys; "
          "more than two always do",
          any);
    visit("heads-together", tuning.headsTogether,
          "heads whose key tiles are under way at once", some);
    visit("heads-together-deterministic", tuning.headsTogetherDeterministic,
          "the same where nothing is added up in memory", some);
    visit("heads-l2-bytes", tuning.headsL2Bytes,
          "bytes of queries, output gradients and sums of the heads whose key "
          "tiles are under way, where distances have bounds; 0: any",
          any);
    visit("query-ctas-per-sm", tuning.queryCtasPerSM,
          "CTAs of the kernel for gradients of queries that an SM holds",
          NumberRange{1, 4, 1, /*orZero=*/false});
    visit("query-producer-registers", tuning.queryProducerRegisters,
          "registers of a thread of it that loads", registers);
    visit("query-l2-bytes", tuning.queryL2Bytes,
          "bytes of keys and values of it under way", some);
  }

  /// The numbers of the card that stands for a target, with those of
  /// `overrides` (`empty-rows=4 claim-keys=0`) instead.
  static llvm::Expected<Tuning> of(const TargetCapabilities &target,
                                   llvm::StringRef overrides = "");
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_TUNING_H
