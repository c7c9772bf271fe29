//===- Levels.h - The IR of each level --------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_VIZ_LEVELS_H
#define SPATTN_TOOLS_SPATTN_VIZ_LEVELS_H

#include "Options.h"
#include "mlir/IR/BuiltinOps.h"

namespace spattn::viz {

/// A module at one level, or why there is none.
struct Level {
  /// A word for it, and what it is, for people.
  llvm::StringRef name, title;
  std::string text, error;
};

/// What the libraries' pipelines make of a module, which stays as it is.
/// `source` is the text that it was read from; none if empty.
std::vector<Level> makeLevels(mlir::ModuleOp module, llvm::StringRef source,
                              const Options &options);

} // namespace spattn::viz

#endif // SPATTN_TOOLS_SPATTN_VIZ_LEVELS_H
