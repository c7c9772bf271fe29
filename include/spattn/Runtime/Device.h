//===- Device.h - Devices, contexts and memory of a GPU ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_DEVICE_H
#define SPATTN_RUNTIME_DEVICE_H

#include "spattn/Runtime/Driver.h"

#include <memory>
#include <string>

namespace spattn {
namespace runtime {

/// What a device is.
struct DeviceInfo {
  cuda::Device device = 0;
  std::string name;
  /// Compute capability.
  int major = 0, minor = 0;
  int multiprocessors = 0;
  int maxThreadsPerBlock = 0;
  /// Shared memory that a CTA may ask for, and that an SM has.
  int64_t sharedBytesPerBlock = 0, sharedBytesPerMultiprocessor = 0;
  int64_t l2Bytes = 0, memoryBytes = 0;
  /// Of the SMs and of the memory, and the width of its bus.
  int clockKHz = 0, memoryClockKHz = 0, memoryBusBits = 0;
  bool clusterLaunch = false, tensorMaps = false;
  /// Whether kernels may read memory that the driver does not know of.
  bool pageableMemory = false;
  int driverVersion = 0;
};

/// Asks the driver. `ordinal` is checked against the number of devices.
Result<DeviceInfo> getDeviceInfo(const Driver &driver, int ordinal);

/// A context of the driver, and a hold on it: while a copy of this lives, a
/// device's primary context (the one that CUDA's runtime library and PyTorch
/// use) is not destroyed. A context of another kind is its owner's, who must
/// keep it.
class DeviceContext {
public:
  /// The calling thread's current context; if it has none, the primary context
  /// of device `ordinal`.
  static Result<DeviceContext> current(const Driver &driver, int ordinal = 0);

  /// The primary context of device `ordinal`.
  static Result<DeviceContext> primary(const Driver &driver, int ordinal);

  const Driver &driver() const { return *owner; }
  cuda::Context handle() const { return context; }
  cuda::Device device() const { return ordinal; }

private:
  const Driver *owner = nullptr;
  cuda::Context context = nullptr;
  cuda::Device ordinal = 0;
  std::shared_ptr<void> hold;
};

/// Makes a context the calling thread's current one, and at its end the one
/// that was current before.
class ContextScope {
public:
  static Result<ContextScope> enter(const DeviceContext &context);

  ContextScope(ContextScope &&other);
  ContextScope &operator=(ContextScope &&) = delete;
  ~ContextScope();

private:
  ContextScope() = default;
  const Driver *driver = nullptr;
  cuda::Context previous = nullptr;
};

/// Memory of a device, freed at its end.
class DeviceBuffer {
public:
  /// Memory in `context`. No bytes give an empty buffer with the address 0.
  static Result<DeviceBuffer> allocate(const DeviceContext &context,
                                       size_t bytes);

  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer &&other) { swap(other); }
  DeviceBuffer &operator=(DeviceBuffer &&other) {
    swap(other);
    return *this;
  }
  ~DeviceBuffer();

  cuda::DevicePtr address() const { return pointer; }
  size_t size() const { return bytes; }

private:
  void swap(DeviceBuffer &other);
  DeviceContext context;
  cuda::DevicePtr pointer = 0;
  size_t bytes = 0;
};

/// Memory of a device for the work of one stream. It is allocated and freed in
/// the order of the stream: nobody waits for either, and a capture of the
/// stream into a graph has both. Where driver or device cannot do that, the
/// memory is ordinary: freeing it waits for the stream, which then cannot be
/// captured.
class StreamBuffer {
public:
  /// Memory in `context`, to be used behind what `stream` has by now. No bytes
  /// give an empty buffer with the address 0.
  static Result<StreamBuffer> allocate(const DeviceContext &context,
                                       size_t bytes, cuda::Stream stream);

  StreamBuffer() = default;
  StreamBuffer(StreamBuffer &&other) { swap(other); }
  StreamBuffer &operator=(StreamBuffer &&other) {
    swap(other);
    return *this;
  }
  ~StreamBuffer() { (void)free(); }

  cuda::DevicePtr address() const { return pointer; }

  /// Frees the memory behind what the stream has by now, which happens at the
  /// end of this otherwise, and then fails in silence.
  Status free();

private:
  void swap(StreamBuffer &other);
  DeviceContext context;
  cuda::Stream stream = nullptr;
  cuda::DevicePtr pointer = 0;
  /// Where memory is not the stream's.
  DeviceBuffer ordinary;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_DEVICE_H
