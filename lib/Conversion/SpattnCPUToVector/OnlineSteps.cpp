//===- OnlineSteps.cpp - The online softmax as vector loops ---------------===//
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

static constexpr float kNegInf = -std::numeric_limits<float>::infinity();
static constexpr float kLn2 = 0.693147180559945309f;
static constexpr float kLog2e = 1.44269504088896341f;

void spattn_cpu::emitScores(VectorTile &t, Value rows, Value columns,
                            Value scores) {
  ImplicitLocOpBuilder &b = t.b;
  bool whole = !ShapedType::isDynamic(dimSize(rows, 0));
  Value last = t.add(t.rowCount(rows), -1);
  t.blocks(dimSize(scores, 0), t.block.rows, [&](Value r0, int64_t size) {
    SmallVector<Value> positions;
    for (int64_t r = 0; r < size; ++r) {
      Value row = t.add(r0, r);
      positions.push_back(whole ? row : arith::MinUIOp::create(b, row, last));
    }
    t.columns(
        dimSize(scores, 1), t.block.vectors, [&](ArrayRef<Columns> group) {
          t.product(
              size, group, t.index(dimSize(columns, 0)),
              [&](int64_t r, Value k) {
                return t.loadElement(rows, {positions[r], k});
              },
              columns,
              [&](int64_t, const Columns &c) { return t.splat(0.0f, c.width); },
              [&](int64_t r, const Columns &c, Value sum) {
                t.store(sum, scores, t.add(r0, r), c);
              });
        });
  });
}

/// Writes the vectors of a width that `make` gives to all elements of a buffer
/// of rank 1.
static void fill(VectorTile &t, Value buffer,
                 function_ref<Value(int64_t)> make) {
  t.columns(dimSize(buffer, 0), 1, [&](ArrayRef<Columns> group) {
    for (const Columns &c : group) {
      Value first = t.add(c.base, c.offset);
      vector::StoreOp::create(t.b, make(c.width), buffer, ValueRange{first});
    }
  });
}

/// As above, of a number.
static void fill(VectorTile &t, Value buffer, float value) {
  fill(t, buffer, [&](int64_t width) { return t.splat(value, width); });
}

static void fill(VectorTile &t, Value buffer, Value number) {
  fill(t, buffer, [&](int64_t width) -> Value {
    auto type = VectorType::get({width}, t.b.getF32Type());
    return vector::BroadcastOp::create(t.b, type, number);
  });
}

LogicalResult spattn_cpu::lower(OnlineInitOp op, VectorTile &t) {
  if (Value sink = op.getSink()) {
    ImplicitLocOpBuilder &b = t.b;
    Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sink,
                                       t.f32(kNegInf));
    Value one = t.f32(1.0f);
    Value weight = arith::SelectOp::create(b, none, t.f32(0.0f), one);
    Value base2 = arith::MulFOp::create(b, sink, t.f32(kLog2e));
    fill(t, op.getMax(), base2);
    fill(t, op.getSum(), weight);
  } else {
    fill(t, op.getMax(), kNegInf);
    fill(t, op.getSum(), 0.0f);
  }
  clearTile(t, op.getAcc());
  return success();
}

LogicalResult spattn_cpu::lower(OnlineFinishOp op, VectorTile &t) {
  ImplicitLocOpBuilder &b = t.b;
  Value zero = t.f32(0.0f), one = t.f32(1.0f);
  t.loop(t.rowCount(op.getOut()), [&](Value m) {
    Value sum = memref::LoadOp::create(b, op.getSum(), ValueRange{m});
    Value empty =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sum, zero);
    Value divisor = arith::SelectOp::create(b, empty, one, sum);
    Value inverse = arith::DivFOp::create(b, one, divisor);
    t.storeScaled(op.getAcc(), m, inverse, op.getOut());
    if (!op.getLse())
      return;
    Value max = memref::LoadOp::create(b, op.getMax(), ValueRange{m});
    Value log = math::LogOp::create(b, divisor);
    Value natural = arith::MulFOp::create(b, max, t.f32(kLn2));
    Value sumOfBoth = arith::AddFOp::create(b, natural, log);
    Value lse = arith::SelectOp::create(b, empty, t.f32(kNegInf), sumOfBoth);
    t.storeElement(lse, op.getLse(), {m});
  });
  return success();
}

