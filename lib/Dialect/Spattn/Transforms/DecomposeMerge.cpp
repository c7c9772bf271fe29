//===- DecomposeMerge.cpp - Merges as linalg operations -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecomposeMerge.h"

#include "LinalgEmitter.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include <limits>

using namespace mlir;
using namespace spattn;

namespace {

/// Emits one merge on tensors. Loops are in the order of the layout.
class Decomposition : LinalgEmitter {
public:
  Decomposition(MergeOp op, OpBuilder &builder)
      : LinalgEmitter(op.getLoc(), builder), op(op),
        numbers(AffineMap::getMultiDimIdentityMap(3, b.getContext())),
        rows(AffineMap::getMultiDimIdentityMap(4, b.getContext())),
        numbersOfRows(rows.dropResult(
            Layout::parse(op.getLayout())->getDim(Dim::Width))) {}

  SmallVector<Value> run() {
    sizes = tensor::getMixedSizes(b, b.getLoc(), op.getLses().front());
    Value shift = emitShift();
    Value sum = emitSum(shift);
    SmallVector<Value> results{emitOutput(emitWeights(shift, sum))};
    if (op.getLse())
      results.push_back(emitLse(shift, sum));
    return results;
  }

private:
  Value isEqual(ImplicitLocOpBuilder &b, Value value, float number) {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, value,
                                 f32(b, number));
  }

  /// An operation on numbers of each row.
  Value emitNumbers(ValueRange inputs, Value init, Body body) {
    SmallVector<AffineMap> maps(inputs.size() + 1, numbers);
    return emit(inputs, init, maps, 3, body);
  }
  Value emptyNumbers() { return empty(sizes, b.getF32Type()); }

  /// The largest log-sum-exp of a row, or 0 where all are -inf: differences
  /// with that are numbers.
  Value emitShift() {
    return emitNumbers(
        op.getLses(), emptyNumbers(),
        [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
          Value max = args[0];
          for (Value lse : args.drop_front().drop_back())
            max = arith::MaximumFOp::create(inner, max, lse);
          Value zero = f32(inner, 0);
          return arith::SelectOp::create(inner, isEqual(inner, max, negInf),
                                         zero, max);
        });
  }

  static Value weigh(ImplicitLocOpBuilder &b, Value lse, Value shift) {
    Value difference = arith::SubFOp::create(b, lse, shift);
    return math::ExpOp::create(b, difference);
  }

  Value emitSum(Value shift) {
    SmallVector<Value> inputs(op.getLses());
    inputs.push_back(shift);
    return emitNumbers(
        inputs, emptyNumbers(),
        [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
          Value shift = args.drop_back().back(), sum;
          for (Value lse : args.drop_back(2)) {
            Value weight = weigh(inner, lse, shift);
            sum = sum ? arith::AddFOp::create(inner, sum, weight).getResult()
                      : weight;
          }
          return sum;
        });
  }

  SmallVector<Value> emitWeights(Value shift, Value sum) {
    return llvm::map_to_vector(op.getLses(), [&](Value lse) {
      return emitNumbers(
          {lse, shift, sum}, emptyNumbers(),
          [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
            Value weight = weigh(inner, args[0], args[1]);
            // A row whose parts are all empty is 0.
            Value one = f32(inner, 1);
            Value divisor = arith::SelectOp::create(
                inner, isEqual(inner, args[2], 0), one, args[2]);
            return arith::DivFOp::create(inner, weight, divisor);
          });
    });
  }

  Value emitOutput(ArrayRef<Value> weights) {
    SmallVector<Value> inputs(op.getLses());
    llvm::append_range(inputs, weights);
    SmallVector<AffineMap> maps(inputs.size(), numbersOfRows);
    llvm::append_range(inputs, op.getParts());
    maps.append(op.getParts().size() + 1, rows);
    Type element =
        cast<RankedTensorType>(op.getOut().getType()).getElementType();
    return emit(inputs, op.getOut(), maps, 4,
                [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
                  size_t count = weights.size();
                  Value sum = f32(inner, 0);
                  for (size_t i = 0; i < count; ++i) {
                    Value part = toF32(inner, args[2 * count + i]);
                    Value product =
                        arith::MulFOp::create(inner, args[count + i], part);
                    // An empty part may hold anything.
                    Value isEmpty = isEqual(inner, args[i], negInf);
                    Value zero = f32(inner, 0);
                    Value term =
                        arith::SelectOp::create(inner, isEmpty, zero, product);
                    sum = arith::AddFOp::create(inner, sum, term);
                  }
                  if (element.isF32())
                    return sum;
                  return arith::TruncFOp::create(inner, element, sum);
                });
  }

  Value emitLse(Value shift, Value sum) {
    return emitNumbers(
        {shift, sum}, op.getLse(),
        [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
          Value log = math::LogOp::create(inner, args[1]);
          return arith::AddFOp::create(inner, args[0], log);
        });
  }

  static constexpr float negInf = -std::numeric_limits<float>::infinity();

  MergeOp op;
  AffineMap numbers, rows, numbersOfRows;
  SmallVector<OpFoldResult> sizes;
};

struct DecomposeMerge : OpRewritePattern<MergeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MergeOp op,
                                PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(op.getOut().getType()))
      return rewriter.notifyMatchFailure(op, "operands are not tensors");
    if (op.getRows())
      return rewriter.notifyMatchFailure(op, "parts are rows by number");
    rewriter.replaceOp(op, Decomposition(op, rewriter).run());
    return success();
  }
};

} // namespace

void spattn::populateDecomposeMergePatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeMerge>(patterns.getContext());
}
