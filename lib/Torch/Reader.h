//===- Reader.h - Arguments of operators ------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TORCH_READER_H
#define SPATTN_LIB_TORCH_READER_H

#include "Errors.h"
#include "Tensors.h"
#include "torch/csrc/stable/library.h"

#include <string>

namespace spattn {
namespace torch_ops {

/// Takes an operator's arguments from the stack in order. The operator owns
/// them, so it must take all of them before anything throws.
class ArgumentReader {
public:
  explicit ArgumentReader(StableIValue *stack) : next(stack) {}

  template <class T>
  T take() {
    return torch::stable::detail::to<T>(*next++);
  }
  /// A string, which is freed; the conversion in torch's headers leaks it.
  std::string takeString();

private:
  StableIValue *next;
};

/// The layout of a name, or an error.
Layout getLayout(const std::string &name);

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_READER_H
