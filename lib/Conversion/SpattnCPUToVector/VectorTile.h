//===- VectorTile.h - Blocks of vectors over tiles -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The small vocabulary that the lowering of spattn_cpu is written in:
// loops over blocks of a static extent, rows of a tile as vectors, and the
// register-blocked matrix product.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNCPUTOVECTOR_VECTORTILE_H
#define SPATTN_LIB_CONVERSION_SPATTNCPUTOVECTOR_VECTORTILE_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "spattn/Conversion/SpattnCPUToVector/SpattnCPUToVector.h"

namespace spattn {

/// A run of consecutive columns that one vector holds: those from
/// `base + offset` on.
struct Columns {
  mlir::Value base;
  int64_t offset;
  int64_t width;
};

/// Emits vector code over tiles in buffers.
class VectorTile {
public:
  VectorTile(mlir::ImplicitLocOpBuilder &b, RegisterBlock block)
      : b(b), block(block) {}

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value lhs, int64_t rhs);
  mlir::Value f32(float value);
  mlir::Value splat(float value, int64_t width);

  /// The rows of a buffer: a constant where the type says it.
  mlir::Value rowCount(mlir::Value tile);

  /// A loop over `[0, count)` without results.
  void loop(mlir::Value count, llvm::function_ref<void(mlir::Value)> body);

  /// A loop over `[0, count)` that carries values.
  llvm::SmallVector<mlir::Value>
  reduce(mlir::Value count, mlir::ValueRange inits,
         llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value,
                                                           mlir::ValueRange)>
             body);

  /// Calls `body(offset, size)` for consecutive blocks of `step` that cover
  /// `[0, extent)`: once in a loop for those of full size, and once more for a
  /// smaller remainder.
  void blocks(int64_t extent, int64_t step,
              llvm::function_ref<void(mlir::Value, int64_t)> body);

  /// Calls `body` for groups of at most `vectors` vectors that cover the
  /// columns `[0, extent)`.
  void columns(int64_t extent, int64_t vectors,
               llvm::function_ref<void(llvm::ArrayRef<Columns>)> body);

  /// A run of columns of a row as f32, from a buffer of any float type.
  mlir::Value load(mlir::Value tile, mlir::Value row, const Columns &columns);
  /// Rounds to the buffer's element type.
  void store(mlir::Value vector, mlir::Value tile, mlir::Value row,
             const Columns &columns);

  /// An element as f32, and its store with rounding.
  mlir::Value loadElement(mlir::Value buffer, mlir::ValueRange indices);
  void storeElement(mlir::Value value, mlir::Value buffer,
                    mlir::ValueRange indices);

  /// Whether consecutive columns are adjacent in memory by the type.
  static bool hasUnitStride(mlir::Value tile);

  /// Rounds a row of f32, times a number, to the row of another tile.
  void storeScaled(mlir::Value tile, mlir::Value row, mlir::Value factor,
                   mlir::Value out);

  /// 2^x for x <= 0, or any x if it may be positive: `-inf` gives 0, NaN stays
  /// NaN, and what is too large becomes infinite.
  mlir::Value exp2(mlir::Value x, bool mayBePositive = false);

  /// The larger of the two; `rhs` where `lhs` is NaN.
  mlir::Value maximum(mlir::Value lhs, mlir::Value rhs);

  /// out[r, c] = init(r, c) + sum_k lhs(r, k) * rhs[k, c] for a block of `rows`
  /// rows and the given columns, with accumulators in registers.
  ///
  /// `lhs(r, k)` gives a scalar; `init(r, columns)` the start of a vector.
  void product(
      int64_t rows, llvm::ArrayRef<Columns> columns, mlir::Value depth,
      llvm::function_ref<mlir::Value(int64_t, mlir::Value)> lhs,
      mlir::Value rhs,
      llvm::function_ref<mlir::Value(int64_t, const Columns &)> init,
      llvm::function_ref<void(int64_t, const Columns &, mlir::Value)> store);

  mlir::ImplicitLocOpBuilder &b;
  const RegisterBlock block;

private:
  mlir::Value column(const Columns &columns);
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNCPUTOVECTOR_VECTORTILE_H
