//===- CpuOptions.h - How code for a CPU is made ----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_PIPELINES_CPUOPTIONS_H
#define SPATTN_PIPELINES_CPUOPTIONS_H

#include "spattn/Conversion/SpattnCPUToVector/RegisterOptions.h"
#include "spattn/Conversion/SpattnToLoops/LoopOptions.h"
#include "spattn/Dialect/Spattn/Transforms/TileShapeOptions.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace spattn {

/// The one struct of options for the CPU pipelines, the JIT and the tools:
/// those of the passes that the pipelines are made of, each declared beside its
/// pass. Parsers, printers, ranges and --help come from `forEach`.
struct CpuOptions : TileShapeOptions, LoopOptions, RegisterOptions {
  bool parallel = true;

  /// Reads `key-tile=64 parallel=false`, as on a command line. Values are not
  /// checked; `check` does that.
  static llvm::Expected<CpuOptions> parse(llvm::StringRef text);

  /// What differs from the defaults, as `parse` reads it.
  std::string str() const;

  /// An error that names the first option with a value that is out of range.
  llvm::Error check() const;

  /// Calls `visit(name, field, description, limits)` for each option.
  template <class Self, class Visitor>
  static void forEach(Self &options, Visitor &&visit) {
    TileShapeOptions::forEach(options, visit);
    LoopOptions::forEach(options, visit);
    RegisterOptions::forEach(options, visit);
    visit("parallel", options.parallel,
          "Run tile rows as tasks of the runtime's thread pool; otherwise one "
          "after the other, without a runtime",
          AnyBool());
  }
};

} // namespace spattn

#endif // SPATTN_PIPELINES_CPUOPTIONS_H
