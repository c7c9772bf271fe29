//===- Handler.cpp - XLA custom call handlers -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Handlers of XLA's foreign function interface, one per platform. A custom call
// identifies its kernel by the text of a problem rather than by an address, so
// that programs in XLA's compilation cache stay valid in other processes. On a
// cache miss, Python compiles the kernel.
//
//===----------------------------------------------------------------------===//

#include "spattn-c/Launch.h"
#include "xla/ffi/api/ffi.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace ffi = xla::ffi;

/// Returns the kernel of a problem for the CPU or a GPU, which lives until the
/// process ends; or stores an error message and returns null.
using Resolver = SpattnKernel (*)(const char *problem, size_t size, bool isGpu,
                                  int32_t device, char *error,
                                  size_t errorSize);

namespace {

/// The device and stream of a call.
struct Target {
  bool isGpu = false;
  int32_t device = 0;
  void *stream = nullptr;
  ffi::ScratchAllocator *scratch = nullptr;
};

/// The kernel's arguments except for scalars, which are last: the operands of
/// the custom call, then its results.
struct Operands {
  std::vector<SpattnArgument> arguments;
  /// The arrays that the arguments point to.
  std::vector<std::vector<int64_t>> sizes, strides;
  /// The scale, if the kernel takes one, and the soft cap, if there is one.
  std::vector<double> scalars;
};

/// A cache of prepared calls, keyed by everything except addresses and scale.
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

  ffi::Error find(const std::string &key, std::string_view problem,
                  const Target &target, Operands &operands, SpattnCall &call);

private:
  ffi::Error prepare(std::string_view problem, const Target &target,
                     Operands &operands, SpattnCall &call) const;

  std::shared_mutex mutex;
  std::unordered_map<std::string, SpattnCall> calls;
  Resolver resolver = nullptr;
};

} // namespace

/// Converts and destroys a status that is an error.
static ffi::Error takeError(SpattnStatus status) {
  SpattnStatusCode code = spattnStatusGetCode(status);
  std::string message = spattnStatusGetMessage(status);
  spattnStatusDestroy(status);
  return code == SpattnStatusInvalidArgument
             ? ffi::Error::InvalidArgument(std::move(message))
             : ffi::Error::Internal(std::move(message));
}

ffi::Error CallTable::prepare(std::string_view problem, const Target &target,
                              Operands &operands, SpattnCall &call) const {
  char error[4096] = "spattn.jax is not imported in this process";
  SpattnKernel kernel =
      resolver ? resolver(problem.data(), problem.size(), target.isGpu,
                          target.device, error, sizeof(error))
               : nullptr;
  if (!kernel)
    return ffi::Error::InvalidArgument(error);
  std::vector<SpattnArgument> arguments = operands.arguments;
  SpattnArgument scalar = {};
  scalar.kind = SpattnArgumentReal;
  arguments.insert(arguments.end(), operands.scalars.size(), scalar);
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
                           const Target &target, Operands &operands,
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
  if (ffi::Error error = prepare(problem, target, operands, made);
      error.failure())
    return error;
  std::unique_lock<std::shared_mutex> lock(mutex);
  auto [it, isNew] = calls.try_emplace(key, made);
  if (!isNew)
    spattnCallDestroy(made);
  call = it->second;
  return ffi::Error::Success();
}

static bool getElementType(ffi::DataType type, SpattnElementType &element) {
  switch (type) {
  case ffi::F32:
    element = SpattnElementF32;
    return true;
  case ffi::F16:
    element = SpattnElementF16;
    return true;
  case ffi::BF16:
    element = SpattnElementBF16;
    return true;
  default:
    return false;
  }
}

/// Adds an array of the rank of the queries or, for the log-sum-exp and its
/// gradient, one less. vmap adds leading dimensions; they are folded into the
/// batch. Sinks, their gradient and slopes are one number per head, biases by
/// distance a row; vmap makes a call for each.
static ffi::Error addOperand(ffi::AnyBuffer buffer, size_t queryRank,
                             bool headsInside, Operands &operands) {
  ffi::AnyBuffer::Dimensions dims = buffer.dimensions();
  bool hasRows = dims.size() == queryRank;
  bool isOfHeads = queryRank == 4 && dims.size() <= 2;
  SpattnArgument argument = {};
  if ((!hasRows && !isOfHeads && dims.size() + 1 != queryRank) ||
      !getElementType(buffer.element_type(), argument.element))
    return ffi::Error::InvalidArgument(
        "spattn: expected arrays of (batch, heads, length, head dimension)");

  size_t rank = hasRows ? 4 : isOfHeads ? dims.size() : 3;
  size_t numLeading = dims.size() - rank + 1;
  std::vector<int64_t> sizes = {1};
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i < numLeading)
      sizes[0] *= dims[i];
    else
      sizes.push_back(dims[i]);
  }
  std::vector<int64_t> strides(rank, 1);
  for (size_t i = rank - 1; i > 0; --i)
    strides[i - 1] = strides[i] * sizes[i];
  // The log-sum-exp is (batch, heads, length) in both layouts.
  if (headsInside && hasRows) {
    std::swap(sizes[1], sizes[2]);
    std::swap(strides[1], strides[2]);
  }

  operands.sizes.push_back(std::move(sizes));
  operands.strides.push_back(std::move(strides));
  argument.kind = SpattnArgumentBuffer;
  argument.value.data = buffer.untyped_data();
  argument.rank = static_cast<uint32_t>(rank);
  // Growing the outer vectors moves the inner ones, but not their elements.
  argument.sizes = operands.sizes.back().data();
  argument.strides = operands.strides.back().data();
  operands.arguments.push_back(argument);
  return ffi::Error::Success();
}

