//===- ScoreRegion.h - Regions on scores in float64 ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_REFERENCE_SCOREREGION_H
#define SPATTN_LIB_REFERENCE_SCOREREGION_H

#include "mlir/IR/Region.h"

namespace spattn {

/// A number and its derivative by a score.
struct DualNumber {
  double value = 0, derivative = 0;
};

/// What a verified region makes of a score, for the numbers of query, key, head
/// and batch element.
DualNumber evaluateScoreRegion(mlir::Region &region, double score,
                               llvm::ArrayRef<int64_t> numbers);

} // namespace spattn

#endif // SPATTN_LIB_REFERENCE_SCOREREGION_H
