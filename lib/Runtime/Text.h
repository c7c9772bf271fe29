//===- Text.h - Puts messages together --------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_TEXT_H
#define SPATTN_RUNTIME_TEXT_H

#include "spattn/Runtime/Status.h"

#include <sstream>

namespace spattn {
namespace runtime {

/// The parts one after the other, as streams print them.
template <class... Parts>
std::string concat(const Parts &...parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

template <class... Parts>
Status makeError(const Parts &...parts) {
  return Status::error(concat(parts...));
}

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_TEXT_H
