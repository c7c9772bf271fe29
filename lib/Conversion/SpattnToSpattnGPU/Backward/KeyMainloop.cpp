//===- KeyMainloop.cpp - dK and dV of key tiles ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyMainloop.h"

using namespace mlir;
using namespace spattn;

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

static constexpr auto kOrientation = Mask::Orientation::KeysByQueries;

Positions::Fragment KeyMainloop::loadPositions(const WorkTile &tile,
                                               Value group, Value n) {
  if (!positions.areGiven())
    return {};
  KernelBuilder::Index first = walk.first(tile, n);
  return positions.load(tile, first, b.mul(group, b.i32(kRowsOfGroup)),
                        kOrientation, config.queryTile);
}

/// Where warpgroups take turns, a whole step is in each branch: ptxas would
/// serialise MMAs around a branch with one of them.
KeyMainloop::Values KeyMainloop::step(const Context &context, Value n,
                                      Mask::When masked, Value next,
                                      ValueRange state) {
  if (!config.rotatesParts() || !hasDk)
    return emitStep(context, n, masked, next, state, config.sumsAreStaged());
  Value count = b.add(context.tilesBefore, n);
  auto ifOp = scf::IfOp::create(b, state.getTypes(),
                                accumulator.isTurnOf(context.group, count),
                                /*withElseRegion=*/true);
  for (bool isTurn : {true, false})
    b.in(isTurn ? ifOp.thenBlock() : ifOp.elseBlock(), [&] {
      Values result = emitStep(context, n, masked, next, state, isTurn);
      scf::YieldOp::create(b, result);
    });
  return Values(ifOp.getResults());
}

KeyMainloop::Values KeyMainloop::emitStep(const Context &context, Value n,
                                          Mask::When masked, Value next,
                                          ValueRange state, bool hasPart) {
  const WorkTile &tile = context.tile;
  Value count = b.add(context.tilesBefore, n);
  Value dv = hasDv ? state.front() : Value();
  Value dk = hasDk ? state.drop_back().back() : Value();
  Value scores = state.back();
  PipelineState own = queries.state(count), ownDo = doState(own, count);
  auto rowsBefore = [&] { return b.mul(context.group, b.i32(kRowsOfGroup)); };
  ScoreModifier::Modified modified = modifier.modify(
      context.scores, scores,
      [&] {
        return mask.distances(tile, n, rowsBefore(), context.scores.offset);
      },
      [&] { return mask.numbers(tile, n, rowsBefore()); });
  modified.scores = positions.apply(
      modified.scores, loadPositions(tile, context.group, n), kOrientation);
  // Masks need registers: before the next MMA has its own.
  scores = mask.apply(tile, n, masked, rowsBefore(), modified.scores);
  dos.consumerWait(ownDo);
  // Beside the exponentials, or where it takes the fewest registers.
  bool isBeside = config.target.asyncMma && !modified.derivative &&
                  !positions.haveSelfScore();
  Value dp = isBeside ? startDp(context, ownDo.stage) : Value();
  Value probs =
      modifier.startsFromLse()
          ? modifier.probability(scores)
          : modifier.probability(scores, layout.lse.columns(b, own.stage));
  Value probsOperand;
  if (hasDv)
    probsOperand = b.toOperand(probs);
  // Rounded probabilities are all that is needed of them but for this product.
  if (hasDk && modified.derivative)
    probs = b.multiply(probs, modified.derivative);
  if (hasDk && positions.haveSelfScore())
    probs = positions.clearSelf(probs, loadPositions(tile, context.group, n));
  if (config.target.asyncMma && !isBeside)
    dp = startDp(context, ownDo.stage);
  if (hasDv) {
    b.fence();
    dv = b.mma(probsOperand, Value(), layout.doTiles.at(b, ownDo.stage), dv,
               /*transposed=*/false, config.valueDim);
    b.commit();
  }
  if (!hasDk)
    return endWithoutDk(own, ownDo, {dv, probsOperand}, scores);
  if (!config.target.asyncMma)
    dp = startDp(context, ownDo.stage);
  dp = b.wait(config.target.asyncMma ? 1 : 0, dp).front();
  Value dsOperand = b.toOperand(b.multiply(probs, dp));
  b.fence();
  dk = b.mma(dsOperand, Value(), layout.queryTiles.at(b, own.stage), dk,
             /*transposed=*/false, config.headDim);
  b.commit();
  if (config.sumsAreStaged())
    accumulator.shareScores(context.group, count, dsOperand);
  else if (!config.deterministic)
    accumulator.addParts(tile, context.group, context.keyStage, count, n,
                         dsOperand);

  // Registers and tiles that the first MMA does not need any more.
  if (hasDv)
    dv = b.wait(1, {dv, probsOperand}).front();
  dos.consumerReleaseAfterReads(ownDo.stage);
  return endStep(context, {count, own.stage, dv, dk, dsOperand, scores}, next,
                 hasPart);
}

