//===- ForwardHalves.cpp - A mainloop that leaves out halves of tiles -----===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first steps of a work tile, over its masked tiles and the first full one,
// are of two halves each (HalfSteps); the others are as elsewhere.
//
//===----------------------------------------------------------------------===//

#include "ForwardMainloop.h"

using namespace mlir;
using namespace spattn;

ForwardMainloop::Halves ForwardMainloop::locate(Pipeline &pipeline,
                                                const TileRing &ring,
                                                Value first, Value second) {
  Value one = b.i32(1);
  auto locateOne = [&](Value half) -> Half {
    PipelineState state = pipeline.state(arith::ShRUIOp::create(b, half, one));
    Value number = arith::AndIOp::create(b, half, one);
    return {state, {ring.at(b, state.stage), number}};
  };
  Half ofFirst = locateOne(first);
  return {ofFirst, locateOne(second)};
}

void ForwardMainloop::await(Pipeline &pipeline, const Halves &halves) {
  pipeline.consumerWait(halves.first.state);
  pipeline.consumerWait(halves.second.state);
}

void ForwardMainloop::release(Pipeline &pipeline, const Halves &halves,
                              Value first, Value second, Value next) {
  Value one = b.i32(1);
  auto tileOf = [&](Value half) -> Value {
    return arith::ShRUIOp::create(b, half, one);
  };
  Value ofFirst = tileOf(first), ofSecond = tileOf(second),
        ofNext = tileOf(next);
  auto isBefore = [&](Value lhs, Value rhs) {
    return b.compare(arith::CmpIPredicate::slt, lhs, rhs);
  };
  pipeline.consumerRelease(halves.first.state.stage, isBefore(ofFirst, ofNext));
  Value areTwo = isBefore(ofFirst, ofSecond);
  Value isOver = isBefore(ofSecond, ofNext);
  pipeline.consumerRelease(halves.second.state.stage,
                           arith::AndIOp::create(b, areTwo, isOver));
}

Value ForwardMainloop::startOutput(Value probabilities, const Halves &halves,
                                   Value acc) {
  return b.mmaHalves(probabilities, Value(), halves.first.rows,
                     halves.second.rows, acc, /*transposed=*/false,
                     config.valueDim);
}

Value ForwardMainloop::allowedKeys(const WorkTile &tile, Value group,
                                   Value tilesBefore,
                                   const HalfSteps::Pair &pair) {
  IndexOps &ops = b.ops;
  Value one = b.i32(1);
  auto firstKey = [&](Value half) {
    Value number = b.sub(arith::ShRUIOp::create(b, half, one), tilesBefore);
    Value part = arith::AndIOp::create(b, half, one);
    KernelBuilder::Index first = walk.first(tile, number);
    KernelBuilder::Index before =
        ops.mul(ops.wrap(part), ops.constant(kHalfTile));
    return ops.add(first, before);
  };
  KernelBuilder::Index first = firstKey(pair.first);
  KernelBuilder::Index second = firstKey(pair.second);
  Value before = rowsBefore(group);
  return mask.allowedHalves(tile, workTiles.withMask(tile), first, second,
                            before);
}

llvm::SmallVector<Value> ForwardMainloop::halfStep(const WorkTile &tile,
                                                   Value group, Value query,
                                                   Value tilesBefore,
                                                   const HalfSteps &steps,
                                                   Value n, ValueRange state) {
  Value output = state[0], operand = state[3];
  HalfSteps::Pair pair = steps.at(state[4], n);
  Value next = steps.at(pair.rest, b.add(n, b.i32(1))).first;
  Halves own = locate(keys, layout.keyTiles, pair.first, pair.second);
  Halves last = locate(values, layout.valueTiles, state[5], state[6]);
  await(keys, own);
  Value allowed = allowedKeys(tile, group, tilesBefore, pair);
  pingPong.await(group);
  b.fence();
  Value scores =
      b.mmaHalves(query, group, own.first.rows, own.second.rows, Value(),
                  /*transposed=*/true, config.keyTile);
  b.commit();
  await(values, last);
  output = startOutput(operand, last, output);
  b.commit();
  pingPong.pass(group);
  scores = b.wait(1, scores).front();
  release(keys, own, pair.first, pair.second, next);
  scores = mask.apply(scores, allowed);
  Softmax::State reached = softmax.step(scores, state[1], state[2]);
  output = b.wait(0, {output, operand}, reached.sum).front();
  release(values, last, state[5], state[6], pair.first);
  output = softmax.rescale(output, reached);
  return {
      output,    reached.max, reached.sum, b.toOperand(reached.probabilities),
      pair.rest, pair.first,  pair.second};
}

