//===- SpattnToVector.cpp - Tile operations to vector loops ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/Passes.h"

#include "VectorTile.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <limits>
#include <numeric>

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNTOVECTOR
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

static constexpr float kNegInf = -std::numeric_limits<float>::infinity();
static constexpr float kLn2 = 0.693147180559945309f;

static int64_t dim(Value value, unsigned index) {
  return cast<MemRefType>(value.getType()).getDimSize(index);
}

//===----------------------------------------------------------------------===//
// Loading and storing tiles
//===----------------------------------------------------------------------===//

static LogicalResult lower(LoadQueryOp op, VectorTile &t) {
  ImplicitLocOpBuilder &b = t.b;
  Value rows = t.rowCount(op.getSource());
  Value last = t.add(rows, -1);
  t.loop(t.index(dim(op.getOut(), 1)), [&](Value m) {
    Value row = arith::MinUIOp::create(b, m, last);
    t.loop(t.index(dim(op.getOut(), 0)), [&](Value c) {
      Value element = t.loadElement(op.getSource(), {row, c});
      Value scaled = arith::MulFOp::create(b, element, op.getScale());
      t.storeElement(scaled, op.getOut(), {c, m});
    });
  });
  return success();
}

static LogicalResult lower(StageOp op, VectorTile &t) {
  int64_t width = dim(op.getOut(), 1);
  t.loop(t.rowCount(op.getSource()), [&](Value n) {
    if (!VectorTile::hasUnitStride(op.getSource())) {
      t.loop(t.index(width), [&](Value c) {
        t.storeElement(t.loadElement(op.getSource(), {n, c}), op.getOut(),
                       {n, c});
      });
      return;
    }
    t.columns(width, t.block.vectors, [&](ArrayRef<Columns> group) {
      for (const Columns &c : group)
        t.store(t.load(op.getSource(), n, c), op.getOut(), n, c);
    });
  });
  return success();
}

/// Writes a value to all elements of a buffer of rank 1.
static void fill(VectorTile &t, Value buffer, float value) {
  t.columns(dim(buffer, 0), 1, [&](ArrayRef<Columns> group) {
    for (const Columns &c : group)
      vector::StoreOp::create(t.b, t.splat(value, c.width), buffer,
                              ValueRange{t.add(c.base, c.offset)});
  });
}

static LogicalResult lower(OnlineInitOp op, VectorTile &t) {
  fill(t, op.getMax(), kNegInf);
  fill(t, op.getSum(), 0.0f);
  t.loop(t.index(dim(op.getAcc(), 0)), [&](Value m) {
    t.columns(dim(op.getAcc(), 1), t.block.vectors,
              [&](ArrayRef<Columns> group) {
                for (const Columns &c : group)
                  t.store(t.splat(0.0f, c.width), op.getAcc(), m, c);
              });
  });
  return success();
}

