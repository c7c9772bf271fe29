//===- CallTable.h - Prepared calls of kernels ------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_JAX_CALLTABLE_H
#define SPATTN_LIB_JAX_CALLTABLE_H

#include "spattn-c/Launch.h"
#include "xla/ffi/api/ffi.h"

#include <cstdint>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spattn {
namespace jax_ops {

/// Returns the kernel of a problem for the CPU or a GPU, which lives until the
/// process ends; or stores an error message and returns null.
using Resolver = SpattnKernel (*)(const char *problem, size_t size, bool isGpu,
                                  int32_t device, char *error,
                                  size_t errorSize);

/// The device and stream of a call.
struct Target {
  bool isGpu = false;
  int32_t device = 0;
  void *stream = nullptr;
  xla::ffi::ScratchAllocator *scratch = nullptr;
};

/// A cache of prepared calls, keyed by everything except addresses and numbers.
class CallTable {
public:
  /// Never destroyed: XLA's threads may use it while the process exits.
  static CallTable &get() {
    static CallTable *table = new CallTable;
    return *table;
  }

  void setResolver(Resolver function) {
    std::unique_lock<std::shared_mutex> lock(mutex);
    resolver = function;
  }

  /// Finds the call of a key, or prepares it for `arguments`.
  xla::ffi::Error find(const std::string &key, std::string_view problem,
                       const Target &target,
                       const std::vector<SpattnArgument> &arguments,
                       SpattnCall &call);

private:
  xla::ffi::Error prepare(std::string_view problem, const Target &target,
                          const std::vector<SpattnArgument> &arguments,
                          SpattnCall &call) const;

  std::shared_mutex mutex;
  std::unordered_map<std::string, SpattnCall> calls;
  Resolver resolver = nullptr;
};

/// Converts and destroys a status that is an error.
xla::ffi::Error takeError(SpattnStatus status);

} // namespace jax_ops
} // namespace spattn

#endif // SPATTN_LIB_JAX_CALLTABLE_H