llvm::SmallVector<Value> ForwardMainloop::emitTileInHalves(const WorkTile &tile,
                                                           Value group,
                                                           Value tilesBefore,
                                                           ValueRange before) {
  PendingOutput pending(before.drop_back(2));
  Value lastFirst = before.drop_back().back(), lastSecond = before.back();
  Value zero = b.i32(0), one = b.i32(1);
  Value isPending = b.compare(arith::CmpIPredicate::sgt, tile.number, zero);
  scoresOfHead = modifier.ofHead(tile);
  Value query = awaitQueries(tile);
  HalfSteps steps(b, tile, group, tilesBefore);
  HalfSteps::Pair pair = steps.at(steps.all(), zero);
  Value next = steps.at(pair.rest, one).first;
  Halves own = locate(keys, layout.keyTiles, pair.first, pair.second);
  Halves last = locate(values, layout.valueTiles, lastFirst, lastSecond);
  await(keys, own);
  Value allowed = allowedKeys(tile, group, tilesBefore, pair);
  pingPong.await(group);
  b.fence();
  Value scores =
      b.mmaHalves(query, group, own.first.rows, own.second.rows, Value(),
                  /*transposed=*/true, config.keyTile);
  b.commit();
  // See emitTile: ahead of the first work tile there is nothing.
  b.when(isPending, [&] { await(values, last); });
  Value ended = startOutput(pending.operand, last, pending.output);
  b.commit();
  pingPong.pass(group);
  scores = b.wait(1, scores).front();
  release(keys, own, pair.first, pair.second, next);
  scores = mask.apply(scores, allowed);
  Value noSum = b.fillRows(0);
  Softmax::State state = softmax.step(scores, b.fillRows(kNegInf), noSum);
  pending.output = b.wait(0, {ended, pending.operand}, state.sum).front();
  b.when(isPending, [&] {
    release(values, last, lastFirst, lastSecond, pair.first);
    epilogue.emitOutput(pending, group, tile.number);
  });

  SmallVector<Value> carried{b.fillAcc(config.valueDim, 0),
                             state.max,
                             state.sum,
                             b.toOperand(state.probabilities),
                             pair.rest,
                             pair.first,
                             pair.second};
  auto loop = scf::ForOp::create(b, one, steps.count(), one, carried);
  b.in(loop.getBody(), [&] {
    scf::YieldOp::create(b, halfStep(tile, group, query, tilesBefore, steps,
                                     loop.getInductionVar(),
                                     loop.getRegionIterArgs()));
  });
  carried.assign(loop.result_begin(), loop.result_begin() + 4);
  auto fullLoop =
      scf::ForOp::create(b, steps.tiles(), tile.visited, one, carried);
  b.in(fullLoop.getBody(), [&] {
    Value n = fullLoop.getInductionVar();
    scf::YieldOp::create(b,
                         step(tile, group, query, b.add(tilesBefore, n), n,
                              /*masked=*/false, fullLoop.getRegionIterArgs()));
  });
  PendingOutput result{fullLoop.getResults()};
  setRow(result, tile, group);
  carried = result.carried();
  // The last probabilities are of a pair, or of a whole tile.
  Value tilesAfter = b.add(tilesBefore, tile.visited);
  Value firstBehind = b.add(tilesAfter, tilesAfter);
  Value isWhole =
      b.compare(arith::CmpIPredicate::slt, steps.tiles(), tile.visited);
  for (unsigned i : {0, 1}) {
    Value whole = b.sub(firstBehind, b.i32(2 - i));
    carried.push_back(
        arith::SelectOp::create(b, isWhole, whole, loop.getResult(5 + i)));
  }
  return carried;
}

void ForwardMainloop::emitInHalves(Value group) {
  SmallVector<Value> initial = epilogue.nothingPending().carried();
  initial.append(2, b.i32(0));
  SmallVector<Value> results = workTiles.forEach(
      initial,
      [&](WorkTile &tile, Value tilesBefore,
          ValueRange before) -> SmallVector<Value> {
        return emitTileInHalves(tile, group, tilesBefore, before);
      });
  // The last work tile.
  Value count = results[1];
  b.when(b.compare(arith::CmpIPredicate::sgt, count, b.i32(0)), [&] {
    PendingOutput pending{ArrayRef<Value>(results).drop_front(2).drop_back(2)};
    Halves last = locate(values, layout.valueTiles, results[results.size() - 2],
                         results.back());
    await(values, last);
    b.fence();
    Value ended = startOutput(pending.operand, last, pending.output);
    b.commit();
    pending.output = b.wait(0, {ended, pending.operand}).front();
    epilogue.emitOutput(pending, group, count);
  });
}
