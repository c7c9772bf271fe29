//===- Options.h - The command line -----------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_RUN_OPTIONS_H
#define SPATTN_TOOLS_SPATTN_RUN_OPTIONS_H

#include "common/Options.h"

namespace spattn::run {

using namespace tool;

/// The command line, checked.
struct Options : EntryOptions, KernelOptions {
  uint64_t seed = 0;
  int64_t repeat = 1, warmup = 0, checkRows = 64;
  std::optional<double> maxError;
  bool perHead = true;
  std::string jsonFile;
};

/// Reads the command line. Prints what is wrong with it; does not return for
/// `--help`, `--version` and options that do not exist.
mlir::FailureOr<Options> parseOptions(int argc, char **argv);

} // namespace spattn::run

#endif // SPATTN_TOOLS_SPATTN_RUN_OPTIONS_H
