//===- Operands.h - Operands of custom calls --------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_JAX_OPERANDS_H
#define SPATTN_LIB_JAX_OPERANDS_H

#include "spattn-c/Launch.h"
#include "xla/ffi/api/ffi.h"

#include <string>
#include <string_view>
#include <vector>

namespace spattn {
namespace jax_ops {

/// The arguments of a kernel that a custom call has as buffers: its operands,
/// then its results.
class Operands {
public:
  /// Those of a call whose arrays are (batch, heads, length, head dimension),
  /// or (batch, length, heads, head dimension) if `headsInside`.
  explicit Operands(bool headsInside) : headsInside(headsInside) {}

  /// Adds an operand. The first one has the rank of the queries.
  xla::ffi::Error add(xla::ffi::AnyBuffer buffer);

  /// The kernel's arguments, except for numbers, which are last.
  const std::vector<SpattnArgument> &arguments() const { return added; }
  /// All sizes, as bytes of a key.
  std::string sizesKey() const;

private:
  bool headsInside;
  size_t queryRank = 0;
  std::vector<SpattnArgument> added;
  /// The arrays that the arguments point to.
  std::vector<std::vector<int64_t>> sizes, strides;
};

} // namespace jax_ops
} // namespace spattn

#endif // SPATTN_LIB_JAX_OPERANDS_H
