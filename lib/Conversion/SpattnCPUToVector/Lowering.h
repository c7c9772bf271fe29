//===- Lowering.h - Tile operations to vector loops ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNCPUTOVECTOR_LOWERING_H
#define SPATTN_LIB_CONVERSION_SPATTNCPUTOVECTOR_LOWERING_H

#include "VectorTile.h"
#include "spattn/Dialect/SpattnCPU/IR/SpattnCPU.h"

namespace spattn::spattn_cpu {

// Each emits what its operation does before it, replaces its result if it has
// one, and leaves it to the caller to erase.
llvm::LogicalResult lower(LoadQueryOp op, VectorTile &t);
llvm::LogicalResult lower(StageOp op, VectorTile &t);
llvm::LogicalResult lower(StoreOp op, VectorTile &t);
llvm::LogicalResult lower(ClearOp op, VectorTile &t);
llvm::LogicalResult lower(OnlineInitOp op, VectorTile &t);
llvm::LogicalResult lower(OnlineStepOp op, VectorTile &t);
llvm::LogicalResult lower(OnlineFinishOp op, VectorTile &t);
llvm::LogicalResult lower(LoadStatisticsOp op, VectorTile &t);
llvm::LogicalResult lower(SinkGradientOp op, VectorTile &t);
llvm::LogicalResult lower(QueryGradientStepOp op, VectorTile &t);
llvm::LogicalResult lower(KeyGradientStepOp op, VectorTile &t);

/// The operation of a region that keeps it from being evaluated for vectors:
/// one that depends on an argument and is neither elementwise nor a load. Null
/// if there is none.
mlir::Operation *findUnvectorizable(mlir::Region &region);

/// Evaluates a mask region for rows of queries and keys, of which one may be a
/// vector. What does not depend on that one stays scalar.
llvm::FailureOr<mlir::Value> vectorizeMask(mlir::Region &mask, VectorTile &t,
                                           mlir::Value query, mlir::Value key);
/// The same of a score region for a vector of products: what it yields.
llvm::FailureOr<llvm::SmallVector<mlir::Value>>
vectorizeScore(mlir::Region &score, VectorTile &t, mlir::Value product,
               mlir::Value query, mlir::Value key);

/// The positions of a vector's columns: `first`, `first + 1`, ...
mlir::Value lanePositions(VectorTile &t, mlir::Value first, int64_t width);

/// The scores of rows that are stepped over with columns that stay:
/// `scores[r, c] = sum_k rows[r, k] * columns[k, c]` for all `r` of `scores`,
/// of which those that `rows` lacks repeat its last one.
void emitScores(VectorTile &t, mlir::Value rows, mlir::Value columns,
                mlir::Value scores);

/// `sum[m] = factor[m] * sum[m] + sum_n weights[n, m] * rows[n]`.
struct Products {
  mlir::Value weights, rows, sum;
  /// None for 1.
  mlir::Value factor;
  /// That of the step; empty if all pairs are allowed.
  mlir::Region &mask;
  /// Whether `n` is the query of a pair, and `m` the key.
  bool queriesAreSummed;
};

/// Emits sums of products of weights and rows, over the rows that `rows` has.
/// The weight of a pair that is not allowed is 0, and has no effect even if the
/// row holds infinities or NaN.
llvm::LogicalResult emitProducts(VectorTile &t, const Products &products);

/// Sets all elements of a tile to 0.
void clearTile(VectorTile &t, mlir::Value tile);

/// The size of a dimension by a buffer's type.
inline int64_t dimSize(mlir::Value buffer, unsigned index) {
  return mlir::cast<mlir::MemRefType>(buffer.getType()).getDimSize(index);
}

} // namespace spattn::spattn_cpu

#endif // SPATTN_LIB_CONVERSION_SPATTNCPUTOVECTOR_LOWERING_H
