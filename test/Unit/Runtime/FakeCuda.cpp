//===- FakeCuda.cpp - A CUDA driver for tests without a GPU ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Built in several variants:
//   FAKE_CUDA_EMPTY           a library that is no driver
//   FAKE_CUDA_WITHOUT_EVENTS  a driver that is too old for spattn
//   FAKE_CUDA_OLD             one that is too old for Hopper
//
// For tests that cannot reach the state before the driver is opened there are
// environment variables: FAKE_CUDA_DEVICES, the number of devices;
// FAKE_CUDA_FAIL, the function that fails with CUDA_ERROR_NO_DEVICE;
// FAKE_CUDA_KERNEL, the kernels that modules have, separated by commas;
// FAKE_CUDA_VERSION, the driver's version; FAKE_CUDA_MAJOR, of the compute
// capability; FAKE_CUDA_FREE, the bytes that one allocation may have;
// FAKE_CUDA_LOG, a file to which copies, tensor maps and launches are written,
// as they come. Memory of the device is then 0 at first.
//
//===----------------------------------------------------------------------===//

#ifdef FAKE_CUDA_EMPTY

extern "C" int notADriver() { return 0; }

#else

#include "FakeCuda.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <sstream>

namespace spattn {
namespace runtime {
namespace cuda {
struct ContextObject {
  int device;
  uint64_t id;
};
struct ModuleObject {
  std::string image;
};
struct FunctionObject {
  std::string name;
};
} // namespace cuda
} // namespace runtime
} // namespace spattn

using namespace fake;

static State &state() { return *fakeCudaState(); }

static thread_local cuda::Context currentContext = nullptr;

/// The log, or null.
static FILE *getLog() {
  static FILE *log = [] {
    const char *path = std::getenv("FAKE_CUDA_LOG");
    return path && *path ? std::fopen(path, "w") : nullptr;
  }();
  return log;
}

static void logCopy(const char *where, const void *data, size_t bytes) {
  if (!getLog())
    return;
  unsigned sum = 0;
  for (size_t i = 0; i < bytes; ++i)
    sum += static_cast<const unsigned char *>(data)[i];
  std::fprintf(getLog(), "copy %s: %zu bytes, sum %u\n", where, bytes, sum);
  std::fflush(getLog());
}

static void setDefaults(State &state) {
  state.version = 12080;
  if (const char *version = std::getenv("FAKE_CUDA_VERSION"))
    state.version = std::atoi(version);
  state.devices = 2;
  if (const char *devices = std::getenv("FAKE_CUDA_DEVICES"))
    state.devices = std::atoi(devices);
  state.failures.clear();
  if (const char *function = std::getenv("FAKE_CUDA_FAIL"))
    state.failures[function] = cuda::kNoDevice;
  // An H100's.
  state.attributes = {{cuda::kMaxThreadsPerBlock, 1024},
                      {cuda::kMultiprocessorCount, 132},
                      {cuda::kClockRate, 1980000},
                      {cuda::kMemoryClockRate, 2619000},
                      {cuda::kMemoryBusWidth, 5120},
                      {cuda::kL2CacheSize, 52428800},
                      {cuda::kComputeCapabilityMajor, 9},
                      {cuda::kComputeCapabilityMinor, 0},
                      {cuda::kMaxSharedPerMultiprocessor, 233472},
                      {cuda::kMaxSharedPerBlockOptin, 232448},
                      {cuda::kPageableMemoryAccess, 0},
                      {cuda::kClusterLaunch, 1},
                      {cuda::kTensorMapAccess, 1}};
  if (const char *major = std::getenv("FAKE_CUDA_MAJOR"))
    state.attributes[cuda::kComputeCapabilityMajor] = std::atoi(major);
  state.functions.clear();
  if (const char *kernels = std::getenv("FAKE_CUDA_KERNEL")) {
    std::stringstream names(kernels);
    for (std::string name; std::getline(names, name, ',');)
      state.functions[name];
  }
  state.run = nullptr;
  state.freeBytes = size_t(1) << 30;
  if (const char *bytes = std::getenv("FAKE_CUDA_FREE"))
    state.freeBytes = std::strtoull(bytes, nullptr, 10);
  state.calls.clear();
  state.primaryHolds.clear();
  state.images.clear();
  state.setAttributes.clear();
  state.launches.clear();
  state.memsets.clear();
  state.streamFrees.clear();
  state.tensorMaps.clear();
}

extern "C" State *fakeCudaState() {
  static State *state = [] {
    auto *made = new State();
    setDefaults(*made);
    return made;
  }();
  return state;
}

