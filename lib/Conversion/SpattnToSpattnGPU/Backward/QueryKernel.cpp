//===- QueryKernel.cpp - The kernel of dQ alone ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Parts/Mask.h"
#include "../Parts/WarpRoles.h"
#include "../Parts/WorkScheduler.h"
#include "QueryRows.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

/// Keys and values of the heads that are under way at once: few, so that CTAs
/// that run together read the same.
static constexpr int64_t kSectionBytes = 2 << 20;
static constexpr int64_t kItemStages = 2;
static constexpr int64_t kKeyTile = QueryKernelLayout::kKeyTile;

QueryKernelLayout::QueryKernelLayout(const BackwardShape &shape) {
  queryTile = shared.tiles(1, kRowsOfGroup, shape.headDim);
  doTile = shared.tiles(1, kRowsOfGroup, shape.valueDim);
  keyTiles = shared.tiles(kStages, kKeyTile, shape.headDim);
  valueTiles = shared.tiles(shape.queryValueStages, kKeyTile, shape.valueDim);
  gradientTile = shared.tiles(1, kRowsOfGroup, shape.headDim);
  query = PipelineLayout(shared, 1, 1, /*loads=*/true, 4);
  dO = PipelineLayout(shared, 1, 1, /*loads=*/true, 4);
  gradient = PipelineLayout(shared, 1, 4, /*loads=*/false, 1);
  keys = PipelineLayout(shared, kStages, 1, /*loads=*/true, 4);
  values = PipelineLayout(shared, shape.queryValueStages, 1, /*loads=*/true, 4);
  // Readers: two warps that load, one that stores, those that compute.
  workTiles = WorkTileQueueLayout(shared, shape.queryItem, kItemStages, 4 + 3);
}

namespace {

struct QueryKernelArguments {
  explicit QueryKernelArguments(KernelSignature &signature)
      : queryMap(signature.tensorMap("q", kRowsOfGroup)),
        keyMap(signature.tensorMap("k", kKeyTile)),
        valueMap(signature.tensorMap("v", kKeyTile)),
        outMap(signature.tensorMap("o", kRowsOfGroup)),
        doMap(signature.tensorMap("do", kRowsOfGroup)),
        dqMap(signature.tensorMap("dq", kRowsOfGroup)) {
    dq.pointer = signature.buffer("dq");
    callerLse.pointer = signature.buffer("lse");
    lse = signature.scratch("lse_start");
    delta = signature.scratch("delta_start");
    counter = signature.scratch("counter");
    sequence.emplace(signature);
    scale = signature.f32("scale");
    dq.strides = signature.strides("dq");
    callerLse.strides = signature.strides("lse");
  }

  KernelSignature::Argument queryMap, keyMap, valueMap, outMap, doMap, dqMap;
  KernelSignature::Argument lse, delta, counter, scale;
  KernelSignature::Strided dq, callerLse;
  std::optional<SequenceArguments> sequence;
};

class QueryKernel {
public:
  QueryKernel(OpBuilder &builder, AttentionBackwardOp op,
              const BackwardShape &shape, KernelProgram &program)
      : b(builder, op.getLoc(),
          cast<ShapedType>(op.getQuery().getType()).getElementType()),
        op(op), shape(shape), layout(shape), program(program),
        signature(program), arguments(signature),
        workTiles(b, layout.workTiles), walk(b, workTiles, kKeyTile),
        mask(b, workTiles, walk, Mask::Orientation::QueriesByKeys, kKeyTile),
        query(b, layout.query), dO(b, layout.dO), gradient(b, layout.gradient),
        keys(b, layout.keys), values(b, layout.values) {}

  void build(StringRef name);

private:
  /// A work tile, for the warpgroup that computes.
  struct Rows {
    WorkTile tile;
    Value tilesBefore, lse, delta;
  };

