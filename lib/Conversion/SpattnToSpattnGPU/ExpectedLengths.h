//===- ExpectedLengths.h - Lengths that shapes are chosen for ---*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_EXPECTEDLENGTHS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_EXPECTEDLENGTHS_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// The lengths for which the shape of a kernel is chosen.
struct ExpectedLengths {
  /// Those of the operation; where they are not known, `expected`, or if that
  /// is 0, `assumed`. Other queries are expected if `expectedQueries` is not 0.
  ExpectedLengths(AttentionOpInterface op, int64_t expected, int64_t assumed,
                  int64_t expectedQueries = 0)
      : queries(op.getStaticQueryLength()), keys(op.getStaticKeyLength()) {
    if (expectedQueries > 0 && mlir::ShapedType::isDynamic(queries))
      queries = expectedQueries;
    areQueriesKnown = expected > 0 || !mlir::ShapedType::isDynamic(queries);
    for (int64_t *length : {&queries, &keys})
      if (mlir::ShapedType::isDynamic(*length)) {
        areKnown &= expected > 0;
        *length = expected > 0 ? expected : assumed;
      }
  }

  int64_t queries, keys;
  /// Whether none of them is a guess, and whether queries are none.
  bool areKnown = true, areQueriesKnown;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_EXPECTEDLENGTHS_H