static LogicalResult lower(OnlineFinishOp op, VectorTile &t) {
  ImplicitLocOpBuilder &b = t.b;
  Value zero = t.f32(0.0f), one = t.f32(1.0f);
  int64_t width = dim(op.getAcc(), 1);
  t.loop(t.rowCount(op.getOut()), [&](Value m) {
    Value sum = memref::LoadOp::create(b, op.getSum(), ValueRange{m});
    Value empty =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sum, zero);
    Value divisor = arith::SelectOp::create(b, empty, one, sum);
    Value inverse = arith::DivFOp::create(b, one, divisor);
    if (VectorTile::hasUnitStride(op.getOut())) {
      t.columns(width, t.block.vectors, [&](ArrayRef<Columns> group) {
        for (const Columns &c : group) {
          Value acc = t.load(op.getAcc(), m, c);
          Value factor = vector::BroadcastOp::create(b, acc.getType(), inverse);
          t.store(arith::MulFOp::create(b, acc, factor), op.getOut(), m, c);
        }
      });
    } else {
      t.loop(t.index(width), [&](Value c) {
        Value acc = t.loadElement(op.getAcc(), {m, c});
        t.storeElement(arith::MulFOp::create(b, acc, inverse), op.getOut(),
                       {m, c});
      });
    }
    if (!op.getLse())
      return;
    Value max = memref::LoadOp::create(b, op.getMax(), ValueRange{m});
    Value log = math::LogOp::create(b, divisor);
    Value natural = arith::MulFOp::create(b, max, t.f32(kLn2));
    Value lse = arith::SelectOp::create(b, empty, t.f32(kNegInf),
                                        arith::AddFOp::create(b, natural, log));
    t.storeElement(lse, op.getLse(), {m});
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// Evaluates a mask region for a vector of rows of the query and one key. What
/// does not depend on the rows stays scalar.
static FailureOr<Value> vectorizeMask(OnlineStepOp op, VectorTile &t,
                                      Value rows, Value key) {
  ImplicitLocOpBuilder &b = t.b;
  int64_t width = cast<VectorType>(rows.getType()).getDimSize(0);
  IRMapping mapping;
  Block &block = op.getMask().front();
  mapping.map(block.getArgument(0), rows);
  mapping.map(block.getArgument(1), key);
  auto asVector = [&](Value value) -> Value {
    if (isa<VectorType>(value.getType()))
      return value;
    return vector::BroadcastOp::create(
        b, VectorType::get({width}, value.getType()), value);
  };
  for (Operation &nested : block.without_terminator()) {
    SmallVector<Value> operands;
    for (Value operand : nested.getOperands())
      operands.push_back(mapping.lookupOrDefault(operand));
    bool isVector = llvm::any_of(
        operands, [](Value v) { return isa<VectorType>(v.getType()); });
    if (!isVector) {
      b.clone(nested, mapping);
      continue;
    }
    if (!OpTrait::hasElementwiseMappableTraits(&nested) ||
        nested.getNumResults() != 1)
      return nested.emitOpError("cannot be vectorized in a mask region: "
                                "expected an elementwise operation");
    for (Value &operand : operands)
      operand = asVector(operand);
    OperationState state(
        b.getLoc(), nested.getName(), operands,
        VectorType::get({width}, nested.getResult(0).getType()),
        nested.getAttrs());
    mapping.map(nested.getResult(0), b.create(state)->getResult(0));
  }
  return asVector(mapping.lookupOrDefault(
      cast<YieldOp>(block.getTerminator()).getAllowed()));
}

//===----------------------------------------------------------------------===//
// The online-softmax step
//===----------------------------------------------------------------------===//

namespace {
class StepLowering {
public:
  StepLowering(OnlineStepOp op, VectorTile &t)
      : op(op), t(t), b(t.b), rows(dim(op.getAcc(), 0)),
        keys(dim(op.getScores(), 0)), count(t.rowCount(op.getKey())) {}

  LogicalResult run() {
    emitScores();
    LogicalResult result = success();
    t.columns(rows, 1, [&](ArrayRef<Columns> group) {
      if (failed(emitSoftmax(group.front())))
        result = failure();
    });
    if (succeeded(result))
      emitAccumulate();
    return result;
  }

private:
  bool isMasked() { return !op.getMask().empty(); }

  /// scores = key * query. Rows past the end of a shorter key tile repeat its
  /// last one; the mask region excludes them.
  void emitScores() {
    bool whole = !ShapedType::isDynamic(dim(op.getKey(), 0));
    Value last = t.add(count, -1);
    t.blocks(keys, t.block.rows, [&](Value n0, int64_t size) {
      SmallVector<Value> keyRows;
      for (int64_t r = 0; r < size; ++r) {
        Value row = t.add(n0, r);
        keyRows.push_back(whole ? row : arith::MinUIOp::create(b, row, last));
      }
      t.columns(rows, t.block.vectors, [&](ArrayRef<Columns> group) {
        t.product(
            size, group, t.index(dim(op.getQuery(), 0)),
            [&](int64_t r, Value c) {
              return t.loadElement(op.getKey(), {keyRows[r], c});
            },
            op.getQuery(),
            [&](int64_t, const Columns &c) { return t.splat(0.0f, c.width); },
            [&](int64_t r, const Columns &c, Value sum) {
              t.store(sum, op.getScores(), t.add(n0, r), c);
            });
      });
    });
  }

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
    if (isMasked()) {
      auto type = VectorType::get({c.width}, b.getIndexType());
      Value base = vector::BroadcastOp::create(b, type, first);
      SmallVector<APInt> lanes;
      for (int64_t lane = 0; lane < c.width; ++lane)
        lanes.emplace_back(/*numBits=*/64, lane);
      Value step =
          arith::ConstantOp::create(b, DenseElementsAttr::get(type, lanes));
      positions = arith::AddIOp::create(b, base, step);
    }
    Value negInf = t.splat(kNegInf, c.width);
    LogicalResult result = success();

    Value oldMax = loadRow(op.getMax());
    Value newMax =
        t.reduce(t.index(keys), oldMax, [&](Value n, ValueRange carried) {
           Value score = t.load(op.getScores(), n, c);
           if (isMasked()) {
             FailureOr<Value> allowed = vectorizeMask(op, t, positions, n);
             if (failed(allowed)) {
               result = failure();
               return SmallVector<Value>(carried);
             }
             score = arith::SelectOp::create(b, *allowed, score, negInf);
             t.store(score, op.getScores(), n, c);
           }
           return SmallVector<Value>{t.maximum(score, carried.front())};
         }).front();
    if (failed(result))
      return failure();

    // A row that has seen no key yet has no maximum to subtract.
    Value shift = newMax;
    if (isMasked()) {
      Value none =
          arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, newMax, negInf);
      shift = arith::SelectOp::create(b, none, t.splat(0.0f, c.width), newMax);
    }
    Value correction = t.exp2(arith::SubFOp::create(b, oldMax, shift));
    Value oldSum = arith::MulFOp::create(b, loadRow(op.getSum()), correction);
    Value newSum =
        t.reduce(t.index(keys), oldSum, [&](Value n, ValueRange carried) {
           Value score = t.load(op.getScores(), n, c);
           Value p = t.exp2(arith::SubFOp::create(b, score, shift));
           t.store(p, op.getScores(), n, c);
           return SmallVector<Value>{
               arith::AddFOp::create(b, carried.front(), p)};
         }).front();
    storeRow(newMax, op.getMax());
    storeRow(newSum, op.getSum());
    storeRow(correction, op.getCorrection());
    return success();
  }

  /// acc = acc * correction + probabilities^T * value.
  void emitAccumulate() {
    t.blocks(rows, t.block.rows, [&](Value m0, int64_t size) {
      SmallVector<Value> corrections;
      for (int64_t r = 0; r < size; ++r)
        corrections.push_back(
            t.loadElement(op.getCorrection(), {t.add(m0, r)}));
      t.columns(dim(op.getAcc(), 1), t.block.vectors,
                [&](ArrayRef<Columns> group) {
                  t.product(
                      size, group, count,
                      [&](int64_t r, Value n) {
                        return t.loadElement(op.getScores(), {n, t.add(m0, r)});
                      },
                      op.getValue(),
                      [&](int64_t r, const Columns &c) -> Value {
                        Value acc = t.load(op.getAcc(), t.add(m0, r), c);
                        Value factor = vector::BroadcastOp::create(
                            b, acc.getType(), corrections[r]);
                        return arith::MulFOp::create(b, acc, factor);
                      },
                      [&](int64_t r, const Columns &c, Value sum) {
                        t.store(sum, op.getAcc(), t.add(m0, r), c);
                      });
                });
    });
  }

  OnlineStepOp op;
  VectorTile &t;
  ImplicitLocOpBuilder &b;
  int64_t rows, keys;
  Value count;
};
} // namespace