extern "C" void fakeCudaReset() {
  std::lock_guard<std::mutex> lock(state().mutex);
  setDefaults(state());
}

extern "C" cuda::Context fakeCudaMakeContext(int device) {
  // Elements of a deque stay where they are.
  static std::deque<cuda::ContextObject> contexts;
  std::lock_guard<std::mutex> lock(state().mutex);
  contexts.push_back({device, 100 + contexts.size()});
  return &contexts.back();
}

static cuda::Context getPrimary(int device) {
  static cuda::ContextObject contexts[16];
  contexts[device] = {device, uint64_t(device) + 1};
  return &contexts[device];
}

/// Counts a call; its failure if it is to fail. The state is locked meanwhile.
#define ENTER(NAME)                                                            \
  std::lock_guard<std::mutex> lock(state().mutex);                             \
  ++state().calls[NAME];                                                       \
  if (auto it = state().failures.find(NAME); it != state().failures.end())     \
    return it->second;

extern "C" {

int cuInit(unsigned) {
  ENTER("cuInit");
  return 0;
}

int cuDriverGetVersion(int *version) {
  ENTER("cuDriverGetVersion");
  *version = state().version;
  return 0;
}

int cuGetErrorName(int code, const char **name) {
  *name = code == 1     ? "CUDA_ERROR_INVALID_VALUE"
          : code == 2   ? "CUDA_ERROR_OUT_OF_MEMORY"
          : code == 100 ? "CUDA_ERROR_NO_DEVICE"
          : code == 218 ? "CUDA_ERROR_INVALID_PTX"
          : code == 222 ? "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"
          : code == 500 ? "CUDA_ERROR_NOT_FOUND"
          : code == 801 ? "CUDA_ERROR_NOT_SUPPORTED"
                        : nullptr;
  return *name ? 0 : 1;
}

int cuGetErrorString(int code, const char **text) {
  *text = code == 1     ? "invalid argument"
          : code == 2   ? "out of memory"
          : code == 100 ? "no CUDA-capable device is detected"
          : code == 218 ? "a PTX JIT compilation failed"
          : code == 222 ? "the provided PTX was compiled with an unsupported "
                          "toolchain."
          : code == 500 ? "named symbol not found"
                        : nullptr;
  return *text ? 0 : 1;
}

int cuDeviceGet(int *device, int ordinal) {
  ENTER("cuDeviceGet");
  *device = ordinal;
  return ordinal < state().devices ? 0 : cuda::kInvalidDevice;
}

int cuDeviceGetCount(int *count) {
  ENTER("cuDeviceGetCount");
  *count = state().devices;
  return 0;
}

int cuDeviceGetName(char *name, int size, int) {
  ENTER("cuDeviceGetName");
  std::strncpy(name, "Fake H100", size_t(size));
  return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int) {
  ENTER("cuDeviceGetAttribute");
  auto it = state().attributes.find(attribute);
  if (it == state().attributes.end())
    return cuda::kInvalidValue;
  *value = it->second;
  return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int) {
  ENTER("cuDeviceTotalMem");
  *bytes = size_t(80) << 30;
  return 0;
}

int cuDevicePrimaryCtxRetain(cuda::Context *context, int device) {
  ENTER("cuDevicePrimaryCtxRetain");
  ++state().primaryHolds[device];
  *context = getPrimary(device);
  return 0;
}

int cuDevicePrimaryCtxRelease_v2(int device) {
  ENTER("cuDevicePrimaryCtxRelease");
  return --state().primaryHolds[device] >= 0 ? 0 : cuda::kInvalidContext;
}

int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active) {
  ENTER("cuDevicePrimaryCtxGetState");
  *flags = 0;
  *active = state().primaryHolds[device] > 0;
  return 0;
}

int cuCtxGetCurrent(cuda::Context *context) {
  ENTER("cuCtxGetCurrent");
  *context = currentContext;
  return 0;
}

int cuCtxSetCurrent(cuda::Context context) {
  ENTER("cuCtxSetCurrent");
  currentContext = context;
  return 0;
}

int cuCtxGetDevice(int *device) {
  ENTER("cuCtxGetDevice");
  if (!currentContext)
    return cuda::kInvalidContext;
  *device = currentContext->device;
  return 0;
}

int cuCtxSynchronize() {
  ENTER("cuCtxSynchronize");
  return 0;
}

