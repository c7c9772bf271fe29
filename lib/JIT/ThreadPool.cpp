//===- ThreadPool.cpp - Runs the tasks of compiled kernels ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ThreadPool.h"

#include "spattn/JIT/CpuKernel.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

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

/// What SPATTN_NUM_THREADS asks for, or one a core. What cannot be used is
/// said.
static unsigned readNumThreads() {
  constexpr unsigned most = 1024;
  unsigned cores = llvm::hardware_concurrency().compute_thread_count();
  const char *variable = std::getenv("SPATTN_NUM_THREADS");
  llvm::StringRef text = variable ? variable : "";
  if (text.empty())
    return cores;
  // As many digits as are written.
  llvm::APInt requested;
  bool isNumber = !text.getAsInteger(10, requested);
  if (isNumber && !requested.isZero() && requested.ule(most))
    return requested.getZExtValue();
  bool isTooLarge = isNumber && requested.ugt(most);
  unsigned used = isTooLarge ? most : cores;
  llvm::WithColor::warning(llvm::errs(), "spattn")
      << "SPATTN_NUM_THREADS='" << text
      << "': expected a number of threads from 1 to " << most << "; using "
      << used << (used == 1 ? " thread" : " threads")
      << (isTooLarge ? "\n" : ", one a core\n");
  return used;
}

unsigned spattn::getNumThreads() {
  static unsigned threads = readNumThreads();
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
