//===- Driver.h - The CUDA driver, opened at run time -----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_DRIVER_H
#define SPATTN_RUNTIME_DRIVER_H

#include "spattn/Runtime/CudaTypes.h"
#include "spattn/Runtime/Status.h"

#include <memory>
#include <string>

// X(member, symbol, argument types...)
//
// Members leave out the prefix "cu": CUDA's own header defines macros of some
// of the full names, and an embedder may include both.
#define SPATTN_CUDA_REQUIRED(X)                                                \
  X(init, "cuInit", unsigned)                                                  \
  X(driverGetVersion, "cuDriverGetVersion", int *)                             \
  X(getErrorName, "cuGetErrorName", int, const char **)                        \
  X(getErrorString, "cuGetErrorString", int, const char **)                    \
  X(deviceGet, "cuDeviceGet", cuda::Device *, int)                             \
  X(deviceGetCount, "cuDeviceGetCount", int *)                                 \
  X(deviceGetName, "cuDeviceGetName", char *, int, cuda::Device)               \
  X(deviceGetAttribute, "cuDeviceGetAttribute", int *, int, cuda::Device)      \
  X(deviceTotalMem, "cuDeviceTotalMem_v2", size_t *, cuda::Device)             \
  X(devicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain", cuda::Context *,       \
    cuda::Device)                                                              \
  X(devicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease_v2", cuda::Device)     \
  X(devicePrimaryCtxGetState, "cuDevicePrimaryCtxGetState", cuda::Device,      \
    unsigned *, int *)                                                         \
  X(ctxGetCurrent, "cuCtxGetCurrent", cuda::Context *)                         \
  X(ctxSetCurrent, "cuCtxSetCurrent", cuda::Context)                           \
  X(ctxGetDevice, "cuCtxGetDevice", cuda::Device *)                            \
  X(ctxSynchronize, "cuCtxSynchronize")                                        \
  X(moduleLoadDataEx, "cuModuleLoadDataEx", cuda::Module *, const void *,      \
    unsigned, int *, void **)                                                  \
  X(moduleUnload, "cuModuleUnload", cuda::Module)                              \
  X(moduleGetFunction, "cuModuleGetFunction", cuda::Function *, cuda::Module,  \
    const char *)                                                              \
  X(funcGetAttribute, "cuFuncGetAttribute", int *, int, cuda::Function)        \
  X(funcSetAttribute, "cuFuncSetAttribute", cuda::Function, int, int)          \
  X(occupancyMaxBlocks, "cuOccupancyMaxActiveBlocksPerMultiprocessor", int *,  \
    cuda::Function, int, size_t)                                               \
  X(launchKernel, "cuLaunchKernel", cuda::Function, unsigned, unsigned,        \
    unsigned, unsigned, unsigned, unsigned, unsigned, cuda::Stream, void **,   \
    void **)                                                                   \
  X(memGetInfo, "cuMemGetInfo_v2", size_t *, size_t *)                         \
  X(memAlloc, "cuMemAlloc_v2", cuda::DevicePtr *, size_t)                      \
  X(memFree, "cuMemFree_v2", cuda::DevicePtr)                                  \
  X(memcpyHtoD, "cuMemcpyHtoD_v2", cuda::DevicePtr, const void *, size_t)      \
  X(memcpyDtoH, "cuMemcpyDtoH_v2", void *, cuda::DevicePtr, size_t)            \
  X(memcpyDtoDAsync, "cuMemcpyDtoDAsync_v2", cuda::DevicePtr, cuda::DevicePtr, \
    size_t, cuda::Stream)                                                      \
  X(memcpyHtoDAsync, "cuMemcpyHtoDAsync_v2", cuda::DevicePtr, const void *,    \
    size_t, cuda::Stream)                                                      \
  X(memcpyDtoHAsync, "cuMemcpyDtoHAsync_v2", void *, cuda::DevicePtr, size_t,  \
    cuda::Stream)                                                              \
  X(memsetD8Async, "cuMemsetD8Async", cuda::DevicePtr, unsigned char, size_t,  \
    cuda::Stream)                                                              \
  X(pointerGetAttributes, "cuPointerGetAttributes", unsigned, int *, void **,  \
    cuda::DevicePtr)                                                           \
  X(streamCreate, "cuStreamCreate", cuda::Stream *, unsigned)                  \
  X(streamDestroy, "cuStreamDestroy_v2", cuda::Stream)                         \
  X(streamSynchronize, "cuStreamSynchronize", cuda::Stream)                    \
  X(eventCreate, "cuEventCreate", cuda::Event *, unsigned)                     \
  X(eventRecord, "cuEventRecord", cuda::Event, cuda::Stream)                   \
  X(eventSynchronize, "cuEventSynchronize", cuda::Event)                       \
  X(eventElapsedTime, "cuEventElapsedTime", float *, cuda::Event, cuda::Event) \
  X(eventDestroy, "cuEventDestroy_v2", cuda::Event)

