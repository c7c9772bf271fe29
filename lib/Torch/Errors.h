//===- Errors.h - Errors of the operators -----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TORCH_ERRORS_H
#define SPATTN_LIB_TORCH_ERRORS_H

#include "spattn-c/Support.h"

#include <sstream>
#include <string>

namespace spattn {
namespace torch_ops {

/// Throws an exception, which torch turns into a RuntimeError. Stores `code`, a
/// SpattnStatusCode, for spattnTorchTakeErrorCode.
[[noreturn]] void raise(const std::string &message, int32_t code);

/// The same for invalid arguments.
template <class... Parts>
[[noreturn]] void fail(const Parts &...parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  raise(stream.str(), SpattnStatusInvalidArgument);
}

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_ERRORS_H
