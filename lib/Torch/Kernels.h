//===- Kernels.h - Kernels of problems, ready to run ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A call of an operator finds what it runs with one lookup: of a prepared call
// (see spattnCallCreate) by the problem, sizes and strides. Where there is
// none, one is made of the problem's kernel; and where that is not known
// either, Python is asked for it.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TORCH_KERNELS_H
#define SPATTN_LIB_TORCH_KERNELS_H

#include "Tensors.h"
#include "spattn-c/Launch.h"

#include <initializer_list>

namespace spattn {
namespace torch_ops {

/// A problem, as Python is asked for its kernel: spattn/torch/_launcher.py
/// declares the same structure.
struct KernelRequest {
  /// The text of the attribute.
  const char *structure = "";
  const char *alignment = "";
  int64_t heads = 0, keyHeads = 0, headDim = 0, valueDim = 0;
  /// Kernels are tuned for classes of lengths; all are right for any.
  int64_t queryLength = 0, keyLength = 0;
  /// A SpattnElementType.
  int32_t element = 0;
  /// Of the GPU; -1 for the CPU.
  int32_t device = -1;
  int32_t gradients = 0, lseGradient = 0, deterministic = 0;
};

/// Gives the kernel, which lives as long as the process, or null. Python keeps
/// the exception, and stores its text, which lives until the thread asks again.
using KernelResolver = SpattnKernel (*)(const KernelRequest *request,
                                        const char **error);

/// Runs a kernel on operands in the order of the problem's, and then the scale.
/// Throws what is wrong as std::runtime_error.
void runKernel(const KernelRequest &request,
               std::initializer_list<const Operand *> operands, double scale,
               const Place &place);

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_KERNELS_H
