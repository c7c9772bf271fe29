//===- Gradients.h - Gradients in float64, pair by pair --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The oracle of `spattn.attention_backward`: its definition, in float64, for
// arrays of any float type and any strides. Written to be read, not to be fast.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_REFERENCE_GRADIENTS_H
#define SPATTN_REFERENCE_GRADIENTS_H

#include "spattn/Reference/Attention.h"

namespace spattn {

/// The gradient by query `i` of query head `h` and batch element `b`: writes
/// `headDim` numbers to `dquery`. The arrays fit the problem, and the indices
/// them.
void queryGradientRow(const AttentionProblem &problem,
                      const OperandArrays &arrays, int64_t b, int64_t h,
                      int64_t i, double *dquery);

/// The gradients by key and value `j` of key-value head `g` and batch element
/// `b`: writes `headDim` numbers to `dkey` and `valueDim` to `dvalue`. The
/// arrays fit the problem, and the indices them.
void keyGradientRow(const AttentionProblem &problem,
                    const OperandArrays &arrays, int64_t b, int64_t g,
                    int64_t j, double *dkey, double *dvalue);

/// The gradient by the sink logit of query head `h`, over all batch elements.
/// The arrays fit the problem, and the index them.
double sinkGradient(const AttentionProblem &problem,
                    const OperandArrays &arrays, int64_t h);

/// The gradient by the slope of query head `h`, and those by its biases, of
/// which there are `problem.distances`, over all batch elements. The arrays fit
/// the problem, and the index them.
double slopeGradient(const AttentionProblem &problem,
                     const OperandArrays &arrays, int64_t h);
void biasGradientRow(const AttentionProblem &problem,
                     const OperandArrays &arrays, int64_t h, double *dbias);

/// Computes whole gradients; fails on arrays that do not fit the problem.
llvm::Error evaluateGradients(const AttentionProblem &problem,
                              const OperandArrays &arrays);

} // namespace spattn

#endif // SPATTN_REFERENCE_GRADIENTS_H
