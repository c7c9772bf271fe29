//===- GradientSteps.cpp - Steps of gradients as vector loops -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_cpu;

static constexpr float kInfinity = std::numeric_limits<float>::infinity();
static constexpr float kLog2e = 1.44269504088896341f;

LogicalResult spattn_cpu::lower(LoadStatisticsOp op, VectorTile &t) {
  ImplicitLocOpBuilder &b = t.b;
  Value last = t.add(t.rowCount(op.getOut()), -1);
  int64_t width = dimSize(op.getOut(), 1);
  t.loop(t.index(dimSize(op.getShift(), 0)), [&](Value m) {
    Value row = arith::MinUIOp::create(b, m, last);
    Value lse = t.loadElement(op.getLse(), {row});
    // Probabilities of a query without keys are 0.
    Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, lse,
                                       t.f32(-kInfinity));
    Value base2 = arith::MulFOp::create(b, lse, t.f32(kLog2e));
    Value shift = arith::SelectOp::create(b, none, t.f32(kInfinity), base2);
    t.storeElement(shift, op.getShift(), {m});
    Value zero = t.f32(0.0f);
    Value delta =
        t.reduce(t.index(width), zero, [&](Value c, ValueRange carried) {
           Value out = t.loadElement(op.getOut(), {row, c});
           Value dout = t.loadElement(op.getDout(), {row, c});
           Value product = arith::MulFOp::create(b, out, dout);
           return SmallVector<Value>{
               arith::AddFOp::create(b, carried.front(), product)};
         }).front();
    if (op.getDlse()) {
      Value dlse = t.loadElement(op.getDlse(), {row});
      delta = arith::SelectOp::create(b, none, delta,
                                      arith::SubFOp::create(b, delta, dlse));
    }
    t.storeElement(delta, op.getDelta(), {m});
  });
  return success();
}

LogicalResult spattn_cpu::lower(SinkGradientOp op, VectorTile &t) {
  ImplicitLocOpBuilder &b = t.b;
  Value zero = t.f32(0.0f), negInf = t.f32(-kInfinity);
  Value rows = t.rowCount(op.getLse());
  Value sum = t.reduce(rows, zero, [&](Value m, ValueRange carried) {
                 Value lse = t.loadElement(op.getLse(), {m});
                 Value delta = t.loadElement(op.getDelta(), {m});
                 Value difference = arith::SubFOp::create(b, op.getSink(), lse);
                 Value p = math::ExpOp::create(b, difference);
                 Value term = arith::MulFOp::create(b, p, delta);
                 Value none = arith::CmpFOp::create(
                     b, arith::CmpFPredicate::OEQ, lse, negInf);
                 term = arith::SelectOp::create(b, none, zero, term);
                 return SmallVector<Value>{
                     arith::AddFOp::create(b, carried.front(), term)};
               }).front();
  op.getResult().replaceAllUsesWith(sum);
  return success();
}

namespace {
/// A step over rows of one side, for the columns of the other. The columns are
/// queries in a step for the gradient of queries, and keys in one for that of
/// keys; the statistics are those of the queries in both.
struct GradientStep {
  /// `p = exp2(rows . columns - shift)`, and what its product is with.
  Value scoreRows, scoreColumns, productRows, productColumns;
  Value shift, delta;
  bool queriesAreColumns;
  /// Sums over `ds` times `scoreRows`, and over `p` times `productRows`, which
  /// is null for queries.
  Value scoreSum, productSum;
  Value p, ds;
  Region &score, &mask;
};

class GradientStepLowering {
public:
  GradientStepLowering(const GradientStep &step, VectorTile &t)
      : step(step), t(t), b(t.b), count(t.rowCount(step.scoreRows)) {}