KeyMainloop::Values KeyMainloop::endStep(const Context &context,
                                         const Started &step, Value next,
                                         bool hasPart) {
  // A wide part of dQ takes the registers of whatever else is under way.
  bool isAlone = hasPart && config.partIsWide();
  Value nextCount, lse, dk;
  if (next) {
    nextCount = b.add(context.tilesBefore, next);
    if (config.skipsTiles())
      skipTiles(b.add(step.count, b.i32(1)), nextCount);
    // Ahead of where they are needed: MMAs keep shared memory busy.
    if (!isAlone)
      lse = mmas.awaitQuery(nextCount);
  }
  auto awaitKey = [&](int64_t behind) {
    dk = b.wait(behind, {step.dk, step.dsOperand}).front();
    queries.consumerReleaseAfterReads(step.queryStage);
  };
  auto startNext = [&]() -> Value {
    if (!next)
      return Value();
    if (isAlone)
      lse = mmas.awaitQuery(nextCount);
    return startScores(context, nextCount, lse);
  };
  if (isAlone)
    awaitKey(/*behind=*/0);
  Value started;
  if (hasPart) {
    Value dq = accumulator.start(context.group, context.keyStage, step.count);
    // In the order in which they were started. Two MMAs behind it would take
    // too many registers.
    if (!isAlone)
      awaitKey(/*behind=*/1);
    started = accumulator.stageParts(context.group, accumulator.usesPerTile(0),
                                     context.keyStage, step.count, dq,
                                     isAlone ? Value() : startNext());
  }
  bool isLate = !hasPart || isAlone;
  if (isLate)
    started = startNext();
  if (!hasPart)
    awaitKey(/*behind=*/next ? 1 : 0);
  // No MMA is under way where loops begin again: ptxas would serialise all.
  if (isLate && next)
    started = b.wait(0, started).front();
  Values result = gradients(step.dv, dk);
  result.push_back(next ? started : step.scores);
  return result;
}

KeyMainloop::Values KeyMainloop::endWithoutDk(const PipelineState &own,
                                              const PipelineState &ownDo,
                                              ValueRange started,
                                              Value scores) {
  Value dv = b.wait(0, started).front();
  dos.consumerReleaseAfterReads(ownDo.stage);
  queries.consumerReleaseAfterReads(own.stage);
  return {dv, scores};
}

//===----------------------------------------------------------------------===//
// The query tiles of a work tile
//===----------------------------------------------------------------------===//

void KeyMainloop::skipTiles(Value begin, Value end) {
  auto loop = scf::ForOp::create(b, begin, end, b.i32(1));
  b.in(loop.getBody(), [&] {
    PipelineState state = queries.state(loop.getInductionVar());
    // The tile's own phase has to have begun.
    queries.consumerWait(state);
    queries.consumerReleaseAfterReads(state.stage);
    PipelineState stateOfDo = doState(state, loop.getInductionVar());
    dos.consumerWait(stateOfDo);
    dos.consumerReleaseAfterReads(stateOfDo.stage);
  });
}