  void emitScheduler();
  void emitLoads(bool ofValue);
  void emitStores();
  void emitGradient(const WorkTile &tile, Value tilesBefore,
                    ScoreModifier &modifier);
  /// Starts the scores of the CTA's `count`-th key tile.
  Value startScores(Value count);
  /// Adds what a work tile's n-th key tile gives, whose scores are there;
  /// starts those of the next one behind the last MMA. State: dQ and scores.
  SmallVector<Value> step(const Rows &rows, Value n, Mask::When masked,
                          bool startsNext, ScoreModifier &modifier,
                          ValueRange state);
  /// The stage of a work tile's n-th tile of values: its output came first.
  PipelineState stateOfValue(const WorkTile &tile, Value tilesBefore, Value n) {
    return values.state(
        b.add(b.add(tilesBefore, tile.number), b.add(n, b.i32(1))));
  }
  Value get(KernelSignature::Argument argument) {
    return signature.get(argument);
  }

  KernelBuilder b;
  AttentionBackwardOp op;
  const BackwardShape &shape;
  QueryKernelLayout layout;
  KernelProgram &program;
  KernelSignature signature;
  QueryKernelArguments arguments;
  WorkTileQueue workTiles;
  TileWalk walk;
  Mask mask;
  Pipeline query, dO, gradient, keys, values;
  SequenceInfo sequence;
};

} // namespace

void QueryKernel::build(StringRef name) {
  constexpr int64_t kThreads = QueryKernelLayout::kThreads;
  constexpr int64_t kProducerRegisters = QueryKernelLayout::kProducerRegisters;
  signature.begin(b, name, {kThreads, shape.queryBlocks});
  layout.shared.allocate(b);
  startCounter(b, get(arguments.counter));
  sequence = arguments.sequence->get(signature);
  ScoreModifier modifier(b, get(arguments.scale));
  initBarriers(b,
               {layout.query.full, layout.dO.full, layout.query.empty,
                layout.dO.empty, layout.gradient.full, layout.gradient.empty,
                layout.keys.full, layout.values.full, layout.keys.empty,
                layout.values.empty, layout.workTiles.barriers.full,
                layout.workTiles.barriers.empty},
               kThreads);
  emitWarpRoles(
      b, {launchedRegisters(kThreads, shape.queryBlocks),
          kProducerRegisters,
          registersOfConsumer(/*consumers=*/1, shape.queryBlocks,
                              kProducerRegisters),
          {[&] { emitScheduler(); }, [&] { emitLoads(/*ofValue=*/false); },
           [&] { emitLoads(/*ofValue=*/true); }, [&] { emitStores(); }},
          [&](Value) {
            workTiles.forEach([&](WorkTile &tile, Value tilesBefore) {
              emitGradient(tile, tilesBefore, modifier);
            });
          }});
  signature.end(b, layout.shared.total(), shape.queryBlocks,
                rowCtas(program, op, shape));
}

//===----------------------------------------------------------------------===//
// Scheduling, loading and storing
//===----------------------------------------------------------------------===//

void QueryKernel::emitScheduler() {
  // Whole query tiles of the key kernel, which reads what is left for them.
  Value tileRows = b.ops.materialize(b.ops.mul(
      b.ops.ceilDiv(b.ops.wrap(sequence.queryLength), shape.queryTile),
      b.ops.constant(shape.queryTile / kRowsOfGroup)));
  RowTiles tiles(b, op, sequence, tileRows, kRowsOfGroup, kKeyTile);
  tiles.groupHeads(kSectionBytes);
  WorkScheduler(b, workTiles)
      .emitStatic(
          {tiles.count(), [&](Value number) { return tiles.decode(number); },
           [&](const WorkTile &tile) {
             QueryRows rows(b, op, shape, sequence);
             rows.locate(tile);
             rows.emitEmptyRows(signature.get(b, arguments.dq),
                                /*warps=*/1);
             // No probability is above 0.
             for (auto [base, value] :
                  {std::pair(arguments.lse, kNegInf), {arguments.delta, 0}})
               spattn_gpu::StoreFillOp::create(
                   b, b.f32(value), rows.scratch(get(base)),
                   b.asIndex(b.i32(kRowsOfGroup)), b.asIndex(b.i32(1)),
                   kRowsOfGroup);
           }});
}

