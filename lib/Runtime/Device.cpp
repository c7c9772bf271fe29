//===- Device.cpp - Devices, contexts and memory of a GPU -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/Device.h"

#include "Text.h"

#include <utility>

using namespace spattn::runtime;

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

static Result<cuda::Device> getDevice(const Driver &driver, int ordinal) {
  if (ordinal < 0 || ordinal >= driver.deviceCount())
    return makeError("there is no device ", ordinal, "; the CUDA driver finds ",
                     driver.deviceCount());
  cuda::Device device = 0;
  if (Status status = driver.deviceGet(&device, ordinal); !status.ok())
    return status;
  return device;
}

Result<DeviceInfo> spattn::runtime::getDeviceInfo(const Driver &driver,
                                                  int ordinal) {
  auto device = getDevice(driver, ordinal);
  if (!device)
    return device.status();
  DeviceInfo info;
  info.device = *device;
  info.driverVersion = driver.version();

  char name[256] = {};
  if (Status status = driver.deviceGetName(name, sizeof(name) - 1, *device);
      !status.ok())
    return status;
  info.name = name;
  size_t memory = 0;
  if (Status status = driver.deviceTotalMem(&memory, *device); !status.ok())
    return status;
  info.memoryBytes = int64_t(memory);

  Status failure;
  auto get = [&](cuda::DeviceAttribute attribute) {
    int value = 0;
    Status status = driver.deviceGetAttribute(&value, attribute, *device);
    if (!status.ok() && failure.ok())
      failure = status;
    return value;
  };
  // A driver that does not know an attribute runs no device that has it.
  auto has = [&](cuda::DeviceAttribute attribute) {
    int value = 0;
    return driver.deviceGetAttribute(&value, attribute, *device).ok() &&
           value != 0;
  };
  info.major = get(cuda::kComputeCapabilityMajor);
  info.minor = get(cuda::kComputeCapabilityMinor);
  info.multiprocessors = get(cuda::kMultiprocessorCount);
  info.maxThreadsPerBlock = get(cuda::kMaxThreadsPerBlock);
  info.sharedBytesPerBlock = get(cuda::kMaxSharedPerBlockOptin);
  info.sharedBytesPerMultiprocessor = get(cuda::kMaxSharedPerMultiprocessor);
  info.l2Bytes = get(cuda::kL2CacheSize);
  info.clockKHz = get(cuda::kClockRate);
  info.memoryClockKHz = get(cuda::kMemoryClockRate);
  info.memoryBusBits = get(cuda::kMemoryBusWidth);
  info.clusterLaunch = has(cuda::kClusterLaunch);
  info.tensorMaps = has(cuda::kTensorMapAccess);
  info.pageableMemory = has(cuda::kPageableMemoryAccess);
  if (!failure.ok())
    return failure;
  return info;
}

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

/// Releases a primary context that was retained, at its end.
static std::shared_ptr<void>
makeHold(const Driver &driver, cuda::Context handle, cuda::Device device) {
  return std::shared_ptr<void>(handle, [&driver, device](void *) {
    // Fails if the process is at its end and the driver has gone already.
    (void)driver.devicePrimaryCtxRelease(device);
  });
}

Result<DeviceContext> DeviceContext::primary(const Driver &driver,
                                             int ordinal) {
  auto device = getDevice(driver, ordinal);
  if (!device)
    return device.status();
  DeviceContext result;
  if (Status status = driver.devicePrimaryCtxRetain(&result.context, *device);
      !status.ok())
    return status;
  result.owner = &driver;
  result.ordinal = *device;
  result.hold = makeHold(driver, result.context, *device);
  return result;
}

Result<DeviceContext> DeviceContext::current(const Driver &driver,
                                             int ordinal) {
  cuda::Context current = nullptr;
  if (Status status = driver.ctxGetCurrent(&current); !status.ok())
    return status;
  if (!current)
    return primary(driver, ordinal);

  DeviceContext result;
  result.owner = &driver;
  result.context = current;
  if (Status status = driver.ctxGetDevice(&result.ordinal); !status.ok())
    return status;
  // Retaining a primary context that is not active would create it, which takes
  // hundreds of megabytes.
  unsigned flags = 0;
  int active = 0;
  cuda::Context primary = nullptr;
  if (driver.devicePrimaryCtxGetState(result.ordinal, &flags, &active).ok() &&
      active && driver.devicePrimaryCtxRetain(&primary, result.ordinal).ok()) {
    auto hold = makeHold(driver, primary, result.ordinal);
    if (primary == current)
      result.hold = std::move(hold);
  }
  return result;
}

