//===- FakeCuda.h - A CUDA driver for tests without a GPU -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// FakeCuda.cpp is built as a shared library that exports the driver's
// functions. It runs no kernels but records their launches, and fails where
// told to. Memory of the device is memory of the host.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_RUNTIME_FAKECUDA_H
#define SPATTN_TEST_RUNTIME_FAKECUDA_H

#include "spattn/Runtime/CudaTypes.h"

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fake {

namespace cuda = spattn::runtime::cuda;

/// A function that every module has.
struct Function {
  int registers = 128, localBytes = 0, sharedBytes = 0, maxThreads = 1024;
  int occupancy = 2;
  /// Bytes of its parameters.
  std::vector<size_t> parameters;
};

struct Launch {
  std::string entry;
  unsigned grid[3], block[3], cluster[3], sharedBytes;
  cuda::Stream stream;
  cuda::Context context;
  /// Bytes of the arguments, and how many launches and memsets came before.
  std::vector<std::string> arguments;
  size_t order;
};

struct Memset {
  cuda::DevicePtr address;
  size_t bytes;
  cuda::Stream stream;
  size_t order;
};

/// Memory of a stream that was freed.
struct StreamFree {
  cuda::DevicePtr address;
  cuda::Stream stream;
  size_t order;
};

struct TensorMapCall {
  int type;
  uint32_t rank;
  uint64_t address;
  std::vector<uint64_t> sizes, strides;
  std::vector<uint32_t> box, steps;
  int interleave, swizzle, l2Promotion, fill;
};

struct Allocation {
  size_t bytes;
  int device;
  unsigned type;
  bool managed;
  /// Whether it was made in the order of a stream, and of which.
  bool ofStream = false;
  cuda::Stream stream = nullptr;
};

struct State {
  std::mutex mutex;

  // What it does.
  int version = 12080;
  int devices = 2;
  /// Functions that fail, and with what.
  std::map<std::string, int> failures;
  /// Attributes by number, of all devices; others are invalid values.
  std::map<int, int> attributes;
  std::map<std::string, Function> functions;
  size_t freeBytes = size_t(1) << 30;
  /// What a kernel does when it is launched.
  std::function<void(const Launch &)> run;

  // What was done.
  std::map<std::string, int> calls;
  std::map<int, int> primaryHolds;
  std::vector<std::string> images;
  std::set<cuda::Module> modules;
  std::map<std::string, std::map<int, int>> setAttributes;
  std::vector<Launch> launches;
  std::vector<Memset> memsets;
  std::vector<StreamFree> streamFrees;
  std::vector<TensorMapCall> tensorMaps;
  std::map<cuda::DevicePtr, Allocation> allocations;
};

} // namespace fake

/// The library's state.
extern "C" fake::State *fakeCudaState();
/// Sets everything back, but for threads' current contexts.
extern "C" void fakeCudaReset();
/// A context that is not a device's primary one.
extern "C" spattn::runtime::cuda::Context fakeCudaMakeContext(int device);

#endif // SPATTN_TEST_RUNTIME_FAKECUDA_H
