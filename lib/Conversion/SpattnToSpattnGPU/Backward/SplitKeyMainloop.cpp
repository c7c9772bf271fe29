//===- SplitKeyMainloop.cpp - dK and dV by a warpgroup each ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SplitKeyMainloop.h"

using namespace mlir;
using namespace spattn;

//===----------------------------------------------------------------------===//
// Starting MMAs
//===----------------------------------------------------------------------===//

Value SplitKeyMainloop::startScores(const Context &context, Value count) {
  Value lse = mmas.awaitQuery(count);
  return mmas.startScores(context.keyStage, b.i32(0), count, lse);
}

Value SplitKeyMainloop::startDp(const Context &context, Value count) {
  PipelineState state = dos.state(count);
  dos.consumerWait(state);
  return mmas.startDp(context.valueStage, b.i32(0), state.stage);
}

Value SplitKeyMainloop::awaitDp(Value count, Value dp) {
  dp = b.wait(0, dp).front();
  dos.consumerReleaseAfterReads(dos.state(count).stage);
  return dp;
}

Value SplitKeyMainloop::startDq(Role role, const Context &context,
                                Value count) {
  if (accumulator.usesPerTile(role) == 0) {
    accumulator.releaseScores(count);
    return Value();
  }
  return accumulator.start(b.i32(role), context.keyStage, count);
}

void SplitKeyMainloop::stageDq(Role role, const Context &context, Value count,
                               Value dq) {
  if (dq)
    accumulator.stageParts(b.i32(role), accumulator.usesPerTile(role),
                           context.keyStage, count, dq, /*scores=*/Value());
}

//===----------------------------------------------------------------------===//
// dV
//===----------------------------------------------------------------------===//

/// The next P is there early, so that the other warpgroup never waits for it,
/// and the exponentials run beside the MMA of dV.
SplitKeyMainloop::Values SplitKeyMainloop::dvStep(const Context &context,
                                                  Value n, Mask::When masked,
                                                  ValueRange state) {
  Value dv = state[0], before = state[1];
  Value count = b.add(context.tilesBefore, n);
  Value countBefore = b.sub(count, b.i32(1));
  Value scores = startScores(context, count);
  dv = startDv(countBefore, before, dv);
  scores = b.wait(1, scores).front();
  Value operand = shareProbabilities(context, n, masked, scores);
  dv = b.wait(0, {dv, before}).front();
  endDv(context, countBefore);
  return {dv, operand};
}

Value SplitKeyMainloop::startDv(Value count, Value operand, Value dv) {
  PipelineState state = dos.state(count);
  dos.consumerWait(state);
  b.fence();
  dv = b.mma(operand, Value(), layout.doTiles.at(b, state.stage), dv,
             /*transposed=*/false, config.valueDim);
  b.commit();
  return dv;
}

void SplitKeyMainloop::endDv(const Context &context, Value count) {
  dos.consumerRelease(dos.state(count).stage);
  if (!config.deterministic)
    stageDq(Dv, context, count, startDq(Dv, context, count));
}

static constexpr auto kOrientation = Mask::Orientation::KeysByQueries;

Positions::Fragment SplitKeyMainloop::loadPositions(const WorkTile &tile,
                                                    Value n) {
  if (!positions.areGiven())
    return {};
  KernelBuilder::Index first = walk.first(tile, n);
  return positions.load(tile, first, /*rowsBefore=*/Value(), kOrientation,
                        config.queryTile);
}

Value SplitKeyMainloop::shareProbabilities(const Context &context, Value n,
                                           Mask::When masked, Value scores) {
  Value count = b.add(context.tilesBefore, n);
  Value queryStage = queries.state(count).stage;
  if (modifier.startsFromLse())
    queries.consumerReleaseAfterReads(queryStage);
  ScoreModifier::Modified modified = modifier.modify(
      context.scores, scores,
      [&] {
        return mask.distances(context.tile, n, /*rowsBefore=*/Value(),
                              context.scores.offset);
      },
      [&] { return mask.numbers(context.tile, n, /*rowsBefore=*/Value()); });
  modified.scores = positions.apply(
      modified.scores, loadPositions(context.tile, n), kOrientation);
  scores = mask.apply(context.tile, n, masked, /*rowsBefore=*/Value(),
                      modified.scores);
  Value probs;
  if (modifier.startsFromLse()) {
    probs = modifier.probability(scores);
  } else {
    // Needs registers, and is there for as long as the queries.
    probs = modifier.probabilityOfModified(scores,
                                           layout.lse.columns(b, queryStage));
    queries.consumerReleaseAfterReads(queryStage);
  }
  Value operand = b.toOperand(probs), shared = operand;
  if (modified.derivative)
    probs = b.multiply(probs, modified.derivative);
  if (positions.haveSelfScore())
    probs = positions.clearSelf(probs, loadPositions(context.tile, n));
  if (modified.derivative || positions.haveSelfScore())
    shared = b.toOperand(probs);
  PipelineState buffer = exchange.state(count);
  exchange.producerAcquire(buffer);
  Value rowBlock = b.asIndex(b.i32(0));
  spattn_gpu::WriteOp::create(b, shared, layout.dsTiles.at(b, buffer.stage),
                              rowBlock);
  b.arriveAfterReads(layout.probabilities.at(b, buffer.stage));
  return operand;
}

