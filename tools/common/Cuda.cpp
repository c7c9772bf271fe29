//===- Cuda.cpp - Functions on a GPU --------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Cuda.h"

#include "spattn/Support/Elements.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::tool;
using llvm::Error;
using llvm::Expected;
namespace rt = spattn::runtime;
using Clock = std::chrono::steady_clock;

Error spattn::tool::toError(const rt::Status &status) {
  if (status.ok())
    return Error::success();
  return llvm::createStringError(status.message());
}

FailureOr<Gpu> spattn::tool::openGpu() {
  auto driver = getRuntime().driver();
  if (!driver)
    return error("--device=cuda: " + driver.message());
  auto context = rt::DeviceContext::current(**driver);
  if (!context)
    return error("--device=cuda: " + context.message());
  auto info = rt::getDeviceInfo(**driver, context->device());
  if (!info)
    return error("--device=cuda: " + info.message());
  return Gpu{**driver, *std::move(context), *std::move(info)};
}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

Events::~Events() {
  if (events.empty())
    return;
  if (auto scope = rt::ContextScope::enter(gpu.context))
    for (rt::cuda::Event event : events)
      (void)gpu.driver.eventDestroy(event);
}

Error Events::record(size_t i) {
  while (events.size() <= i) {
    rt::cuda::Event event = nullptr;
    if (Error error = toError(gpu.driver.eventCreate(&event, 0)))
      return error;
    events.push_back(event);
  }
  return toError(gpu.driver.eventRecord(events[i], nullptr));
}

Expected<double> Events::getTime(size_t begin, size_t end) {
  float milliseconds = 0;
  if (Error error = toError(gpu.driver.eventSynchronize(events[end])))
    return error;
  if (Error error = toError(gpu.driver.eventElapsedTime(
          &milliseconds, events[begin], events[end])))
    return error;
  return milliseconds;
}

Expected<std::vector<double>> Events::time(int64_t count,
                                           llvm::function_ref<Error()> work) {
  auto scope = rt::ContextScope::enter(gpu.context);
  if (!scope)
    return toError(scope.status());
  // A stream takes about a thousand launches before the host has to wait.
  constexpr int64_t most = 128;
  std::vector<double> times;
  for (int64_t done = 0; done < count; done += most) {
    int64_t size = std::min(most, count - done);
    if (Error error = work())
      return error;
    for (int64_t i = 0; i < size; ++i) {
      if (Error error = record(2 * i))
        return error;
      if (Error error = work())
        return error;
      if (Error error = record(2 * i + 1))
        return error;
    }
    for (int64_t i = 0; i < size; ++i) {
      Expected<double> time = getTime(2 * i, 2 * i + 1);
      if (!time)
        return time.takeError();
      times.push_back(*time);
    }
  }
  return times;
}

//===----------------------------------------------------------------------===//
// A function
//===----------------------------------------------------------------------===//

FailureOr<std::unique_ptr<CudaFunction>>
CudaFunction::make(ModuleOp module, Entry &entry, const KernelOptions &options,
                   const Gpu &gpu) {
  auto chip = getChip(gpu.info);
  if (!chip)
    return error("--device=cuda: " + llvm::toString(chip.takeError()));
  FailureOr<std::string> dumpFolder =
      makeDumpFolder(options.dumpFolder, entry.getName());
  if (failed(dumpFolder))
    return failure();
  GpuCompileOptions compile;
  compile.chip = *chip;
  compile.driverVersion = gpu.info.driverVersion;
  compile.pipeline = options.gpu;
  compile.dumpFolder = *dumpFolder;
  // With a folder for its IR the kernel is compiled.
  RuntimeOptions uncached = getRuntime().options();
  uncached.cacheFolder.clear();
  RuntimeContext runtime = dumpFolder->empty() && !options.recompile
                               ? getRuntime()
                               : RuntimeContext(uncached);
  auto kernel = GpuKernel::compile(module, entry.getName(), runtime, compile);
  if (!kernel)
    return LogicalResult(
        emitError(entry.function.getLoc(), llvm::toString(kernel.takeError())));
  auto again = GpuKernel::compile(module, entry.getName(), runtime, compile);
  if (!again)
    return LogicalResult(
        emitError(entry.function.getLoc(), llvm::toString(again.takeError())));
  std::unique_ptr<CudaFunction> function(
      new CudaFunction(entry, gpu, std::move(*kernel)));
  function->cacheTime = (*again)->getTimes().total;
  return function;
}

static size_t getNumBytes(const BufferView &view) {
  return size_t(view.getNumElements() * getElementBytes(view.elementType));
}

