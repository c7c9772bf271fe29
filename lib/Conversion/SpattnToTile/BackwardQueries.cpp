//===- BackwardQueries.cpp - Gradients of queries by themselves -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block for 64 queries of a head: one warpgroup loads and stores, another
// computes. Scores have a row for each query, so that the gradients stay in
// registers until the keys end, and every element is a sum in the order of its
// keys. What scores and the gradients of probabilities start from it computes
// itself, and leaves to the main kernel.
//
//===----------------------------------------------------------------------===//

#include "BackwardRowsKernel.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kStages = 2;
static constexpr int64_t kKeyTile = QueryGradientLayout::kKeyTile;

/// Numbers of the barriers: one for queries and one for the gradients, then
/// those of the stages of keys and of values. The first of the values' is the
/// output.
enum {
  FullQuery,
  FullGradient,
  FullKey,
  FullValue = FullKey + kStages,
  EmptyKey = FullValue + kStages,
  EmptyValue = EmptyKey + kStages,
  NumBarriers = EmptyValue + kStages
};

QueryGradientLayout::QueryGradientLayout(const BackwardShape &shape) {
  query = 0;
  dout = query + kRowsOfGroup * shape.headDim * 2;
  key = dout + kRowsOfGroup * shape.valueDim * 2;
  value = key + kStages * kKeyTile * shape.headDim * 2;
  barriers = value + kStages * kKeyTile * shape.valueDim * 2;
  total = llvm::alignTo(barriers + 8 * NumBarriers, 16);
}

namespace {
class QueryGradientKernel : RowsKernel {
  enum Argument {
    MapQuery,
    MapKey,
    MapValue,
    MapOut,
    MapDout,
    MapDquery,
    Dquery,
    UserLse,
    Lse,
    Delta,
    Counter,
    Batch,
    QueryLength,
    KeyLength,
    Scale,
    DqueryBatchStride,
    DqueryHeadStride,
    DqueryRowStride,
    LseBatchStride,
    LseHeadStride,
    LseRowStride,
    NumArguments
  };

public:
  QueryGradientKernel(OpBuilder &builder, AttentionBackwardOp op,
                      StringRef name, const BackwardShape &shape)
      : RowsKernel(builder, op, shape), layout(shape) {
    barrierOffset = layout.barriers;
    begin(name, argumentTypes(/*pointers=*/Batch, NumArguments),
          /*maps=*/Dquery, QueryGradientLayout::kThreads,
          /*blocks=*/shape.overlap ? 2 : 1);
  }

  LLVM::LLVMFuncOp build() {
    startCounter(Counter);
    findRows(args[Batch], args[QueryLength], args[KeyLength]);
    scale2 = arith::MulFOp::create(b, args[Scale], f32(kLog2E));
    item.form =
        normalForm(ops, heads, ops.wrap(head),
                   {ops.wrap(args[QueryLength]), ops.wrap(args[KeyLength])},
                   op.getAlgebraAlignment());
    item.first = ops.wrap(first);
    auto ranges =
        keyTiles(ops, item.form, item.first,
                 ops.add(item.first, ops.constant(kRowsOfGroup)), kKeyTile);
    item.masked = maskedSequence(ops, ranges);
    item.full = fullSequence(ops, ranges);
    item.maskedCount = ops.materialize(item.masked.count);
    item.visited = ops.materialize(ops.add(item.masked.count, item.full.count));
    Value isVisited =
        compare(arith::CmpIPredicate::sgt, item.visited, index(0));
    auto ifAny = scf::IfOp::create(b, isVisited, /*withElseRegion=*/true);
    in(ifAny.thenBlock(), [&] { emitRows(); });
    in(ifAny.elseBlock(), [&] {
      emitEmptyRows(Dquery, DqueryBatchStride,
                    QueryGradientLayout::kThreads / 32);
      storeNoStart(Lse, Delta);
    });
    LLVM::ReturnOp::create(b, ValueRange());
    return function;
  }

private:
  Value queryTile() {
    return sharedTile(kRowsOfGroup, shape.headDim, Value(), layout.query);
  }
  Value doutTile() {
    return sharedTile(kRowsOfGroup, shape.valueDim, Value(), layout.dout);
  }
  Value stageTile(bool ofValue, Value stage) {
    return sharedTile(kKeyTile, ofValue ? shape.valueDim : shape.headDim, stage,
                      ofValue ? layout.value : layout.key);
  }