//===----------------------------------------------------------------------===//
// The online-softmax step
//===----------------------------------------------------------------------===//

namespace {
class StepLowering {
public:
  StepLowering(OnlineStepOp op, VectorTile &t)
      : op(op), t(t), b(t.b), rows(dimSize(op.getAcc(), 0)),
        keys(dimSize(op.getScores(), 0)) {}

  LogicalResult run() {
    emitScores(t, op.getKey(), op.getQuery(), op.getScores());
    LogicalResult result = success();
    t.columns(rows, 1, [&](ArrayRef<Columns> group) {
      if (failed(emitSoftmax(group.front())))
        result = failure();
    });
    if (failed(result))
      return failure();
    return emitProducts(t, {/*weights=*/op.getScores(), op.getValue(),
                            op.getAcc(), op.getCorrection(), op.getMask(),
                            /*queriesAreSummed=*/false});
  }

private:
  bool isMasked() { return !op.getMask().empty(); }
  bool hasScore() { return !op.getScore().empty(); }

  /// Row maxima, correction, probabilities and their sum, for a vector of rows.
  LogicalResult emitSoftmax(const Columns &c) {
    Value first = t.add(c.base, c.offset);
    auto loadRow = [&](Value buffer) -> Value {
      return vector::LoadOp::create(b,
                                    VectorType::get({c.width}, b.getF32Type()),
                                    buffer, ValueRange{first});
    };
    auto storeRow = [&](Value vector, Value buffer) {
      vector::StoreOp::create(b, vector, buffer, ValueRange{first});
    };
    Value positions;
    if (isMasked() || hasScore())
      positions = lanePositions(t, first, c.width);
    Value negInf = t.splat(kNegInf, c.width);
    LogicalResult result = success();

    Value oldMax = loadRow(op.getMax());
    Value newMax =
        t.reduce(t.index(keys), oldMax, [&](Value n, ValueRange carried) {
           Value score = t.load(op.getScores(), n, c);
           if (hasScore()) {
             FailureOr<SmallVector<Value>> made =
                 vectorizeScore(op.getScore(), t, score, positions, n);
             if (failed(made)) {
               result = failure();
               return SmallVector<Value>(carried);
             }
             score = made->front();
           }
           if (isMasked()) {
             FailureOr<Value> allowed =
                 vectorizeMask(op.getMask(), t, positions, n);
             if (failed(allowed)) {
               result = failure();
               return SmallVector<Value>(carried);
             }
             score = arith::SelectOp::create(b, *allowed, score, negInf);
           }
           if (isMasked() || hasScore())
             t.store(score, op.getScores(), n, c);
           return SmallVector<Value>{t.maximum(score, carried.front())};
         }).front();
    if (failed(result))
      return failure();

    // A row without a logit above -inf so far has no maximum to subtract.
    Value none =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, newMax, negInf);
    Value zero = t.splat(0.0f, c.width);
    Value shift = arith::SelectOp::create(b, none, zero, newMax);
    Value correction = t.exp2(arith::SubFOp::create(b, oldMax, shift));
    // The tile's own sum first: a sum of 2^24 does not grow by adding 1.
    Value ofTile =
        t.reduce(t.index(keys), zero, [&](Value n, ValueRange carried) {
           Value score = t.load(op.getScores(), n, c);
           Value p = t.exp2(arith::SubFOp::create(b, score, shift));
           t.store(p, op.getScores(), n, c);
           return SmallVector<Value>{
               arith::AddFOp::create(b, carried.front(), p)};
         }).front();
    Value newSum =
        vector::FMAOp::create(b, loadRow(op.getSum()), correction, ofTile);
    storeRow(newMax, op.getMax());
    storeRow(newSum, op.getSum());
    storeRow(correction, op.getCorrection());
    return success();
  }

  OnlineStepOp op;
  VectorTile &t;
  ImplicitLocOpBuilder &b;
  int64_t rows, keys;
};
} // namespace

LogicalResult spattn_cpu::lower(OnlineStepOp op, VectorTile &t) {
  return StepLowering(op, t).run();
}
