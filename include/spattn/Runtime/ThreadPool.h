//===- ThreadPool.h - Threads that run the tasks of loops -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_THREADPOOL_H
#define SPATTN_RUNTIME_THREADPOOL_H

#include <cstdint>
#include <memory>

namespace spattn {
namespace runtime {

/// A fixed number of threads. They start with the first loop that needs them,
/// and end with the pool, which must not run a loop then.
class ThreadPool {
public:
  static constexpr unsigned kMaxThreads = 1024;

  /// Threads that run a loop, its caller among them: at most kMaxThreads, and
  /// one for each core that this process may use if `threads` is 0.
  explicit ThreadPool(unsigned threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned size() const;

  /// Calls `task(context, i)` once for every i in [0, count), starting them in
  /// ascending order, and returns when all calls have returned. May be called
  /// from many threads, and from tasks.
  void parallelFor(int64_t count, void (*task)(void *, int64_t), void *context);

  /// Makes a pool that of the loops that the calling thread runs
  /// (spattn_parallel_for), until the end of this.
  class Use {
  public:
    explicit Use(ThreadPool &pool);
    ~Use();
    Use(const Use &) = delete;
    Use &operator=(const Use &) = delete;

  private:
    ThreadPool *previous;
  };

  /// That of the calling thread; null if there is none.
  static ThreadPool *current();

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// Cores that this process may use, at least 1.
unsigned getNumCores();

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_THREADPOOL_H