static LogicalResult lower(OnlineStepOp op, VectorTile &t) {
  return StepLowering(op, t).run();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct ConvertSpattnToVectorPass
    : public spattn::impl::ConvertSpattnToVectorBase<
          ConvertSpattnToVectorPass> {
  using ConvertSpattnToVectorBase::ConvertSpattnToVectorBase;

  LogicalResult checkOptions() {
    if (vectorWidth < 1 || vectorWidth > 64 ||
        !llvm::isPowerOf2_64(vectorWidth))
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'vector-width' to be a power of two from 1 to "
                       "64, got ")
             << vectorWidth.getValue();
    if (registerRows < 1 || registerRows > 16)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'register-rows' from 1 to 16, got ")
             << registerRows.getValue();
    if (registerVectors < 1 || registerVectors > 8)
      return emitError(UnknownLoc::get(&getContext()),
                       "expected 'register-vectors' from 1 to 8, got ")
             << registerVectors.getValue();
    return success();
  }

  void runOnOperation() override {
    if (failed(checkOptions()))
      return signalPassFailure();
    RegisterBlock block{vectorWidth, registerRows, registerVectors};
    WalkResult result = getOperation()->walk([&](Operation *op) {
      ImplicitLocOpBuilder b(op->getLoc(), op);
      VectorTile t(b, block);
      bool lowered = true;
      LogicalResult result =
          llvm::TypeSwitch<Operation *, LogicalResult>(op)
              .Case<LoadQueryOp, StageOp, OnlineInitOp, OnlineStepOp,
                    OnlineFinishOp>(
                  [&](auto tileOp) { return lower(tileOp, t); })
              .Default([&](Operation *) {
                lowered = false;
                return success();
              });
      if (failed(result))
        return WalkResult::interrupt();
      if (lowered)
        op->erase();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
