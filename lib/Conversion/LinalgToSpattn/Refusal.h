//===- Refusal.h - Why an attention is not raised ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_REFUSAL_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_REFUSAL_H

#include "mlir/IR/Operation.h"

#include <string>

namespace spattn {

/// The operation in the way of raising an attention, and why it is. Empty for
/// what is no attention at all.
struct Refusal {
  mlir::Operation *op = nullptr;
  std::string reason;

  /// Fails, and remembers the first reason.
  std::nullopt_t set(mlir::Operation *where, const llvm::Twine &why) {
    if (reason.empty()) {
      op = where;
      reason = why.str();
    }
    return std::nullopt;
  }
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_REFUSAL_H