/// Loads queries and keys, or dO, the output and values.
void QueryKernel::emitLoads(bool ofValue) {
  Pipeline &rows = ofValue ? dO : query;
  Pipeline &pipeline = ofValue ? values : keys;
  const TileRing &ring = ofValue ? layout.valueTiles : layout.keyTiles;
  workTiles.forEach([&](WorkTile &tile, Value tilesBefore) {
    Value first = b.ops.materialize(tile.first);
    PipelineState own = rows.state(tile.number);
    rows.producerAcquire(own);
    b.load(get(ofValue ? arguments.doMap : arguments.queryMap), first,
           tile.head, tile.batch,
           (ofValue ? layout.doTile : layout.queryTile).at(b),
           rows.full(own.stage));
    auto loop =
        scf::ForOp::create(b, b.i32(ofValue ? -1 : 0), tile.visited, b.i32(1));
    b.in(loop.getBody(), [&] {
      Value n = loop.getInductionVar();
      PipelineState state = ofValue ? stateOfValue(tile, tilesBefore, n)
                                    : keys.state(b.add(tilesBefore, n));
      pipeline.producerAcquire(state);
      Value full = pipeline.full(state.stage);
      auto loadTile = [&] {
        b.load(get(ofValue ? arguments.valueMap : arguments.keyMap),
               walk.firstValue(tile, n), tile.keyHead, tile.batch,
               ring.at(b, state.stage), full);
      };
      if (!ofValue)
        return loadTile();
      b.when(
          b.compare(arith::CmpIPredicate::slt, n, b.i32(0)),
          [&] {
            b.load(get(arguments.outMap), first, tile.head, tile.batch,
                   ring.at(b, state.stage), full);
          },
          loadTile);
    });
  });
}

void QueryKernel::emitStores() {
  workTiles.forEach([&](WorkTile &tile, Value) {
    PipelineState state = gradient.state(tile.number);
    gradient.consumerWait(state);
    spattn_gpu::StoreTileOp::create(
        b, layout.gradientTile.at(b), get(arguments.dqMap),
        b.asIndex(b.ops.materialize(tile.first)), b.asIndex(tile.head),
        b.asIndex(tile.batch));
    spattn_gpu::StoreWaitOp::create(b);
    gradient.consumerRelease(state.stage);
  });
}

//===----------------------------------------------------------------------===//
// Computing
//===----------------------------------------------------------------------===//

