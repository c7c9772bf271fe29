//===- LinalgEmitter.h - linalg operations on tensors ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_DIALECT_SPATTN_TRANSFORMS_LINALGEMITTER_H
#define SPATTN_LIB_DIALECT_SPATTN_TRANSFORMS_LINALGEMITTER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace spattn {

/// Emits `linalg.generic` operations, and the tensors that they start from.
class LinalgEmitter {
protected:
  LinalgEmitter(mlir::Location loc, mlir::OpBuilder &builder)
      : b(loc, builder) {}

  /// Makes the element of a result of the elements of operands and that before.
  using Body = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &,
                                              mlir::ValueRange)>;

  mlir::AffineExpr dim(unsigned i) { return b.getAffineDimExpr(i); }

  /// The map to some of the loops.
  mlir::AffineMap mapOf(unsigned loops, llvm::ArrayRef<unsigned> dims) {
    llvm::SmallVector<mlir::AffineExpr> results;
    for (unsigned i : dims)
      results.push_back(dim(i));
    return mlir::AffineMap::get(loops, 0, results, b.getContext());
  }

  /// One operation whose last map is that of `init`, and whose loops from
  /// `parallel` on are reductions.
  mlir::Value emit(mlir::ValueRange inputs, mlir::Value init,
                   llvm::ArrayRef<mlir::AffineMap> maps, unsigned parallel,
                   Body body) {
    llvm::SmallVector<mlir::utils::IteratorType> loops(
        maps[0].getNumDims(), mlir::utils::IteratorType::parallel);
    std::fill(loops.begin() + parallel, loops.end(),
              mlir::utils::IteratorType::reduction);
    auto generic = mlir::linalg::GenericOp::create(
        b, mlir::TypeRange(init.getType()), inputs, mlir::ValueRange(init),
        maps, loops,
        [&](mlir::OpBuilder &nested, mlir::Location loc,
            mlir::ValueRange arguments) {
          mlir::ImplicitLocOpBuilder inner(loc, nested);
          mlir::Value result = body(inner, arguments);
          mlir::linalg::YieldOp::create(inner, result);
        });
    return generic.getResult(0);
  }

  /// Tensors of a type of elements, and of a number.
  mlir::Value empty(llvm::ArrayRef<mlir::OpFoldResult> sizes,
                    mlir::Type element) {
    return mlir::tensor::EmptyOp::create(b, sizes, element);
  }
  mlir::Value filled(llvm::ArrayRef<mlir::OpFoldResult> sizes, float value) {
    mlir::Value number = f32(b, value);
    return mlir::linalg::FillOp::create(
               b, mlir::ValueRange(number),
               mlir::ValueRange(empty(sizes, b.getF32Type())))
        .getResult(0);
  }

  static mlir::Value f32(mlir::ImplicitLocOpBuilder &b, float value) {
    return mlir::arith::ConstantOp::create(b, b.getF32FloatAttr(value));
  }
  static mlir::Value toF32(mlir::ImplicitLocOpBuilder &b, mlir::Value value) {
    if (value.getType().isF32())
      return value;
    return mlir::arith::ExtFOp::create(b, b.getF32Type(), value);
  }

  mlir::ImplicitLocOpBuilder b;
};

} // namespace spattn

#endif // SPATTN_LIB_DIALECT_SPATTN_TRANSFORMS_LINALGEMITTER_H
