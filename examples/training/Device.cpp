//===- Device.cpp - Where the example runs attention ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Device.h"

#include "spattn/JIT/CpuKernel.h"
#include "spattn/JIT/GpuKernel.h"
#include "spattn/Support/Elements.h"

#include <functional>
#include <numeric>

using namespace mlir;
using namespace training;
namespace rt = spattn::runtime;

Array::Array(ArrayRef<int64_t> sizes)
    : sizes(sizes.begin(), sizes.end()),
      data(std::accumulate(sizes.begin(), sizes.end(), int64_t(1),
                           std::multiplies<>())) {}

namespace {

/// Arrays in the element types of a function's arguments.
class HostBuffers {
public:
  /// Rounds the arrays.
  static llvm::Expected<HostBuffers> make(const spattn::CallSignature &type,
                                          ArrayRef<Array *> arrays) {
    HostBuffers buffers;
    if (type.arguments.size() != arrays.size())
      return llvm::createStringError("wrong number of arguments");
    for (auto [input, array] : llvm::zip(type.arguments, arrays)) {
      spattn::ElementType element = input.element;
      int64_t count = array->data.size();
      std::vector<char> &memory =
          buffers.memory.emplace_back(count * getElementBytes(element));
      spattn::storeElements({memory.data(), element, 1}, count,
                            array->data.data());
      buffers.views.push_back(
          spattn::BufferView::contiguous(memory.data(), element, array->sizes));
    }
    return buffers;
  }

  void copyTo(ArrayRef<Array *> arrays) const {
    for (auto [view, array] : llvm::zip(views, arrays))
      spattn::loadElements({view.data, view.elementType, 1}, array->data.size(),
                           array->data.data());
  }

  std::vector<spattn::BufferView> views;

private:
  std::vector<std::vector<char>> memory;
};

//===----------------------------------------------------------------------===//
// CPU
//===----------------------------------------------------------------------===//

class CpuFunction : public Function {
public:
  explicit CpuFunction(std::unique_ptr<spattn::CpuKernel> kernel)
      : kernel(std::move(kernel)) {}

  llvm::Error run(ArrayRef<Array *> arguments) override {
    auto buffers = HostBuffers::make(kernel->getSignature(), arguments);
    if (!buffers)
      return buffers.takeError();
    std::vector<spattn::KernelArgument> views(buffers->views.begin(),
                                              buffers->views.end());
    auto results = kernel->run(views);
    if (!results)
      return results.takeError();
    buffers->copyTo(arguments);
    return llvm::Error::success();
  }

private:
  std::unique_ptr<spattn::CpuKernel> kernel;
};

class CpuDevice : public Device {
public:
  explicit CpuDevice(const spattn::RuntimeContext &runtime)
      : runtime(runtime) {}

  llvm::Expected<std::unique_ptr<Function>> compile(ModuleOp module,
                                                    StringRef entry) override {
    auto kernel = spattn::CpuKernel::compile(module, entry, runtime);
    if (!kernel)
      return kernel.takeError();
    return std::make_unique<CpuFunction>(std::move(*kernel));
  }

private:
  spattn::RuntimeContext runtime;
};

//===----------------------------------------------------------------------===//
// GPU
//===----------------------------------------------------------------------===//

llvm::Error toError(const rt::Status &status) {
  if (status.ok())
    return llvm::Error::success();
  return llvm::createStringError("--device=cuda: " + status.message());
}

class CudaFunction : public Function {
public:
  CudaFunction(std::unique_ptr<spattn::GpuKernel> kernel,
               const rt::DeviceContext &context)
      : kernel(std::move(kernel)), context(context), driver(context.driver()) {}

  llvm::Error run(ArrayRef<Array *> arguments) override {
    auto host = HostBuffers::make(kernel->getSignature(), arguments);
    if (!host)
      return host.takeError();
    auto scope = rt::ContextScope::enter(context);
    if (!scope)
      return toError(scope.status());
    // Made by the first call: the sizes are static.
    memory.resize(arguments.size());
    std::vector<spattn::KernelArgument> views;
    for (auto [view, buffer] : llvm::zip(host->views, memory)) {
      if (buffer.size() == 0) {
        auto allocated = rt::DeviceBuffer::allocate(context, getBytes(view));
        if (!allocated)
          return toError(allocated.status());
        buffer = *std::move(allocated);
      }
      if (llvm::Error error = toError(
              driver.memcpyHtoD(buffer.address(), view.data, getBytes(view))))
        return error;
      spattn::BufferView own = view;
      own.data = reinterpret_cast<void *>(uintptr_t(buffer.address()));
      views.push_back(own);
    }
    if (llvm::Error error = kernel->launch(driver, views))
      return error;
    // Copies wait for the launch.
    for (auto [view, buffer] : llvm::zip(host->views, memory))
      if (llvm::Error error = toError(
              driver.memcpyDtoH(view.data, buffer.address(), getBytes(view))))
        return error;
    host->copyTo(arguments);
    return llvm::Error::success();
  }

private:
  static size_t getBytes(const spattn::BufferView &view) {
    return view.getNumElements() * getElementBytes(view.elementType);
  }

  std::unique_ptr<spattn::GpuKernel> kernel;
  rt::DeviceContext context;
  const rt::Driver &driver;
  std::vector<rt::DeviceBuffer> memory;
};

class CudaDevice : public Device {
public:
  CudaDevice(const spattn::RuntimeContext &runtime, rt::DeviceContext context,
             spattn::GpuCompileOptions options)
      : runtime(runtime), context(std::move(context)),
        options(std::move(options)) {}

  static llvm::Expected<std::unique_ptr<Device>>
  open(const spattn::RuntimeContext &runtime) {
    auto driver = runtime.driver();
    if (!driver)
      return toError(driver.status());
    auto context = rt::DeviceContext::current(**driver);
    if (!context)
      return toError(context.status());
    auto info = rt::getDeviceInfo(**driver, context->device());
    if (!info)
      return toError(info.status());
    auto chip = spattn::getChip(*info);
    if (!chip)
      return chip.takeError();
    spattn::GpuCompileOptions options;
    options.chip = *chip;
    options.driverVersion = info->driverVersion;
    return std::make_unique<CudaDevice>(runtime, *std::move(context), options);
  }

  llvm::Expected<std::unique_ptr<Function>> compile(ModuleOp module,
                                                    StringRef entry) override {
    auto kernel = spattn::GpuKernel::compile(module, entry, runtime, options);
    if (!kernel)
      return kernel.takeError();
    return std::make_unique<CudaFunction>(std::move(*kernel), context);
  }

private:
  spattn::RuntimeContext runtime;
  rt::DeviceContext context;
  spattn::GpuCompileOptions options;
};

} // namespace

llvm::Expected<std::unique_ptr<Device>> Device::open(StringRef name) {
  spattn::RuntimeContext runtime = spattn::contextFromEnvironment();
  if (name == "cpu")
    return std::make_unique<CpuDevice>(runtime);
  if (name == "cuda")
    return CudaDevice::open(runtime);
  return llvm::createStringError("no device '" + name +
                                 "'; there are 'cpu' and 'cuda'");
}
