//===- ResultShape.h - The dimensions of a result ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_RESULTSHAPE_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_RESULTSHAPE_H

#include "AttentionParts.h"

#include <string>

namespace spattn {

/// Brings the dimensions of what attention gives into the order and number of
/// those of the tensor that it replaces.
class ResultShape {
public:
  /// Of "bhnd", or "bhn" for log-sum-exps.
  explicit ResultShape(llvm::StringRef letters) : letters(letters) {}

  /// Says which of the dimensions each dimension of the tensor is. False if
  /// that is refused.
  bool describe(const AttentionLoops &loops,
                llvm::ArrayRef<mlir::AffineExpr> indices, Refusal &refusal);

  /// A tensor in an order, a permutation of the letters, as one of that type.
  mlir::Value emit(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value result, llvm::StringRef layout,
                   mlir::RankedTensorType type) const;

private:
  mlir::Value split(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value result, mlir::RankedTensorType target) const;
  mlir::Value collapse(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value result) const;
  mlir::Value expand(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value result, mlir::RankedTensorType target) const;

  llvm::StringRef letters;
  /// The letters of each dimension: two of a batch that is merged with heads,
  /// `o` and `i` of heads that are split, and none of one that is always 1.
  llvm::SmallVector<std::string> dims;
  /// The order that these have to be in, with one more if heads are apart.
  std::string order;
  /// So many of them come first, and have no dimension of their own.
  int64_t numMissing = 0;
  /// Whether the two parts of heads are apart.
  bool isApart = false;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_RESULTSHAPE_H
