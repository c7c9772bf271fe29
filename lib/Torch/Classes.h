//===- Classes.h - Attention within residue classes -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Heads whose queries and keys see nothing but places of their own residue
// (spattnStructureDivide) are an attention for each residue class, on arrays
// with other strides: an r-th of the work for r classes. Nothing is copied but
// numbers of rows.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TORCH_CLASSES_H
#define SPATTN_LIB_TORCH_CLASSES_H

#include "Kernels.h"

namespace spattn {
namespace torch_ops {

/// Runs an attention, or its gradients, in as few calls of kernels as there are
/// groups of heads with classes of their own. The last `numResults` operands
/// are results.
void runAttention(const KernelRequest &request, Operands operands,
                  size_t numResults, Scalars scalars, const Place &place);

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_CLASSES_H
