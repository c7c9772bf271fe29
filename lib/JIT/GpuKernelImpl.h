//===- GpuKernelImpl.h - A function compiled for a GPU ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_JIT_GPUKERNELIMPL_H
#define SPATTN_LIB_JIT_GPUKERNELIMPL_H

#include "spattn/Conversion/SpattnToSpattnGPU/HostFunction.h"
#include "spattn/JIT/GpuKernel.h"

#include <optional>

namespace spattn {

struct GpuKernel::Impl {
  explicit Impl(const RuntimeContext &context) : context(context) {}

  /// The argument that an operand of the artifact is; none if it is left out.
  std::optional<unsigned> findArgument(const runtime::Operand &operand) const {
    for (const auto &[name, argument] : function.operands)
      if (name == operand.name)
        return argument;
    return std::nullopt;
  }

  RuntimeContext context;
  CallSignature signature;
  /// Without the attention, which is the caller's.
  HostFunction function;
  CallForm form;
  std::shared_ptr<runtime::Program> program;
  GpuCompileTimes times;
};

} // namespace spattn

#endif // SPATTN_LIB_JIT_GPUKERNELIMPL_H
