//===- Kernel.h - The handle of a kernel ------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CAPI_KERNEL_H
#define SPATTN_LIB_CAPI_KERNEL_H

#include "Context.h"
#include "Status.h"
#include "spattn-c/Kernel.h"
#include "spattn/JIT/CpuKernel.h"
#include "spattn/JIT/GpuKernel.h"

struct SpattnKernelImpl {
  /// The arguments and results of calls.
  const spattn::CallForm &form() const {
    return cpu ? cpu->getCallForm() : gpu->getCallForm();
  }

  spattn::RuntimeContext runtime;
  /// Exactly one of these is set.
  std::unique_ptr<spattn::CpuKernel> cpu;
  std::unique_ptr<spattn::GpuKernel> gpu;
};

#endif // SPATTN_LIB_CAPI_KERNEL_H
