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

KeyMainloop::KeyMainloop(KernelBuilder &b, const BackwardConfig &config,
                         const KeyKernelLayout &layout,
                         WorkTileQueue &workTiles, ScoreModifier &modifier,
                         Positions &positions, SkippedTiles &skipped,
                         DqAccumulator &accumulator)
    : b(b), config(config), layout(layout), workTiles(workTiles),
      modifier(modifier), positions(positions), skipped(skipped),
      accumulator(accumulator), mmas(b, config, layout, modifier),
      hasDv(layout.part != KeyPart::Keys),
      hasDk(layout.part != KeyPart::Values), keys(b, layout.keys),
      values(b, layout.values), queries(b, layout.queries), dos(b, layout.dos),
      walk(b, workTiles, config.queryTile),
      mask(b, workTiles, walk, Mask::Orientation::KeysByQueries,
           config.queryTile),
      scaleBetweenTurns(modifier.getLog2Scale()) {
  // Measured: causal D128 is 1% slower with a copy, and so is D64.
  if (!config.skipsTurns() || !config.partIsWide() || !modifier.startsFromLse())
    return;
  Value bits = arith::BitcastOp::create(b, b.getI32Type(), scaleBetweenTurns);
  scaleBetweenTurns = arith::BitcastOp::create(
      b, b.getF32Type(), spattn_gpu::WarpBroadcastOp::create(b, bits));
}

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
KeyMainloop::Values KeyMainloop::step(const Context &context, const Step &step,
                                      ValueRange state) {
  if (!config.rotatesParts() || !hasDk)
    return emitStep(context, step, state, config.sumsAreStaged());
  Value count = b.add(context.tilesBefore, step.n);
  auto ifOp = scf::IfOp::create(b, state.getTypes(),
                                accumulator.isTurnOf(context.group, count),
                                /*withElseRegion=*/true);
  for (bool isTurn : {true, false})
    b.in(isTurn ? ifOp.thenBlock() : ifOp.elseBlock(), [&] {
      Values result = emitStep(context, step, state, isTurn);
      scf::YieldOp::create(b, result);
    });
  return Values(ifOp.getResults());
}

