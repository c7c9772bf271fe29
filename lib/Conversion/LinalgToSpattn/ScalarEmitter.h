//===- ScalarEmitter.h - Expressions as operations on scalars ---*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_SCALAREMITTER_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_SCALAREMITTER_H

#include "DistanceBias.h"

namespace spattn {

/// Computes a number of some indices, as the program does. It has the type that
/// it has there.
class ScalarEmitter {
public:
  /// `query` and `key` may be null where nothing depends on them.
  ScalarEmitter(mlir::OpBuilder &builder, mlir::Location loc,
                const AttentionParts &parts, const DistanceTables &tables,
                mlir::Value head, mlir::Value query, mlir::Value key)
      : builder(builder), loc(loc), parts(parts), tables(tables), head(head),
        query(query), key(key) {}

  /// The number, as an f32, times a factor.
  mlir::Value emitFloat(Expr *expr, double factor);

private:
  mlir::Value emit(Expr *expr);
  mlir::Value compute(Expr *expr);
  mlir::Value emit(mlir::AffineExpr index);
  /// What programs assert where they look something up.
  void assertWithin(mlir::Value tensor, mlir::ValueRange indices);
  mlir::Value lookUp(Expr *expr, const DistanceTable &table);
  mlir::Value number(int64_t value);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  const AttentionParts &parts;
  const DistanceTables &tables;
  mlir::Value head, query, key;
  llvm::DenseMap<Expr *, mlir::Value> known;
};

/// Whether a `ScalarEmitter` can compute what an operation does.
bool canEmit(const Expr *expr);

/// The type of a number that is no index.
mlir::Type getType(const Expr *expr);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_SCALAREMITTER_H
