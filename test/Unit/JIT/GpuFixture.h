//===- GpuFixture.h - Tests of kernels on a fake GPU ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_JIT_GPUFIXTURE_H
#define SPATTN_TEST_JIT_GPUFIXTURE_H

#include "../Runtime/Samples.h"
#include "mlir/Parser/Parser.h"
#include "spattn/InitAll.h"
#include "spattn/JIT/GpuKernel.h"
#include "gtest/gtest.h"

#include <cstring>

namespace spattn {

namespace rt = spattn::runtime;

/// Compiles to PTX: the context has no ptxas.
class GpuFixture : public rt::FakeDriverTest {
protected:
  GpuFixture() {
    // PTX of the fake driver's CUDA 12.8, whatever ptxas there is.
    options.driverVersion = 12080;
    registerAllDialects(registry);
    context = std::make_unique<mlir::MLIRContext>(registry);
    context->getDiagEngine().registerHandler(
        [this](mlir::Diagnostic &diagnostic) {
          diagnostics += diagnostic.str();
        });
  }

  llvm::Expected<std::unique_ptr<GpuKernel>>
  tryCompile(const char *text, const RuntimeContext &from) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, context.get());
    EXPECT_TRUE(module) << diagnostics;
    return GpuKernel::compile(*module, "f", from, options);
  }

  std::unique_ptr<GpuKernel> compile(const char *text,
                                     const RuntimeContext &from) {
    auto kernel = tryCompile(text, from);
    if (kernel)
      return std::move(*kernel);
    ADD_FAILURE() << llvm::toString(kernel.takeError());
    return nullptr;
  }

  std::string compileError(const char *text) {
    auto kernel = tryCompile(text, runtime);
    EXPECT_FALSE(kernel);
    return kernel ? "" : llvm::toString(kernel.takeError());
  }

  /// A buffer on the device, as an argument.
  KernelArgument make(rt::ElementType type, llvm::ArrayRef<int64_t> sizes) {
    int64_t bytes = 4;
    for (int64_t size : sizes)
      bytes *= size;
    auto buffer = rt::DeviceBuffer::allocate(getPrimary(), size_t(bytes));
    EXPECT_TRUE(buffer) << buffer.message();
    void *address = reinterpret_cast<void *>(uintptr_t(buffer->address()));
    buffers.push_back(*std::move(buffer));
    return BufferView::contiguous(address, type, sizes);
  }

  std::string launchError(const GpuKernel &kernel,
                          llvm::ArrayRef<KernelArgument> arguments) {
    llvm::Error error = kernel.launch(*driver, arguments);
    EXPECT_TRUE(bool(error));
    EXPECT_TRUE(state->launches.empty());
    return llvm::toString(std::move(error));
  }

  RuntimeContext runtime;
  rt::KernelCache &cache = runtime.kernelCache();
  GpuCompileOptions options;
  mlir::DialectRegistry registry;
  std::unique_ptr<mlir::MLIRContext> context;
  std::string diagnostics;
  static constexpr auto bf16 = rt::ElementType::BF16;
  static constexpr auto f32 = rt::ElementType::F32;
  std::vector<rt::DeviceBuffer> buffers;
};

/// The bytes of a kernel's argument.
template <class T>
T getAs(const std::string &bytes) {
  T value;
  EXPECT_EQ(bytes.size(), sizeof(T));
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

} // namespace spattn

#endif // SPATTN_TEST_JIT_GPUFIXTURE_H
