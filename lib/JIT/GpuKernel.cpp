//===- GpuKernel.cpp - Compiles functions for a GPU -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/JIT/GpuKernel.h"

#include "GpuKernelImpl.h"
#include "KernelFunction.h"
#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"
#include "spattn/Pipelines/GpuPipeline.h"
#include "spattn/Target/EmitArtifact.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <chrono>
#include <dlfcn.h>

using namespace mlir;
using namespace spattn;
using llvm::Error;
using llvm::Expected;
using Clock = std::chrono::steady_clock;

static double since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

Expected<std::string> spattn::getChip(const runtime::DeviceInfo &device) {
  if (device.major == 9 && device.minor == 0)
    return std::string("sm_90a");
  if (device.major >= 8)
    return "sm_" + std::to_string(10 * device.major + device.minor);
  return makeError("device ", device.device, " (", device.name,
                   ") has compute capability ", device.major, ".", device.minor,
                   "; there are kernels from 8.0 on");
}

//===----------------------------------------------------------------------===//
// The key
//===----------------------------------------------------------------------===//

/// Changes with a file, without reading it.
static std::string getFileIdentity(StringRef path) {
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(path, status))
    return path.str();
  auto time = status.getLastModificationTime().time_since_epoch();
  return (path + ":" + Twine(status.getSize()) + ":" + Twine(time.count()))
      .str();
}

/// The program or library that this code is in: it changes when the compiler
/// does, also between two releases.
static std::string getCompilerIdentity() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&getCompilerIdentity), &info) ||
      !info.dli_fname)
    return "";
  // The program itself may be named as it was called.
  std::string path = info.dli_fname;
  if (!llvm::sys::fs::exists(path) || !StringRef(path).contains('/'))
    path = llvm::sys::fs::getMainExecutable(
        nullptr, reinterpret_cast<void *>(&getCompilerIdentity));
  return getFileIdentity(path);
}

/// Everything that the code depends on.
static std::string makeKey(ModuleOp module, const RuntimeOptions &environment,
                           const GpuCompileOptions &options) {
  std::string key;
  llvm::raw_string_ostream stream(key);
  stream << getCompilerVersion() << "\n"
         << getCompilerIdentity() << "\n"
         << options.chip << "\n"
         << options.driverVersion << "\n"
         << options.pipeline.str() << "\n"
         << options.strict << "\n";
  stream << getFileIdentity(environment.ptxas) << "\n";
  if (environment.ptxas.empty())
    for (const std::string &candidate : environment.ptxasCandidates)
      stream << getFileIdentity(candidate) << "\n";
  module.print(stream, OpPrintingFlags().printGenericOpForm());
  return key;
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

GpuKernel::GpuKernel(const RuntimeContext &context)
    : impl(std::make_unique<Impl>(context)) {}
GpuKernel::~GpuKernel() = default;
llvm::ArrayRef<unsigned> GpuKernel::getResults() const {
  return impl->function.results;
}
const CallSignature &GpuKernel::getSignature() const { return impl->signature; }
const std::shared_ptr<runtime::Program> &GpuKernel::getProgram() const {
  return impl->program;
}
const GpuCompileTimes &GpuKernel::getTimes() const { return impl->times; }
const CallForm &GpuKernel::getCallForm() const { return impl->form; }

static void dumpCode(const runtime::Artifact &artifact, StringRef folder) {
  if (folder.empty())
    return;
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, artifact.codeKind == runtime::CodeKind::Cubin
                                    ? "3-code.cubin"
                                    : "3-code.ptx");
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error);
  if (!error)
    stream << artifact.code;
}

static runtime::Result<runtime::Artifact>
compileModule(ModuleOp module, StringRef entry, const GpuOptions &pipeline,
              const RuntimeOptions &environment,
              const GpuCompileOptions &options, GpuCompileTimes &times) {
  Clock::time_point start = Clock::now();
  if (failed(runStages<GpuOptions>(module,
                                   {{buildGpuKernelsPipeline, "1-tile.mlir"},
                                    {buildGpuLLVMPipeline, "2-llvm.mlir"}},
                                   pipeline, options.dumpFolder)))
    return runtime::Status::error("could not compile function '" + entry.str() +
                                  "' for the GPU");
  times.passes = since(start);
  TargetOptions target;
  target.chip = options.chip;
  target.driverVersion = options.driverVersion;
  target.ptxas = environment.ptxas;
  target.ptxasCandidates = environment.ptxasCandidates;
  target.strict = options.strict;
  TargetTimes targetTimes;
  auto artifact = emitArtifact(module, target, &targetTimes);
  times.ptx = targetTimes.ptx;
  times.ptxas = targetTimes.ptxas;
  if (artifact)
    dumpCode(*artifact, options.dumpFolder);
  return artifact;
}

/// All results are arguments.
static CallForm makeForm(const GpuKernel::Impl &kernel) {
  CallForm form;
  for (const ParameterType &type : kernel.signature.arguments)
    form.arguments.push_back({type});
  const auto &operands = kernel.program->artifact().operands;
  for (size_t i = 0; i < operands.size(); ++i)
    if (std::optional<unsigned> argument = kernel.operandArguments[i])
      form.arguments[*argument].isDestination = operands[i].output;
  form.results.assign(kernel.function.results.begin(),
                      kernel.function.results.end());
  return form;
}

Expected<std::unique_ptr<GpuKernel>>
GpuKernel::compile(ModuleOp module, StringRef entry,
                   const RuntimeContext &context,
                   const GpuCompileOptions &options) {
  Clock::time_point start = Clock::now();
  std::unique_ptr<GpuKernel> kernel(new GpuKernel(context));
  Impl &impl = *kernel->impl;
  Expected<func::FuncOp> function = findEntry(module, entry);
  if (!function)
    return function.takeError();
  auto signature = spattn::getSignature(*function);
  if (!signature)
    return signature.takeError();
  impl.signature = std::move(*signature);
  FailureOr<HostFunction> host = failure();
  std::string message = firstErrorOf(
      module.getContext(), [&] { host = HostFunction::get(*function); });
  if (failed(host))
    return makeError("function '", entry, "': ", message);
  impl.function = std::move(*host);
  impl.function.op = {};
  bool compiles = false;
  if (!TargetCapabilities::of(options.chip))
    return makeError("unknown chip '", options.chip,
                     "'; expected sm_80 or a later one, such as sm_90a");
  GpuOptions pipeline = options.pipeline;
  if (pipeline.target.empty())
    pipeline.target = options.chip;
  if (Error error = pipeline.check())
    return error;

  // The function alone: others make no difference to its code.
  OwningOpRef<ModuleOp> own = ModuleOp::create(module.getLoc());
  own->push_back(function->clone());
  const RuntimeOptions &environment = context.options();
  auto program =
      context.kernelCache().get(makeKey(*own, environment, options), [&] {
        compiles = true;
        return compileModule(*own, entry, pipeline, environment, options,
                             impl.times);
      });
  if (!program)
    return makeError(program.message());
  impl.setProgram(*program);
  impl.form = makeForm(impl);
  impl.times.fromCache = !compiles;
  impl.times.total = since(start);
  return kernel;
}
