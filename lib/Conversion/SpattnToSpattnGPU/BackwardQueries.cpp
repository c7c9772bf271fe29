//===- BackwardQueries.cpp - Gradients of queries by themselves -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block takes 64 queries of a head at a time: one warpgroup finds, loads and
// stores, another computes. Scores have a row for each query, so that the
// gradients stay in registers until the keys end, and every element is a sum in
// the order of its keys. What scores and the gradients of probabilities start
// from it computes itself, and leaves to the main kernel.
//
//===----------------------------------------------------------------------===//

#include "BackwardRowsKernel.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kStages = 2;
static constexpr int64_t kItemStages = 2;
/// Keys and values of the heads that are under way at once: few, so that blocks
/// that run together read the same.
static constexpr int64_t kSectionBytes = 2 << 20;
static constexpr int64_t kKeyTile = QueryGradientLayout::kKeyTile;

/// Numbers of the barriers. The first of an item's tiles of values is its
/// output.
enum {
  FullQuery,
  FullDout,
  EmptyQuery,
  EmptyDout,
  FullGradient,
  EmptyGradient,
  FullKey,
  FullValue = FullKey + kStages,
  EmptyKey = FullValue + kStages,
  EmptyValue = EmptyKey + kStages,
  FullItem = EmptyValue + kStages,
  EmptyItem = FullItem + kItemStages,
  NumBarriers = EmptyItem + kItemStages
};

QueryGradientLayout::QueryGradientLayout(const BackwardShape &shape) {
  query = 0;
  dout = query + kRowsOfGroup * shape.headDim * 2;
  key = dout + kRowsOfGroup * shape.valueDim * 2;
  value = key + kStages * kKeyTile * shape.headDim * 2;
  gradient = value + shape.queryValueStages * kKeyTile * shape.valueDim * 2;
  barriers = gradient + kRowsOfGroup * shape.headDim * 2;
  items = llvm::alignTo(barriers + 8 * NumBarriers, 16);
  total = items + kItemStages * shape.queryItem.bytes();
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
    queue = {kItemStages, layout.items, FullItem, EmptyItem, shape.queryItem};
    begin(name, argumentTypes(/*pointers=*/Batch, NumArguments),
          /*maps=*/Dquery, QueryGradientLayout::kThreads, shape.queryBlocks);
    allocate({layout.query, layout.dout, layout.key, layout.value,
              layout.gradient, layout.barriers, layout.items},
             /*words=*/layout.barriers, layout.total);
  }

  LLVM::LLVMFuncOp build() {
    startCounter(Counter);
    queries = args[QueryLength];
    scale2 = arith::MulFOp::create(b, args[Scale], f32(kLog2E));
    emitSetup();
    constexpr int64_t kProducerRegisters =
        QueryGradientLayout::kProducerRegisters;
    emitRoles(
        {launchedRegisters(QueryGradientLayout::kThreads, shape.queryBlocks),
         kProducerRegisters,
         registersOfConsumer(/*consumers=*/1, shape.queryBlocks,
                             kProducerRegisters),
         {[&] { emitScheduler(); }, [&] { emitLoads(/*ofValue=*/false); },
          [&] { emitLoads(/*ofValue=*/true); }, [&] { emitStores(); }},
         [&](Value) {
           forPosted([&](WorkItem &item, Value tilesBefore, Value itemsBefore) {
             emitGradient(item, tilesBefore, itemsBefore);
           });
         }});
    LLVM::ReturnOp::create(b, ValueRange());
    return function;
  }