Result<ContextScope> ContextScope::enter(const DeviceContext &context) {
  ContextScope scope;
  const Driver &driver = context.driver();
  if (Status status = driver.ctxGetCurrent(&scope.previous); !status.ok())
    return status;
  if (scope.previous == context.handle())
    return scope;
  if (Status status = driver.ctxSetCurrent(context.handle()); !status.ok())
    return status;
  scope.driver = &driver;
  return scope;
}

ContextScope::ContextScope(ContextScope &&other)
    : driver(std::exchange(other.driver, nullptr)), previous(other.previous) {}

ContextScope::~ContextScope() {
  if (driver)
    (void)driver->ctxSetCurrent(previous);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// The error of an allocation that failed.
static Status describeFailure(const Driver &driver, const Status &status,
                              size_t bytes) {
  if (status.driverCode() != cuda::kOutOfMemory)
    return status;
  size_t free = 0, total = 0;
  std::string rest;
  if (driver.memGetInfo(&free, &total).ok())
    rest = concat(": ", free, " of ", total, " bytes are free");
  return Status::error(concat("not enough device memory for ", bytes, " bytes",
                              rest, " (", status.message(), ")"),
                       cuda::kOutOfMemory);
}

Result<DeviceBuffer> DeviceBuffer::allocate(const DeviceContext &context,
                                            size_t bytes) {
  DeviceBuffer buffer;
  if (bytes == 0)
    return buffer;
  auto scope = ContextScope::enter(context);
  if (!scope)
    return scope.status();
  const Driver &driver = context.driver();
  cuda::DevicePtr pointer = 0;
  if (Status status = driver.memAlloc(&pointer, bytes); !status.ok())
    return describeFailure(driver, status, bytes);
  buffer.context = context;
  buffer.pointer = pointer;
  buffer.bytes = bytes;
  return buffer;
}

DeviceBuffer::~DeviceBuffer() {
  if (!pointer)
    return;
  if (auto scope = ContextScope::enter(context))
    (void)context.driver().memFree(pointer);
}

void DeviceBuffer::swap(DeviceBuffer &other) {
  std::swap(context, other.context);
  std::swap(pointer, other.pointer);
  std::swap(bytes, other.bytes);
}

Result<StreamBuffer> StreamBuffer::allocate(const DeviceContext &context,
                                            size_t bytes, cuda::Stream stream) {
  StreamBuffer buffer;
  if (bytes == 0)
    return buffer;
  const Driver &driver = context.driver();
  buffer.context = context;
  buffer.stream = stream;
  Status status = driver.makeMissing("cuMemAllocAsync");
  bool isSupported = driver.memAllocAsync && driver.memFreeAsync;
  if (isSupported) {
    auto scope = ContextScope::enter(context);
    if (!scope)
      return scope.status();
    status = driver.memAllocAsync(&buffer.pointer, bytes, stream);
    // Not all devices have pools of memory.
    isSupported = status.driverCode() != cuda::kNotSupported;
  }
  if (!isSupported) {
    auto ordinary = DeviceBuffer::allocate(context, bytes);
    if (!ordinary)
      return ordinary.status();
    buffer.ordinary = *std::move(ordinary);
    buffer.pointer = buffer.ordinary.address();
  } else if (!status.ok()) {
    buffer.pointer = 0;
    return describeFailure(driver, status, bytes);
  }
  return buffer;
}

Status StreamBuffer::free() {
  cuda::DevicePtr freed = std::exchange(pointer, 0);
  if (!freed)
    return {};
  auto scope = ContextScope::enter(context);
  if (!scope)
    return scope.status();
  const Driver &driver = context.driver();
  if (!ordinary.address())
    return driver.memFreeAsync(freed, stream);
  Status status = driver.streamSynchronize(stream);
  DeviceBuffer ends = std::move(ordinary);
  return status;
}

void StreamBuffer::swap(StreamBuffer &other) {
  std::swap(context, other.context);
  std::swap(stream, other.stream);
  std::swap(pointer, other.pointer);
  std::swap(ordinary, other.ordinary);
}
