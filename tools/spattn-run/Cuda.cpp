//===- Cuda.cpp - Functions on a GPU --------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cuda.h"

#include "spattn/JIT/GpuKernel.h"
#include "spattn/Support/Elements.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::run;
namespace rt = spattn::runtime;

namespace {
/// Copies arguments to the device, launches twice, waits, and copies
/// destinations back into the arguments' own arrays.
class CudaExecutable : public Executable {
public:
  CudaExecutable(Entry &entry, const rt::Driver &driver,
                 rt::DeviceContext context, std::unique_ptr<GpuKernel> kernel)
      : entry(entry), driver(driver), context(std::move(context)),
        kernel(std::move(kernel)) {
    compileTime = this->kernel->getTimes().total;
    // The target has chosen it.
    const rt::Artifact &artifact = this->kernel->getProgram()->artifact();
    if (const std::string *text = artifact.findMetadata("tile")) {
      TileShape shape;
      auto [queries, keys] = StringRef(*text).split('x');
      if (!queries.getAsInteger(10, shape.queries) &&
          !keys.getAsInteger(10, shape.keys))
        tile = shape;
    }
  }

  ~CudaExecutable() override {
    if (auto scope = rt::ContextScope::enter(context))
      for (rt::cuda::Event event : {begin, end})
        if (event)
          (void)driver.eventDestroy(event);
  }

  LogicalResult run(ArrayRef<ReferenceValue> arguments) override {
    llvm::Error error = runOrFail(arguments);
    if (!error)
      return success();
    return emitError(entry.function.getLoc(), llvm::toString(std::move(error)));
  }

private:
  static llvm::Error toError(const rt::Status &status) {
    if (status.ok())
      return llvm::Error::success();
    return llvm::createStringError(status.message());
  }

  static size_t getNumBytes(const BufferView &view) {
    return size_t(view.getNumElements() * *getElementBytes(view.elementType));
  }

  /// Copies an argument to its memory on the device.
  llvm::Expected<BufferView> upload(size_t i, const BufferView &host) {
    size_t bytes = getNumBytes(host);
    if (buffers[i].size() < bytes) {
      auto buffer = rt::DeviceBuffer::allocate(context, bytes);
      if (!buffer)
        return toError(buffer.status());
      buffers[i] = *std::move(buffer);
    }
    BufferView view = host;
    view.data = reinterpret_cast<void *>(uintptr_t(buffers[i].address()));
    if (bytes > 0)
      if (llvm::Error error = toError(
              driver.memcpyHtoD(buffers[i].address(), host.data, bytes)))
        return error;
    return view;
  }

  llvm::Error runOrFail(ArrayRef<ReferenceValue> arguments) {
    auto scope = rt::ContextScope::enter(context);
    if (!scope)
      return toError(scope.status());
    buffers.resize(arguments.size());
    std::vector<KernelArgument> converted;
    for (auto [i, value] : llvm::enumerate(arguments)) {
      if (auto *array = std::get_if<ReferenceArray>(&value)) {
        auto view = upload(i, array->view);
        if (!view)
          return view.takeError();
        converted.push_back(*view);
      } else if (auto *number = std::get_if<double>(&value)) {
        converted.push_back(static_cast<float>(*number));
      } else {
        converted.push_back(std::get<int64_t>(value));
      }
    }
    for (rt::cuda::Event *event : {&begin, &end})
      if (!*event)
        if (llvm::Error error = toError(driver.eventCreate(event, 0)))
          return error;
    // The first run keeps the GPU busy while the host prepares the second,
    // which is then measured without the host.
    if (llvm::Error error = kernel->launch(driver, converted))
      return error;
    if (llvm::Error error = toError(driver.eventRecord(begin, nullptr)))
      return error;
    if (llvm::Error error = kernel->launch(driver, converted))
      return error;
    float milliseconds = 0;
    if (llvm::Error error = toError(driver.eventRecord(end, nullptr)))
      return error;
    if (llvm::Error error = toError(driver.eventSynchronize(end)))
      return error;
    if (llvm::Error error =
            toError(driver.eventElapsedTime(&milliseconds, begin, end)))
      return error;
    runTime = milliseconds;

    for (const EntryArgument &argument : entry.arguments) {
      if (!argument.isDestination)
        continue;
      const BufferView &host =
          std::get<ReferenceArray>(arguments[argument.index]).view;
      if (size_t bytes = getNumBytes(host))
        if (llvm::Error error = toError(driver.memcpyDtoH(
                host.data, buffers[argument.index].address(), bytes)))
          return error;
    }
    results.clear();
    for (unsigned index : kernel->getResults())
      results.push_back(std::get<ReferenceArray>(arguments[index]).view);
    return llvm::Error::success();
  }

  Entry &entry;
  const rt::Driver &driver;
  rt::DeviceContext context;
  std::unique_ptr<GpuKernel> kernel;
  std::vector<rt::DeviceBuffer> buffers;
  rt::cuda::Event begin = nullptr, end = nullptr;
};
} // namespace

LogicalResult spattn::run::checkCuda() {
  auto driver = rt::Driver::get();
  if (!driver)
    return error("--device=cuda: " + driver.message());
  return success();
}

FailureOr<std::unique_ptr<Executable>>
spattn::run::makeCudaExecutable(ModuleOp module, Entry &entry,
                                const Options &options, StringRef dumpFolder) {
  auto driver = rt::Driver::get();
  if (!driver)
    return error("--device=cuda: " + driver.message());
  auto context = rt::DeviceContext::current(**driver);
  if (!context)
    return error("--device=cuda: " + context.message());
  auto device = rt::getDeviceInfo(**driver, context->device());
  if (!device)
    return error("--device=cuda: " + device.message());
  auto chip = getChip(*device);
  if (!chip)
    return error("--device=cuda: " + llvm::toString(chip.takeError()));
  GpuCompileOptions compile;
  compile.chip = *chip;
  compile.driverVersion = device->driverVersion;
  compile.pipelineOptions = options.gpuOptions;
  compile.dumpFolder = dumpFolder.str();
  // With a folder for its IR the kernel is compiled.
  rt::KernelCache fresh("");
  auto kernel =
      GpuKernel::compile(module, entry.getName(), compile,
                         dumpFolder.empty() ? getKernelCache() : fresh);
  if (!kernel)
    return emitError(entry.function.getLoc(),
                     llvm::toString(kernel.takeError()));
  return std::unique_ptr<Executable>(std::make_unique<CudaExecutable>(
      entry, **driver, *context, std::move(*kernel)));
}
