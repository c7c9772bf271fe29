//===- Driver.cpp - The CUDA driver, opened at run time -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/Driver.h"

#include "Text.h"

#include <dlfcn.h>
#include <vector>

using namespace spattn::runtime;

std::string spattn::runtime::formatCudaVersion(int version) {
  return concat(version / 1000, ".", version % 1000 / 10);
}

template <class... Args>
bool Driver::resolve(void *handle, const char *symbol,
                     DriverFunction<Args...> &function) {
  function.symbol = symbol;
  function.driver = this;
  function.pointer = reinterpret_cast<int (*)(Args...)>(dlsym(handle, symbol));
  return function.pointer != nullptr;
}

Result<std::unique_ptr<const Driver>> Driver::open(const std::string &library) {
  // Never closed, not even on failure: a driver starts threads and registers
  // handlers of its own, and these would outlive it.
  void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *text = dlerror();
    return makeError("cannot open the CUDA driver: ", text ? text : library);
  }

  std::unique_ptr<Driver> driver(new Driver());
  driver->name = library;
  std::vector<const char *> missing;
#define SPATTN_CUDA_RESOLVE(MEMBER, SYMBOL, ...)                               \
  if (!driver->resolve(handle, SYMBOL, driver->MEMBER))                        \
    missing.push_back(SYMBOL);
  SPATTN_CUDA_REQUIRED(SPATTN_CUDA_RESOLVE)
#undef SPATTN_CUDA_RESOLVE
#define SPATTN_CUDA_RESOLVE(MEMBER, SYMBOL, ...)                               \
  driver->resolve(handle, SYMBOL, driver->MEMBER);
  SPATTN_CUDA_OPTIONAL(SPATTN_CUDA_RESOLVE)
#undef SPATTN_CUDA_RESOLVE

  if (!driver->init || !driver->driverGetVersion)
    return makeError(library, " is not a CUDA driver: it has no ",
                     driver->init ? "cuDriverGetVersion" : "cuInit");
  // The only function that works ahead of cuInit.
  if (Status status = driver->driverGetVersion(&driver->cudaVersion);
      !status.ok())
    return status.in(library);
  if (!missing.empty())
    return makeError("the CUDA driver ", library,
                     " is too old: it supports CUDA ",
                     formatCudaVersion(driver->cudaVersion), " and has no ",
                     missing.front(), "; CUDA 11.0 or later is needed");

  if (Status status = driver->init(0); !status.ok())
    return status.in("the CUDA driver " + library + " does not start");
  if (Status status = driver->deviceGetCount(&driver->devices); !status.ok())
    return status;
  if (driver->devices < 1)
    return Status::error("the CUDA driver " + library + " finds no device",
                         cuda::kNoDevice);
  return std::unique_ptr<const Driver>(std::move(driver));
}

Status Driver::makeStatus(const char *function, int code) const {
  const char *errorName = nullptr, *text = nullptr;
  if (getErrorName.pointer &&
      getErrorName.pointer(code, &errorName) != cuda::kSuccess)
    errorName = nullptr;
  if (getErrorString.pointer &&
      getErrorString.pointer(code, &text) != cuda::kSuccess)
    text = nullptr;
  std::string message = concat(function, " failed: ");
  message += errorName ? errorName : concat("error ", code);
  if (text)
    message += concat(": ", text);
  return Status::error(message, code);
}

Status Driver::makeMissing(const char *function) const {
  return makeError("the CUDA driver ", name, " is too old: it supports CUDA ",
                   formatCudaVersion(cudaVersion), " and has no ", function);
}
