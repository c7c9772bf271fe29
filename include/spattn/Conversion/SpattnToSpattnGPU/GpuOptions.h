//===- GpuOptions.h - How kernels for a GPU are built ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one struct of options for the pass convert-spattn-to-spattn-gpu, the GPU
// pipelines, the JIT and the tools. `forEach` is where an option is declared:
// parsers, printers, ranges and --help come from it.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_SPATTNTOSPATTNGPU_GPUOPTIONS_H
#define SPATTN_CONVERSION_SPATTNTOSPATTNGPU_GPUOPTIONS_H

#include "spattn/Support/OptionField.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace spattn {

/// What is decided by the target or the problem unless it is said.
enum class Choice { Auto, No, Yes };

/// How CTAs get their work tiles.
enum class Scheduler {
  /// Dynamic where few tiles of rows see no key, else static.
  Auto,
  /// Each has its share before it starts.
  Static,
  /// One by one, from a counter in memory.
  Dynamic
};

struct GpuOptions {
  /// With 0, Auto or no text, what is best is chosen. `forEach` says what each
  /// is.
  std::string target;
  int64_t mmaWarpgroups = 0;
  int64_t ctasPerSM = 0;
  int64_t keyTile = 0;
  int64_t stages = 0;
  int64_t queryStages = 0;
  int64_t expectedLength = 0;
  int64_t expectedQueries = 0;
  int64_t packedHeads = 0;
  int64_t splitKeys = 0;
  Choice intraWarpgroupOverlap = Choice::Auto;
  bool pingpong = true;
  Scheduler scheduler = Scheduler::Auto;
  Choice deterministic = Choice::Auto;
  int64_t sharedMemory = 0;
  std::string tuning;

  /// The chip that operations are lowered for.
  llvm::StringRef getTarget() const {
    return target.empty() ? llvm::StringRef("sm_90a") : llvm::StringRef(target);
  }

  /// Reads `key-tile=64 ctas-per-sm=2`, as on a command line. Values are not
  /// checked; `check` does that.
  static llvm::Expected<GpuOptions> parse(llvm::StringRef text);

  /// What differs from the defaults, as `parse` reads it.
  std::string str() const;

  /// An error that names the first option with a value that no kernel takes.
  llvm::Error check() const;

  /// Calls `visit(name, field, description, limits)` for each option.
  template <class Self, class Visitor>
  static void forEach(Self &options, Visitor &&visit) {
    visit("target", options.target,
          "The GPU that operations are lowered for: sm_90a, or sm_80 or later; "
          "by default the chip that code is made for, or sm_90a",
          AnyText());
    visit("mma-warpgroups", options.mmaWarpgroups,
          "Warpgroups of a CTA that compute, 64 queries (for gradients: keys) "
          "each: 1 to 4; 0 chooses",
          NumberRange{1, 4});
    visit("ctas-per-sm", options.ctasPerSM,
          "CTAs that an SM holds at once: 1 to 4; 0 chooses",
          NumberRange{1, 4});
    visit("key-tile", options.keyTile,
          "Keys in a tile, a multiple of 16 from 16 to 256; 0 chooses",
          NumberRange{16, 256, 16});
    visit("stages", options.stages,
          "Tiles of keys, and of values, that are under way: 1 to 8; 0 chooses",
          NumberRange{1, 8});
    visit("query-stages", options.queryStages,
          "Tiles of queries that are under way: 1 to 8; 0 chooses",
          NumberRange{1, 8});
    visit("expected-length", options.expectedLength,
          "Length that tile shapes are chosen for where it is not known; 0 "
          "stands for a long one",
          NumberRange{1, (int64_t(1) << 30) - 1});
    visit("expected-queries", options.expectedQueries,
          "Queries that tile shapes of attention without gradients are chosen "
          "for where their number is not known; 0: as many as the length",
          NumberRange{1, (int64_t(1) << 30) - 1});
    visit("packed-heads", options.packedHeads,
          "Query heads of a group that share tiles of queries, a power of two; "
          "they have to see the same; 1: none, 0 chooses",
          NumberRange{1, 64});
    visit(
        "split-keys", options.splitKeys,
        "CTAs that share the keys of a tile of queries, at most, in attention "
        "without gradients: 1 to 128; 1: none does, 0 chooses",
        NumberRange{1, 128});
    visit("intra-warpgroup-overlap", options.intraWarpgroupOverlap,
          "Have the scores of a key tile and the output of the one before "
          "under way at once",
          OptionValues<Choice>{{Choice::Auto, "auto", "as the target can"},
                               {Choice::Yes, "true", "at once"},
                               {Choice::No, "false", "one at a time"}});
    visit("pingpong", options.pingpong,
          "With intra-warpgroup-overlap, let the MMA warpgroups of a CTA "
          "issue their MMAs in turn",
          AnyBool());
    visit("scheduler", options.scheduler, "How CTAs get their work tiles",
          OptionValues<Scheduler>{
              {Scheduler::Auto, "auto", "as the structure asks for"},
              {Scheduler::Static, "static", "in rounds, known before"},
              {Scheduler::Dynamic, "dynamic",
               "one by one, from a counter in memory"}});
    visit("deterministic", options.deterministic,
          "Gradients have the same bits in every run, for seven MMAs per "
          "tile instead of five",
          OptionValues<Choice>{{Choice::Auto, "auto", "where that is faster"},
                               {Choice::Yes, "true", "the same bits"},
                               {Choice::No, "false", "five MMAs"}});
    visit("shared-memory", options.sharedMemory,
          "Bytes of shared memory that the CTAs of an SM may use; 0: what the "
          "target has",
          NumberRange{1, INT64_MAX});
    visit("tuning", options.tuning,
          "Numbers of the card's tuning table to replace, as in "
          "{claim-keys=0 empty-rows=4}: docs/Tuning.md",
          AnyText());
  }
};

} // namespace spattn

#endif // SPATTN_CONVERSION_SPATTNTOSPATTNGPU_GPUOPTIONS_H
