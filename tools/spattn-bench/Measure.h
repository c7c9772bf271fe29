//===- Measure.h - Times and what bounds them -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_BENCH_MEASURE_H
#define SPATTN_TOOLS_SPATTN_BENCH_MEASURE_H

#include "Problem.h"
#include "common/Check.h"
#include "common/Cuda.h"
#include "common/Progress.h"
#include "common/Tiles.h"

namespace spattn::bench {

/// What all rows are measured on.
struct System {
  /// Of a CPU or GPU.
  std::string name;
  /// Of the floor: 1e12 bytes, and operations, a second.
  std::optional<double> copyTbs, productTflops;
  /// Where they are from: "given", "measured" or "assumed".
  std::string copySource, productSource;
  std::optional<Gpu> gpu;
};

/// Milliseconds. Without steps, a kernel for a GPU came from a cache.
struct CompileReport {
  double total = 0;
  std::optional<double> passes, ptx, ptxas, memory;
  bool isCached = false;
};

/// A problem that was measured.
struct Row {
  std::string workload, entry, structure;
  /// `forward` or `backward`.
  std::string pass;
  double ms = 0, minMs = 0, maxMs = 0;
  int64_t runs = 0;
  TileReport tiles;
  /// Operations, and bytes that have to move at least.
  double flops = 0;
  int64_t bytes = 0;
  std::optional<double> floorMs;
  /// Microseconds that a launch takes the host.
  std::optional<double> launchUs;
  CompileReport compile;
  std::optional<ErrorReport> error;
  /// What makes the results wrong; empty if nothing was found.
  std::string failure;

  double getTflops() const { return ms > 0 ? flops / ms * 1e-9 : 0; }
};

/// A function, ready to be measured at any lengths.
class Runner {
public:
  virtual ~Runner() = default;

  /// Takes the arguments of the runs that follow.
  virtual llvm::Error prepare(llvm::ArrayRef<ReferenceValue> arguments) = 0;
  /// Milliseconds of each of `count` runs.
  virtual llvm::Expected<std::vector<double>> time(int64_t count) = 0;
  /// Milliseconds of the host for each of `count` launches; none where it is
  /// the host that runs.
  virtual llvm::Expected<std::vector<double>> timeLaunches(int64_t count) = 0;
  /// The results, in the memory of the host.
  virtual llvm::Expected<std::vector<BufferView>> finish() = 0;

  CompileReport compile;
  /// Of the compiled code, where options do not say.
  std::optional<TileShape> tile;
};

/// Opens the device, and measures or looks up its rates.
mlir::FailureOr<System> openSystem(const Options &options);

/// Compiles an entry.
mlir::FailureOr<std::unique_ptr<Runner>> makeRunner(mlir::ModuleOp module,
                                                    Entry &entry,
                                                    const System &system,
                                                    const Options &options);

/// Runs an entry. Errors have been reported.
mlir::FailureOr<Row> measure(Entry &entry, Runner &runner, const System &system,
                             const Options &options, Progress &progress);

} // namespace spattn::bench

#endif // SPATTN_TOOLS_SPATTN_BENCH_MEASURE_H
