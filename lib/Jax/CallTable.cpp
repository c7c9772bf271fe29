//===- CallTable.cpp - Prepared calls of kernels --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CallTable.h"

#include <mutex>

namespace ffi = xla::ffi;
using namespace spattn::jax_ops;

ffi::Error spattn::jax_ops::takeError(SpattnStatus status) {
  SpattnStatusCode code = spattnStatusGetCode(status);
  std::string message = spattnStatusGetMessage(status);
  spattnStatusDestroy(status);
  return code == SpattnStatusInvalidArgument
             ? ffi::Error::InvalidArgument(std::move(message))
             : ffi::Error::Internal(std::move(message));
}

ffi::Error CallTable::prepare(std::string_view problem, const Target &target,
                              const std::vector<SpattnArgument> &arguments,
                              SpattnCall &call) const {
  char error[4096] = "spattn.jax is not imported in this process";
  SpattnKernel kernel =
      resolver ? resolver(problem.data(), problem.size(), target.isGpu,
                          target.device, error, sizeof(error))
               : nullptr;
  if (!kernel)
    return ffi::Error::InvalidArgument(error);
  SpattnLaunchOptions options = {};
  options.stream = target.stream;
  options.device = target.device;
  // XLA guarantees that its buffers are in device memory.
  options.trustAddresses = true;
  if (SpattnStatus status = spattnCallCreate(kernel, arguments.data(),
                                             arguments.size(), &options, &call))
    return takeError(status);
  return ffi::Error::Success();
}

ffi::Error CallTable::find(const std::string &key, std::string_view problem,
                           const Target &target,
                           const std::vector<SpattnArgument> &arguments,
                           SpattnCall &call) {
  {
    std::shared_lock<std::shared_mutex> lock(mutex);
    auto it = calls.find(key);
    if (it != calls.end()) {
      call = it->second;
      return ffi::Error::Success();
    }
  }
  // Call Python without holding the lock: a thread that holds the GIL may wait
  // for the lock.
  SpattnCall made = nullptr;
  if (ffi::Error error = prepare(problem, target, arguments, made);
      error.failure())
    return error;
  std::unique_lock<std::shared_mutex> lock(mutex);
  auto [it, isNew] = calls.try_emplace(key, made);
  if (!isNew)
    spattnCallDestroy(made);
  call = it->second;
  return ffi::Error::Success();
}
