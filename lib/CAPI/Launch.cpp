//===- Launch.cpp - Running kernels ---------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn-c/Launch.h"

#include "Kernel.h"

using namespace spattn;
using namespace spattn::capi;

struct SpattnCallImpl {
  /// Keeps the resources of the call alive after the kernel is destroyed.
  RuntimeContext runtime;
  std::unique_ptr<KernelCall> call;
  size_t numArguments;
};

static constexpr size_t kMostElementTypes = 8;

static SpattnStatus convert(size_t index, const SpattnArgument &given,
                            bool hasData, KernelArgument &argument) {
  switch (given.kind) {
  case SpattnArgumentReal:
    argument = float(given.value.real);
    return nullptr;
  case SpattnArgumentInteger:
    argument = given.value.integer;
    return nullptr;
  case SpattnArgumentBuffer:
    break;
  default:
    return invalid("argument ", index, " is of kind ", int(given.kind),
                   ", which there is not");
  }
  if (size_t(given.element) >= kMostElementTypes)
    return invalid("argument ", index, " has element type ", int(given.element),
                   ", which there is not");
  if (given.rank > runtime::kMaxRank)
    return invalid("argument ", index, " has rank ", given.rank, "; at most ",
                   runtime::kMaxRank, " is possible");
  if (given.rank > 0 && !given.sizes)
    return invalid("argument ", index, " has no sizes");
  BufferView view;
  auto element = runtime::ElementType(given.element);
  if (!given.strides)
    view = BufferView::contiguous(given.value.data, element,
                                  {given.sizes, given.rank});
  else {
    view.sizes.assign(given.sizes, given.sizes + given.rank);
    view.strides.assign(given.strides, given.strides + given.rank);
  }
  view.data = hasData ? given.value.data : nullptr;
  view.elementType = element;
  argument = std::move(view);
  return nullptr;
}

/// Converts the arguments and makes a call; with their addresses if `hasData`.
static SpattnStatus prepare(SpattnKernel kernel,
                            const SpattnArgument *arguments,
                            size_t numArguments,
                            const SpattnLaunchOptions &options, bool hasData,
                            std::unique_ptr<KernelCall> &call) {
  if (numArguments > 0 && !arguments)
    return invalid("'arguments' is null");
  size_t expected = kernel->form().arguments.size();
  if (numArguments != expected)
    return invalid("expected ", expected, " arguments, got ", numArguments);
  llvm::SmallVector<KernelArgument, 12> converted(numArguments);
  for (size_t i = 0; i < numArguments; ++i)
    if (SpattnStatus status = convert(i, arguments[i], hasData, converted[i]))
      return status;
  if (kernel->cpu) {
    auto prepared = kernel->cpu->prepare(converted);
    if (!prepared)
      return invalid(llvm::toString(prepared.takeError()));
    call = std::move(*prepared);
    return nullptr;
  }
  // Check the arguments first, because this needs no driver.
  if (llvm::Error error = kernel->gpu->check(converted))
    return invalid(llvm::toString(std::move(error)));
  auto driver = kernel->runtime.driver();
  if (!driver)
    return makeStatus(SpattnStatusUnavailable, driver.message(),
                      driver.status().driverCode());
  auto prepared = kernel->gpu->prepare(**driver, converted, options.device,
                                       !options.trustAddresses);
  if (!prepared)
    return makeStatus(SpattnStatusInvalidArgument, prepared.status());
  call = *std::move(prepared);
  return nullptr;
}

SpattnStatus spattnKernelLaunch(SpattnKernel kernel,
                                const SpattnArgument *arguments,
                                size_t numArguments,
                                const SpattnLaunchOptions *options) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = checkNotNull({{kernel, "kernel"}}))
      return status;
    SpattnLaunchOptions given = options ? *options : SpattnLaunchOptions{};
    std::unique_ptr<KernelCall> call;
    if (SpattnStatus status = prepare(kernel, arguments, numArguments, given,
                                      /*hasData=*/true, call))
      return status;
    llvm::SmallVector<ArgumentValue, 12> values(numArguments);
    for (size_t i = 0; i < numArguments; ++i)
      values[i].data = arguments[i].value.data;
    return makeStatus(
        SpattnStatusInvalidArgument,
        call->run(values, nullptr,
                  static_cast<runtime::cuda::Stream>(given.stream)));
  });
}

//===----------------------------------------------------------------------===//
// The fast path
//===----------------------------------------------------------------------===//

SpattnStatus spattnCallCreate(SpattnKernel kernel,
                              const SpattnArgument *arguments,
                              size_t numArguments,
                              const SpattnLaunchOptions *options,
                              SpattnCall *call) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(call, "call", {{kernel, "kernel"}}))
      return status;
    auto made = std::make_unique<SpattnCallImpl>(
        SpattnCallImpl{kernel->runtime, nullptr, numArguments});
    if (SpattnStatus status =
            prepare(kernel, arguments, numArguments,
                    options ? *options : SpattnLaunchOptions{},
                    /*hasData=*/false, made->call))
      return status;
    *call = made.release();
    return nullptr;
  });
}

void spattnCallDestroy(SpattnCall call) { delete call; }

size_t spattnCallGetScratchBytes(SpattnCall call) {
  return call ? call->call->getScratchBytes() : 0;
}

size_t spattnCallGetScratchAlignment(SpattnCall call) {
  return call ? call->call->getScratchAlignment() : 1;
}

static_assert(sizeof(SpattnValue) == sizeof(ArgumentValue),
              "calls are handed on as they are");

SpattnStatus spattnCallRun(SpattnCall call, const SpattnValue *values,
                           void *scratch, void *stream) {
  return guard([&]() -> SpattnStatus {
    if (!call || (!values && call->numArguments > 0))
      return checkNotNull({{call, "call"}, {values, "values"}});
    runtime::Status status = call->call->run(
        {reinterpret_cast<const ArgumentValue *>(values), call->numArguments},
        scratch, static_cast<runtime::cuda::Stream>(stream));
    return makeStatus(SpattnStatusInvalidArgument, status);
  });
}
