//===- KernelArgument.h - What kernels are called with ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_JIT_KERNELARGUMENT_H
#define SPATTN_JIT_KERNELARGUMENT_H

#include "spattn/Support/BufferView.h"

#include <variant>

namespace spattn {

/// An argument: a buffer for a tensor or memref, a float for f32, an integer
/// for index and integer types.
using KernelArgument = std::variant<BufferView, float, int64_t>;

} // namespace spattn

#endif // SPATTN_JIT_KERNELARGUMENT_H
