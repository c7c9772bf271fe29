//===- ThreadPool.h - Runs the tasks of compiled kernels -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_JIT_THREADPOOL_H
#define SPATTN_LIB_JIT_THREADPOOL_H

#include <cstdint>

/// Calls `task(context, i)` once for every i in [0, count), starting them in
/// ascending order, on the caller's thread and those of the pool. Returns when
/// all calls have returned. May be called from many threads, and from tasks.
extern "C" void spattn_parallel_for(int64_t count,
                                    void (*task)(void *context, int64_t index),
                                    void *context);

#endif // SPATTN_LIB_JIT_THREADPOOL_H
