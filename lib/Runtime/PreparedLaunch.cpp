//===- PreparedLaunch.cpp - Launches that repeat --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/PreparedLaunch.h"

#include "BoundLaunch.h"

using namespace spattn::runtime;

struct PreparedLaunch::Impl {
  std::shared_ptr<const Module> module;
  BoundLaunch bound;
};

PreparedLaunch::PreparedLaunch() = default;
PreparedLaunch::~PreparedLaunch() = default;

size_t PreparedLaunch::scratchBytes() const {
  return size_t(impl->bound.scratchBytes());
}
size_t PreparedLaunch::scratchAlignment() const {
  return size_t(impl->bound.scratchAlignment());
}

Result<std::unique_ptr<const PreparedLaunch>>
PreparedLaunch::make(std::shared_ptr<const Module> module,
                     LaunchArguments arguments) {
  for (NamedValue &value : arguments.values)
    value.isFloat = true;
  auto bound = BoundLaunch::make(*module->impl, std::move(arguments));
  if (!bound)
    return bound.status();
  std::unique_ptr<PreparedLaunch> prepared(new PreparedLaunch());
  prepared->impl =
      std::make_unique<Impl>(Impl{std::move(module), *std::move(bound)});
  return std::unique_ptr<const PreparedLaunch>(std::move(prepared));
}

Status PreparedLaunch::launch(const cuda::DevicePtr *operands,
                              const double *values, cuda::DevicePtr scratch,
                              cuda::Stream stream) const {
  return impl->bound.launch(*impl->module->impl, operands, values, scratch,
                            stream);
}
