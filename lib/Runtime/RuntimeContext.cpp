//===- RuntimeContext.cpp - What kernels share ----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/RuntimeContext.h"

#include <mutex>
#include <optional>

using namespace spattn;
using namespace spattn::runtime;

struct RuntimeContext::State {
  explicit State(RuntimeOptions given)
      : options(std::move(given)), threads(options.threads),
        cache(options.cacheFolder, options.cacheBytes) {}

  RuntimeOptions options;
  /// Declared ahead of the cache, whose modules use it to the end.
  std::unique_ptr<const Driver> driver;
  Status driverStatus;
  std::once_flag driverOnce;
  ThreadPool threads;
  KernelCache cache;
};

RuntimeContext::RuntimeContext(RuntimeOptions options)
    : state(std::make_shared<State>(std::move(options))) {}

const RuntimeOptions &RuntimeContext::options() const { return state->options; }
ThreadPool &RuntimeContext::threadPool() const { return state->threads; }
KernelCache &RuntimeContext::kernelCache() const { return state->cache; }

Result<const Driver *> RuntimeContext::driver() const {
  std::call_once(state->driverOnce, [&] {
    auto driver = Driver::open(state->options.driver);
    if (driver)
      state->driver = *std::move(driver);
    else if (state->options.driver != RuntimeOptions().driver)
      state->driverStatus = driver.status();
    else
      state->driverStatus = Status::error(
          driver.message() +
              " (install NVIDIA's driver, or name its library: "
              "RuntimeOptions::driver; tools: SPATTN_CUDA_DRIVER)",
          driver.status().driverCode());
  });
  if (state->driver)
    return state->driver.get();
  return state->driverStatus;
}
