//===- Decompose.cpp - Attention as linalg operations ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecomposeMerge.h"
#include "DecomposeScores.h"
#include "LinalgEmitter.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "spattn/Dialect/Spattn/IR/KnownOperands.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/Structure/Allowed.h"
#include "spattn/Structure/Evaluate.h"

#include <limits>

namespace spattn {
#define GEN_PASS_DEF_SPATTNDECOMPOSE
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {

/// Emits one attention on tensors.
///
/// All but `allowed` have the batch and the query head as their first
/// dimensions, whatever the layout of the operands is. A group of query heads
/// reads one key-value head through `h floordiv group`.
class Decomposition : LinalgEmitter {
public:
  Decomposition(AttentionOp op, OpBuilder &builder)
      : LinalgEmitter(op.getLoc(), builder), op(op),
        negInf(-std::numeric_limits<float>::infinity()) {}

  SmallVector<Value> run() {
    batch = sizeOf(op.getQuery(), Dim::Batch);
    heads = sizeOf(op.getQuery(), Dim::Head);
    queries = sizeOf(op.getQuery(), Dim::Length);
    keys = sizeOf(op.getKey(), Dim::Length);
    Value allowed = emitAllowed();
    Value logits = emitLogits(allowed);
    Value max = reduceRows<arith::MaximumFOp>(logits, emitFirstMax());
    Value weights = emitWeights(logits, max);
    Value sum = reduceRows<arith::AddFOp>(weights, emitFirstSum(max));
    SmallVector<Value> results{emitOutput(allowed, weights, sum)};
    if (op.getLse())
      results.push_back(emitLse(max, sum));
    return results;
  }

private:
  OpFoldResult sizeOf(Value operand, Dim name) {
    return tensor::getMixedSize(b, b.getLoc(), operand, op.getDim(name));
  }

  /// The map of an operand in the layout of the attention, with the loops for
  /// its length and, if it has one, its width.
  AffineMap operandMap(unsigned loops, unsigned n, std::optional<unsigned> d,
                       bool ofKeys = false) {
    SmallVector<AffineExpr> results;
    int64_t group = ofKeys ? op.getGroupSize() : 1;
    for (char name : op.getLayout())
      if (name == 'b')
        results.push_back(dim(0));
      else if (name == 'h')
        results.push_back(group == 1 ? dim(1) : dim(1).floorDiv(group));
      else if (name == 'n')
        results.push_back(dim(n));
      else if (d)
        results.push_back(dim(*d));
    return AffineMap::get(loops, 0, results, b.getContext());
  }

  Value isEqual(ImplicitLocOpBuilder &b, Value value, float number) {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, value,
                                 f32(b, number));
  }
  /// The maximum of a row, or 0 where all logits are -inf: differences with
  /// that are numbers.
  Value finiteMax(ImplicitLocOpBuilder &b, Value max) {
    Value zero = f32(b, 0);
    return arith::SelectOp::create(b, isEqual(b, max, negInf), zero, max);
  }

  /// The exponential of a logit, for a row of which the maximum is known.
  Value weigh(ImplicitLocOpBuilder &b, Value logit, Value max) {
    Value difference = arith::SubFOp::create(b, logit, finiteMax(b, max));
    return math::ExpOp::create(b, difference);
  }

  /// Which pairs of each head are allowed, by the structure and by positions.
  Value emitAllowed() {
    Value ofStructure = emitStructure();
    if (!op.getCausalPositions())
      return ofStructure;
    DecomposedScores positions(b, op);
    return emit(
        {ofStructure}, empty({batch, heads, queries, keys}, b.getI1Type()),
        {mapOf(4, {1, 2, 3}), mapOf(4, {0, 1, 2, 3})}, 4,
        [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
          Value ordered =
              positions.comparePositions(inner, arith::CmpIPredicate::sge);
          return arith::AndIOp::create(inner, args[0], ordered);
        });
  }

  /// Where loops for these queries and keys read that.
  AffineMap allowedMap(unsigned loops, unsigned query, unsigned key) {
    if (op.getCausalPositions())
      return mapOf(loops, {0, 1, query, key});
    return mapOf(loops, {1, query, key});
  }

  /// The structure itself.
  Value emitStructure() {
    Value init = empty({heads, queries, keys}, b.getI1Type());
    Value queryLength = getValueOrCreateConstantIndexOp(b, b.getLoc(), queries);
    Value keyLength = getValueOrCreateConstantIndexOp(b, b.getLoc(), keys);
    return emit(
        {}, init, {mapOf(3, {0, 1, 2})}, 3,
        [&](ImplicitLocOpBuilder &inner, ValueRange) {
          IndexOps ops(inner);
          auto at = [&](int64_t i) {
            return ops.wrap(linalg::IndexOp::create(inner, i));
          };
          auto form = normalForm(ops, op.getHeadStructures(), at(0),
                                 {ops.wrap(queryLength), ops.wrap(keyLength)},
                                 op.getAlignment());
          IndexOps::Value key = at(2);
          IndexOps::Value query = at(1);
          return ops.materialize(spattn::allowed(ops, form, query, key));
        });
  }

  /// Scaled scores, modified, -inf where a pair is not allowed.
  Value emitLogits(Value allowed) {
    Value scores =
        emit({op.getQuery(), op.getKey()},
             filled({batch, heads, queries, keys}, 0.0f),
             {operandMap(5, 2, 4), operandMap(5, 3, 4, /*ofKeys=*/true),
              mapOf(5, {0, 1, 2, 3})},
             4, [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
               Value key = toF32(inner, args[1]);
               Value product =
                   arith::MulFOp::create(inner, toF32(inner, args[0]), key);
               return arith::AddFOp::create(inner, args[2], product);
             });
    Value scale = op.getScale();
    if (!scale)
      scale = f32(b, float(*getDefaultScalar(op, OperandKind::Scale)));
    AffineMap all = mapOf(4, {0, 1, 2, 3});
    DecomposedScores modifier(b, op);
    return emit({allowed, scores},
                empty({batch, heads, queries, keys}, b.getF32Type()),
                {allowedMap(4, 2, 3), all, all}, 4,
                [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
                  Value logit = arith::MulFOp::create(inner, args[1], scale);
                  logit = modifier.modify(inner, logit);
                  return arith::SelectOp::create(inner, args[0], logit,
                                                 f32(inner, negInf));
                });
  }

  /// What the maximum of a row starts with: its sink logit, which is there even
  /// if no key is.
  Value emitFirstMax() {
    if (!op.getSinkLogits())
      return filled({batch, heads, queries}, negInf);
    return emit({op.getSinkLogits()},
                empty({batch, heads, queries}, b.getF32Type()),
                {mapOf(3, {1}), mapOf(3, {0, 1, 2})}, 3,
                [](ImplicitLocOpBuilder &, ValueRange args) -> Value {
                  return args[0];
                });
  }

  /// What the sum of a row starts with: the weight of its sink logit.
  Value emitFirstSum(Value max) {
    if (!op.getSinkLogits())
      return filled({batch, heads, queries}, 0.0f);
    AffineMap rows = mapOf(3, {0, 1, 2});
    return emit({op.getSinkLogits(), max},
                empty({batch, heads, queries}, b.getF32Type()),
                {mapOf(3, {1}), rows, rows}, 3,
                [&](ImplicitLocOpBuilder &inner, ValueRange args) {
                  return weigh(inner, args[0], args[1]);
                });
  }

  template <class Op>
  Value reduceRows(Value rows, Value init) {
    return emit({rows}, init, {mapOf(4, {0, 1, 2, 3}), mapOf(4, {0, 1, 2})}, 3,
                [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
                  return Op::create(inner, args[1], args[0]);
                });
  }

  Value emitWeights(Value logits, Value max) {
    AffineMap all = mapOf(4, {0, 1, 2, 3});
    return emit({logits, max},
                empty({batch, heads, queries, keys}, b.getF32Type()),
                {all, mapOf(4, {0, 1, 2}), all}, 4,
                [&](ImplicitLocOpBuilder &inner, ValueRange args) {
                  return weigh(inner, args[0], args[1]);
                });
  }

  Value emitOutput(Value allowed, Value weights, Value sum) {
    OpFoldResult width = sizeOf(op.getValue(), Dim::Width);
    // A weight of 0 alone would let infinities through.
    Value products =
        emit({allowed, weights, op.getValue()},
             filled({batch, heads, queries, width}, 0.0f),
             {allowedMap(5, 2, 4), mapOf(5, {0, 1, 2, 4}),
              operandMap(5, 4, 3, /*ofKeys=*/true), mapOf(5, {0, 1, 2, 3})},
             4, [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
               Value product =
                   arith::MulFOp::create(inner, args[1], toF32(inner, args[2]));
               Value term = arith::SelectOp::create(inner, args[0], product,
                                                    f32(inner, 0));
               return arith::AddFOp::create(inner, args[3], term);
             });
    Type element =
        cast<RankedTensorType>(op.getOut().getType()).getElementType();
    return emit(
        {products, sum}, op.getOut(),
        {mapOf(4, {0, 1, 2, 3}), mapOf(4, {0, 1, 2}), operandMap(4, 2, 3)}, 4,
        [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
          // A row without keys is 0.
          Value one = f32(inner, 1);
          Value divisor = arith::SelectOp::create(
              inner, isEqual(inner, args[1], 0), one, args[1]);
          Value out = arith::DivFOp::create(inner, args[0], divisor);
          if (element.isF32())
            return out;
          return arith::TruncFOp::create(inner, element, out);
        });
  }

  /// For a row without keys its sink logit, or -inf, as the logarithm of 0 is.
  Value emitLse(Value max, Value sum) {
    AffineMap rows = mapOf(3, {0, 1, 2});
    return emit(
        {max, sum}, op.getLse(), {rows, rows, operandMap(3, 2, std::nullopt)},
        3, [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
          Value log = math::LogOp::create(inner, args[1]);
          return arith::AddFOp::create(inner, finiteMax(inner, args[0]), log);
        });
  }

  AttentionOp op;
  float negInf;
  OpFoldResult batch, heads, queries, keys;
};

struct DecomposeAttention : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(op.getQuery().getType()))
      return rewriter.notifyMatchFailure(op, "operands are not tensors");
    if (op.hasSequences())
      return rewriter.notifyMatchFailure(op, "batch entries hold sequences");
    if (op.hasTileLists())
      return rewriter.notifyMatchFailure(op, "lists say which tiles are seen");
    if (op.hasPages())
      return rewriter.notifyMatchFailure(op, "keys and values are in pages");
    if (auto error = findScalarError(op))
      return rewriter.notifyMatchFailure(op, *error);
    rewriter.replaceOp(op, Decomposition(op, rewriter).run());
    return success();
  }
};

struct SpattnDecomposePass
    : public spattn::impl::SpattnDecomposeBase<SpattnDecomposePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateSpattnDecomposePatterns(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    WalkResult left = getOperation()->walk([](AttentionOp op) {
      if (!isa<RankedTensorType>(op.getQuery().getType()))
        return WalkResult::advance();
      if (succeeded(
              checkKnownOperands(op, getBasicOperands(), "'linalg' operation")))
        op.emitOpError(findScalarError(op).value_or("is not decomposed"));
      return WalkResult::interrupt();
    });
    if (left.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace

void spattn::populateSpattnDecomposePatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeAttention>(patterns.getContext());
  populateDecomposeMergePatterns(patterns);
}
