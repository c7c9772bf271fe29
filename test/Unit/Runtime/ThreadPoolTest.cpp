//===- ThreadPoolTest.cpp - Threads that run the tasks of loops -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/ThreadPool.h"

#include "spattn/Runtime/ParallelFor.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

using namespace spattn::runtime;

namespace {

using Task = std::function<void(int64_t)>;

void run(ThreadPool &pool, int64_t count, Task task) {
  pool.parallelFor(
      count,
      [](void *context, int64_t i) { (*static_cast<Task *>(context))(i); },
      &task);
}

TEST(ThreadPool, RunsEveryIndexOnce) {
  for (unsigned threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (int64_t count : {-1, 0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> calls(std::max<int64_t>(count, 0));
      run(pool, count, [&](int64_t i) { ++calls[i]; });
      for (const std::atomic<int> &call : calls)
        EXPECT_EQ(call, 1);
    }
  }
}

TEST(ThreadPool, EachThreadTakesAscendingIndices) {
  ThreadPool pool(4);
  std::mutex mutex;
  std::map<std::thread::id, std::vector<int64_t>> taken;
  run(pool, 200, [&](int64_t i) {
    std::lock_guard<std::mutex> lock(mutex);
    taken[std::this_thread::get_id()].push_back(i);
  });
  for (const auto &[thread, indices] : taken)
    EXPECT_TRUE(std::is_sorted(indices.begin(), indices.end()));
}

TEST(ThreadPool, HasAsManyThreadsAsAreAskedFor) {
  ThreadPool pool(3);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  std::atomic<int> waiting{0};
  // No task ends before three have begun: on fewer threads this would hang.
  run(pool, 3, [&](int64_t) {
    ++waiting;
    while (waiting < 3)
      std::this_thread::yield();
    std::lock_guard<std::mutex> lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_EQ(ids.count(std::this_thread::get_id()), 1u);
}

TEST(ThreadPool, SizesAreLimited) {
  EXPECT_EQ(ThreadPool(0).size(), getNumCores());
  EXPECT_EQ(ThreadPool(1u << 30).size(), ThreadPool::kMaxThreads);
}

TEST(ThreadPool, LoopsMayBeInsideOfOthers) {
  ThreadPool pool(3);
  std::atomic<int> calls{0};
  run(pool, 5, [&](int64_t) {
    // What compiled code calls: on the pool of the task around it.
    EXPECT_EQ(ThreadPool::current(), &pool);
    Task inner = [&](int64_t) { ++calls; };
    spattn_parallel_for(
        7, [](void *context, int64_t i) { (*static_cast<Task *>(context))(i); },
        &inner);
  });
  EXPECT_EQ(calls, 35);
  EXPECT_EQ(ThreadPool::current(), nullptr);
}

TEST(ThreadPool, ManyThreadsShareOne) {
  ThreadPool pool(2);
  std::atomic<int> calls{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n)
        run(pool, 9, [&](int64_t) { ++calls; });
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(calls, 4 * 50 * 9);
}

TEST(ThreadPool, UseIsOfTheThreadAndNests) {
  ThreadPool a(1), b(1);
  EXPECT_EQ(ThreadPool::current(), nullptr);
  {
    ThreadPool::Use useA(a);
    EXPECT_EQ(ThreadPool::current(), &a);
    {
      ThreadPool::Use useB(b);
      EXPECT_EQ(ThreadPool::current(), &b);
      std::thread([] { EXPECT_EQ(ThreadPool::current(), nullptr); }).join();
    }
    EXPECT_EQ(ThreadPool::current(), &a);
  }
  EXPECT_EQ(ThreadPool::current(), nullptr);
}

TEST(ParallelFor, NeedsNoPool) {
  std::atomic<int> calls{0};
  spattn_parallel_for(
      100,
      [](void *context, int64_t) {
        ++*static_cast<std::atomic<int> *>(context);
      },
      &calls);
  EXPECT_EQ(calls, 100);
}

} // namespace
