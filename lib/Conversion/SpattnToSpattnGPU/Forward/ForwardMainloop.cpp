//===- ForwardMainloop.cpp - Scores, softmax and output of work tiles -----===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForwardMainloop.h"

using namespace mlir;
using namespace spattn;

void ForwardMainloop::emit(Value group) {
  pingPong.begin(group);
  if (config.intraWarpgroupOverlap)
    emitOverlapped(group);
  else
    emitInOrder(group);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

Value ForwardMainloop::awaitQueries(const WorkTile &tile) {
  PipelineState state = queries.state(tile.number);
  Value query = layout.queryTiles.narrowed(b, state.stage, config.headDim);
  queries.consumerWait(state);
  return query;
}

Value ForwardMainloop::startScores(Value query, Value group, Value stage) {
  return b.mma(query, group, layout.keyTiles.at(b, stage), Value(),
               /*transposed=*/true, config.keyTile);
}

Value ForwardMainloop::startOutput(Value probabilities, Value stage,
                                   Value acc) {
  return b.mma(probabilities, Value(), layout.valueTiles.at(b, stage), acc,
               /*transposed=*/false, config.valueDim);
}

Value ForwardMainloop::modify(const WorkTile &tile, Value group, Value n,
                              Value scores, const Positions::Fragment &places) {
  ScoreModifier::Modified modified = modifier.modify(
      scoresOfHead, scores,
      [&] {
        return mask.distances(tile, n, rowsBefore(group), scoresOfHead.offset);
      },
      [&] { return mask.numbers(tile, n, rowsBefore(group)); });
  return positions.apply(modified.scores, places,
                         Mask::Orientation::QueriesByKeys);
}

Positions::Fragment ForwardMainloop::loadPositions(const WorkTile &tile,
                                                   Value group, Value n) {
  if (!positions.areGiven())
    return {};
  KernelBuilder::Index first = walk.first(tile, n);
  return positions.load(tile, first, rowsBefore(group),
                        Mask::Orientation::QueriesByKeys, config.keyTile);
}

Value ForwardMainloop::allowedKeys(const WorkTile &tile, Value group, Value n) {
  KernelBuilder::Index first = walk.first(tile, n);
  Value before = rowsBefore(group);
  return mask.allowedColumns(tile, workTiles.withMask(tile), n, first, before);
}

void ForwardMainloop::setRow(PendingOutput &pending, const WorkTile &tile,
                             Value group) {
  if (!epilogue.needsRow())
    return;
  pending.batch = epilogue.entryOf(tile);
  pending.head = tile.head;
  Value before = config.rows.queriesOf(b, rowsBefore(group));
  pending.row = b.add(tile.queryRow(b, tile.first), before);
  if (tile.place)
    pending.end = tile.queryRow(b, tile.place->lengths.queries);
}

llvm::SmallVector<Value> ForwardMainloop::step(const WorkTile &tile,
                                               Value group, Value query,
                                               Value count, Value n,
                                               bool masked, ValueRange state) {
  Value output = state[0], operand = state[3];
  PipelineState own = keys.state(count);
  PipelineState before = keys.state(b.sub(count, b.i32(1)));
  keys.consumerWait(own);
  // Beside the wait for a turn.
  Value allowed;
  if (masked)
    allowed = allowedKeys(tile, group, n);
  Positions::Fragment places = loadPositions(tile, group, n);
  pingPong.await(group);
  b.fence();
  Value scores = startScores(query, group, own.stage);
  b.commit();
  values.consumerWait(before);
  output = startOutput(operand, before.stage, output);
  b.commit();
  pingPong.pass(group);
  // The operand stays alive until the MMA that reads it has ended.
  auto awaitOutput = [&](ValueRange ended) {
    output = ended.front();
    values.consumerRelease(before.stage);
  };
  if (config.softmaxBesideOutput) {
    scores = b.wait(1, scores).front();
    keys.consumerRelease(own.stage);
  } else {
    ValueRange ended = b.wait(0, {scores, output, operand});
    scores = ended.front();
    keys.consumerRelease(own.stage);
    awaitOutput(ended.drop_front());
  }
  scores = modify(tile, group, n, scores, places);
  if (masked)
    scores = mask.apply(scores, allowed);
  Softmax::State next =
      config.optimisticSoftmax
          ? softmax.stepOptimistically(scores, state[1], state[2])
          : softmax.step(scores, state[1], state[2]);
  if (config.softmaxBesideOutput)
    awaitOutput(b.wait(0, {output, operand}, next.sum));
  output = softmax.rescale(output, next);
  Value probabilities = config.optimisticSoftmax
                            ? next.probabilities
                            : b.toOperand(next.probabilities);
  return {output, next.max, next.sum, probabilities};
}

//===----------------------------------------------------------------------===//
// Overlapped MMAs
//===----------------------------------------------------------------------===//

PendingOutput ForwardMainloop::emitTile(const WorkTile &tile, Value group,
                                        Value tilesBefore,
                                        const PendingOutput &before) {
  PendingOutput pending = before;
  Value isPending = b.compare(arith::CmpIPredicate::sgt, tile.number, b.i32(0));
  scoresOfHead = modifier.ofHead(tile);
  Value query = awaitQueries(tile);
  PipelineState own = keys.state(tilesBefore);
  // Ahead of the first work tile there is nothing; then the MMA is of zeros and
  // of what is there, and thrown away.
  PipelineState last = keys.state(b.sub(tilesBefore, b.i32(1)));
  keys.consumerWait(own);
  // As if it were a partial one, which it is nearly always.
  Value allowed = allowedKeys(tile, group, b.i32(0));
  Positions::Fragment places = loadPositions(tile, group, b.i32(0));
  pingPong.await(group);
  b.fence();
  Value scores = startScores(query, group, own.stage);
  b.commit();
  b.when(isPending, [&] { values.consumerWait(last); });
  Value ended = startOutput(pending.operand, last.stage, pending.output);
  b.commit();
  pingPong.pass(group);
  scores = b.wait(1, scores).front();
  keys.consumerRelease(own.stage);
  Softmax::State state = firstSoftmax(tile, group, scores, allowed, places);
  pending.output = b.wait(0, {ended, pending.operand}, state.sum).front();
  b.when(isPending, [&] {
    values.consumerRelease(last.stage);
    epilogue.emitOutput(pending, group, tile.number);
  });

  PendingOutput result{emitOtherTiles(tile, group, query, tilesBefore, state)};
  setRow(result, tile, group);
  return result;
}

Softmax::State
ForwardMainloop::firstSoftmax(const WorkTile &tile, Value group, Value scores,
                              Value allowed,
                              const Positions::Fragment &places) {
  scores = modify(tile, group, b.i32(0), scores, places);
  scores = mask.apply(scores, allowed);
  Value noSum = b.fillRows(0);
  return softmax.step(scores, b.fillRows(kNegInf), noSum);
}

llvm::SmallVector<Value>
ForwardMainloop::emitOtherTiles(const WorkTile &tile, Value group, Value query,
                                Value tilesBefore,
                                const Softmax::State &state) {
  SmallVector<Value> carried{b.fillAcc(config.valueDim, 0), state.max,
                             state.sum, b.toOperand(state.probabilities)};
  // Masked tiles, then full ones; the first tile has been started.
  Value one = b.i32(1);
  Value firstFull = arith::MaxSIOp::create(b, tile.maskedCount, one);
  for (bool masked : {true, false}) {
    auto loop =
        scf::ForOp::create(b, masked ? one : firstFull,
                           masked ? firstFull : tile.visited, one, carried);
    b.in(loop.getBody(), [&] {
      Value n = loop.getInductionVar();
      scf::YieldOp::create(b, step(tile, group, query, b.add(tilesBefore, n), n,
                                   masked, loop.getRegionIterArgs()));
    });
    carried.assign(loop.result_begin(), loop.result_end());
  }
  return carried;
}

/// With one stage of queries, those of the next work tile come when the output
/// has been stored from their place.
void ForwardMainloop::emitTileAlone(const WorkTile &tile, Value group,
                                    Value tilesBefore) {
  scoresOfHead = modifier.ofHead(tile);
  Value query = awaitQueries(tile);
  PipelineState own = keys.state(tilesBefore);
  keys.consumerWait(own);
  Value allowed = allowedKeys(tile, group, b.i32(0));
  Positions::Fragment places = loadPositions(tile, group, b.i32(0));
  pingPong.await(group);
  b.fence();
  Value scores = startScores(query, group, own.stage);
  b.commit();
  pingPong.pass(group);
  scores = b.wait(0, scores).front();
  keys.consumerRelease(own.stage);
  Softmax::State state = firstSoftmax(tile, group, scores, allowed, places);
  PendingOutput pending{emitOtherTiles(tile, group, query, tilesBefore, state)};
  setRow(pending, tile, group);
  Value count = b.add(tilesBefore, tile.visited);
  emitLastOutput(pending, group, count, b.add(tile.number, b.i32(1)));
}

/// The MMA of the CTA's last key tile of `tiles`, and the output of the last
/// work tile of `count`.
void ForwardMainloop::emitLastOutput(PendingOutput &pending, Value group,
                                     Value tiles, Value count) {
  PipelineState last = keys.state(b.sub(tiles, b.i32(1)));
  values.consumerWait(last);
  b.fence();
  Value ended = startOutput(pending.operand, last.stage, pending.output);
  b.commit();
  pending.output = b.wait(0, {ended, pending.operand}).front();
  if (config.queryStages == 1)
    values.consumerRelease(last.stage);
  epilogue.emitOutput(pending, group, count);
}

void ForwardMainloop::emitOverlapped(Value group) {
  if (config.queryStages == 1)
    return workTiles.forEach([&](WorkTile &tile, Value tilesBefore) {
      emitTileAlone(tile, group, tilesBefore);
    });
  SmallVector<Value> results = workTiles.forEach(
      epilogue.nothingPending().carried(),
      [&](WorkTile &tile, Value tilesBefore,
          ValueRange before) -> SmallVector<Value> {
        return emitTile(tile, group, tilesBefore, PendingOutput(before))
            .carried();
      });
  // The last work tile.
  Value count = results[1];
  b.when(b.compare(arith::CmpIPredicate::sgt, count, b.i32(0)), [&] {
    PendingOutput pending{ArrayRef<Value>(results).drop_front(2)};
    emitLastOutput(pending, group, results[0], count);
  });
}

//===----------------------------------------------------------------------===//
// One MMA after the other
//===----------------------------------------------------------------------===//

/// For targets whose MMAs end before the next instruction: registers for one
/// tile only.
void ForwardMainloop::emitInOrder(Value group) {
  workTiles.forEach([&](WorkTile &tile, Value tilesBefore) {
    scoresOfHead = modifier.ofHead(tile);
    Value query = awaitQueries(tile);
    SmallVector<Value> initial{b.fillAcc(config.valueDim, 0),
                               b.fillRows(kNegInf), b.fillRows(0)};
    auto loop = b.forLoop(0, tile.visited, initial);
    b.in(loop.getBody(), [&] {
      Value n = loop.getInductionVar();
      PipelineState own = keys.state(b.add(tilesBefore, n));
      keys.consumerWait(own);
      b.fence();
      Value scores = startScores(query, group, own.stage);
      b.commit();
      scores = b.wait(0, scores).front();
      keys.consumerRelease(own.stage);
      scores = modify(tile, group, n, scores, loadPositions(tile, group, n));
      scores =
          mask.apply(tile, n, Mask::When::IfPartial, rowsBefore(group), scores);
      Softmax::State next = softmax.step(scores, loop.getRegionIterArg(1),
                                         loop.getRegionIterArg(2));
      Value output = softmax.rescale(loop.getRegionIterArg(0), next);
      Value operand = b.toOperand(next.probabilities);
      values.consumerWait(own);
      b.fence();
      output = startOutput(operand, own.stage, output);
      b.commit();
      output = b.wait(0, {output, operand}).front();
      values.consumerRelease(own.stage);
      scf::YieldOp::create(b, ValueRange{output, next.max, next.sum});
    });
    PendingOutput pending;
    pending.output = loop.getResult(0);
    pending.max = loop.getResult(1);
    pending.sum = loop.getResult(2);
    setRow(pending, tile, group);
    epilogue.emitOutput(pending, group, b.add(tile.number, b.i32(1)));
  });
}