  /// The stage of the n-th tile of values: the output came first.
  std::pair<Value, Value> stageOfValue(Value n) {
    return stageOf(add(n, index(1)), kStages);
  }

  void emitRows() {
    when(compare(arith::CmpIPredicate::eq, thread, index(0)), [&] {
      auto init = [&](int64_t number, int64_t count, bool loads) {
        tile::BarrierInitOp::create(b, barrier(number, Value()), count, loads);
      };
      init(FullQuery, 2, true);
      init(FullGradient, 4, false);
      for (int64_t s = 0; s < kStages; ++s) {
        for (int64_t full : {FullKey, FullValue})
          init(full + s, 1, true);
        for (int64_t empty : {EmptyKey, EmptyValue})
          init(empty + s, 4, false);
      }
      tile::BarrierFenceOp::create(b);
    });
    tile::SyncOp::create(b, 0, Value(), QueryGradientLayout::kThreads);
    Value group = arith::IndexCastOp::create(
        b, b.getI32Type(), tile::WarpgroupOp::create(b, b.getIndexType()));
    Value loads = compare(arith::CmpIPredicate::eq, group, index(0));
    auto role = scf::IfOp::create(b, loads, /*withElseRegion=*/true);
    in(role.thenBlock(), [&] {
      tile::SetRegistersOp::create(b, shape.producerRegisters(),
                                   /*increase=*/false);
      inWarp(0, [&] {
        emitLoads(/*ofValue=*/false);
        emitStore();
      });
      inWarp(1, [&] { emitLoads(/*ofValue=*/true); });
    });
    in(role.elseBlock(), [&] {
      int64_t registers = registersOfConsumer(/*consumers=*/1, /*blocks=*/2,
                                              shape.producerRegisters());
      tile::SetRegistersOp::create(b, registers, /*increase=*/true);
      emitGradient();
    });
  }

  /// Loads queries and keys, or output gradients and values.
  void emitLoads(bool ofValue) {
    Value keyHead = head;
    if (op.getGroupSize() > 1)
      keyHead = arith::DivUIOp::create(b, head, index(op.getGroupSize()));
    load(args[ofValue ? MapDout : MapQuery], first, head, batch,
         ofValue ? doutTile() : queryTile(), barrier(FullQuery, Value()));
    if (ofValue)
      load(args[MapOut], first, head, batch, stageTile(true, index(0)),
           barrier(FullValue, index(0)));
    auto loop = scf::ForOp::create(b, index(0), item.visited, index(1));
    in(loop.getBody(), [&] {
      Value n = loop.getInductionVar();
      auto [stage, phase] = ofValue ? stageOfValue(n) : stageOf(n, kStages);
      await(barrier(ofValue ? EmptyValue : EmptyKey, stage), flip(phase));
      load(args[ofValue ? MapValue : MapKey],
           ops.materialize(firstOf(item, n, kKeyTile)), keyHead, batch,
           stageTile(ofValue, stage),
           barrier(ofValue ? FullValue : FullKey, stage));
    });
  }

  /// Stores the gradients from where the queries were.
  void emitStore() {
    await(barrier(FullGradient, Value()), index(0));
    tile::StoreTileOp::create(b, queryTile(), args[MapDquery], asIndex(first),
                              asIndex(head), asIndex(batch));
    tile::StoreWaitOp::create(b);
  }

