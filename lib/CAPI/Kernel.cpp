//===- Kernel.cpp - Compiled functions ------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#include "Module.h"
#include "spattn/Pipelines/GpuPipeline.h"
#include "spattn/Target/EmitArtifact.h"

using namespace spattn;
using namespace spattn::capi;
using Lock = std::lock_guard<std::mutex>;

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

static std::string textOf(const char *text) { return text ? text : ""; }

SpattnStatus spattnKernelCompileCpu(SpattnModule module, const char *function,
                                    const SpattnCpuOptions *options,
                                    const SpattnDiagnosticHandler *handler,
                                    SpattnKernel *kernel) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(
            kernel, "kernel", {{module, "module"}, {function, "function"}}))
      return status;
    CpuCompileOptions compile;
    if (options) {
      if (options->optLevel > 3)
        return invalid("expected 'optLevel' to be from 0 to 3, got ",
                       options->optLevel);
      compile.queryTile = options->queryTile;
      compile.keyTile = options->keyTile;
      compile.vectorWidth = options->vectorWidth;
      compile.optLevel = options->optLevel;
      compile.parallel = !options->serial;
      compile.dumpFolder = textOf(options->dumpFolder);
    }
    Lock lock(module->mutex);
    Listener listener(*module->mlir, handler);
    auto compiled = CpuKernel::compile(*module->module, function,
                                       module->shared->runtime, compile);
    if (!compiled)
      return listener.makeStatus(SpattnStatusCompileError,
                                 llvm::toString(compiled.takeError()));
    *kernel = new SpattnKernelImpl{module->shared->runtime,
                                   std::move(*compiled), nullptr};
    return nullptr;
  });
}

/// Converts options. The caller owns the returned error.
static SpattnStatus convert(const SpattnGpuOptions *given,
                            GpuCompileOptions &options) {
  if (!given)
    return nullptr;
  if (given->chip)
    options.chip = given->chip;
  options.driverVersion = given->driverVersion;
  options.strict = given->strict;
  options.dumpFolder = textOf(given->dumpFolder);
  auto pipeline = GpuOptions::parse(textOf(given->options));
  if (!pipeline)
    return invalid(llvm::toString(pipeline.takeError()));
  if (llvm::Error error = pipeline->check())
    return invalid(llvm::toString(std::move(error)));
  options.pipeline = *pipeline;
  return nullptr;
}

SpattnStatus spattnKernelCompileGpu(SpattnModule module, const char *function,
                                    const SpattnGpuOptions *options,
                                    const SpattnDiagnosticHandler *handler,
                                    SpattnKernel *kernel) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(
            kernel, "kernel", {{module, "module"}, {function, "function"}}))
      return status;
    GpuCompileOptions compile;
    if (SpattnStatus status = convert(options, compile))
      return status;
    Lock lock(module->mutex);
    Listener listener(*module->mlir, handler);
    auto compiled = GpuKernel::compile(*module->module, function,
                                       module->shared->runtime, compile);
    if (!compiled)
      return listener.makeStatus(SpattnStatusCompileError,
                                 llvm::toString(compiled.takeError()));
    *kernel = new SpattnKernelImpl{module->shared->runtime, nullptr,
                                   std::move(*compiled)};
    return nullptr;
  });
}

SpattnStatus spattnModuleEmitPtx(SpattnModule module, const char *function,
                                 const SpattnGpuOptions *options,
                                 const SpattnDiagnosticHandler *handler,
                                 SpattnString *text) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(
            text, "text", {{module, "module"}, {function, "function"}}))
      return status;
    GpuCompileOptions compile;
    if (SpattnStatus status = convert(options, compile))
      return status;
    // A default context has no ptxas, so the artifact contains PTX, and no
    // cache, which would keep the artifact.
    RuntimeContext runtime((RuntimeOptions()));
    Lock lock(module->mutex);
    Listener listener(*module->mlir, handler);
    auto compiled =
        GpuKernel::compile(*module->module, function, runtime, compile);
    if (!compiled)
      return listener.makeStatus(SpattnStatusCompileError,
                                 llvm::toString(compiled.takeError()));
    return copyString((*compiled)->getProgram()->artifact().code, text);
  });
}

void spattnKernelDestroy(SpattnKernel kernel) { delete kernel; }

//===----------------------------------------------------------------------===//
// Artifacts
//===----------------------------------------------------------------------===//

static SpattnStatus checkGpu(SpattnKernel kernel) {
  if (SpattnStatus status = checkNotNull({{kernel, "kernel"}}))
    return status;
  if (!kernel->gpu)
    return invalid("the kernel is for the CPU; only those for GPUs have an "
                   "artifact");
  return nullptr;
}

