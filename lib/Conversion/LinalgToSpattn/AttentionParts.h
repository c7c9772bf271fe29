//===- AttentionParts.h - The parts of an attention -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an attention is made of, whatever it was written in. Frontends fill it
// in, `emitAttention` makes the operation of it.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_ATTENTIONPARTS_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_ATTENTIONPARTS_H

#include "Mask.h"
#include "mlir/IR/PatternMatch.h"

namespace spattn {

/// The loops of an attention. Of the two that are summed over, `key` is that of
/// the softmax, and `feature` the one of head dimensions.
struct AttentionLoops {
  mlir::AffineExpr batch, head, query, key, feature, value;
  MaskLoops ofMask() const { return {batch, head, query, key}; }
};

/// Adds the loops of batch and heads, for up to three loops of these sizes that
/// queries and result have: heads may be merged with the batch, so many of
/// them, or be split in two. Gives the indices of those loops. False if the
/// number of heads is not static.
bool addOuterLoops(LoopSpace &space, AttentionLoops &loops,
                   llvm::ArrayRef<int64_t> sizes, int64_t mergedHeads,
                   llvm::SmallVectorImpl<mlir::AffineExpr> &indices);

/// A number that is added to scores, and is no mask.
struct Bias {
  Expr *expr;
  double factor;
  /// Why it is none, if it was meant to be one.
  Refusal whyNoMask;
};

/// What else happens to scaled products: `factor` times `what`, an expression
/// in which they are `of`.
struct ScoreFunction {
  Expr *what = nullptr, *of = nullptr;
  double factor = 1;
};

/// A tensor ahead of an operation that holds the log-sum-exps of scores.
struct LogSumExp {
  mlir::Value tensor;
  /// As those of results.
  llvm::SmallVector<mlir::AffineExpr> indices;
  /// What uses it ahead of the operation, in order, and can be moved behind.
  llvm::SmallVector<mlir::Operation *> users;
};

/// An attention that has been recognized.
struct AttentionParts {
  AttentionParts(LoopSpace &space, ExprGraph &graph, AttentionLoops loops)
      : space(&space), graph(&graph), loops(loops) {}

  LoopSpace *space;
  ExprGraph *graph;
  AttentionLoops loops;
  /// Reads of query, key and value at these loops.
  Expr *query = nullptr, *key = nullptr, *value = nullptr;
  /// Scores are products times these: a constant, and a float of the program.
  double scale = 1;
  mlir::Value scaleValue;
  std::optional<double> softCap;
  ScoreFunction function;
  llvm::SmallVector<Mask> masks;
  llvm::SmallVector<Bias> biases;
  /// The loop of each dimension of the result, in terms of the loops above, and
  /// its type.
  llvm::SmallVector<mlir::AffineExpr> resultIndices;
  mlir::RankedTensorType resultType;
  /// What else the program computes of scores.
  std::optional<LogSumExp> lse;
  /// The f32 result that may be had in the type of its operands, if that is
  /// what it is rounded to, or null.
  mlir::Value roundedResult;
};

/// Takes apart what is added to scores, `factor` times: masks, and biases.
void addTerm(AttentionParts &parts, Expr *term, double factor);

/// Finds the log-sum-exps of scores whose softmax `op` takes. There may be
/// none.
std::optional<LogSumExp> findLogSumExp(ExprGraph &graph, mlir::AffineExpr key,
                                       Expr *score, mlir::Operation *op);

/// What the softmax of scores is of, if `weight` is an element of one over the
/// keys: the score. Rows of which all scores are -inf may be replaced by 0.
Expr *matchSoftmax(ExprGraph &graph, const LoopSpace &space,
                   mlir::AffineExpr key, Expr *weight);

/// Takes a score apart: scale, soft cap, masks, biases, query and key.
bool readScore(AttentionParts &parts, Expr *score, Refusal &refusal);

/// What replaces the tensors of a program.
struct RaisedAttention {
  /// Null if nothing was raised.
  mlir::Value result;
  /// Null if log-sum-exps stay as they are.
  mlir::Value lse;
};

/// Makes the operation, and what leads to it and from it. The result has the
/// element type of operands if there is a `roundedResult` that is rounded to
/// that.
RaisedAttention emitAttention(mlir::OpBuilder &builder, mlir::Location loc,
                              const AttentionParts &parts, Refusal &refusal);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_ATTENTIONPARTS_H
