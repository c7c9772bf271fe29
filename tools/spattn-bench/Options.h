//===- Options.h - The command line -----------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_BENCH_OPTIONS_H
#define SPATTN_TOOLS_SPATTN_BENCH_OPTIONS_H

#include "common/Options.h"

namespace spattn::bench {

using namespace tool;

/// An attention, but for its batch size and lengths.
struct Problem {
  std::string structure, dtype, alignment;
  int64_t heads, keyHeads, headDim, valueDim;
  bool lse;
  bool sinkLogits;
  /// The gradients instead of the attention.
  bool backward;
};

/// A batch size and lengths to measure at.
struct ProblemSizes {
  std::optional<int64_t> batch, queries, keys;
};

/// The command line, checked.
struct Options : EntryOptions, KernelOptions {
  /// Without one there is a file.
  std::optional<Problem> problem;
  std::vector<ProblemSizes> lengths;
  uint64_t seed = 0;
  int64_t repeat = 20, warmup = 3;
  bool check = false;
  std::optional<double> maxError;
  /// Rates for the floor: 1e12 bytes, and operations, a second.
  std::optional<double> copyTbs, productTflops;
  /// `-` is stdout; none if empty.
  std::string jsonFile;
};

/// Reads the command line. Prints what is wrong with it; does not return for
/// `--help`, `--version` and options that do not exist.
mlir::FailureOr<Options> parseOptions(int argc, char **argv);

} // namespace spattn::bench

#endif // SPATTN_TOOLS_SPATTN_BENCH_OPTIONS_H
