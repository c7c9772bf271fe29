//===- Options.h - The command line -----------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_VIZ_OPTIONS_H
#define SPATTN_TOOLS_SPATTN_VIZ_OPTIONS_H

#include "Cards.h"
#include "common/Options.h"

namespace spattn::viz {

using namespace tool;

/// The command line, checked.
struct Options {
  std::string file, output;
  std::vector<ArgumentOption> shapes;
  /// Sizes that nothing else says. Keys are then as many as the queries.
  std::optional<int64_t> batch, queries, keys;
  GpuOptions gpu;
  const Card *card = nullptr;
};

/// Reads the command line. Prints what is wrong with it; does not return for
/// `--help`, `--version` and options that do not exist.
mlir::FailureOr<Options> parseOptions(int argc, char **argv);

} // namespace spattn::viz

#endif // SPATTN_TOOLS_SPATTN_VIZ_OPTIONS_H
