//===- HeadSum.h - Sums over the rows of a head -----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_HEADSUM_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_HEADSUM_H

#include "BackwardKernels.h"

namespace spattn {

/// A sum over the rows of a head in all batch entries, by a CTA for each head,
/// in an order that does not depend on the GPU. Each thread adds up rows; then
/// kParts threads add up those of kParts threads each, and one thread what
/// these found.
class HeadSum {
public:
  using Value = mlir::Value;
  static constexpr int64_t kParts = 32, kThreads = kParts * kParts;

  /// `scratch` has room for `bytes`.
  HeadSum(KernelBuilder &b, Value scratch) : b(b), scratch(scratch) {}
  static spattn_gpu::FormulaAttr bytes(KernelProgram &program,
                                       AttentionBackwardOp op);

  /// Calls `store` in the first thread with the sum of what `term` gives for
  /// each of `rows` rows.
  void emit(Value rows, llvm::function_ref<Value(Value row)> term,
            llvm::function_ref<void(llvm::function_ref<Value()> sum)> store);

private:
  /// The sum of `value(i)` for `i` from `first` in steps of `step` to before
  /// `end`.
  Value sum(Value first, Value end, Value step,
            llvm::function_ref<Value(Value)> value);
  /// Part `part` of this head.
  Value part(Value part);

  KernelBuilder &b;
  Value scratch;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_HEADSUM_H