  LogicalResult run() {
    emitScores(t, step.scoreRows, step.scoreColumns, step.p);
    emitScores(t, step.productRows, step.productColumns, step.ds);
    LogicalResult result = success();
    t.columns(dimSize(step.p, 1), 1, [&](ArrayRef<Columns> group) {
      if (failed(emitPairs(group.front())))
        result = failure();
    });
    if (failed(result))
      return failure();
    if (failed(accumulate(step.ds, step.scoreRows, step.scoreSum)))
      return failure();
    if (!step.productSum)
      return success();
    return accumulate(step.p, step.productRows, step.productSum);
  }

private:
  /// From scores to probabilities and gradients, for a vector of columns.
  LogicalResult emitPairs(const Columns &c) {
    auto type = VectorType::get({c.width}, b.getF32Type());
    Value first = t.add(c.base, c.offset);
    Value shift, delta, positions;
    if (step.queriesAreColumns) {
      shift = vector::LoadOp::create(b, type, step.shift, ValueRange{first});
      delta = vector::LoadOp::create(b, type, step.delta, ValueRange{first});
    }
    if (!step.mask.empty() || !step.score.empty())
      positions = lanePositions(t, first, c.width);
    LogicalResult result = success();
    t.loop(count, [&](Value r) {
      Value rowShift = shift, rowDelta = delta;
      if (!step.queriesAreColumns) {
        rowShift = vector::BroadcastOp::create(b, type,
                                               t.loadElement(step.shift, {r}));
        rowDelta = vector::BroadcastOp::create(b, type,
                                               t.loadElement(step.delta, {r}));
      }
      Value score = t.load(step.p, r, c), product = t.load(step.ds, r, c);
      Value query = step.queriesAreColumns ? positions : r;
      Value key = step.queriesAreColumns ? r : positions;
      Value derivative;
      if (!step.score.empty()) {
        FailureOr<SmallVector<Value>> made =
            vectorizeScore(step.score, t, score, query, key);
        if (failed(made)) {
          result = failure();
          return;
        }
        score = (*made)[0];
        derivative = (*made)[1];
      }
      // Rounding, and an lse that is not the scores', may exceed 0.
      Value p = t.exp2(arith::SubFOp::create(b, score, rowShift),
                       /*mayBePositive=*/true);
      Value ds = arith::MulFOp::create(
          b, p, arith::SubFOp::create(b, product, rowDelta));
      if (derivative)
        ds = arith::MulFOp::create(b, ds, derivative);
      if (!step.mask.empty()) {
        FailureOr<Value> allowed = vectorizeMask(step.mask, t, query, key);
        if (failed(allowed)) {
          result = failure();
          return;
        }
        Value zero = t.splat(0.0f, c.width);
        p = arith::SelectOp::create(b, *allowed, p, zero);
        ds = arith::SelectOp::create(b, *allowed, ds, zero);
      }
      t.store(p, step.p, r, c);
      t.store(ds, step.ds, r, c);
    });
    return result;
  }

  /// sum[c] += sum_r weights[r, c] * rows[r].
  LogicalResult accumulate(Value weights, Value rows, Value sum) {
    return emitProducts(t, {weights, rows, sum, /*factor=*/Value(), step.mask,
                            /*queriesAreSummed=*/!step.queriesAreColumns});
  }

  GradientStep step;
  VectorTile &t;
  ImplicitLocOpBuilder &b;
  Value count;
};
} // namespace

LogicalResult spattn_cpu::lower(QueryGradientStepOp op, VectorTile &t) {
  GradientStep step = {/*scoreRows=*/op.getKey(),
                       /*scoreColumns=*/op.getQuery(),
                       /*productRows=*/op.getValue(),
                       /*productColumns=*/op.getDout(),
                       op.getShift(),
                       op.getDelta(),
                       /*queriesAreColumns=*/true,
                       /*scoreSum=*/op.getDquery(),
                       /*productSum=*/Value(),
                       op.getP(),
                       op.getDs(),
                       op.getScore(),
                       op.getMask()};
  return GradientStepLowering(step, t).run();
}

LogicalResult spattn_cpu::lower(KeyGradientStepOp op, VectorTile &t) {
  GradientStep step = {/*scoreRows=*/op.getQuery(),
                       /*scoreColumns=*/op.getKey(),
                       /*productRows=*/op.getDout(),
                       /*productColumns=*/op.getValue(),
                       op.getShift(),
                       op.getDelta(),
                       /*queriesAreColumns=*/false,
                       /*scoreSum=*/op.getDkey(),
                       /*productSum=*/op.getDvalue(),
                       op.getP(),
                       op.getDs(),
                       op.getScore(),
                       op.getMask()};
  return GradientStepLowering(step, t).run();
}
