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
#include <list>
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
    /// Kernels that memory had no room for any more.
    uint64_t evictions = 0;
  };

  /// The limit unless another is given: some thousand kernels.
  static constexpr size_t kMemoryLimit = size_t(256) << 20;

  /// Keeps copies in `folder`, which need not exist; none if it is empty. In
  /// memory it keeps kernels with up to `memoryLimit` bytes of code and keys,
  /// those that were asked for last.
  explicit KernelCache(std::string folder, size_t memoryLimit = kMemoryLimit)
      : folder(std::move(folder)), memoryLimit(memoryLimit) {}

  /// The program of a key, from memory, from disk or from `compile`. When many
  /// threads ask for a key, one compiles and the others wait; an error goes to
  /// all that wait, and the next call compiles again. `compile` must not ask
  /// for the same key, nor throw.
  Result<std::shared_ptr<Program>> get(const std::string &key,
                                       const Compile &compile);

  /// Forgets what is in memory.
  void clear();

  Counts getCounts() const;

  /// The bytes of code and keys in memory, without those whose compilation has
  /// not ended.
  size_t getMemoryBytes() const;

  /// The file of a key; empty without a folder.
  std::string getPath(const std::string &key) const;

private:
  using Entry = Result<std::shared_ptr<Program>>;
  struct Slot {
    std::shared_future<Entry> entry;
    /// 0 until its compilation has ended.
    size_t bytes = 0;
    /// Its place in `order`.
    std::list<const std::string *>::iterator use;
  };
  Entry make(const std::string &key, const Compile &compile);
  void count(uint64_t Counts::*counter);
  /// Counts the bytes of a kernel that has been made, and lets others go.
  void admit(const std::string &key, const Artifact &artifact);

  const std::string folder;
  const size_t memoryLimit;
  mutable std::mutex mutex;
  Counts counts;
  std::unordered_map<std::string, Slot> slots;
  /// The keys of `slots`, that which was asked for last in front.
  std::list<const std::string *> order;
  size_t memoryBytes = 0;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_KERNELCACHE_H