/// Copies an argument to its memory on the device.
Expected<BufferView> CudaFunction::copyIn(size_t i, const BufferView &host) {
  size_t bytes = getNumBytes(host);
  if (buffers[i].size() < bytes) {
    // The old memory goes first: there may not be enough for both.
    buffers[i] = rt::DeviceBuffer();
    auto buffer = rt::DeviceBuffer::allocate(gpu.context, bytes);
    if (!buffer)
      return toError(buffer.status());
    buffers[i] = *std::move(buffer);
  }
  BufferView view = host;
  view.data = reinterpret_cast<void *>(uintptr_t(buffers[i].address()));
  if (bytes > 0)
    if (Error error = toError(
            gpu.driver.memcpyHtoD(buffers[i].address(), host.data, bytes)))
      return error;
  return view;
}

Error CudaFunction::upload(ArrayRef<ReferenceValue> arguments) {
  auto scope = rt::ContextScope::enter(gpu.context);
  if (!scope)
    return toError(scope.status());
  buffers.resize(arguments.size());
  uploaded.clear();
  for (auto [i, value] : llvm::enumerate(arguments)) {
    if (auto *array = std::get_if<ReferenceArray>(&value)) {
      auto view = copyIn(i, array->view);
      if (!view)
        return view.takeError();
      uploaded.push_back(*view);
    } else if (auto *number = std::get_if<double>(&value)) {
      uploaded.push_back(static_cast<float>(*number));
    } else {
      uploaded.push_back(std::get<int64_t>(value));
    }
  }
  return Error::success();
}

Error CudaFunction::launch() { return kernel->launch(gpu.driver, uploaded); }

Expected<std::vector<double>> CudaFunction::time(int64_t count) {
  return events.time(count, [&] { return launch(); });
}

Expected<std::vector<double>> CudaFunction::timeLaunches(int64_t count) {
  auto scope = rt::ContextScope::enter(gpu.context);
  if (!scope)
    return toError(scope.status());
  if (Error error = toError(gpu.driver.ctxSynchronize()))
    return error;
  std::vector<double> times;
  for (int64_t i = 0; i < count; ++i) {
    Clock::time_point start = Clock::now();
    if (Error error = launch())
      return error;
    times.push_back(getMillisecondsSince(start));
  }
  if (Error error = toError(gpu.driver.ctxSynchronize()))
    return error;
  return times;
}

Error CudaFunction::download(ArrayRef<ReferenceValue> arguments) {
  auto scope = rt::ContextScope::enter(gpu.context);
  if (!scope)
    return toError(scope.status());
  for (const EntryArgument &argument : entry.arguments) {
    if (!argument.isDestination)
      continue;
    const BufferView &host =
        std::get<ReferenceArray>(arguments[argument.index]).view;
    if (size_t bytes = getNumBytes(host))
      if (Error error = toError(gpu.driver.memcpyDtoH(
              host.data, buffers[argument.index].address(), bytes)))
        return error;
  }
  return Error::success();
}

std::optional<TileShape> CudaFunction::getTile() const {
  const rt::Artifact &artifact = kernel->getProgram()->artifact();
  const std::string *text = artifact.findMetadata("tile");
  if (!text)
    return std::nullopt;
  TileShape shape;
  auto [queries, keys] = StringRef(*text).split('x');
  if (queries.getAsInteger(10, shape.queries) ||
      keys.getAsInteger(10, shape.keys))
    return std::nullopt;
  return shape;
}

//===----------------------------------------------------------------------===//
// An executable
//===----------------------------------------------------------------------===//

namespace {
/// Copies arguments to the device, runs, and copies destinations back into the
/// arguments' own arrays.
class CudaExecutable : public Executable {
public:
  CudaExecutable(Entry &entry, std::unique_ptr<CudaFunction> function)
      : entry(entry), function(std::move(function)) {
    compileTime = this->function->getKernel().getTimes().total;
    tile = this->function->getTile();
  }

  LogicalResult run(ArrayRef<ReferenceValue> arguments) override {
    Error error = runOrFail(arguments);
    if (!error)
      return success();
    return emitError(entry.function.getLoc(), llvm::toString(std::move(error)));
  }

private:
  Error runOrFail(ArrayRef<ReferenceValue> arguments) {
    if (Error error = function->upload(arguments))
      return error;
    auto times = function->time(1);
    if (!times)
      return times.takeError();
    runTime = times->front();
    if (Error error = function->download(arguments))
      return error;
    results.clear();
    for (unsigned index : function->getKernel().getResults())
      results.push_back(std::get<ReferenceArray>(arguments[index]).view);
    return Error::success();
  }

  Entry &entry;
  std::unique_ptr<CudaFunction> function;
};
} // namespace

FailureOr<std::unique_ptr<Executable>>
spattn::tool::makeCudaExecutable(ModuleOp module, Entry &entry,
                                 const KernelOptions &options) {
  FailureOr<Gpu> gpu = openGpu();
  if (failed(gpu))
    return failure();
  auto function = CudaFunction::make(module, entry, options, *gpu);
  if (failed(function))
    return failure();
  return std::unique_ptr<Executable>(
      std::make_unique<CudaExecutable>(entry, std::move(*function)));
}
