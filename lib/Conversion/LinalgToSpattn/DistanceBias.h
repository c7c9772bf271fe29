//===- DistanceBias.h - Biases by distance and head -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A number of the pair (i, j) is one of its distance if whatever it is computed
// of depends on i - j alone. It is then computed once for each distance, of a
// pair that has it.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_DISTANCEBIAS_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_DISTANCEBIAS_H

#include "AttentionParts.h"

namespace spattn {

/// Numbers for each head, or for all, and each i - j, from that of the last key
/// and the first query on.
struct DistanceTable {
  bool isOfHeads = false;
  std::vector<double> numbers;
};

/// The expressions of which that is known pair by pair alone.
using DistanceTables = llvm::DenseMap<Expr *, DistanceTable>;

/// Whether a number depends on head and i - j alone, as is seen from what it is
/// computed of.
bool isOfDistance(ExprGraph &graph, const LoopSpace &space,
                  const MaskLoops &loops, Expr *expr);

/// The same, for the pairs that structures allow, where expressions that can be
/// computed when compiling may be so pair by pair: adds the tables of these.
/// Refuses otherwise.
bool findDistanceTables(const AttentionParts &parts, const MaskedHeads &masked,
                        const Bias &bias, DistanceTables &tables,
                        Refusal &refusal);

/// The operand `distance_bias` for such biases. Lengths are static.
mlir::Value emitDistanceBias(mlir::OpBuilder &builder, mlir::Location loc,
                             const AttentionParts &parts, Alignment alignment,
                             llvm::ArrayRef<Bias> biases,
                             const DistanceTables &tables);

/// Slopes: a number for each head that distances of pairs are multiplied by.
struct SlopeBias {
  /// The slope is the product of these, numbers of heads, and a factor.
  llvm::SmallVector<Expr *> slopes;
  double factor = 1;
  /// Whether the bias is `- slope * |d|` but for a number of the query, which
  /// no softmax notices, and log-sum-exps do.
  bool isShifted = false;
};

/// A bias that is the product of a number of heads and of a distance, or of a
/// key that all queries are behind or all ahead of.
std::optional<SlopeBias> readSlopes(const AttentionParts &parts,
                                    const MaskedHeads &masked,
                                    const Bias &bias);

/// The operand `alibi_slopes`.
mlir::Value emitSlopes(mlir::OpBuilder &builder, mlir::Location loc,
                       const AttentionParts &parts, const SlopeBias &bias);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_DISTANCEBIAS_H
