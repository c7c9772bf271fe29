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

#include <limits>
#include <string>
#include <variant>
#include <vector>

namespace spattn {

/// An argument: a buffer for a tensor or memref, a float for f32, an integer
/// for index and i64.
using KernelArgument = std::variant<BufferView, float, int64_t>;

/// The type of an argument or result of a kernel, without MLIR: kernels outlive
/// the context that they were compiled from.
struct ParameterType {
  /// A size or stride that calls choose.
  static constexpr int64_t kDynamic = std::numeric_limits<int64_t>::min();

  /// As MLIR writes the type.
  std::string text;
  /// Of the elements or, for a scalar, of itself; index is I64.
  runtime::ElementType element = runtime::ElementType::F32;
  bool isScalar = false;
  llvm::SmallVector<int64_t, 4> sizes;
  /// The strides that the code takes for granted; empty where it takes none.
  llvm::SmallVector<int64_t, 4> strides;
};

/// The type of a function.
struct CallSignature {
  std::vector<ParameterType> arguments, results;
};

} // namespace spattn

#endif // SPATTN_JIT_KERNELARGUMENT_H