int cuModuleLoadDataEx(cuda::Module *module, const void *image, unsigned count,
                       int *options, void **values) {
  ENTER("cuModuleLoadDataEx");
  if (!currentContext)
    return cuda::kInvalidContext;
  std::string text(static_cast<const char *>(image));
  if (text.find("syntax error") != std::string::npos) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == cuda::kJitErrorLog)
        std::strcpy(static_cast<char *>(values[i]), "ptxas: line 1 is wrong");
    return cuda::kInvalidPtx;
  }
  state().images.push_back(text);
  *module = new cuda::ModuleObject{text};
  state().modules.insert(*module);
  return 0;
}

int cuModuleUnload(cuda::Module module) {
  ENTER("cuModuleUnload");
  if (!currentContext || !state().modules.erase(module))
    return cuda::kInvalidHandle;
  delete module;
  return 0;
}

int cuModuleGetFunction(cuda::Function *function, cuda::Module,
                        const char *name) {
  ENTER("cuModuleGetFunction");
  if (!state().functions.count(name))
    return cuda::kNotFound;
  // One for each name, for as long as the process lives.
  static auto &objects = *new std::map<std::string, cuda::FunctionObject>();
  *function = &objects.emplace(name, cuda::FunctionObject{name}).first->second;
  return 0;
}

int cuFuncGetAttribute(int *value, int attribute, cuda::Function function) {
  ENTER("cuFuncGetAttribute");
  const fake::Function &info = state().functions[function->name];
  switch (attribute) {
  case cuda::kFunctionMaxThreads:
    *value = info.maxThreads;
    return 0;
  case cuda::kFunctionSharedBytes:
    *value = info.sharedBytes;
    return 0;
  case cuda::kFunctionLocalBytes:
    *value = info.localBytes;
    return 0;
  case cuda::kFunctionRegisters:
    *value = info.registers;
    return 0;
  }
  return cuda::kInvalidValue;
}

int cuFuncSetAttribute(cuda::Function function, int attribute, int value) {
  ENTER("cuFuncSetAttribute");
  state().setAttributes[function->name][attribute] = value;
  return 0;
}

int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks,
                                                cuda::Function function, int,
                                                size_t) {
  ENTER("cuOccupancyMaxActiveBlocksPerMultiprocessor");
  *blocks = state().functions[function->name].occupancy;
  return 0;
}

static void record(const cuda::LaunchConfig &config, cuda::Function function,
                   void **parameters) {
  Launch launch{
      function->name, {}, {}, {1, 1, 1}, config.sharedBytes, config.stream,
      currentContext, {}, 0};
  std::memcpy(launch.grid, config.grid, sizeof(launch.grid));
  std::memcpy(launch.block, config.block, sizeof(launch.block));
  for (unsigned i = 0; i < config.numAttributes; ++i)
    if (config.attributes[i].id == cuda::LaunchAttribute::kClusterDimension)
      std::memcpy(launch.cluster, config.attributes[i].cluster,
                  sizeof(launch.cluster));
  const auto &sizes = state().functions[function->name].parameters;
  for (size_t i = 0; i < sizes.size(); ++i)
    launch.arguments.emplace_back(static_cast<const char *>(parameters[i]),
                                  sizes[i]);
  launch.order = state().launches.size() + state().memsets.size();
  state().launches.push_back(launch);
  if (FILE *log = getLog()) {
    std::fprintf(log, "launch %s: grid %u %u %u, block %u %u %u\n",
                 launch.entry.c_str(), launch.grid[0], launch.grid[1],
                 launch.grid[2], launch.block[0], launch.block[1],
                 launch.block[2]);
    std::fflush(log);
  }
  if (state().run)
    state().run(launch);
}

int cuLaunchKernel(cuda::Function function, unsigned gridX, unsigned gridY,
                   unsigned gridZ, unsigned blockX, unsigned blockY,
                   unsigned blockZ, unsigned sharedBytes, cuda::Stream stream,
                   void **parameters, void **) {
  ENTER("cuLaunchKernel");
  cuda::LaunchConfig config;
  config.grid[0] = gridX, config.grid[1] = gridY, config.grid[2] = gridZ;
  config.block[0] = blockX, config.block[1] = blockY, config.block[2] = blockZ;
  config.sharedBytes = sharedBytes;
  config.stream = stream;
  record(config, function, parameters);
  return 0;
}

int cuMemGetInfo_v2(size_t *free, size_t *total) {
  ENTER("cuMemGetInfo");
  *free = state().freeBytes;
  *total = size_t(80) << 30;
  return 0;
}

