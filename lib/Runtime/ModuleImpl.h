//===- ModuleImpl.h - What a loaded artifact holds --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_MODULEIMPL_H
#define SPATTN_RUNTIME_MODULEIMPL_H

#include "Plan.h"
#include "spattn/Runtime/Module.h"

namespace spattn {
namespace runtime {

class BoundLaunches;

/// What a launch knows once all but its scratch has been checked. The module's
/// context is the current one meanwhile.
struct Prepared {
  ContextScope scope;
  std::vector<Scalar> values;
  std::vector<int64_t> scratchBytes;
};

/// What addresses of the driver's allocations are multiples of.
constexpr uint64_t kDriverAlignment = 256;

struct Module::Impl {
  Impl(std::shared_ptr<const Artifact> artifact, DeviceContext context,
       DeviceInfo device, Plan plan);
  ~Impl();

  std::string describeDevice() const;
  Status loadCode();
  Status loadKernel(const Kernel &kernel);
  /// Whether an address is memory that kernels may use.
  Status checkMemory(cuda::DevicePtr address) const;
  Status checkAddresses(const LaunchArguments &arguments) const;
  Status checkScratch(const LaunchArguments &arguments,
                      const std::vector<int64_t> &sizes) const;
  Status clearScratch(const LaunchArguments &arguments,
                      const std::vector<int64_t> &sizes) const;
  /// Sets the grid; one without CTAs means that there is nothing to do.
  Status getGrid(size_t kernel, const std::vector<Scalar> &values,
                 unsigned (&grid)[3]) const;
  Result<Prepared> prepare(const LaunchArguments &arguments) const;
  Status launch(const LaunchArguments &arguments,
                const Prepared &prepared) const;

  const Driver &driver() const { return context.driver(); }

  std::shared_ptr<const Artifact> artifact;
  DeviceContext context;
  DeviceInfo device;
  Plan plan;
  cuda::Module handle = nullptr;
  std::vector<cuda::Function> functions;
  std::vector<KernelInfo> infos;
  std::unique_ptr<BoundLaunches> boundLaunches;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_MODULEIMPL_H
