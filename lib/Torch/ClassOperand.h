//===- ClassOperand.h - Operands of residue classes -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TORCH_CLASSOPERAND_H
#define SPATTN_LIB_TORCH_CLASSOPERAND_H

#include "Tensors.h"

namespace spattn {
namespace torch_ops {

/// How classes go with batch entries and heads in calls of kernels.
enum class Form {
  /// Classes are batch entries, and batch entries are heads.
  BatchIsHeads,
  /// Classes are heads.
  ClassIsHeads,
  /// Classes are batch entries, and there is a call for each batch entry.
  OneEntry,
  /// There is a call for each class.
  OneClass
};

/// An operand with the dimensions of its classes: outer ones, inner ones,
/// heads, rows, and columns. A kernel takes outer ones for batch entries, and
/// inner ones and heads as one dimension of heads.
struct ClassOperand {
  Operand operand;
  int64_t sizes[4] = {}, strides[4] = {}, offset = 0;

  /// Whether inner ones and heads are one dimension.
  bool areHeadsOne() const {
    return sizes[1] == 1 || sizes[2] == 1 ||
           strides[1] == sizes[2] * strides[2];
  }
  /// Whether a kernel can take it as it is. Of numbers of rows, such as the
  /// log-sum-exp, kernels take one after the other.
  bool isReadable() const {
    return areHeadsOne() && (operand.rank == 4 || strides[3] == 1);
  }
  /// What a kernel takes.
  Operand get() const {
    Operand own = operand;
    int64_t bytes = operand.element == SpattnElementF32 ? 4 : 2;
    own.data = static_cast<char *>(operand.data) + bytes * offset;
    own.sizes[0] = sizes[0], own.strides[0] = strides[0];
    own.sizes[1] = sizes[1] * sizes[2];
    own.strides[1] = sizes[2] == 1 ? strides[1] : strides[2];
    own.sizes[2] = sizes[3], own.strides[2] = strides[3];
    return own;
  }
  Tensor view() const {
    return viewOf(operand.tensor, 4, sizes, strides, offset);
  }
};

/// The heads of a group, `first` and those that follow, of queries or of keys.
struct Heads {
  int64_t first, count;
};

/// A part of an operand: of batch entry `entry` and class `residue`, if the
/// form is that of one.
ClassOperand getPart(const Operand &x, const Heads &heads, int64_t modulus,
                     Form form, int64_t entry, int64_t residue);

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_CLASSOPERAND_H