/// Allocates scratch that lives until the handler returns; null on failure. XLA
/// supports no alignment above 16.
static void *allocate(ffi::ScratchAllocator &scratch, size_t bytes,
                      size_t alignment) {
  std::optional<void *> memory = scratch.Allocate(bytes + alignment - 1, 16);
  if (!memory)
    return nullptr;
  auto first = reinterpret_cast<uintptr_t>(*memory);
  return reinterpret_cast<void *>((first + alignment - 1) / alignment *
                                  alignment);
}

static ffi::Error run(std::string_view problem, std::string_view layout,
                      float scale, float softCap, ffi::RemainingArgs args,
                      ffi::RemainingRets rets, const Target &target) {
  std::vector<ffi::AnyBuffer> buffers;
  for (size_t i = 0; i < args.size(); ++i) {
    auto buffer = args.get<ffi::AnyBuffer>(i);
    if (buffer.has_error())
      return buffer.error();
    buffers.push_back(*buffer);
  }
  for (size_t i = 0; i < rets.size(); ++i) {
    auto buffer = rets.get<ffi::AnyBuffer>(i);
    if (buffer.has_error())
      return buffer.error();
    buffers.push_back(**buffer);
  }
  if (buffers.empty() || buffers[0].dimensions().size() < 4)
    return ffi::Error::InvalidArgument("spattn: expected queries of rank 4");

  std::string key(problem);
  key += target.isGpu ? '\1' : '\0';
  key += std::to_string(target.device);
  key += layout;
  Operands operands;
  // Merges have no scale, for which NaN stands. A cap of 0 stands for none.
  if (!std::isnan(scale))
    operands.scalars.push_back(scale);
  if (softCap > 0)
    operands.scalars.push_back(softCap);
  for (const ffi::AnyBuffer &buffer : buffers) {
    ffi::Error error = addOperand(buffer, buffers[0].dimensions().size(),
                                  layout == "bnhd", operands);
    if (error.failure())
      return error;
    const std::vector<int64_t> &sizes = operands.sizes.back();
    key.append(reinterpret_cast<const char *>(sizes.data()),
               sizes.size() * sizeof(int64_t));
  }
  SpattnCall call = nullptr;
  ffi::Error error =
      CallTable::get().find(key, problem, target, operands, call);
  if (error.failure())
    return error;

  std::vector<SpattnValue> values;
  for (const SpattnArgument &argument : operands.arguments)
    values.push_back(argument.value);
  for (double scalar : operands.scalars) {
    values.emplace_back();
    values.back().real = scalar;
  }
  void *scratch = nullptr;
  if (size_t bytes = spattnCallGetScratchBytes(call); bytes && target.scratch) {
    scratch =
        allocate(*target.scratch, bytes, spattnCallGetScratchAlignment(call));
    if (!scratch)
      return ffi::Error(ffi::ErrorCode::kResourceExhausted,
                        "spattn: no device memory for " +
                            std::to_string(bytes) + " bytes of scratch");
  }
  if (SpattnStatus status =
          spattnCallRun(call, values.data(), scratch, target.stream))
    return takeError(status);
  return ffi::Error::Success();
}

static ffi::Error runOnCpu(std::string_view problem, std::string_view layout,
                           float scale, float softCap, ffi::RemainingArgs args,
                           ffi::RemainingRets rets) {
  return run(problem, layout, scale, softCap, args, rets, Target());
}

static ffi::Error runOnCuda(void *stream, int32_t device,
                            ffi::ScratchAllocator scratch,
                            std::string_view problem, std::string_view layout,
                            float scale, float softCap, ffi::RemainingArgs args,
                            ffi::RemainingRets rets) {
  Target target;
  target.isGpu = true;
  target.device = device;
  target.stream = stream;
  target.scratch = &scratch;
  return run(problem, layout, scale, softCap, args, rets, target);
}

#define SPATTN_JAX_EXPORT __attribute__((visibility("default")))

extern "C" SPATTN_JAX_EXPORT void spattnJaxSetResolver(Resolver resolver) {
  CallTable::get().setResolver(resolver);
}

extern "C" SPATTN_JAX_EXPORT XLA_FFI_Error *
spattnJaxCpu(XLA_FFI_CallFrame *frame);
extern "C" SPATTN_JAX_EXPORT XLA_FFI_Error *
spattnJaxCuda(XLA_FFI_CallFrame *frame);

XLA_FFI_DEFINE_HANDLER_SYMBOL(spattnJaxCpu, runOnCpu,
                              ffi::Ffi::Bind()
                                  .Attr<std::string_view>("problem")
                                  .Attr<std::string_view>("layout")
                                  .Attr<float>("scale")
                                  .Attr<float>("soft_cap")
                                  .RemainingArgs()
                                  .RemainingRets());

XLA_FFI_DEFINE_HANDLER_SYMBOL(spattnJaxCuda, runOnCuda,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::PlatformStream<void *>>()
                                  .Ctx<ffi::DeviceOrdinal>()
                                  .Ctx<ffi::ScratchAllocator>()
                                  .Attr<std::string_view>("problem")
                                  .Attr<std::string_view>("layout")
                                  .Attr<float>("scale")
                                  .Attr<float>("soft_cap")
                                  .RemainingArgs()
                                  .RemainingRets());