  void emitGradient() {
    Value lse = negatedLse(UserLse, LseBatchStride);
    storeStart(Lse, lse);
    // Base-2 logits.
    lse = map(lse, lse.getType(), [&](ValueRange x) -> Value {
      return arith::MulFOp::create(b, x[0], f32(kLog2E));
    });
    await(barrier(FullQuery, Value()), index(0));
    await(barrier(FullValue, index(0)), index(0));
    Value delta = deltaStart(stageTile(true, index(0)), doutTile());
    arriveAfterReads(barrier(EmptyValue, index(0)));
    storeStart(Delta, delta);
    SmallVector<Value> carried{
        tile::FillOp::create(b, accType(shape.headDim), f32(0))};
    for (bool masked : {true, false}) {
      auto loop = scf::ForOp::create(b, masked ? index(0) : item.maskedCount,
                                     masked ? item.maskedCount : item.visited,
                                     index(1), carried);
      in(loop.getBody(), [&] {
        scf::YieldOp::create(
            b, ValueRange{step(loop.getInductionVar(), masked, lse, delta,
                               loop.getRegionIterArg(0))});
      });
      carried.assign(loop.result_begin(), loop.result_end());
    }
    Value scaled =
        map(carried[0], carried[0].getType(), [&](ValueRange x) -> Value {
          return arith::MulFOp::create(b, x[0], args[Scale]);
        });
    // All warps have read the queries.
    tile::SyncOp::create(b, 1, Value(), tile::kWarpgroupThreads);
    tile::WriteOp::create(b, scaled, queryTile(), asIndex(index(0)));
    tile::CopyFenceOp::create(b);
    arrive(barrier(FullGradient, Value()));
  }

  Value mma(Value lhs, Value lhsBlock, Value rhs, Value acc, int64_t columns) {
    return tile::MmaOp::create(b, accType(columns), lhs,
                               lhsBlock ? asIndex(lhsBlock) : Value(), rhs, acc,
                               /*transposed=*/!acc);
  }

  /// What the n-th key tile adds.
  Value step(Value n, bool masked, Value lse, Value delta, Value dquery) {
    auto [stage, phase] = stageOf(n, kStages);
    auto [valueStage, valuePhase] = stageOfValue(n);
    await(barrier(FullKey, stage), phase);
    tile::MmaFenceOp::create(b);
    Value scores =
        mma(queryTile(), index(0), stageTile(false, stage), Value(), kKeyTile);
    tile::MmaCommitOp::create(b);
    await(barrier(FullValue, valueStage), valuePhase);
    Value dprobs = mma(doutTile(), index(0), stageTile(true, valueStage),
                       Value(), kKeyTile);
    tile::MmaCommitOp::create(b);
    scores = wait(1, scores).front();
    scores = map({scores, lse}, scores.getType(), [&](ValueRange x) -> Value {
      return fma(x[0], scale2, x[1]);
    });
    // Last, whatever the log-sum-exp of a query without keys is.
    if (masked)
      scores = mask(scores, firstOf(item, n, kKeyTile), [&](Index row) {
        return keysOfQuery(ops, item.form, ops.add(item.first, row));
      });
    Value probs = map(scores, scores.getType(), [&](ValueRange x) -> Value {
      return math::Exp2Op::create(b, x[0]);
    });
    dprobs = wait(0, dprobs).front();
    arrive(barrier(EmptyValue, valueStage));
    Value operand = toOperand(map(
        {probs, dprobs, delta}, probs.getType(), [&](ValueRange x) -> Value {
          Value sum = arith::AddFOp::create(b, x[1], x[2]);
          return arith::MulFOp::create(b, x[0], sum);
        }));
    tile::MmaFenceOp::create(b);
    dquery =
        mma(operand, Value(), stageTile(false, stage), dquery, shape.headDim);
    tile::MmaCommitOp::create(b);
    dquery = wait(0, {dquery, operand}).front();
    arrive(barrier(EmptyKey, stage));
    return dquery;
  }

  QueryGradientLayout layout;
  WorkItem item;
  Value scale2;
};
} // namespace

LLVM::LLVMFuncOp spattn::buildQueryGradientKernel(OpBuilder &builder,
                                                  AttentionBackwardOp op,
                                                  StringRef name,
                                                  const BackwardShape &shape) {
  return QueryGradientKernel(builder, op, name, shape).build();
}