/// Where a warpgroup leaves out tiles that see none of its keys, it may be
/// ahead of the others: of a narrow band, the first keys miss the last tile,
/// and the last keys the first.
KeyMainloop::Values KeyMainloop::emitTiles(const Context &context,
                                           ValueRange before) {
  if (!config.target.asyncMma)
    return emitTilesInOrder(context, before);
  const WorkTile &tile = context.tile;
  Value tilesBefore = context.tilesBefore;
  NeededTiles needed =
      skipped.getNeeded(tile, KeyTileExtra::skipped(tile), context.group);
  auto skip = [&](Value begin, Value end) {
    if (!config.skipsTiles())
      return;
    Value last = b.add(tilesBefore, end);
    skipTiles(b.add(tilesBefore, begin), last);
  };
  skip(b.i32(0), needed.first);
  Values carried{needed.first};
  llvm::append_range(carried, before);
  carried.push_back(firstScores(context, b.add(tilesBefore, needed.first)));
  carried = b.emitWhile(
      carried,
      [&](ValueRange state) {
        return b.compare(arith::CmpIPredicate::slt, state[0], needed.firstFull);
      },
      [&](ValueRange state) -> Values {
        Values result{skipped.next(needed, state[0])};
        llvm::append_range(result, step(context, state[0], Mask::When::Always,
                                        result[0], state.drop_front()));
        return result;
      });
  auto loop = scf::ForOp::create(b, carried[0], needed.last, b.i32(1),
                                 ValueRange(carried).drop_front());
  b.in(loop.getBody(), [&] {
    Value n = loop.getInductionVar();
    scf::YieldOp::create(b, step(context, n, Mask::When::Never,
                                 b.add(n, b.i32(1)), loop.getRegionIterArgs()));
  });
  carried = step(context, needed.last, Mask::When::IfPartial, /*next=*/Value(),
                 loop.getResults());
  carried.pop_back();
  skip(b.add(needed.last, b.i32(1)), tile.visited);
  return carried;
}

KeyMainloop::Values KeyMainloop::emitTilesInOrder(const Context &context,
                                                  ValueRange before) {
  const WorkTile &tile = context.tile;
  Values carried(before);
  for (bool masked : {true, false}) {
    Value one = b.i32(1);
    auto loop = scf::ForOp::create(b, masked ? b.i32(0) : tile.maskedCount,
                                   masked ? tile.maskedCount : tile.visited,
                                   one, carried);
    b.in(loop.getBody(), [&] {
      Value n = loop.getInductionVar();
      Values state(loop.getRegionIterArgs());
      state.push_back(firstScores(context, b.add(context.tilesBefore, n)));
      Values result =
          step(context, n, masked ? Mask::When::Always : Mask::When::Never,
               /*next=*/Value(), state);
      result.pop_back();
      scf::YieldOp::create(b, result);
    });
    carried.assign(loop.result_begin(), loop.result_end());
  }
  return carried;
}

//===----------------------------------------------------------------------===//
// Work tiles
//===----------------------------------------------------------------------===//

KeyMainloop::Values KeyMainloop::gradients(Value dv, Value dk) {
  Values result;
  if (hasDv)
    result.push_back(dv);
  if (hasDk)
    result.push_back(dk);
  return result;
}

KeyMainloop::Values KeyMainloop::noGradients() {
  Value dv = hasDv ? b.fillAcc(config.valueDim, 0) : Value();
  return gradients(dv, hasDk ? b.fillAcc(config.headDim, 0) : Value());
}

void KeyMainloop::emitOutput(const Context &context, ValueRange gradients) {
  // Others may still be reading keys, unless each only reads its own.
  if (!config.deterministic && hasDk)
    accumulator.meet();
  if (hasDv) {
    Value rows = b.asIndex(context.group);
    Value tile = layout.dv(b, context.keyStage, context.valueStage);
    spattn_gpu::WriteOp::create(b, gradients.front(), tile, rows);
  }
  if (hasDk) {
    Value rows = b.asIndex(context.group);
    Value tile = layout.keyTiles.at(b, context.keyStage);
    spattn_gpu::WriteOp::create(b, modifier.chain(gradients.back()), tile,
                                rows);
  }
  spattn_gpu::AsyncProxyFenceOp::create(b);
  b.arrive(layout.outputs.at(b, context.keyStage));
}

void KeyMainloop::emit(Value group) {
  // Heads of a group add to the same gradients.
  Values initial;
  if (config.grouped)
    initial = noGradients();
  workTiles.forEach(
      initial,
      [&](WorkTile &tile, Value tilesBefore, ValueRange before) -> Values {
        Values carried = KeyTileExtra::startWith(b, tile, before,
                                                 [&] { return noGradients(); });
        Value number = KeyTileExtra::keyNumber(tile);
        PipelineState key = keys.state(number), value = values.state(number);
        keys.consumerWait(key);
        if (hasDk)
          values.consumerWait(value);
        Context context{tile,        group,       key.stage,
                        value.stage, tilesBefore, modifier.ofHead(tile)};
        carried = emitTiles(context, carried);
        b.when(KeyTileExtra::isEnd(b, tile, KeyTileExtra::Last),
               [&] { emitOutput(context, carried); });
        return config.grouped ? carried : Values();
      });
}
