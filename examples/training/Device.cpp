//===- Device.cpp - Where the example runs attention ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Device.h"

#include "spattn/JIT/CpuKernel.h"
#include "spattn/Support/Elements.h"

#include <functional>
#include <numeric>

using namespace mlir;
using namespace training;

Array::Array(ArrayRef<int64_t> sizes)
    : sizes(sizes.begin(), sizes.end()),
      data(std::accumulate(sizes.begin(), sizes.end(), int64_t(1),
                           std::multiplies<>())) {}

namespace {

class CpuFunction : public Function {
public:
  explicit CpuFunction(std::unique_ptr<spattn::CpuKernel> kernel)
      : kernel(std::move(kernel)) {}

  llvm::Error run(ArrayRef<Array *> arguments) override {
    TypeRange types = kernel->getType().getInputs();
    if (types.size() != arguments.size())
      return llvm::createStringError("wrong number of arguments");
    std::vector<std::vector<char>> buffers;
    std::vector<spattn::KernelArgument> views;
    for (auto [type, array] : llvm::zip(types, arguments)) {
      Type element = cast<ShapedType>(type).getElementType();
      int64_t bytes = *spattn::getElementBytes(element);
      std::vector<char> &buffer =
          buffers.emplace_back(array->data.size() * bytes);
      spattn::storeElements({buffer.data(), element, 1}, array->data.size(),
                            array->data.data());
      views.push_back(
          spattn::BufferView::contiguous(buffer.data(), element, array->sizes));
    }
    auto results = kernel->run(views);
    if (!results)
      return results.takeError();
    for (auto [view, array] : llvm::zip(views, arguments)) {
      auto &buffer = std::get<spattn::BufferView>(view);
      spattn::loadElements({buffer.data, buffer.elementType, 1},
                           array->data.size(), array->data.data());
    }
    return llvm::Error::success();
  }

private:
  std::unique_ptr<spattn::CpuKernel> kernel;
};

class CpuDevice : public Device {
public:
  llvm::Expected<std::unique_ptr<Function>> compile(ModuleOp module,
                                                    StringRef entry) override {
    auto kernel = spattn::CpuKernel::compile(module, entry);
    if (!kernel)
      return kernel.takeError();
    return std::make_unique<CpuFunction>(std::move(*kernel));
  }
};

} // namespace

llvm::Expected<std::unique_ptr<Device>> Device::open(StringRef name) {
  if (name == "cpu")
    return std::make_unique<CpuDevice>();
  return llvm::createStringError("no device '" + name + "'; there is 'cpu'");
}