static int allocate(cuda::DevicePtr *address, size_t bytes, bool ofStream,
                    cuda::Stream stream) {
  if (!currentContext || bytes > state().freeBytes)
    return currentContext ? cuda::kOutOfMemory : cuda::kInvalidContext;
  // A multiple of 256 and of nothing more.
  void *memory = std::aligned_alloc(512, (bytes + 256 + 511) / 512 * 512);
  *address = reinterpret_cast<uint64_t>(memory) + 256;
  if (getLog())
    std::memset(memory, 0, bytes + 256);
  state().allocations[*address] = {
      bytes, currentContext->device, cuda::kMemoryTypeDevice, false, ofStream,
      stream};
  return 0;
}

static int release(cuda::DevicePtr address, bool ofStream) {
  auto it = state().allocations.find(address);
  if (!currentContext || it == state().allocations.end() ||
      it->second.ofStream != ofStream)
    return cuda::kInvalidValue;
  state().allocations.erase(it);
  std::free(reinterpret_cast<void *>(address - 256));
  return 0;
}

int cuMemAlloc_v2(cuda::DevicePtr *address, size_t bytes) {
  ENTER("cuMemAlloc");
  return allocate(address, bytes, false, nullptr);
}

int cuMemFree_v2(cuda::DevicePtr address) {
  ENTER("cuMemFree");
  return release(address, false);
}

int cuMemcpyHtoD_v2(cuda::DevicePtr to, const void *from, size_t bytes) {
  ENTER("cuMemcpyHtoD");
  logCopy("to the device", from, bytes);
  std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return 0;
}

int cuMemcpyDtoH_v2(void *to, cuda::DevicePtr from, size_t bytes) {
  ENTER("cuMemcpyDtoH");
  logCopy("to the host", reinterpret_cast<const void *>(from), bytes);
  std::memcpy(to, reinterpret_cast<void *>(from), bytes);
  return 0;
}

int cuMemcpyHtoDAsync_v2(cuda::DevicePtr to, const void *from, size_t bytes,
                         cuda::Stream) {
  return cuMemcpyHtoD_v2(to, from, bytes);
}

int cuMemcpyDtoHAsync_v2(void *to, cuda::DevicePtr from, size_t bytes,
                         cuda::Stream) {
  return cuMemcpyDtoH_v2(to, from, bytes);
}

int cuMemcpyDtoDAsync_v2(cuda::DevicePtr to, cuda::DevicePtr from, size_t bytes,
                         cuda::Stream) {
  ENTER("cuMemcpyDtoDAsync");
  std::memcpy(reinterpret_cast<void *>(to),
              reinterpret_cast<const void *>(from), bytes);
  return 0;
}

int cuMemsetD8Async(cuda::DevicePtr address, unsigned char value, size_t bytes,
                    cuda::Stream stream) {
  ENTER("cuMemsetD8Async");
  if (state().allocations.count(address))
    std::memset(reinterpret_cast<void *>(address), value, bytes);
  state().memsets.push_back({address, bytes, stream,
                             state().launches.size() + state().memsets.size()});
  return 0;
}

int cuPointerGetAttributes(unsigned count, int *attributes, void **values,
                           cuda::DevicePtr address) {
  ENTER("cuPointerGetAttributes");
  Allocation found = {0, -2, 0, false};
  for (const auto &[start, allocation] : state().allocations)
    if (address >= start && address < start + allocation.bytes)
      found = allocation;
  for (unsigned i = 0; i < count; ++i) {
    if (attributes[i] == cuda::kPointerMemoryType)
      *static_cast<unsigned *>(values[i]) = found.type;
    // One byte, as the real one.
    else if (attributes[i] == cuda::kPointerIsManaged)
      *static_cast<bool *>(values[i]) = found.managed;
    else if (attributes[i] == cuda::kPointerDeviceOrdinal)
      *static_cast<int *>(values[i]) = found.device;
    else
      return cuda::kInvalidValue;
  }
  return 0;
}

int cuStreamCreate(cuda::Stream *stream, unsigned) {
  ENTER("cuStreamCreate");
  *stream = reinterpret_cast<cuda::Stream>(uintptr_t(16));
  return 0;
}

int cuStreamDestroy_v2(cuda::Stream) {
  ENTER("cuStreamDestroy");
  return 0;
}

int cuStreamSynchronize(cuda::Stream) {
  ENTER("cuStreamSynchronize");
  return 0;
}

int cuEventCreate(cuda::Event *event, unsigned) {
  ENTER("cuEventCreate");
  *event = reinterpret_cast<cuda::Event>(uintptr_t(16));
  return 0;
}

