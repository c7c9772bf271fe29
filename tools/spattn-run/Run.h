//===- Run.h - Running an entry ---------------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_RUN_RUN_H
#define SPATTN_TOOLS_SPATTN_RUN_RUN_H

#include "Options.h"
#include "common/Check.h"
#include "common/Device.h"
#include "common/Progress.h"
#include "common/Tiles.h"
#include "spattn/Support/OutputFiles.h"

namespace spattn::run {

/// All that is reported of an entry.
struct EntryReport {
  std::string name;
  /// Of an entry with exactly one attention, as text.
  std::string structure;
  /// Names and shapes of arguments and results.
  std::vector<std::pair<std::string, std::string>> shapes;
  std::optional<double> compileMs;
  std::vector<double> runsMs;
  double medianMs = 0;
  std::optional<TileReport> tiles;
  /// Floating-point operations of a run: two products over the pairs.
  std::optional<double> flops;
  std::optional<ErrorReport> error;
  /// Why there is no error.
  std::string unchecked;
  /// Peak resident size of the process so far.
  double peakMiB = 0;
  /// Entries with equal keys compute attention of the same shapes. Empty for
  /// those without one attention.
  std::string problemKey;
  /// Whether all heads see what plain causal ones do.
  bool isDense = false;
  /// Filled in at the end, when the dense entry has run too.
  std::optional<double> speedup;
  std::string speedupOver;

  std::optional<double> getGflops() const;
};

/// Compiles an entry, runs it, compares it with the oracle and adds its results
/// to `files`, which hands out the names of options.outputs from `nextOutput`
/// on.
mlir::FailureOr<EntryReport> runEntry(mlir::ModuleOp module, Entry &entry,
                                      const Options &options,
                                      Progress &progress, OutputFiles &files,
                                      size_t &nextOutput);

/// Fills in how much faster than the dense entry of the same shapes each is.
void compareWithDense(std::vector<EntryReport> &reports);

} // namespace spattn::run

#endif // SPATTN_TOOLS_SPATTN_RUN_RUN_H
