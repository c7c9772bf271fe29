//===- tasks.cpp - A thread pool of an embedder ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/ParallelFor.h"

#include <cstdio>

/// Takes the place of the runtime's: one task after the other, backwards.
void spattn_parallel_for(int64_t count, void (*task)(void *, int64_t),
                         void *context) {
  while (count-- > 0)
    task(context, count);
}

int main() {
  spattn_parallel_for(
      3, [](void *, int64_t i) { std::printf("task %d\n", int(i)); }, nullptr);
}
