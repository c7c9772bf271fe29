//===- ThreadPool.cpp - Runs the tasks of compiled kernels ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ThreadPool.h"

#include "spattn/JIT/CpuKernel.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ThreadPool.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

namespace {
/// One call of spattn_parallel_for. Pool threads that come late find nothing
/// left and never touch the context, so the caller waits for indices, not for
/// threads, and calls from within tasks cannot deadlock.
struct Job {
  int64_t count;
  void (*task)(void *, int64_t);
  void *context;
  std::atomic<int64_t> next{0};
  std::atomic<int64_t> done{0};
  std::mutex mutex;
  std::condition_variable finished;

  void work() {
    int64_t completed = 0;
    for (int64_t i; (i = next.fetch_add(1)) < count; ++completed)
      task(context, i);
    if (completed == 0 || done.fetch_add(completed) + completed != count)
      return;
    std::lock_guard<std::mutex> lock(mutex);
    finished.notify_all();
  }

  void wait() {
    std::unique_lock<std::mutex> lock(mutex);
    finished.wait(lock, [&] { return done.load() == count; });
  }
};
} // namespace

unsigned spattn::getNumThreads() {
  static unsigned threads = [] {
    unsigned requested = 0;
    const char *text = std::getenv("SPATTN_NUM_THREADS");
    if (text && !llvm::StringRef(text).getAsInteger(10, requested) &&
        requested > 0)
      return std::min(requested, 1024u);
    return llvm::hardware_concurrency().compute_thread_count();
  }();
  return threads;
}

void spattn_parallel_for(int64_t count, void (*task)(void *, int64_t),
                         void *context) {
  if (count <= 0)
    return;
  unsigned helpers = spattn::getNumThreads() - 1;
  if (count == 1 || helpers == 0) {
    for (int64_t i = 0; i < count; ++i)
      task(context, i);
    return;
  }
  static llvm::DefaultThreadPool pool(llvm::hardware_concurrency(helpers));
  auto job = std::make_shared<Job>();
  job->count = count;
  job->task = task;
  job->context = context;
  for (unsigned i = 0; i < helpers && i + 1 < count; ++i)
    pool.async([job] { job->work(); });
  job->work();
  job->wait();
}