KeyMainloop::Values KeyMainloop::emitStep(const Context &context,
                                          const Step &step, ValueRange state,
                                          bool hasPart) {
  auto [n, masked, next, isMasked, isLast] = step;
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
  scores = mask.apply(tile, n, masked, rowsBefore(), modified.scores, isMasked);
  dos.consumerWait(ownDo);
  // Beside the exponentials, or where it takes the fewest registers.
  bool isBeside = config.target.asyncMma && !modified.derivative &&
                  !positions.haveSelfScore();
  Value dp = isBeside ? startDp(context, ownDo.stage) : Value();
  Value probs =
      modifier.startsFromLse()
          ? modifier.probability(scores, hasPart ? modifier.getLog2Scale()
                                                 : scaleBetweenTurns)
          : modifier.probabilityOfModified(scores,
                                           layout.lse.columns(b, own.stage));
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
  if (hasDv && isLast && config.storesValuesEarly())
    emitDv(context, dv);
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
    if (config.skipsTiles() && !config.skipsTurns())
      skipTiles(context, b.add(step.count, b.i32(1)), nextCount);
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

void KeyMainloop::skipTiles(const Context &context, Value begin, Value end) {
  auto loop = scf::ForOp::create(b, begin, end, b.i32(1));
  b.in(loop.getBody(), [&] {
    Value count = loop.getInductionVar();
    PipelineState state = queries.state(count);
    // The tile's own phase has to have begun.
    queries.consumerWait(state);
    queries.consumerReleaseAfterReads(state.stage);
    PipelineState stateOfDo = doState(state, count);
    dos.consumerWait(stateOfDo);
    dos.consumerReleaseAfterReads(stateOfDo.stage);
    if (!config.skipsTurns())
      return;
    Value none = b.toOperand(b.fillAcc(config.queryTile, 0));
    accumulator.shareScores(context.group, count, none);
    b.when(accumulator.isTurnOf(context.group, count), [&] {
      Value dq = accumulator.start(context.group, context.keyStage, count);
      accumulator.stageParts(context.group, accumulator.usesPerTile(0),
                             context.keyStage, count, dq, /*scores=*/Value());
    });
  });
}

/// As late as possible: values come into the place that dV is stored from.
void KeyMainloop::awaitValues(const WorkTile &tile) {
  if (hasDk)
    values.consumerWait(values.state(KeyTileExtra::keyNumber(tile)));
}

/// Where warpgroups take turns, the one that skips tiles has its turn, so that
/// no MMA may be under way.
KeyMainloop::Values KeyMainloop::maskedStep(const Context &context,
                                            const NeededTiles &needed,
                                            ValueRange state) {
  Value n = state.front(), next = skipped.next(needed, n);
  Step own{n, Mask::When::Always, config.skipsTurns() ? Value() : next};
  if (config.skipsTiles()) {
    own.masked = Mask::When::IfPartial;
    own.isMasked = skipped.isMasked(needed, n);
  }
  Values result{next};
  llvm::append_range(result, step(context, own, state.drop_front()));
  if (!config.skipsTurns())
    return result;
  Value nextCount = b.add(context.tilesBefore, next);
  Value after = b.add(context.tilesBefore, b.add(n, b.i32(1)));
  skipTiles(context, after, nextCount);
  result.back() = firstScores(context, nextCount);
  return result;
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
    skipTiles(context, b.add(tilesBefore, begin), last);
  };
  skip(b.i32(0), needed.first);
  Values carried{needed.first};
  llvm::append_range(carried, before);
  carried.push_back(firstScores(context, b.add(tilesBefore, needed.first)));
  awaitValues(tile);
  carried = b.emitWhile(
      carried,
      [&](ValueRange state) {
        return b.compare(arith::CmpIPredicate::slt, state[0], needed.firstFull);
      },
      [&](ValueRange state) -> Values {
        return maskedStep(context, needed, state);
      });
  auto loop = scf::ForOp::create(b, carried[0], needed.last, b.i32(1),
                                 ValueRange(carried).drop_front());
  b.in(loop.getBody(), [&] {
    Value n = loop.getInductionVar();
    scf::YieldOp::create(b, step(context,
                                 {n, Mask::When::Never, b.add(n, b.i32(1))},
                                 loop.getRegionIterArgs()));
  });
  Step last{needed.last, Mask::When::IfPartial};
  last.isLast = true;
  carried = step(context, last, loop.getResults());
  carried.pop_back();
  skip(b.add(needed.last, b.i32(1)), tile.visited);
  return carried;
}

KeyMainloop::Values KeyMainloop::emitTilesInOrder(const Context &context,
                                                  ValueRange before) {
  const WorkTile &tile = context.tile;
  awaitValues(tile);
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
      Values result = step(
          context, {n, masked ? Mask::When::Always : Mask::When::Never}, state);
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

void KeyMainloop::emitDv(const Context &context, Value dv) {
  write(context, dv, layout.dv(b, context.keyStage, context.valueStage));
  b.arrive(layout.dvWritten(b, context.keyStage, context.valueStage));
}

void KeyMainloop::emitDk(const Context &context, Value dk) {
  // Others may still be reading keys, unless each only reads its own.
  if (!config.deterministic)
    accumulator.meet();
  write(context, modifier.chain(dk), layout.keyTiles.at(b, context.keyStage));
  b.arrive(layout.outputs.at(b, context.keyStage));
}

void KeyMainloop::write(const Context &context, Value gradient, Value tile) {
  Value rows = b.asIndex(context.group);
  spattn_gpu::WriteOp::create(b, gradient, tile, rows);
  spattn_gpu::AsyncProxyFenceOp::create(b);
}

void KeyMainloop::emitOutput(const Context &context, ValueRange gradients) {
  bool isDvWritten = hasDk && config.storesValuesEarly();
  if (hasDv && !isDvWritten)
    emitDv(context, gradients.front());
  if (hasDk)
    emitDk(context, gradients.back());
  // Nothing is in the place of values, but they are not needed any more.
  if (hasDk && !hasDv)
    b.arriveAfterReads(layout.valueOutputs.at(b, context.valueStage));
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
        Context context{tile,        group,       key.stage,
                        value.stage, tilesBefore, modifier.ofHead(tile)};
        carried = emitTiles(context, carried);
        b.when(KeyTileExtra::isEnd(b, tile, KeyTileExtra::Last),
               [&] { emitOutput(context, carried); });
        return config.grouped ? carried : Values();
      });
}
