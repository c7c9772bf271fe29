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

#include "CallTable.h"
#include "Operands.h"

#include <cmath>
#include <optional>

namespace ffi = xla::ffi;
using namespace spattn::jax_ops;

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
  Operands operands(/*headsInside=*/layout == "bnhd");
  for (size_t i = 0; i < args.size(); ++i) {
    auto buffer = args.get<ffi::AnyBuffer>(i);
    if (buffer.has_error())
      return buffer.error();
    if (ffi::Error error = operands.add(*buffer); error.failure())
      return error;
  }
  for (size_t i = 0; i < rets.size(); ++i) {
    auto buffer = rets.get<ffi::AnyBuffer>(i);
    if (buffer.has_error())
      return buffer.error();
    if (ffi::Error error = operands.add(**buffer); error.failure())
      return error;
  }

  std::vector<SpattnArgument> arguments = operands.arguments();
  auto addNumber = [&](double number) {
    SpattnArgument argument = {};
    argument.kind = SpattnArgumentReal;
    argument.value.real = number;
    arguments.push_back(argument);
  };
  // Merges have no scale, for which NaN stands. A cap of 0 stands for none.
  if (!std::isnan(scale))
    addNumber(scale);
  if (softCap > 0)
    addNumber(softCap);

  std::string key(problem);
  key += target.isGpu ? '\1' : '\0';
  key += std::to_string(target.device);
  key += layout;
  key += operands.sizesKey();
  SpattnCall call = nullptr;
  if (ffi::Error error =
          CallTable::get().find(key, problem, target, arguments, call);
      error.failure())
    return error;

  void *scratch = nullptr;
  if (size_t bytes = spattnCallGetScratchBytes(call); bytes && target.scratch) {
    scratch =
        allocate(*target.scratch, bytes, spattnCallGetScratchAlignment(call));
    if (!scratch)
      return ffi::Error(ffi::ErrorCode::kResourceExhausted,
                        "spattn: no device memory for " +
                            std::to_string(bytes) + " bytes of scratch");
  }
  std::vector<SpattnValue> values;
  for (const SpattnArgument &argument : arguments)
    values.push_back(argument.value);
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
