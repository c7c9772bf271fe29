//===- Device.h - Where functions run ---------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_RUN_DEVICE_H
#define SPATTN_TOOLS_SPATTN_RUN_DEVICE_H

#include "Arrays.h"
#include "Entry.h"
#include "spattn/Structure/Host.h"

namespace spattn::run {

/// A function that is ready to run.
class Executable {
public:
  virtual ~Executable() = default;

  /// Runs it. The results' memory lives until the next run.
  virtual mlir::LogicalResult run(llvm::ArrayRef<ReferenceValue> arguments) = 0;

  const std::vector<BufferView> &getResults() const { return results; }
  /// Milliseconds, where there was something to compile.
  std::optional<double> getCompileTime() const { return compileTime; }
  /// Milliseconds of the last run on a device of its own, without copies.
  std::optional<double> getRunTime() const { return runTime; }
  /// Of the compiled code, where options do not say.
  std::optional<TileShape> getTile() const { return tile; }

protected:
  std::vector<BufferView> results;
  std::optional<double> compileTime, runTime;
  std::optional<TileShape> tile;
};

/// Makes a function ready for the device of the options.
mlir::FailureOr<std::unique_ptr<Executable>>
makeExecutable(mlir::ModuleOp module, Entry &entry, const Options &options);

/// Keeps memory that kernels return within the process, so that runs do not
/// measure the kernel of the operating system handing out pages.
void tuneAllocator();

} // namespace spattn::run

#endif // SPATTN_TOOLS_SPATTN_RUN_DEVICE_H