Value SplitKeyMainloop::emitDvTiles(const Context &context, Value dv) {
  const WorkTile &tile = context.tile;
  Value scores = b.wait(0, startScores(context, context.tilesBefore)).front();
  // As if it were a partial one, which it is nearly always.
  Value first = b.i32(0);
  Values carried{
      dv, shareProbabilities(context, first, Mask::When::Always, scores)};
  Value one = b.i32(1);
  Value firstFull = arith::MaxSIOp::create(b, tile.maskedCount, one);
  for (bool masked : {true, false}) {
    auto loop =
        scf::ForOp::create(b, masked ? one : firstFull,
                           masked ? firstFull : tile.visited, one, carried);
    b.in(loop.getBody(), [&] {
      scf::YieldOp::create(
          b, dvStep(context, loop.getInductionVar(),
                    masked ? Mask::When::Always : Mask::When::Never,
                    loop.getRegionIterArgs()));
    });
    carried.assign(loop.result_begin(), loop.result_end());
  }
  Value end = b.add(context.tilesBefore, tile.visited);
  Value count = b.sub(end, b.i32(1));
  dv = startDv(count, carried[1], carried[0]);
  dv = b.wait(0, {dv, carried[1]}).front();
  endDv(context, count);
  return dv;
}

//===----------------------------------------------------------------------===//
// dK
//===----------------------------------------------------------------------===//

SplitKeyMainloop::Values SplitKeyMainloop::dkStep(const Context &context,
                                                  Value n, bool startsNext,
                                                  ValueRange state) {
  Value dk = state[0], dp = state[1];
  Value count = b.add(context.tilesBefore, n);
  PipelineState own = queries.state(count), buffer = exchange.state(count);
  b.await(layout.probabilities.at(b, buffer.stage), buffer.phase);
  Value rowBlock = b.asIndex(b.i32(0));
  Value probs =
      spattn_gpu::ReadOp::create(b, b.accType(config.queryTile),
                                 layout.dsTiles.at(b, buffer.stage), rowBlock);
  Value operand = b.toOperand(b.multiply(probs, dp));
  // Each warp writes where it has read.
  if (config.deterministic)
    exchange.consumerReleaseAfterReads(buffer.stage);
  else
    accumulator.shareScores(b.i32(0), count, operand);
  queries.consumerWait(own);
  b.fence();
  dk = b.mma(operand, Value(), layout.queryTiles.at(b, own.stage), dk,
             /*transposed=*/false, config.headDim);
  b.commit();
  // With one stage, the next dO comes when dV has used this one.
  bool isAhead = startsNext && config.doStages > 1;
  Value nextCount = b.add(count, b.i32(1)), dq;
  Value next = isAhead ? startDp(context, nextCount) : Value();
  if (!config.deterministic)
    dq = startDq(Dk, context, count);
  dk = b.wait(isAhead + (dq ? 1 : 0), {dk, operand}).front();
  queries.consumerRelease(own.stage);
  if (isAhead) {
    next = b.wait(dq ? 1 : 0, next).front();
    dos.consumerReleaseAfterReads(dos.state(nextCount).stage);
  }
  if (!config.deterministic)
    stageDq(Dk, context, count, dq);
  if (startsNext && !isAhead)
    next = awaitDp(nextCount, startDp(context, nextCount));
  return {dk, startsNext ? next : dp};
}

Value SplitKeyMainloop::emitDkTiles(const Context &context, Value dk) {
  Value first = startDp(context, context.tilesBefore);
  Values carried{dk, awaitDp(context.tilesBefore, first)};
  Value last = b.sub(context.tile.visited, b.i32(1));
  auto loop = b.forLoop(0, last, carried);
  b.in(loop.getBody(), [&] {
    scf::YieldOp::create(b,
                         dkStep(context, loop.getInductionVar(),
                                /*startsNext=*/true, loop.getRegionIterArgs()));
  });
  return dkStep(context, last, /*startsNext=*/false, loop.getResults()).front();
}

//===----------------------------------------------------------------------===//
// Work tiles
//===----------------------------------------------------------------------===//

void SplitKeyMainloop::emitOutput(Role role, const Context &context,
                                  Value gradient) {
  // The other may still be reading keys and values.
  accumulator.meet();
  Value tile = role == Dk ? layout.keyTiles.at(b, context.keyStage)
                          : layout.valueTiles.at(b, context.valueStage);
  if (role == Dk)
    gradient = modifier.chain(gradient);
  Value rowBlock = b.asIndex(b.i32(0));
  spattn_gpu::WriteOp::create(b, gradient, tile, rowBlock);
  spattn_gpu::AsyncProxyFenceOp::create(b);
  b.arrive(role == Dk ? layout.outputs.at(b, context.keyStage)
                      : layout.valueOutputs.at(b, context.valueStage));
}

void SplitKeyMainloop::emitWorkTiles(Role role) {
  auto none = [&] { return Values{b.fillAcc(columns(role), 0)}; };
  // Heads of a group add to the same gradients.
  Values initial;
  if (config.grouped)
    initial = none();
  workTiles.forEach(
      initial,
      [&](WorkTile &tile, Value tilesBefore, ValueRange before) -> Values {
        Value carried = KeyTileExtra::startWith(b, tile, before, none).front();
        Value number = KeyTileExtra::keyNumber(tile);
        PipelineState key = keys.state(number), value = values.state(number);
        keys.consumerWait(key);
        values.consumerWait(value);
        Context context{tile, key.stage, value.stage, tilesBefore, {}};
        if (role == Dv)
          context.scores = modifier.ofHead(tile);
        carried = role == Dk ? emitDkTiles(context, carried)
                             : emitDvTiles(context, carried);
        b.when(KeyTileExtra::isEnd(b, tile, KeyTileExtra::Last),
               [&] { emitOutput(role, context, carried); });
        return config.grouped ? Values{carried} : Values();
      });
}

void SplitKeyMainloop::emit(Value group) {
  b.when(
      b.compare(arith::CmpIPredicate::eq, group, b.i32(Dk)),
      [&] { emitWorkTiles(Dk); }, [&] { emitWorkTiles(Dv); });
}
