//===- Cuda.h - Functions on a GPU ------------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_CUDA_H
#define SPATTN_TOOLS_COMMON_CUDA_H

#include "common/Device.h"
#include "spattn/JIT/GpuKernel.h"

namespace spattn::tool {

/// The GPU that functions run on.
struct Gpu {
  const runtime::Driver &driver;
  runtime::DeviceContext context;
  runtime::DeviceInfo info;
};

/// The driver and its first device; says what is missing.
mlir::FailureOr<Gpu> openGpu();

/// The runtime's errors as LLVM's.
llvm::Error toError(const runtime::Status &status);

/// Events of a stream, made when they are asked for.
class Events {
public:
  explicit Events(const Gpu &gpu) : gpu(gpu) {}
  Events(Events &&other) : gpu(other.gpu), events(std::move(other.events)) {
    other.events.clear();
  }
  ~Events();

  /// Records event `i` in the default stream.
  llvm::Error record(size_t i);
  /// Waits for event `end`; milliseconds between the two.
  llvm::Expected<double> getTime(size_t begin, size_t end);

  /// What `work` takes in the default stream, milliseconds for each of `count`
  /// calls after one more. That keeps the GPU busy while the host prepares the
  /// next, which is then measured without the host.
  llvm::Expected<std::vector<double>>
  time(int64_t count, llvm::function_ref<llvm::Error()> work);

private:
  Gpu gpu;
  std::vector<runtime::cuda::Event> events;
};

/// A function compiled for the GPU, and memory for its arguments there.
class CudaFunction {
public:
  /// Errors have been reported.
  static mlir::FailureOr<std::unique_ptr<CudaFunction>>
  make(mlir::ModuleOp module, Entry &entry, const KernelOptions &options,
       const Gpu &gpu);

  /// Copies arguments to the device.
  llvm::Error upload(llvm::ArrayRef<ReferenceValue> arguments);
  /// Launches with what was uploaded, and does not wait.
  llvm::Error launch();
  /// See Events::time.
  llvm::Expected<std::vector<double>> time(int64_t count);
  /// Milliseconds that each of `count` launches takes the host, the GPU having
  /// nothing to do at first.
  llvm::Expected<std::vector<double>> timeLaunches(int64_t count);
  /// Copies destinations back to where arguments were uploaded from. Waits.
  llvm::Error download(llvm::ArrayRef<ReferenceValue> arguments);

  const GpuKernel &getKernel() const { return *kernel; }
  /// The tile shape that the target has chosen, as the artifact says it.
  std::optional<TileShape> getTile() const;
  /// What getting the kernel once more took, from the memory of the process.
  double getCacheTime() const { return cacheTime; }

private:
  CudaFunction(Entry &entry, const Gpu &gpu, std::unique_ptr<GpuKernel> kernel)
      : entry(entry), gpu(gpu), kernel(std::move(kernel)), events(gpu) {}
  llvm::Expected<BufferView> copyIn(size_t i, const BufferView &host);

  Entry &entry;
  Gpu gpu;
  std::unique_ptr<GpuKernel> kernel;
  std::vector<runtime::DeviceBuffer> buffers;
  std::vector<KernelArgument> uploaded;
  Events events;
  double cacheTime = 0;
};

/// Makes a function ready for the GPU.
mlir::FailureOr<std::unique_ptr<Executable>>
makeCudaExecutable(mlir::ModuleOp module, Entry &entry,
                   const KernelOptions &options);

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_CUDA_H