SpattnStatus spattnKernelSerialize(SpattnKernel kernel, SpattnString *bytes) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(bytes, "bytes"))
      return status;
    if (SpattnStatus status = checkGpu(kernel))
      return status;
    auto written = kernel->gpu->serialize();
    if (!written)
      return makeStatus(SpattnStatusInternal, written.status());
    return copyString(*written, bytes);
  });
}

SpattnStatus spattnKernelLoad(SpattnContext context, const char *bytes,
                              size_t size, SpattnKernel *kernel) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(
            kernel, "kernel", {{context, "context"}, {bytes, "bytes"}}))
      return status;
    const RuntimeContext &runtime = context->shared->runtime;
    auto loaded = GpuKernel::load(std::string_view(bytes, size), runtime);
    if (!loaded)
      return makeStatus(SpattnStatusInvalidInput, loaded.status());
    *kernel = new SpattnKernelImpl{runtime, nullptr, *std::move(loaded)};
    return nullptr;
  });
}

SpattnStatus spattnKernelGetCode(SpattnKernel kernel, bool *isPtx,
                                 SpattnString *code) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = checkNotNull({{isPtx, "isPtx"}, {code, "code"}}))
      return status;
    *isPtx = false;
    *code = {};
    if (SpattnStatus status = checkGpu(kernel))
      return status;
    const runtime::Artifact &artifact = kernel->gpu->getProgram()->artifact();
    *isPtx = artifact.codeKind == runtime::CodeKind::Ptx;
    return copyString(artifact.code, code);
  });
}

SpattnStatus spattnKernelDescribe(SpattnKernel kernel, SpattnString *text) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(text, "text"))
      return status;
    if (SpattnStatus status = checkGpu(kernel))
      return status;
    return copyString(describe(kernel->gpu->getProgram()->artifact()), text);
  });
}

const char *spattnKernelGetMetadata(SpattnKernel kernel, const char *name) {
  if (!kernel || !kernel->gpu || !name)
    return nullptr;
  const std::string *text =
      kernel->gpu->getProgram()->artifact().findMetadata(name);
  return text ? text->c_str() : nullptr;
}

//===----------------------------------------------------------------------===//
// Properties
//===----------------------------------------------------------------------===//

const char *spattnKernelGetTarget(SpattnKernel kernel) {
  if (!kernel)
    return "";
  return kernel->gpu
             ? kernel->gpu->getProgram()->artifact().architecture.c_str()
             : "cpu";
}

bool spattnKernelIsGpu(SpattnKernel kernel) { return kernel && kernel->gpu; }

SpattnStatus spattnKernelGetCompileTimes(SpattnKernel kernel,
                                         SpattnCompileTimes *times) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(times, "times", {{kernel, "kernel"}}))
      return status;
    if (kernel->cpu) {
      times->total = kernel->cpu->getCompileTime();
      return nullptr;
    }
    const GpuCompileTimes &gpu = kernel->gpu->getTimes();
    *times = {gpu.total, gpu.passes, gpu.ptx, gpu.ptxas, gpu.fromCache};
    return nullptr;
  });
}

size_t spattnKernelGetNumArguments(SpattnKernel kernel) {
  return kernel ? kernel->form().arguments.size() : 0;
}

SpattnStatus spattnKernelGetArgument(SpattnKernel kernel, size_t index,
                                     SpattnParameter *parameter) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(parameter, "parameter", {{kernel, "kernel"}}))
      return status;
    const CallForm &form = kernel->form();
    if (index >= form.arguments.size())
      return invalid("there is no argument ", index, "; the kernel has ",
                     form.arguments.size());
    const auto &[type, isDestination] = form.arguments[index];
    parameter->text = type.text.c_str();
    parameter->element = SpattnElementType(type.element);
    parameter->isScalar = type.isScalar;
    parameter->rank = uint32_t(type.sizes.size());
    parameter->sizes = type.sizes.data();
    parameter->strides = type.strides.empty() ? nullptr : type.strides.data();
    parameter->isDestination = isDestination;
    return nullptr;
  });
}

size_t spattnKernelGetNumResults(SpattnKernel kernel) {
  return kernel ? kernel->form().results.size() : 0;
}

SpattnStatus spattnKernelGetResult(SpattnKernel kernel, size_t index,
                                   size_t *argument) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(argument, "argument", {{kernel, "kernel"}}))
      return status;
    const CallForm &form = kernel->form();
    if (index >= form.results.size())
      return invalid("there is no result ", index, "; the kernel has ",
                     form.results.size());
    *argument = form.results[index];
    return nullptr;
  });
}
