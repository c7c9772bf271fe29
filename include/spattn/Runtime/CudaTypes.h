//===- CudaTypes.h - What the CUDA driver takes and gives -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of the CUDA driver's binary interface that the runtime uses, so that
// it builds without CUDA's headers. Names are ours; layouts and numbers are
// those of NVIDIA's "CUDA Driver API" reference, which keeps them from one
// release to the next: a changed function gets a new symbol (`cuMemAlloc_v2`).
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_CUDATYPES_H
#define SPATTN_RUNTIME_CUDATYPES_H

#include <cstddef>
#include <cstdint>

namespace spattn {
namespace runtime {
namespace cuda {

// Handles. A CUstream of CUDA's headers, of the runtime library or of PyTorch
// is the same pointer, to be cast.
struct ContextObject;
struct ModuleObject;
struct FunctionObject;
struct StreamObject;
struct EventObject;
using Context = ContextObject *;
using Module = ModuleObject *;
using Function = FunctionObject *;
using Stream = StreamObject *;
using Event = EventObject *;
using Device = int;
using DevicePtr = uint64_t;

/// CUresult. Other values occur.
enum Code : int {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kDeinitialized = 4,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidImage = 200,
  kInvalidContext = 201,
  kNoBinaryForGpu = 209,
  kInvalidPtx = 218,
  kUnsupportedPtxVersion = 222,
  kInvalidHandle = 400,
  kNotFound = 500,
  kNotSupported = 801,
};

/// CUdevice_attribute.
enum DeviceAttribute : int {
  kMaxThreadsPerBlock = 1,
  kMultiprocessorCount = 16,
  kClockRate = 13,
  kMemoryClockRate = 36,
  kMemoryBusWidth = 37,
  kL2CacheSize = 38,
  kComputeCapabilityMajor = 75,
  kComputeCapabilityMinor = 76,
  kMaxSharedPerMultiprocessor = 81,
  kPageableMemoryAccess = 88,
  kMaxSharedPerBlockOptin = 97,
  kClusterLaunch = 120,
  kTensorMapAccess = 127,
};

/// CUfunction_attribute.
enum FunctionAttribute : int {
  kFunctionMaxThreads = 0,
  kFunctionSharedBytes = 1,
  kFunctionLocalBytes = 3,
  kFunctionRegisters = 4,
  kFunctionBinaryVersion = 6,
  kFunctionMaxDynamicShared = 8,
  kFunctionNonPortableCluster = 14,
};

/// CUpointer_attribute, and the values of CUmemorytype.
enum PointerAttribute : int {
  kPointerMemoryType = 2,
  kPointerIsManaged = 8,
  kPointerDeviceOrdinal = 9,
};
constexpr unsigned kMemoryTypeDevice = 2;

/// CUjit_option.
enum JitOption : int {
  kJitErrorLog = 5,
  kJitErrorLogBytes = 6,
};

// Flags of streams and events.
constexpr unsigned kStreamNonBlocking = 1;
constexpr unsigned kEventDisableTiming = 2;

/// CUlaunchAttribute: only the cluster's dimensions are used.
struct LaunchAttribute {
  static constexpr int kClusterDimension = 4;
  int id = 0;
  int padding = 0;
  union {
    unsigned cluster[3];
    uint64_t bytes[8];
  };
  LaunchAttribute() : bytes{} {}
};
static_assert(sizeof(LaunchAttribute) == 72, "as the driver has it");

/// CUlaunchConfig.
struct LaunchConfig {
  unsigned grid[3] = {1, 1, 1};
  unsigned block[3] = {1, 1, 1};
  unsigned sharedBytes = 0;
  Stream stream = nullptr;
  LaunchAttribute *attributes = nullptr;
  unsigned numAttributes = 0;
};
static_assert(sizeof(LaunchConfig) == 56, "as the driver has it");
static_assert(offsetof(LaunchConfig, stream) == 32, "as the driver has it");

/// CUtensorMap: opaque, and passed to kernels by value.
struct alignas(64) TensorMap {
  uint64_t words[16] = {};
};
static_assert(sizeof(TensorMap) == 128, "as the driver has it");

/// CUtensorMapDataType.
enum TensorMapType : int {
  kTensorU8 = 0,
  kTensorU16 = 1,
  kTensorI32 = 3,
  kTensorI64 = 5,
  kTensorF16 = 6,
  kTensorF32 = 7,
  kTensorF64 = 8,
  kTensorBF16 = 9,
};

} // namespace cuda
} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_CUDATYPES_H
