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

  /// Sets the program, whose operands are the function's.
  void setProgram(std::shared_ptr<runtime::Program> compiled) {
    program = std::move(compiled);
    for (const runtime::Operand &operand : program->artifact().operands) {
      std::optional<unsigned> &found = operandArguments.emplace_back();
      for (const auto &[name, argument] : function.operands)
        if (name == operand.name)
          found = argument;
    }
  }

  RuntimeContext context;
  CallSignature signature;
  /// Without the attention, which is the caller's.
  HostFunction function;
  CallForm form;
  std::shared_ptr<runtime::Program> program;
  /// The argument that each operand of the artifact is; none if it is left out.
  std::vector<std::optional<unsigned>> operandArguments;
  GpuCompileTimes times;
};

} // namespace spattn

#endif // SPATTN_LIB_JIT_GPUKERNELIMPL_H
