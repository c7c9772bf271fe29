//===- Errors.h - Errors of the operators -----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TORCH_ERRORS_H
#define SPATTN_LIB_TORCH_ERRORS_H

#include <sstream>
#include <stdexcept>

namespace spattn {
namespace torch_ops {

/// Throws what torch makes a RuntimeError of.
template <class... Parts>
[[noreturn]] void fail(const Parts &...parts) {
  std::ostringstream stream;
  stream << "spattn: ";
  (stream << ... << parts);
  throw std::runtime_error(stream.str());
}

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_ERRORS_H
