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
#include "llvm/ADT/StringRef.h"

#include <string>

namespace spattn {

/// The operation in the way of raising an attention, and why it is. Empty for
/// what is no attention at all.
struct Refusal {
  mlir::Operation *op = nullptr;
  std::string reason;
  /// Whether it is a mask that is refused, and may be a bias.
  bool mayBeBias = false;

  /// Fails, and remembers the first reason.
  std::nullopt_t set(mlir::Operation *where, const llvm::Twine &why) {
    if (reason.empty()) {
      op = where;
      reason = why.str();
    }
    return std::nullopt;
  }
  /// The same of numbers that make no mask.
  std::nullopt_t setNoMask(mlir::Operation *where, const llvm::Twine &why) {
    mayBeBias |= reason.empty();
    return set(where, why);
  }
};

/// Why a number is refused that is added to scores as a mask.
inline constexpr llvm::StringLiteral kNeitherZeroNorMasked =
    "is added to scores and is neither 0 nor masks (-10000 or less)";

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_REFUSAL_H
