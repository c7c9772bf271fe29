//===- Operators.h - The operators of spattn.torch ------------ -*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each takes its arguments from the stack, and leaves its results there.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TORCH_OPERATORS_H
#define SPATTN_LIB_TORCH_OPERATORS_H

#include "torch/csrc/stable/library.h"

namespace spattn {
namespace torch_ops {

/// Attention, of keys and values in pages, too.
void attention(StableIValue *stack, uint64_t, uint64_t);
void pagedAttention(StableIValue *stack, uint64_t, uint64_t);
/// Its gradients, with those by sinks, and by slopes and biases.
void attentionBackward(StableIValue *stack, uint64_t, uint64_t);
void attentionBackwardSinks(StableIValue *stack, uint64_t, uint64_t);
void attentionBackwardBiases(StableIValue *stack, uint64_t, uint64_t);
/// The operators of merges.
void merge(StableIValue *stack, uint64_t, uint64_t);
void mergeBackward(StableIValue *stack, uint64_t, uint64_t);
/// Those of rows by number.
void gatherRows(StableIValue *stack, uint64_t, uint64_t);
void sumRows(StableIValue *stack, uint64_t, uint64_t);
void hashRows(StableIValue *stack, uint64_t, uint64_t);
void mergeRows(StableIValue *stack, uint64_t, uint64_t);

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_OPERATORS_H
