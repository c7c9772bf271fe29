//===- Kernels.cpp - The caches of kernels and prepared calls -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"

#include "ClassGroups.h"
#include "Errors.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

using namespace spattn::torch_ops;

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// The SpattnStatusCode of the thread's last error. Exceptions that cross torch
/// carry only a message.
static thread_local int32_t lastErrorCode = SpattnStatusSuccess;

/// Returns and clears the code of the thread's last error.
extern "C" SPATTN_C_EXPORT int32_t spattnTorchTakeErrorCode() {
  return std::exchange(lastErrorCode, SpattnStatusSuccess);
}

void spattn::torch_ops::raise(const std::string &message, int32_t code) {
  lastErrorCode = code;
  throw std::runtime_error("spattn: " + message);
}

void spattn::torch_ops::check(SpattnStatus status) {
  if (!status)
    return;
  std::string message = spattnStatusGetMessage(status);
  int32_t code = spattnStatusGetCode(status);
  spattnStatusDestroy(status);
  raise(message, code);
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

// A key is the concatenated bytes of its fields. Each thread reuses one key
// buffer, so that a lookup does not allocate.

template <class T>
static void append(std::string &key, const T &value) {
  key.append(reinterpret_cast<const char *>(&value), sizeof(value));
}

static void appendProblem(std::string &key, const KernelRequest &request) {
  key.append(request.structure).push_back('\0');
  key.append(request.alignment).push_back('\0');
  key.append(request.boundLength).push_back('\0');
  key.append(request.parts).push_back('\0');
  key.append(request.rows).push_back('\0');
  key.append(request.marks).push_back('\0');
  append(key, request.terms);
  key.append(request.tileLists).push_back('\0');
  append(key, request.listHeads);
  append(key, request.listBatch);
  key.append(request.score).push_back('\0');
  append(key, request.heads);
  append(key, request.keyHeads);
  append(key, request.headDim);
  append(key, request.valueDim);
  append(key, request.element);
  append(key, request.device);
  key.push_back(char(request.gradients | request.lseGradient << 1 |
                     request.deterministic << 2 | request.sinks << 3 |
                     request.softCap << 4 | request.slopes << 5));
  key.push_back(char(request.sequences | request.signedScale << 4 |
                     request.biasGradients << 5));
  append(key, request.distances);
  key.push_back(char(request.positions));
  append(key, request.selfScore);
  append(key, request.pageSize);
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

namespace {
/// A kernel with the sizes and strides of its operands.
struct PreparedCall {
  PreparedCall() = default;
  PreparedCall(const PreparedCall &) = delete;
  PreparedCall &operator=(const PreparedCall &) = delete;
  ~PreparedCall() { spattnCallDestroy(call); }

  SpattnCall call = nullptr;
  size_t scratchBytes = 0, scratchAlignment = 1;
};

/// The caches of this process. They are never destroyed, because threads may
/// use them while the process exits.
struct Tables {
  /// The limit of prepared calls: more than a model uses at a time. A program
  /// with ever-changing lengths would grow the cache forever.
  static constexpr size_t kCalls = 4096;

  std::mutex mutex;
  /// Kernels from Python.
  std::unordered_map<std::string, SpattnKernel> kernels;
  std::unordered_map<std::string, std::shared_ptr<const PreparedCall>> calls;
};
} // namespace

static std::atomic<Tables *> tables{new Tables()};

/// Replaces the caches in a forked child: the parent's lock may be held
/// forever, and its kernels refer to threads that the child does not have.
extern "C" SPATTN_C_EXPORT void spattnTorchForget() {
  tables = new Tables();
  forgetGroups();
}

/// Returns the numbers of cached kernels and prepared calls.
extern "C" SPATTN_C_EXPORT void spattnTorchCount(size_t *kernels,
                                                 size_t *calls) {
  Tables &found = *tables;
  std::lock_guard<std::mutex> lock(found.mutex);
  *kernels = found.kernels.size();
  *calls = found.calls.size();
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static std::atomic<KernelResolver> resolver{nullptr};

/// Sets the callback that compiles kernels; null when the interpreter exits.
extern "C" SPATTN_C_EXPORT void
spattnTorchSetResolver(KernelResolver newResolver) {
  resolver = newResolver;
}

/// The ceiling of the binary logarithm. Lengths with the same result are in the
/// same length class.
static uint8_t getDoublings(int64_t length) {
  uint8_t count = 0;
  for (; count < 62 && (int64_t(1) << count) < length; ++count)
    ;
  return count;
}

static SpattnKernel findKernel(const KernelRequest &request) {
  std::string key;
  appendProblem(key, request);
  append(key, getDoublings(request.queryLength));
  append(key, getDoublings(request.keyLength));
  Tables &known = *tables;
  {
    std::lock_guard<std::mutex> lock(known.mutex);
    if (auto it = known.kernels.find(key); it != known.kernels.end())
      return it->second;
  }
  // Without the lock, because compiling may take a second. Python compiles a
  // kernel once even if two threads request it concurrently.
  KernelResolver resolve = resolver;
  if (!resolve)
    fail("no kernels; import spattn.torch");
  const char *error = nullptr;
  SpattnKernel kernel = resolve(&request, &error);
  if (!kernel)
    fail(error ? error : "there is no kernel");
  std::lock_guard<std::mutex> lock(known.mutex);
  return known.kernels.emplace(std::move(key), kernel).first->second;
}

//===----------------------------------------------------------------------===//
// Prepared calls
//===----------------------------------------------------------------------===//

static std::shared_ptr<const PreparedCall> prepare(const KernelRequest &request,
                                                   Operands operands,
                                                   size_t numScalars,
                                                   const Place &place) {
  std::vector<SpattnArgument> arguments;
  for (const Operand *operand : operands) {
    SpattnArgument argument = {};
    argument.kind = SpattnArgumentBuffer;
    argument.value.data = operand->data;
    argument.element = operand->element;
    argument.rank = operand->rank;
    argument.sizes = operand->sizes;
    argument.strides = operand->strides;
    arguments.push_back(argument);
  }
  SpattnArgument scalar = {};
  scalar.kind = SpattnArgumentReal;
  arguments.insert(arguments.end(), numScalars, scalar);

  SpattnLaunchOptions options = {};
  options.stream = place.stream;
  options.device = place.device.isGpu() ? place.device.index : 0;
  // torch knows which device a tensor is on.
  options.trustAddresses = true;
  auto prepared = std::make_shared<PreparedCall>();
  check(spattnCallCreate(findKernel(request), arguments.data(),
                         arguments.size(), &options, &prepared->call));
  prepared->scratchBytes = spattnCallGetScratchBytes(prepared->call);
  prepared->scratchAlignment = spattnCallGetScratchAlignment(prepared->call);
  return prepared;
}

static std::shared_ptr<const PreparedCall>
findCall(const KernelRequest &request, Operands operands, size_t numScalars,
         const Place &place) {
  static thread_local std::string key;
  key.clear();
  appendProblem(key, request);
  for (const Operand *operand : operands) {
    size_t bytes = operand->rank * sizeof(int64_t);
    key.append(reinterpret_cast<const char *>(operand->sizes), bytes);
    key.append(reinterpret_cast<const char *>(operand->strides), bytes);
  }
  Tables &known = *tables;
  {
    std::lock_guard<std::mutex> lock(known.mutex);
    if (auto it = known.calls.find(key); it != known.calls.end())
      return it->second;
  }
  // Copy the key: Python may reenter an operator on this thread.
  std::string own = key;
  auto prepared = prepare(request, operands, numScalars, place);
  std::lock_guard<std::mutex> lock(known.mutex);
  if (known.calls.size() >= Tables::kCalls)
    known.calls.clear();
  known.calls.emplace(std::move(own), prepared);
  return prepared;
}

void spattn::torch_ops::runKernel(const KernelRequest &request,
                                  Operands operands, Scalars scalars,
                                  const Place &place) {
  auto prepared = findCall(request, operands, scalars.size(), place);
  // Each thread reuses one list, so that a call does not allocate.
  static thread_local std::vector<SpattnValue> values;
  values.clear();
  for (const Operand *operand : operands) {
    values.emplace_back();
    values.back().data = operand->data;
  }
  for (double scalar : scalars) {
    values.emplace_back();
    values.back().real = scalar;
  }
  void *scratch = nullptr;
  // Safe to free right after the launch: torch's allocator reuses memory in
  // stream order.
  std::optional<Tensor> owner;
  if (prepared->scratchBytes > 0)
    owner = makeScratch(prepared->scratchBytes, prepared->scratchAlignment,
                        place.device, scratch);
  check(spattnCallRun(prepared->call, values.data(), scratch, place.stream));
}