private:
  void emitSetup() {
    when(compare(arith::CmpIPredicate::eq, thread, index(0)), [&] {
      for (int64_t full : {FullQuery, FullDout})
        initBarriers(full, 1, 1, true);
      for (int64_t empty : {EmptyQuery, EmptyDout})
        initBarriers(empty, 1, 4, false);
      initBarriers(FullGradient, 1, 4, false);
      initBarriers(EmptyGradient, 1, 1, false);
      for (int64_t full : {FullKey, FullValue})
        initBarriers(full, kStages, 1, true);
      for (int64_t empty : {EmptyKey, EmptyValue})
        initBarriers(empty, kStages, 4, false);
      initBarriers(FullItem, kItemStages, 1, false);
      // Two warps that load, one that stores, those that compute.
      initBarriers(EmptyItem, kItemStages, 4 + 3, false);
      spattn_gpu::BarrierFenceOp::create(b);
    });
    spattn_gpu::NamedBarrierSyncOp::create(b, 0, Value(),
                                           QueryGradientLayout::kThreads);
  }

  Value queryTile() {
    return sharedTile(kRowsOfGroup, shape.headDim, Value(), layout.query);
  }
  Value doutTile() {
    return sharedTile(kRowsOfGroup, shape.valueDim, Value(), layout.dout);
  }
  Value gradientTile() {
    return sharedTile(kRowsOfGroup, shape.headDim, Value(), layout.gradient);
  }
  Value stageTile(bool ofValue, Value stage) {
    return sharedTile(kKeyTile, ofValue ? shape.valueDim : shape.headDim, stage,
                      ofValue ? layout.value : layout.key);
  }
  /// The stage of an item's n-th tile of values: its output came first.
  std::pair<Value, Value> stageOfValue(Value tilesBefore, Value itemsBefore,
                                       Value n) {
    return stageOf(add(add(tilesBefore, itemsBefore), add(n, index(1))),
                   shape.queryValueStages);
  }

  //===--------------------------------------------------------------------===//
  // Work
  //===--------------------------------------------------------------------===//

  /// The rows of an item, for what the kernels of rows share.
  void findRowsOf(const WorkItem &item) {
    head = item.head;
    batch = item.batch;
    first = ops.materialize(item.first);
    rowsLeft = sub(queries, first);
    findScratchRow();
  }

  void emitScheduler() {
    Value rowHeads = mul(args[Batch], index(op.getNumQueryHeads()));
    // Whole query tiles of the main kernel, which reads what is left for them.
    Value tileRows =
        ops.materialize(ops.mul(ops.ceilDiv(ops.wrap(queries), shape.queryTile),
                                ops.constant(shape.queryTile / kRowsOfGroup)));
    Value section = emitSection(op, rowHeads, args[KeyLength], kSectionBytes);
    RowItems rows{tileRows, rowHeads, section, kRowsOfGroup, kKeyTile};
    Lengths<Index> lengths{ops.wrap(queries), ops.wrap(args[KeyLength])};
    dealItems(
        mul(tileRows, rowHeads),
        [&](Value number) {
          return decodeRows(op, heads, rows, number, args[Batch], lengths);
        },
        [&](const WorkItem &item) {
          findRowsOf(item);
          emitEmptyRows(Dquery, DqueryBatchStride, /*warps=*/1);
          // No probability is above 0.
          for (auto [argument, value] : {std::pair(Lse, kNegInf), {Delta, 0}})
            spattn_gpu::StoreFillOp::create(
                b, f32(value),
                pointer(args[argument], scratchRow, b.getF32Type()),
                asIndex(index(kRowsOfGroup)), asIndex(index(1)), kRowsOfGroup);
        });
  }

  //===--------------------------------------------------------------------===//
  // Loading and storing
  //===--------------------------------------------------------------------===//

  /// Loads queries and keys, or output gradients, the output and values.
  void emitLoads(bool ofValue) {
    forPosted([&](WorkItem &item, Value tilesBefore, Value itemsBefore) {
      Value first = ops.materialize(item.first);
      await(barrier(ofValue ? EmptyDout : EmptyQuery, Value()),
            flip(parity(itemsBefore)));
      load(args[ofValue ? MapDout : MapQuery], first, item.head, item.batch,
           ofValue ? doutTile() : queryTile(),
           barrier(ofValue ? FullDout : FullQuery, Value()));
      auto loop = scf::ForOp::create(b, index(ofValue ? -1 : 0), item.visited,
                                     index(1));
      in(loop.getBody(), [&] {
        Value n = loop.getInductionVar();
        auto [stage, phase] = ofValue
                                  ? stageOfValue(tilesBefore, itemsBefore, n)
                                  : stageOf(add(tilesBefore, n), kStages);
        await(barrier(ofValue ? EmptyValue : EmptyKey, stage), flip(phase));
        Value full = barrier(ofValue ? FullValue : FullKey, stage);
        auto loadTile = [&, stage = stage] {
          load(args[ofValue ? MapValue : MapKey],
               ops.materialize(firstOf(item, n, kKeyTile)), item.keyHead,
               item.batch, stageTile(ofValue, stage), full);
        };
        if (!ofValue)
          return loadTile();
        auto isOutput = scf::IfOp::create(
            b, compare(arith::CmpIPredicate::slt, n, index(0)),
            /*withElseRegion=*/true);
        in(isOutput.thenBlock(), [&, stage = stage] {
          load(args[MapOut], first, item.head, item.batch,
               stageTile(true, stage), full);
        });
        in(isOutput.elseBlock(), loadTile);
      });
    });
  }

  void emitStores() {
    forPosted([&](WorkItem &item, Value, Value itemsBefore) {
      await(barrier(FullGradient, Value()), parity(itemsBefore));
      spattn_gpu::StoreTileOp::create(b, gradientTile(), args[MapDquery],
                                      asIndex(ops.materialize(item.first)),
                                      asIndex(item.head), asIndex(item.batch));
      spattn_gpu::StoreWaitOp::create(b);
      arrive(barrier(EmptyGradient, Value()));
    });
  }

  //===--------------------------------------------------------------------===//
  // Computing
  //===--------------------------------------------------------------------===//

  /// An item, for the warpgroup that computes.
  struct Rows {
    WorkItem item;
    Value tilesBefore, itemsBefore, lse, delta;
  };

  void emitGradient(const WorkItem &item, Value tilesBefore,
                    Value itemsBefore) {
    findRowsOf(item);
    Value parityOfItem = parity(itemsBefore);
    Value lse = negatedLse(UserLse, LseBatchStride);
    await(barrier(FullQuery, Value()), parityOfItem);
    Value scores = startScores(tilesBefore);
    await(barrier(FullDout, Value()), parityOfItem);
    auto [stage, phase] = stageOfValue(tilesBefore, itemsBefore, index(-1));
    await(barrier(FullValue, stage), phase);
    Value delta = deltaStart(stageTile(true, stage), doutTile());
    storeStart(Delta, delta);
    storeStart(Lse, lse);
    // After what depends on the reads: they may still be under way where an
    // arrival does not wait for them.
    arriveAfterReads(barrier(EmptyValue, stage));
    // Base-2 logits.
    lse = map(lse, lse.getType(), [&](ValueRange x) -> Value {
      return arith::MulFOp::create(b, x[0], f32(kLog2E));
    });
    Rows rows{item, tilesBefore, itemsBefore, lse, delta};
    scores = wait(0, scores).front();

    SmallVector<Value> carried{
        spattn_gpu::FillOp::create(b, accType(shape.headDim), f32(0)), scores};
    Value one = index(1), last = sub(item.visited, one);
    Value firstFull = arith::MinSIOp::create(b, item.maskedCount, last);
    for (bool masked : {true, false}) {
      auto loop = scf::ForOp::create(b, masked ? index(0) : firstFull,
                                     masked ? firstFull : last, one, carried);
      in(loop.getBody(), [&] {
        scf::YieldOp::create(b, step(rows, loop.getInductionVar(),
                                     masked ? Masked::Yes : Masked::No,
                                     /*startsNext=*/true,
                                     loop.getRegionIterArgs()));
      });
      carried.assign(loop.result_begin(), loop.result_end());
    }
    arrive(barrier(EmptyQuery, Value()));
    carried = step(rows, last, Masked::Perhaps, /*startsNext=*/false, carried);
    Value scaled =
        map(carried[0], carried[0].getType(), [&](ValueRange x) -> Value {
          return arith::MulFOp::create(b, x[0], args[Scale]);
        });
    await(barrier(EmptyGradient, Value()), flip(parityOfItem));
    spattn_gpu::WriteOp::create(b, scaled, gradientTile(), asIndex(index(0)));
    spattn_gpu::AsyncProxyFenceOp::create(b);
    arrive(barrier(FullGradient, Value()));
  }

  /// Starts the scores of the block's `count`-th key tile.
  Value startScores(Value count) {
    auto [stage, phase] = stageOf(count, kStages);
    await(barrier(FullKey, stage), phase);
    fence();
    Value scores = mma(queryTile(), index(0), stageTile(false, stage), Value(),
                       /*transposed=*/true, kKeyTile);
    commit();
    return scores;
  }

  /// Adds what an item's n-th key tile does, whose scores are there; starts
  /// those of the next one behind the last product. State: the gradients and
  /// the scores.
  SmallVector<Value> step(const Rows &rows, Value n, Masked masked,
                          bool startsNext, ValueRange state) {
    Value dquery = state[0], scores = state[1];
    Value count = add(rows.tilesBefore, n);
    auto [stage, phase] = stageOfValue(rows.tilesBefore, rows.itemsBefore, n);
    await(barrier(FullValue, stage), phase);
    fence();
    Value dprobs = mma(doutTile(), index(0), stageTile(true, stage), Value(),
                       /*transposed=*/true, kKeyTile);
    commit();
    scores =
        map({scores, rows.lse}, scores.getType(),
            [&](ValueRange x) -> Value { return fma(x[0], scale2, x[1]); });
    // Last, whatever the log-sum-exp of a query without keys is.
    scores = maskIfPartial(rows.item, n, masked, scores, [&]() -> Value {
      WorkItem again = withMask(rows.item);
      return mask(again, scores, firstOf(again, n, kKeyTile),
                  [&](const NormalForm<Index> &form, Index row) {
                    return keysOfQuery(ops, form, ops.add(again.first, row));
                  });
    });
    Value probs = map(scores, scores.getType(), [&](ValueRange x) -> Value {
      return math::Exp2Op::create(b, x[0]);
    });
    dprobs = wait(0, dprobs).front();
    arrive(barrier(EmptyValue, stage));
    if (!startsNext)
      arrive(barrier(EmptyDout, Value()));
    Value operand = toOperand(map({probs, dprobs, rows.delta}, probs.getType(),
                                  [&](ValueRange x) -> Value {
                                    Value sum =
                                        arith::AddFOp::create(b, x[1], x[2]);
                                    return arith::MulFOp::create(b, x[0], sum);
                                  }));
    Value keyStage = stageOf(count, kStages).first;
    fence();
    dquery = mma(operand, Value(), stageTile(false, keyStage), dquery,
                 /*transposed=*/false, shape.headDim);
    commit();
    Value next;
    if (startsNext)
      next = startScores(add(count, index(1)));
    dquery = wait(startsNext ? 1 : 0, {dquery, operand}).front();
    arrive(barrier(EmptyKey, keyStage));
    // No product is under way where loops begin again: ptxas would serialise
    // all.
    return {dquery, startsNext ? wait(0, next).front() : scores};
  }

  QueryGradientLayout layout;
  Value scale2;
};
} // namespace

LLVM::LLVMFuncOp spattn::buildQueryGradientKernel(OpBuilder &builder,
                                                  AttentionBackwardOp op,
                                                  StringRef name,
                                                  const BackwardShape &shape) {
  return QueryGradientKernel(builder, op, name, shape).build();
}
