//===- RuntimeContext.h - What kernels share --------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_RUNTIMECONTEXT_H
#define SPATTN_RUNTIME_RUNTIMECONTEXT_H

#include "spattn/Runtime/Driver.h"
#include "spattn/Runtime/KernelCache.h"
#include "spattn/Runtime/ThreadPool.h"

#include <memory>
#include <string>
#include <vector>

namespace spattn {

/// What an embedder decides for its kernels. No library of spattn reads an
/// environment variable for any of it.
struct RuntimeOptions {
  /// Threads that run a loop on the CPU, 1 to 1024; 0 stands for one a core.
  unsigned threads = 0;
  /// The folder that keeps compiled kernels for GPUs; none if empty.
  std::string cacheFolder;
  /// The bytes of kernels for GPUs that memory keeps besides, at most: see
  /// KernelCache.
  size_t cacheBytes = runtime::KernelCache::kMemoryLimit;
  /// NVIDIA's assembler. If it is not empty, it has to work.
  std::string ptxas;
  /// Without that, the first of these that works is taken. Without any, PTX is
  /// left to the driver.
  std::vector<std::string> ptxasCandidates;
  /// The library of the CUDA driver. libcuda.so, without a number, comes with
  /// development files and may be a stub.
  std::string driver = "libcuda.so.1";
};

/// What kernels are compiled and run with: a thread pool, a cache, a driver. A
/// process may have many, with options of their own; nothing else is shared
/// between kernels.
///
/// This is a handle: copies are the same context, which lives as long as any of
/// them. Kernels that are compiled with it hold one, so that what they use
/// outlives them. The last handle must not go in a task of its own thread pool.
/// Thread-safe.
class RuntimeContext {
public:
  explicit RuntimeContext(RuntimeOptions options = {});

  const RuntimeOptions &options() const;
  runtime::ThreadPool &threadPool() const;
  /// Kernels for GPUs, in memory and in the folder.
  runtime::KernelCache &kernelCache() const;
  /// The driver, opened and initialized by the first call. A failure is final
  /// too: later calls give the same error.
  runtime::Result<const runtime::Driver *> driver() const;

private:
  struct State;
  std::shared_ptr<State> state;
};

/// What the environment variables of spattn's tools ask for, which only the
/// tools, examples and tests of spattn call:
///
/// - SPATTN_NUM_THREADS, from 1 to 1024;
/// - SPATTN_CACHE_DIR, where an empty text means none; else
///   XDG_CACHE_HOME/spattn; else ~/.cache/spattn;
/// - SPATTN_PTXAS; else, as candidates, the ptxas of NVIDIA's Python packages
/// in
///   VIRTUAL_ENV, those in CUDA_HOME, CUDA_PATH and /usr/local/cuda, and that
///   in PATH;
/// - SPATTN_CUDA_DRIVER.
///
/// What cannot be used of them is put into `warning`.
RuntimeOptions optionsFromEnvironment(std::string *warning = nullptr);

/// A context with these options.
RuntimeContext contextFromEnvironment(std::string *warning = nullptr);

} // namespace spattn

#endif // SPATTN_RUNTIME_RUNTIMECONTEXT_H
