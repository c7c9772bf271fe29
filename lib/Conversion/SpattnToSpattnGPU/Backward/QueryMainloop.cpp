//===- QueryMainloop.cpp - dQ of query tiles ------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QueryMainloop.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kKeyTile = QueryKernelLayout::kKeyTile;

void QueryMainloop::emit() {
  workTiles.forEach(
      [&](WorkTile &tile, Value tilesBefore) { emitTile(tile, tilesBefore); });
}

void QueryMainloop::emitTile(const WorkTile &tile, Value tilesBefore) {
  scratch.locate(tile);
  ScoreModifier::Head scoresOfHead = modifier.ofHead(tile);
  PipelineState own = query.state(tile.number);
  Value lse = scratch.negatedLse(arrays.caller.lse);
  query.consumerWait(own);
  Value scores = startScores(tilesBefore);
  dO.consumerWait(own);
  PipelineState output = stateOfValue(b, values, tile, tilesBefore, b.i32(-1));
  values.consumerWait(output);
  Value doTile = layout.doTile.at(b);
  Value delta = scratch.deltaStart(layout.valueTiles.at(b, output.stage),
                                   doTile, arrays.caller.dlse, lse);
  scratch.storeStart(arrays.delta, delta);
  scratch.storeStart(arrays.lse, lse);
  // After what depends on the reads: they may still be under way where an
  // arrival does not wait for them.
  values.consumerReleaseAfterReads(output.stage);
  Context context{tile, tilesBefore, modifier.logitStart(lse), delta,
                  scoresOfHead};
  scores = b.wait(0, scores).front();

  SmallVector<Value> carried{b.fillAcc(config.headDim, 0), scores};
  if (sums) {
    context.biases = sums->ofHead(tile.head);
    llvm::append_range(carried, sums->initial());
  }
  Value one = b.i32(1), last = b.sub(tile.visited, one);
  Value firstFull = arith::MinSIOp::create(b, tile.maskedCount, last);
  for (bool masked : {true, false}) {
    auto loop = scf::ForOp::create(b, masked ? b.i32(0) : firstFull,
                                   masked ? firstFull : last, one, carried);
    b.in(loop.getBody(), [&] {
      scf::YieldOp::create(b,
                           step(context, loop.getInductionVar(),
                                masked ? Mask::When::Always : Mask::When::Never,
                                /*startsNext=*/true, loop.getRegionIterArgs()));
    });
    carried.assign(loop.result_begin(), loop.result_end());
  }
  query.consumerRelease(own.stage);
  carried =
      step(context, last, Mask::When::IfPartial, /*startsNext=*/false, carried);
  if (sums)
    sums->store(scratch, ValueRange(carried).drop_front(2));
  emitOutput(own, carried[0]);
}

void QueryMainloop::emitOutput(const PipelineState &own, Value sum) {
  Value dq = modifier.chain(sum);
  gradient.producerAcquire(own);
  Value rowBlock = b.asIndex(b.i32(0));
  spattn_gpu::WriteOp::create(b, dq, layout.gradientTile.at(b), rowBlock);
  spattn_gpu::AsyncProxyFenceOp::create(b);
  gradient.producerCommit(own.stage);
}

Value QueryMainloop::startScores(Value count) {
  PipelineState state = keys.state(count);
  keys.consumerWait(state);
  b.fence();
  Value keyTile = layout.keyTiles.at(b, state.stage);
  Value rowBlock = b.i32(0);
  Value scores = b.mma(layout.queryTile.at(b), rowBlock, keyTile, Value(),
                       /*transposed=*/true, kKeyTile);
  b.commit();
  return scores;
}

static constexpr auto kOrientation = Mask::Orientation::QueriesByKeys;

Positions::Fragment QueryMainloop::loadPositions(const WorkTile &tile,
                                                 Value n) {
  if (!positions.areGiven())
    return {};
  KernelBuilder::Index first = walk.first(tile, n);
  return positions.load(tile, first, /*rowsBefore=*/Value(), kOrientation,
                        kKeyTile);
}

llvm::SmallVector<Value> QueryMainloop::step(const Context &context, Value n,
                                             Mask::When masked, bool startsNext,
                                             ValueRange state) {
  Value dq = state[0], scores = state[1];
  Value count = b.add(context.tilesBefore, n);
  PipelineState value =
      stateOfValue(b, values, context.tile, context.tilesBefore, n);
  values.consumerWait(value);
  b.fence();
  Value valueTile = layout.valueTiles.at(b, value.stage);
  Value rowBlock = b.i32(0);
  Value dp = b.mma(layout.doTile.at(b), rowBlock, valueTile, Value(),
                   /*transposed=*/true, kKeyTile);
  b.commit();
  auto distances = [&] {
    return mask.distances(context.tile, n, /*rowsBefore=*/Value(),
                          context.scores.offset);
  };
  ScoreModifier::Modified modified =
      modifier.modify(context.scores, scores, distances, [&] {
        return mask.numbers(context.tile, n, /*rowsBefore=*/Value());
      });
  modified.scores = positions.apply(
      modified.scores, loadPositions(context.tile, n), kOrientation);
  scores = modifier.logitsFrom(modified.scores, context.lse);
  // Last, whatever the log-sum-exp of a query without keys is.
  scores = mask.apply(context.tile, n, masked, /*rowsBefore=*/Value(), scores);
  Value probs = b.map(scores, scores.getType(), [&](ValueRange x) -> Value {
    return math::Exp2Op::create(b, x[0]);
  });
  Value biasProbs = probs;
  if (sums && modified.biasDerivative)
    biasProbs = b.multiply(probs, modified.biasDerivative);
  if (modified.derivative)
    probs = b.multiply(probs, modified.derivative);
  if (positions.haveSelfScore()) {
    probs = positions.clearSelf(probs, loadPositions(context.tile, n));
    if (sums)
      biasProbs =
          positions.clearSelf(biasProbs, loadPositions(context.tile, n));
  }
  dp = b.wait(0, dp).front();
  values.consumerRelease(value.stage);
  if (!startsNext)
    dO.consumerRelease(dO.state(context.tile.number).stage);
  Value operand = b.toOperand(b.map(
      {probs, dp, context.delta}, probs.getType(), [&](ValueRange x) -> Value {
        Value sum = arith::AddFOp::create(b, x[1], x[2]);
        return arith::MulFOp::create(b, x[0], sum);
      }));
  SmallVector<Value> biasState;
  if (sums)
    biasState = sums->add(context.biases, biasProbs, dp, context.lse,
                          context.delta, distances(), state.drop_front(2));
  Value keyStage = keys.state(count).stage;
  b.fence();
  dq = b.mma(operand, Value(), layout.keyTiles.at(b, keyStage), dq,
             /*transposed=*/false, config.headDim);
  b.commit();
  Value next;
  // With one stage, the next keys come when these have been used.
  bool isAhead = startsNext && config.queryKeyStages > 1;
  if (isAhead)
    next = startScores(b.add(count, b.i32(1)));
  dq = b.wait(isAhead ? 1 : 0, {dq, operand}).front();
  keys.consumerRelease(keyStage);
  if (startsNext && !isAhead)
    next = startScores(b.add(count, b.i32(1)));
  // No MMA is under way where loops begin again: ptxas would serialise all.
  SmallVector<Value> result{dq, startsNext ? b.wait(0, next).front() : scores};
  llvm::append_range(result, biasState);
  return result;
}
