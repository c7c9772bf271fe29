//===- Line.h - Numbers linear in query and key -----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_LINE_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_LINE_H

#include "Mask.h"

namespace spattn {

/// `query * i + key * j + constant`.
struct Line {
  int64_t query = 0, key = 0, constant = 0;

  bool isOfDistance() const { return query == -key; }
};

/// A number as a line, if it is one for all pairs: an integer, or a float whose
/// type holds the indices.
std::optional<Line> readLine(ExprGraph &graph, const LoopSpace &space,
                             const MaskLoops &loops, Expr *expr);

/// The same of an index.
std::optional<Line> readLine(const MaskLoops &loops, mlir::AffineExpr index);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_LINE_H