void QueryKernel::emitGradient(const WorkTile &tile, Value tilesBefore,
                               ScoreModifier &modifier) {
  QueryRows scratch(b, op, shape, sequence);
  scratch.locate(tile);
  PipelineState own = query.state(tile.number);
  Value lse = scratch.negatedLse(signature.get(b, arguments.callerLse));
  query.consumerWait(own);
  Value scores = startScores(tilesBefore);
  dO.consumerWait(own);
  PipelineState output = stateOfValue(tile, tilesBefore, b.i32(-1));
  values.consumerWait(output);
  Value delta = scratch.deltaStart(layout.valueTiles.at(b, output.stage),
                                   layout.doTile.at(b));
  scratch.storeStart(get(arguments.delta), delta);
  scratch.storeStart(get(arguments.lse), lse);
  // After what depends on the reads: they may still be under way where an
  // arrival does not wait for them.
  values.consumerReleaseAfterReads(output.stage);
  Rows rows{tile, tilesBefore, modifier.logitStart(lse), delta};
  scores = b.wait(0, scores).front();

  SmallVector<Value> carried{b.fillAcc(shape.headDim, 0), scores};
  Value one = b.i32(1), last = b.sub(tile.visited, one);
  Value firstFull = arith::MinSIOp::create(b, tile.maskedCount, last);
  for (bool masked : {true, false}) {
    auto loop = scf::ForOp::create(b, masked ? b.i32(0) : firstFull,
                                   masked ? firstFull : last, one, carried);
    b.in(loop.getBody(), [&] {
      scf::YieldOp::create(
          b, step(rows, loop.getInductionVar(),
                  masked ? Mask::When::Always : Mask::When::Never,
                  /*startsNext=*/true, modifier, loop.getRegionIterArgs()));
    });
    carried.assign(loop.result_begin(), loop.result_end());
  }
  query.consumerRelease(own.stage);
  carried = step(rows, last, Mask::When::IfPartial, /*startsNext=*/false,
                 modifier, carried);
  Value dq = modifier.chain(carried[0]);
  gradient.producerAcquire(own);
  spattn_gpu::WriteOp::create(b, dq, layout.gradientTile.at(b),
                              b.asIndex(b.i32(0)));
  spattn_gpu::AsyncProxyFenceOp::create(b);
  gradient.producerCommit(own.stage);
}

Value QueryKernel::startScores(Value count) {
  PipelineState state = keys.state(count);
  keys.consumerWait(state);
  b.fence();
  Value scores = b.mma(layout.queryTile.at(b), b.i32(0),
                       layout.keyTiles.at(b, state.stage), Value(),
                       /*transposed=*/true, kKeyTile);
  b.commit();
  return scores;
}

SmallVector<Value> QueryKernel::step(const Rows &rows, Value n,
                                     Mask::When masked, bool startsNext,
                                     ScoreModifier &modifier,
                                     ValueRange state) {
  Value dq = state[0], scores = state[1];
  Value count = b.add(rows.tilesBefore, n);
  PipelineState value = stateOfValue(rows.tile, rows.tilesBefore, n);
  values.consumerWait(value);
  b.fence();
  Value dp = b.mma(layout.doTile.at(b), b.i32(0),
                   layout.valueTiles.at(b, value.stage), Value(),
                   /*transposed=*/true, kKeyTile);
  b.commit();
  scores = modifier.logitsFrom(scores, rows.lse);
  // Last, whatever the log-sum-exp of a query without keys is.
  scores = mask.apply(rows.tile, n, masked, /*rowsBefore=*/Value(), scores);
  Value probs = b.map(scores, scores.getType(), [&](ValueRange x) -> Value {
    return math::Exp2Op::create(b, x[0]);
  });
  dp = b.wait(0, dp).front();
  values.consumerRelease(value.stage);
  if (!startsNext)
    dO.consumerRelease(dO.state(rows.tile.number).stage);
  Value operand = b.toOperand(b.map(
      {probs, dp, rows.delta}, probs.getType(), [&](ValueRange x) -> Value {
        Value sum = arith::AddFOp::create(b, x[1], x[2]);
        return arith::MulFOp::create(b, x[0], sum);
      }));
  Value keyStage = keys.state(count).stage;
  b.fence();
  dq = b.mma(operand, Value(), layout.keyTiles.at(b, keyStage), dq,
             /*transposed=*/false, shape.headDim);
  b.commit();
  Value next;
  if (startsNext)
    next = startScores(b.add(count, b.i32(1)));
  dq = b.wait(startsNext ? 1 : 0, {dq, operand}).front();
  keys.consumerRelease(keyStage);
  // No MMA is under way where loops begin again: ptxas would serialise all.
  return {dq, startsNext ? b.wait(0, next).front() : scores};
}

void spattn::buildQueryKernel(OpBuilder &builder, AttentionBackwardOp op,
                              StringRef name, const BackwardShape &shape,
                              KernelProgram &program) {
  QueryKernel(builder, op, shape, program).build(name);
}
