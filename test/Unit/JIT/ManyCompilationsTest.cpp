//===- ManyCompilationsTest.cpp - One process compiles a lot --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// SPATTN_COMPILATIONS, 48 if it is not set, is how many kernels each test
// compiles, in as many threads as the machine has (docs/Testing.md).
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "spattn/InitAll.h"
#include "spattn/JIT/CpuKernel.h"
#include "spattn/JIT/GpuKernel.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <malloc.h>
#include <thread>
#include <unistd.h>

using namespace mlir;
using namespace spattn;

namespace {

unsigned getCount() {
  const char *text = std::getenv("SPATTN_COMPILATIONS");
  return text ? unsigned(std::strtoul(text, nullptr, 10)) : 48;
}

/// Attention that differs with each number, and its gradients for some.
std::string makeSource(unsigned number) {
  std::string window = std::to_string(number + 1);
  return "!t = tensor<?x4x?x32xf16>\n"
         "func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {\n"
         "  %r = spattn.attention structure(#spattn.union<#spattn.sink<4>, "
         "#spattn.window<left = " +
         window +
         ", right = 0>>)\n"
         "         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)\n"
         "  return %r : !t\n}\n";
}

/// Compiles a kernel for the CPU, or PTX for a GPU, in a context of its own.
void compile(unsigned number, const RuntimeContext &runtime) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto module = parseSourceString<ModuleOp>(makeSource(number), &context);
  ASSERT_TRUE(module);
  if (number % 2 == 0) {
    auto kernel = CpuKernel::compile(*module, "f", runtime);
    ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
    return;
  }
  GpuCompileOptions options;
  options.chip = number % 4 == 1 ? "sm_90a" : "sm_80";
  options.driverVersion = 12080;
  auto kernel = GpuKernel::compile(*module, "f", runtime, options);
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
}

/// Bytes that are allocated, and those of this process in memory: what threads
/// have freed stays with them, in pieces.
struct Memory {
  size_t allocated = 0, resident = 0;

  static Memory get() {
    malloc_trim(0);
    struct mallinfo2 info = mallinfo2();
    size_t total = 0, pages = 0;
    std::ifstream("/proc/self/statm") >> total >> pages;
    return {info.uordblks + info.hblkhd, pages * size_t(sysconf(_SC_PAGESIZE))};
  }
};

/// A context without a disk cache, and without ptxas.
RuntimeContext makeRuntime() {
  RuntimeOptions options;
  options.cacheBytes = 1 << 20;
  return RuntimeContext(options);
}

/// Compiles the kernels from `begin` to `end`, each `repeats` times, in threads
/// that take the next one in turn.
void compileAll(unsigned begin, unsigned end, unsigned repeats,
                unsigned threadCount, const RuntimeContext &runtime) {
  std::atomic<unsigned> next{begin * repeats};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < threadCount; ++t)
    threads.emplace_back([&] {
      for (unsigned i; (i = next++) < end * repeats;)
        compile(i / repeats, runtime);
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(ManyCompilations, MemoryDoesNotGrow) {
  unsigned count = getCount();
  unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, 16u);
  RuntimeContext runtime = makeRuntime();
  // Until the cache is full, and what is made once is there.
  unsigned warmup = std::min(count / 2, 200 * threads);
  compileAll(0, warmup, /*repeats=*/1, threads, runtime);
  Memory before = Memory::get();
  compileAll(warmup, count, /*repeats=*/1, threads, runtime);
  Memory after = Memory::get();
  llvm::outs() << count - warmup << " compilations in " << threads
               << " threads: from " << (before.allocated >> 10) << " to "
               << (after.allocated >> 10) << " KiB allocated, from "
               << (before.resident >> 10) << " to " << (after.resident >> 10)
               << " KiB in memory\n";
  EXPECT_LT(after.allocated, before.allocated + (size_t(1) << 20));
  EXPECT_LT(after.resident, before.resident + (size_t(32) << 20));
  EXPECT_LE(runtime.kernelCache().getMemoryBytes(), size_t(1) << 20);
}

TEST(ManyCompilations, ManyThreadsAtOnce) {
  RuntimeContext runtime = makeRuntime();
  // Two threads at a time ask for the same kernel.
  compileAll(0, getCount() / 2, /*repeats=*/2, /*threadCount=*/16, runtime);
}

} // namespace
