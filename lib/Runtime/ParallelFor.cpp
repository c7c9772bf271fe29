//===- ParallelFor.cpp - What compiled loops call -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A file of its own: a program with a definition of its own links none of this.

#include "spattn/Runtime/ParallelFor.h"

#include "spattn/Runtime/ThreadPool.h"

using spattn::runtime::ThreadPool;

void spattn_parallel_for(int64_t count, void (*task)(void *, int64_t),
                         void *context) {
  ThreadPool *pool = ThreadPool::current();
  if (!pool) {
    // Lives until the process ends: static objects may run loops, too.
    static auto &shared = *new ThreadPool();
    pool = &shared;
  }
  pool->parallelFor(count, task, context);
}
