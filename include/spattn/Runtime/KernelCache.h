//===- KernelCache.h - Keeps kernels in memory and on disk ------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_KERNELCACHE_H
#define SPATTN_RUNTIME_KERNELCACHE_H

#include "spattn/Runtime/Module.h"

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace spattn {
namespace runtime {

/// Artifacts by key. A key is a text that holds everything the code depends on:
/// IR, options, architecture, versions of the compilers.
///
/// Thread-safe, and a folder may be shared by many processes. What is on disk
/// is a copy that may be damaged, removed or replaced at any time.
class KernelCache {
public:
  using Compile = std::function<Result<Artifact>()>;

  /// What happened so far.
  struct Counts {
    uint64_t memoryHits = 0, diskHits = 0, compiles = 0;
    /// Files that were there but could not be used.
    uint64_t rejected = 0;
    /// Files that could not be written.
    uint64_t writeFailures = 0;
  };

  /// Keeps copies in `folder`, which need not exist; none if it is empty.
  explicit KernelCache(std::string folder) : folder(std::move(folder)) {}

  /// The program of a key, from memory, from disk or from `compile`. When many
  /// threads ask for a key, one compiles and the others wait; an error goes to
  /// all that wait, and the next call compiles again. `compile` must not ask
  /// for the same key, nor throw.
  Result<std::shared_ptr<Program>> get(const std::string &key,
                                       const Compile &compile);

  /// Forgets what is in memory.
  void clear();

  Counts getCounts() const;

  /// The file of a key; empty without a folder.
  std::string getPath(const std::string &key) const;

private:
  using Entry = Result<std::shared_ptr<Program>>;
  Entry make(const std::string &key, const Compile &compile);
  void count(uint64_t Counts::*counter);

  const std::string folder;
  mutable std::mutex mutex;
  Counts counts;
  std::unordered_map<std::string, std::shared_future<Entry>> entries;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_KERNELCACHE_H
