//===- DqAccumulator.cpp - Adds up dQ -------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DqAccumulator.h"

using namespace mlir;
using namespace spattn;

Value spattn::getSemaphore(KernelBuilder &b, Value counter, Value tile) {
  return b.pointer(counter, b.add(tile, b.i32(1)), b.getI32Type());
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

Value DqAccumulator::tileNumber(const WorkTile &tile, Value n) {
  Value head =
      b.add(b.mul(tile.batch, b.i32(op.getNumQueryHeads())), tile.head);
  Value queryTile = b.i32(config.queryTile);
  Value first = walk.firstValue(tile, n);
  if (tile.place)
    first = b.add(first, b.ops.materialize(tile.place->scratchRow));
  Value ofHead = arith::DivUIOp::create(b, first, queryTile);
  Value tiles = arith::DivUIOp::create(b, paddedRows, b.i32(config.queryTile));
  return b.add(b.mul(head, tiles), ofHead);
}

Value DqAccumulator::startOf(Value tile) {
  Value size = b.asIndex(b.i32(config.queryTile * config.headDim));
  return b.pointer(sums, b.mul(b.asIndex(tile), size), b.getF32Type());
}

Value DqAccumulator::partPointer(Value start, Value part) {
  Value words = b.mul(part, b.i32(config.partBytes() / 4));
  return b.pointer(start, words, b.getF32Type());
}

//===----------------------------------------------------------------------===//
// Bulk reductions
//===----------------------------------------------------------------------===//

Value DqAccumulator::claim(Value tile) {
  Value semaphore = getSemaphore(b, counter, tile);
  Value before = spattn_gpu::WarpBroadcastOp::create(
      b, spattn_gpu::SemaphoreArriveOp::create(b, semaphore));
  Value isFirst = b.compare(arith::CmpIPredicate::eq, before, b.i32(0));
  Value isThere =
      b.compare(arith::CmpIPredicate::uge, before, b.i32(kPublished));
  b.when(
      arith::OrIOp::create(b, isFirst, isThere), [] {},
      [&] { spattn_gpu::SemaphoreWaitOp::create(b, kPublished, semaphore); });
  return isFirst;
}

Value DqAccumulator::useOf(Value count, int64_t uses, int64_t own) {
  Value number = b.i32(own);
  return b.add(b.mul(count, b.i32(uses)), number);
}

PipelineState DqAccumulator::partState(Value group, Value count, int64_t uses,
                                       int64_t own) {
  if (config.rotatesParts())
    return parts.state(count);
  return {group, PipelineState(b, useOf(count, uses, own), 1).phase};
}

void DqAccumulator::emitParts(Value count, Value start, Value semaphore) {
  int64_t uses = usesPerTile(0);
  for (int64_t own = 0; own < uses; ++own) {
    // The last time, there may be fewer.
    int64_t first = own * config.mmaWarpgroups;
    int64_t groups = std::min(config.mmaWarpgroups, config.parts() - first);
    llvm::SmallVector<Value> stages;
    for (int64_t group = 0; group < groups; ++group) {
      PipelineState state =
          partState(b.i32(group), count, usesPerTile(group), own);
      parts.consumerWait(state);
      stages.push_back(state.stage);
      Value target = partPointer(start, b.i32(first + group));
      spattn_gpu::AddWordsOp::create(
          b, config.partBytes() / 4, layout.sums.memory(b),
          b.asIndex(state.stage), config.partBytes(), target,
          /*overwriting=*/bool(semaphore));
    }
    if (semaphore && own + 1 == uses)
      spattn_gpu::SemaphoreReleaseOp::create(b, kPublished, semaphore);
    else
      spattn_gpu::StoreWaitOp::create(b);
    for (Value stage : stages)
      parts.consumerRelease(stage);
  }
}

void DqAccumulator::emitReduction(const WorkTile &workTile, Value n,
                                  Value tilesBefore) {
  Value count = b.add(tilesBefore, n), tile = tileNumber(workTile, n);
  if (!config.claimsSums)
    return emitParts(count, startOf(tile));
  b.when(
      claim(tile),
      [&] {
        Value semaphore = getSemaphore(b, counter, tile);
        emitParts(count, startOf(tile), semaphore);
      },
      [&] { emitParts(count, startOf(tile)); });
}

//===----------------------------------------------------------------------===//
// MMA warpgroups
//===----------------------------------------------------------------------===//

Value DqAccumulator::startPart(Value keyStage, Value buffer, Value part) {
  Value rowBlock = b.i32(0), chunk;
  if (!config.rotatesParts()) {
    Value chunks = b.i32(config.headDim / kRowsOfGroup);
    rowBlock = arith::DivUIOp::create(b, part, chunks);
    chunk = arith::RemUIOp::create(b, part, chunks);
  }
  b.fence();
  Value keys = chunk ? layout.keyTiles.chunk(b, keyStage, chunk)
                     : layout.key(b, keyStage);
  Value dq = b.mma(layout.dsTiles.at(b, buffer), rowBlock, keys, Value(),
                   /*transposed=*/false, config.partColumns(),
                   /*lhsTransposed=*/true);
  b.commit();
  return dq;
}

Value DqAccumulator::isTurnOf(Value group, Value count) {
  Value turn = PipelineState(b, count, config.mmaWarpgroups).stage;
  return b.compare(arith::CmpIPredicate::eq, group, turn);
}

void DqAccumulator::shareScores(Value group, Value count, Value ds) {
  PipelineState state = scores.state(count);
  scores.producerAcquire(state);
  Value rowBlock = b.asIndex(group);
  spattn_gpu::WriteOp::create(b, ds, layout.dsTiles.at(b, state.stage),
                              rowBlock);
  spattn_gpu::AsyncProxyFenceOp::create(b);
  scores.producerCommit(state.stage);
}

Value DqAccumulator::start(Value group, Value keyStage, Value count) {
  scores.consumerWait(scores.state(count));
  return startPart(keyStage, bufferOf(count), group);
}

Value DqAccumulator::stageParts(Value group, int64_t uses, Value keyStage,
                                Value count, Value dq, Value nextScores) {
  for (int64_t own = 0; own < uses; ++own) {
    if (own > 0) {
      Value part = b.add(group, b.i32(own * config.mmaWarpgroups));
      dq = startPart(keyStage, bufferOf(count), part);
    }
    dq = b.wait(own == 0 && nextScores ? 1 : 0, dq).front();
    bool isLast = own + 1 == uses;
    if (isLast)
      scores.consumerRelease(bufferOf(count));
    PipelineState state = partState(group, count, uses, own);
    parts.producerAcquire(state);
    spattn_gpu::WriteFragmentOp::create(b, dq, layout.sums.memory(b),
                                        b.asIndex(state.stage),
                                        config.partBytes());
    if (isLast && nextScores)
      nextScores = b.wait(0, nextScores).front();
    spattn_gpu::AsyncProxyFenceOp::create(b);
    parts.producerCommit(state.stage);
  }
  return nextScores;
}

void DqAccumulator::meet() {
  spattn_gpu::NamedBarrierSyncOp::create(b, 1, Value(),
                                         128 * config.mmaWarpgroups);
}

void DqAccumulator::addParts(const WorkTile &tile, Value group, Value keyStage,
                             Value count, Value n, Value ds) {
  Value buffer = bufferOf(count);
  Value rowBlock = b.asIndex(group);
  spattn_gpu::WriteOp::create(b, ds, layout.dsTiles.at(b, buffer), rowBlock);
  spattn_gpu::AsyncProxyFenceOp::create(b);
  meet();
  // Read again, as for masks, to reduce register pressure.
  Value start = startOf(tileNumber(workTiles.withMask(tile), n));
  for (int64_t own = 0; own < config.parts(); own += config.mmaWarpgroups) {
    Value part = b.add(group, b.i32(own));
    Value dq = b.wait(0, startPart(keyStage, buffer, part)).front();
    spattn_gpu::AddFragmentOp::create(b, dq, partPointer(start, part));
  }
}