#ifndef FAKE_CUDA_WITHOUT_EVENTS
int cuEventRecord(cuda::Event, cuda::Stream) {
  ENTER("cuEventRecord");
  return 0;
}
#endif

int cuEventSynchronize(cuda::Event) {
  ENTER("cuEventSynchronize");
  return 0;
}

int cuEventElapsedTime(float *milliseconds, cuda::Event, cuda::Event) {
  ENTER("cuEventElapsedTime");
  *milliseconds = 1;
  return 0;
}

int cuEventDestroy_v2(cuda::Event) {
  ENTER("cuEventDestroy");
  return 0;
}

#ifndef FAKE_CUDA_OLD
int cuMemAllocAsync(cuda::DevicePtr *address, size_t bytes,
                    cuda::Stream stream) {
  ENTER("cuMemAllocAsync");
  return allocate(address, bytes, true, stream);
}

int cuMemFreeAsync(cuda::DevicePtr address, cuda::Stream stream) {
  ENTER("cuMemFreeAsync");
  state().streamFrees.push_back(
      {address, stream, state().launches.size() + state().memsets.size()});
  return release(address, true);
}

int cuCtxGetId(cuda::Context context, uint64_t *id) {
  ENTER("cuCtxGetId");
  *id = context->id;
  return 0;
}

int cuLaunchKernelEx(const cuda::LaunchConfig *config, cuda::Function function,
                     void **parameters, void **) {
  ENTER("cuLaunchKernelEx");
  record(*config, function, parameters);
  return 0;
}

/// The driver's rules for arrays that are not interleaved: those of its
/// reference, and what it was seen to do.
static bool isValid(const TensorMapCall &call) {
  static const unsigned bytesOf[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2};
  unsigned bytes = bytesOf[call.type];
  uint64_t boxBytes = bytes;
  bool valid = call.rank >= 1 && call.rank <= 5 && call.address % 16 == 0;
  for (uint32_t i = 0; i < call.rank; ++i)
    valid &= call.sizes[i] >= 1 && call.sizes[i] <= (uint64_t(1) << 32) &&
             call.box[i] >= 1 && call.box[i] <= 256 && call.steps[i] == 1;
  for (uint32_t box : call.box)
    boxBytes *= box;
  for (uint32_t i = 0; i + 1 < call.rank; ++i)
    valid &= call.strides[i] % 16 == 0 && call.strides[i] < (uint64_t(1) << 40);
  unsigned inner = call.box[0] * bytes;
  const unsigned spans[] = {~0u, 32, 64, 128};
  return valid && boxBytes <= 233472 && inner % 16 == 0 &&
         inner <= spans[call.swizzle] &&
         (call.fill == 0 || call.type >= cuda::kTensorF16);
}

int cuTensorMapEncodeTiled(cuda::TensorMap *map, int type, uint32_t rank,
                           void *address, const uint64_t *sizes,
                           const uint64_t *strides, const uint32_t *box,
                           const uint32_t *steps, int interleave, int swizzle,
                           int l2Promotion, int fill) {
  ENTER("cuTensorMapEncodeTiled");
  TensorMapCall call{type,
                     rank,
                     reinterpret_cast<uint64_t>(address),
                     {sizes, sizes + rank},
                     {strides, strides + rank - 1},
                     {box, box + rank},
                     {steps, steps + rank},
                     interleave,
                     swizzle,
                     l2Promotion,
                     fill};
  if (interleave == 0 && !isValid(call))
    return cuda::kInvalidValue;
  state().tensorMaps.push_back(call);
  if (FILE *log = getLog()) {
    std::fprintf(log, "tensor map: type %d, sizes", type);
    for (uint64_t size : call.sizes)
      std::fprintf(log, " %llu", static_cast<unsigned long long>(size));
    std::fprintf(log, ", strides");
    for (uint64_t stride : call.strides)
      std::fprintf(log, " %llu", static_cast<unsigned long long>(stride));
    std::fprintf(log, "\n");
    std::fflush(log);
  }
  for (uint64_t &word : map->words)
    word = state().tensorMaps.size();
  return 0;
}

int cuTensorMapReplaceAddress(cuda::TensorMap *map, void *address) {
  ENTER("cuTensorMapReplaceAddress");
  TensorMapCall call = state().tensorMaps[map->words[0] - 1];
  call.address = reinterpret_cast<uint64_t>(address);
  if (!isValid(call))
    return cuda::kInvalidValue;
  state().tensorMaps.push_back(call);
  for (uint64_t &word : map->words)
    word = state().tensorMaps.size();
  return 0;
}
#endif

} // extern "C"

#endif // FAKE_CUDA_EMPTY
