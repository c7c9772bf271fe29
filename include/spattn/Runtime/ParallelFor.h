//===- ParallelFor.h - What compiled loops call -----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_PARALLELFOR_H
#define SPATTN_RUNTIME_PARALLELFOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The function that code of the CPU pipelines calls for a parallel loop (see
/// convert-spattn-forall-to-tasks). An embedder may define it on threads of its
/// own; the definition here is in the library SpattnRuntime.
///
/// Calls `task(context, i)` once for every i in [0, count), starting them in
/// ascending order, on the caller's thread and others. Returns when all calls
/// have returned. May be called from many threads, and from tasks.
///
/// This definition uses the pool that runtime::ThreadPool::Use has set for the
/// calling thread, and inside of a task that which runs the task. Elsewhere it
/// uses a pool of one thread a core, which it makes when first called.
void spattn_parallel_for(int64_t count, void (*task)(void *context, int64_t i),
                         void *context);

#ifdef __cplusplus
}
#endif

#endif // SPATTN_RUNTIME_PARALLELFOR_H
