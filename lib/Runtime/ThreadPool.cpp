//===- ThreadPool.cpp - Threads that run the tasks of loops ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/ThreadPool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <sched.h>

using namespace spattn::runtime;

namespace {
/// One loop. Threads that come late find nothing left and never touch the
/// context, so the caller waits for indices, not for threads, and loops inside
/// of tasks cannot deadlock.
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

static thread_local ThreadPool *currentPool = nullptr;

struct ThreadPool::Impl {
  unsigned size;
  std::mutex mutex;
  std::condition_variable wake;
  /// A job for each thread that is to help with it.
  std::deque<std::shared_ptr<Job>> jobs;
  std::vector<std::thread> threads;
  bool ends = false;

  void serve(ThreadPool &pool) {
    currentPool = &pool;
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
      wake.wait(lock, [&] { return ends || !jobs.empty(); });
      if (ends)
        return;
      std::shared_ptr<Job> job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job->work();
      job.reset();
      lock.lock();
    }
  }
};

unsigned spattn::runtime::getNumCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return unsigned(std::max(CPU_COUNT(&set), 1));
  return std::max(std::thread::hardware_concurrency(), 1u);
}

ThreadPool::ThreadPool(unsigned threads) : impl(std::make_unique<Impl>()) {
  impl->size = std::min(threads == 0 ? getNumCores() : threads, kMaxThreads);
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard<std::mutex> lock(impl->mutex);
    impl->ends = true;
  }
  impl->wake.notify_all();
  for (std::thread &thread : impl->threads)
    thread.join();
}

unsigned ThreadPool::size() const { return impl->size; }

void ThreadPool::parallelFor(int64_t count, void (*task)(void *, int64_t),
                             void *context) {
  if (count <= 0)
    return;
  if (count == 1 || size() == 1) {
    for (int64_t i = 0; i < count; ++i)
      task(context, i);
    return;
  }
  auto job = std::make_shared<Job>();
  job->count = count;
  job->task = task;
  job->context = context;
  size_t helpers = size_t(std::min(int64_t(size()), count) - 1);
  {
    std::lock_guard<std::mutex> lock(impl->mutex);
    while (impl->threads.size() + 1 < size())
      impl->threads.emplace_back([this] { impl->serve(*this); });
    impl->jobs.insert(impl->jobs.end(), helpers, job);
  }
  if (helpers + 1 == size())
    impl->wake.notify_all();
  else
    for (size_t i = 0; i < helpers; ++i)
      impl->wake.notify_one();
  // Loops inside of the caller's tasks are this pool's, too.
  Use use(*this);
  job->work();
  job->wait();
}

ThreadPool::Use::Use(ThreadPool &pool) : previous(currentPool) {
  currentPool = &pool;
}
ThreadPool::Use::~Use() { currentPool = previous; }
ThreadPool *ThreadPool::current() { return currentPool; }