// Functions that older drivers lack: there is another way, or only kernels for
// newer devices need them.
#define SPATTN_CUDA_OPTIONAL(X)                                                \
  X(ctxGetId, "cuCtxGetId", cuda::Context, uint64_t *)                         \
  X(launchKernelEx, "cuLaunchKernelEx", const cuda::LaunchConfig *,            \
    cuda::Function, void **, void **)                                          \
  X(tensorMapEncodeTiled, "cuTensorMapEncodeTiled", cuda::TensorMap *, int,    \
    uint32_t, void *, const uint64_t *, const uint64_t *, const uint32_t *,    \
    const uint32_t *, int, int, int, int)                                      \
  X(tensorMapReplaceAddress, "cuTensorMapReplaceAddress", cuda::TensorMap *,   \
    void *)                                                                    \
  X(memAllocAsync, "cuMemAllocAsync", cuda::DevicePtr *, size_t, cuda::Stream) \
  X(memFreeAsync, "cuMemFreeAsync", cuda::DevicePtr, cuda::Stream)

namespace spattn {
namespace runtime {

class Driver;

/// A function of the driver. Calling it gives its failure as an error with the
/// function's name, and the driver's name and text for what went wrong.
template <class... Args>
class DriverFunction {
public:
  /// Whether the driver has it.
  explicit operator bool() const { return pointer != nullptr; }

  Status operator()(Args... args) const;

private:
  friend class Driver;
  int (*pointer)(Args...) = nullptr;
  const char *symbol = nullptr;
  const Driver *driver = nullptr;
};

/// The CUDA driver. Calls may be made from many threads at once.
class Driver {
public:
  /// Opens and initializes a library. Objects made with a driver need it to
  /// outlive them. RuntimeContext::driver does this once.
  static Result<std::unique_ptr<const Driver>> open(const std::string &library);

  Driver(const Driver &) = delete;
  Driver &operator=(const Driver &) = delete;

  /// What was opened.
  const std::string &library() const { return name; }

  /// The newest CUDA that the driver supports: 12080 is 12.8.
  int version() const { return cudaVersion; }

  /// Devices, at least 1.
  int deviceCount() const { return devices; }

  /// The error of a call that returned `code`.
  Status makeStatus(const char *function, int code) const;

  /// The error of a call to a function that this driver lacks.
  Status makeMissing(const char *function) const;

#define SPATTN_CUDA_MEMBER(MEMBER, SYMBOL, ...)                                \
  DriverFunction<__VA_ARGS__> MEMBER;
  SPATTN_CUDA_REQUIRED(SPATTN_CUDA_MEMBER)
  SPATTN_CUDA_OPTIONAL(SPATTN_CUDA_MEMBER)
#undef SPATTN_CUDA_MEMBER

private:
  Driver() = default;
  template <class... Args>
  bool resolve(void *handle, const char *symbol,
               DriverFunction<Args...> &function);

  std::string name;
  int cudaVersion = 0;
  int devices = 0;
};

template <class... Args>
Status DriverFunction<Args...>::operator()(Args... args) const {
  if (!pointer)
    return driver->makeMissing(symbol);
  int code = pointer(args...);
  return code == cuda::kSuccess ? Status() : driver->makeStatus(symbol, code);
}

/// "12.8" of 12080.
std::string formatCudaVersion(int version);

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_DRIVER_H
