//===- DqRounding.cpp - Rounds dQ -----------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DqRounding.h"

#include "DqAccumulator.h"
#include "KeyTileScheduler.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace spattn;

/// Times 64 rows of an item: few, so that CTAs end together, but enough for the
/// latency of a ticket and a semaphore.
static int64_t blocksOfItem(const BackwardConfig &config) {
  constexpr int64_t columns = 256;
  return std::max<int64_t>(1, columns / config.headDim);
}
static constexpr int64_t kThreads = spattn_gpu::kWarpgroupThreads;

//===----------------------------------------------------------------------===//
// Arguments and shared memory
//===----------------------------------------------------------------------===//

DqRoundingArguments::DqRoundingArguments(KernelSignature &signature,
                                         const BackwardConfig &config,
                                         KernelSignature::Argument sums,
                                         KernelSignature::Argument counter)
    : dqMap(signature.tensorMap("dq", kRowsOfGroup)), sums(sums),
      counter(counter) {
  dq.pointer = signature.buffer("dq");
  if (config.roundsDq)
    headsDone = signature.scratch("heads_done");
}

void DqRoundingArguments::addStrides(KernelSignature &signature) {
  dq.strides = signature.strides("dq");
}

DqRoundingLayout::DqRoundingLayout(const BackwardConfig &config) {
  int64_t groups = config.mmaWarpgroups, dim = config.headDim;
  int64_t ofTile = 2 * kRowsOfGroup * dim, ofStage = 4 * kRowsOfGroup * dim;
  // Words and barriers, with what alignment takes.
  constexpr int64_t besides = kWordStride + 3 * 16;
  int64_t ofGroup = KeyKernelLayout(config).shared.total() / groups;
  auto countStages = [&] {
    int64_t left = std::max<int64_t>(0, ofGroup - tilesOfGroup * ofTile);
    return std::min(kMostStages, left / (ofStage + besides));
  };
  if (countStages() == 0)
    tilesOfGroup = 1;
  stagesOfGroup = countStages();
  int64_t stages = groups * stagesOfGroup;
  tiles = shared.tiles(groups * tilesOfGroup, kRowsOfGroup, dim);
  sums = shared.take(stages * ofStage);
  words = shared.take(stages * kWordStride);
  pipeline = PipelineLayout(shared, stages, /*producers=*/2, /*loads=*/true,
                            /*consumers=*/4);
}

PipelineState DqRoundingLayout::state(KernelBuilder &b, Value group,
                                      Value count) const {
  PipelineState own(b, count, stagesOfGroup);
  Value before = b.mul(group, b.i32(stagesOfGroup));
  return {b.add(before, own.stage), own.phase};
}

//===----------------------------------------------------------------------===//
// 64 rows
//===----------------------------------------------------------------------===//

Value DqRounding::areAdded(Value any) {
  if (!config.claimsSums)
    return any;
  // If no CTA came to add to a query tile, there is nothing in it.
  Value semaphore = rows.semaphore(signature.get(arguments.counter));
  Value count = LLVM::LoadOp::create(b, b.getI32Type(), semaphore);
  return arith::AndIOp::create(
      b, any, b.compare(arith::CmpIPredicate::ne, count, b.i32(0)));
}

void DqRounding::writeRounded(const TileRing &tiles, Value stage,
                              function_ref<Value(int64_t)> sums) {
  Value zero = b.asIndex(b.i32(0));
  for (int64_t chunk = 0; chunk < config.headDim / kRowsOfGroup; ++chunk) {
    Value sum = sums(chunk), number = b.i32(chunk);
    Value tile = tiles.chunk(b, stage, number);
    spattn_gpu::WriteOp::create(b, modifier.chain(sum), tile, zero);
  }
  spattn_gpu::AsyncProxyFenceOp::create(b);
}

void DqRounding::emitStore(const TileRing &tiles, Value stage) {
  Value batch = b.asIndex(rows.batch), head = b.asIndex(rows.head);
  Value first = b.asIndex(rows.first), tile = tiles.at(b, stage);
  rows.storeTile(tile, signature.get(b, arguments.dq), [&] {
    spattn_gpu::StoreTileOp::create(b, tile, signature.get(arguments.dqMap),
                                    first, head, batch);
  });
}

//===----------------------------------------------------------------------===//
// The postprocess kernel
//===----------------------------------------------------------------------===//

void DqRounding::emitCta(const TileRing &tile) {
  rows.locateCta();
  b.when(
      areAdded(rows.seesKeys()),
      [&] {
        writeRounded(tile, b.i32(0), [&](int64_t chunk) -> Value {
          Value start = b.pointer(rows.sums(signature.get(arguments.sums)),
                                  b.i32(chunk * kSumsWords), b.getF32Type());
          return spattn_gpu::LoadFragmentOp::create(b, b.accType(kRowsOfGroup),
                                                    start);
        });
        b.syncThreads(kThreads);
        b.inWarp(0, [&] {
          emitStore(tile, b.i32(0));
          spattn_gpu::StoreWaitOp::create(b);
        });
      },
      [&] {
        rows.emitEmptyRows(signature.get(b, arguments.dq), kThreads / 32);
      });
}

//===----------------------------------------------------------------------===//
// Items
//===----------------------------------------------------------------------===//

spattn_gpu::FormulaAttr DqRounding::items(KernelProgram &program,
                                          AttentionBackwardOp op,
                                          const BackwardConfig &config) {
  return program.perTile(op.getNumQueryHeads(), "queryLength",
                         blocksOfItem(config) * kRowsOfGroup);
}

Value DqRounding::semaphore(KernelBuilder &b, AttentionBackwardOp op,
                            Value headsDone, Value batch, Value keyHead) {
  Value heads = b.i32(op.getNumKeyHeads());
  return getSemaphore(b, headsDone, b.add(b.mul(batch, heads), keyHead));
}

void DqRounding::emitStart(KernelBuilder &b, AttentionBackwardOp op,
                           const BackwardConfig &config,
                           const SequenceInfo &sequence, Value headsDone) {
  startCounter(b, headsDone);
  Value heads = b.mul(sequence.batches, b.i32(op.getNumKeyHeads()));
  // There are at least as many CTAs, unless there are no queries, whose items
  // nobody would wait for.
  Value isHead = b.compare(arith::CmpIPredicate::ult, b.cta, heads);
  b.when(arith::AndIOp::create(b, isHead, b.isFirstThread()), [&] {
    Value tiles = KeyTileScheduler::tilesOfHead(b, config, sequence);
    Value start = b.sub(b.i32(kPublished), tiles);
    LLVM::StoreOp::create(b, start, getSemaphore(b, headsDone, b.cta));
  });
}

Value DqRounding::itemsOfHead() {
  Value blocks = QueryRows::ofHead(b, config, sequence);
  int64_t most = blocksOfItem(config);
  Value size = b.i32(most), rest = b.i32(most - 1);
  return arith::DivUIOp::create(b, b.add(blocks, rest), size);
}

Value DqRounding::takeItem() {
  Value counter = signature.get(*arguments.headsDone);
  return spattn_gpu::AtomicIncOp::create(b, counter);
}

void DqRounding::locateHead(Value position) {
  rows.locateHead(b.sub(b.sub(rows.countHeads(), b.i32(1)), position));
}

//===----------------------------------------------------------------------===//
// The warp that loads
//===----------------------------------------------------------------------===//

void DqRounding::post(const DqRoundingLayout &layout, Value stage, Value number,
                      Value posted) {
  spattn_gpu::WriteWordsOp::create(b, layout.words.memory(b), b.asIndex(stage),
                                   DqRoundingLayout::kWordStride,
                                   ValueRange{number, posted});
  Pipeline(b, layout.pipeline).producerCommit(stage);
}

Value DqRounding::emitItem(const DqRoundingLayout &layout, Value item,
                           Value posted) {
  Pipeline pipeline(b, layout.pipeline);
  Value blocks = QueryRows::ofHead(b, config, sequence), one = b.i32(1);
  Value items = itemsOfHead(), size = b.i32(blocksOfItem(config));
  Value position = arith::DivUIOp::create(b, item, items);
  Value first = b.mul(arith::RemUIOp::create(b, item, items), size);
  Value end = arith::MinUIOp::create(b, b.add(first, size), blocks);
  locateHead(position);
  Value keyHead = rows.head, headsDone = signature.get(*arguments.headsDone);
  if (config.grouped)
    keyHead = arith::DivUIOp::create(b, keyHead, b.i32(op.getGroupSize()));
  spattn_gpu::SemaphoreWaitOp::create(
      b, kPublished, semaphore(b, op, headsDone, rows.batch, keyHead));
  auto loop = scf::ForOp::create(b, first, end, one, ValueRange{posted});
  b.in(loop.getBody(), [&] {
    Value block = loop.getInductionVar(), count = loop.getRegionIterArg(0);
    rows.locateBlock(block);
    Value any = rows.seesKeys();
    PipelineState state = layout.stateOfPosted(b, count);
    pipeline.producerAcquire(state);
    Value number = b.add(b.mul(position, blocks), block);
    Value sums = b.i32(Sums), nothing = b.i32(Nothing);
    post(layout, state.stage, number,
         arith::SelectOp::create(b, any, sums, nothing));
    b.when(
        any,
        [&] {
          int64_t words = kRowsOfGroup * config.headDim;
          spattn_gpu::LoadWordsOp::create(
              b, words, rows.sums(signature.get(arguments.sums)),
              layout.sums.memory(b), b.asIndex(state.stage), 4 * words,
              pipeline.full(state.stage));
        },
        [&] { pipeline.producerCommit(state.stage); });
    scf::YieldOp::create(b, ValueRange{b.add(count, one)});
  });
  return loop.getResult(0);
}

void DqRounding::emitLoads(const DqRoundingLayout &layout) {
  Pipeline pipeline(b, layout.pipeline);
  Value count = b.mul(itemsOfHead(), rows.countHeads()), zero = b.i32(0);
  Value first = spattn_gpu::WarpBroadcastOp::create(b, takeItem());
  llvm::SmallVector<Value> end = b.emitWhile(
      {first, zero},
      [&](ValueRange carried) {
        return b.compare(arith::CmpIPredicate::ult, carried[0], count);
      },
      [&](ValueRange carried) -> llvm::SmallVector<Value> {
        // As a ticket has a high latency, it is asked for an item ahead.
        Value next = takeItem();
        Value posted = emitItem(layout, carried[0], carried[1]);
        return {spattn_gpu::WarpBroadcastOp::create(b, next), posted};
      });
  // Each who rounds has an end.
  auto loop = b.forLoop(0, b.i32(config.mmaWarpgroups));
  b.in(loop.getBody(), [&] {
    PipelineState state =
        layout.stateOfPosted(b, b.add(end[1], loop.getInductionVar()));
    pipeline.producerAcquire(state);
    post(layout, state.stage, /*number=*/zero, b.i32(End));
    pipeline.producerCommit(state.stage);
  });
}

PipelineState DqRoundingLayout::stateOfPosted(KernelBuilder &b,
                                              Value count) const {
  int64_t groups = pipeline.full.stages / stagesOfGroup;
  PipelineState turn(b, count, groups);
  Value round = arith::DivUIOp::create(b, count, b.i32(groups));
  return state(b, /*group=*/turn.stage, round);
}

//===----------------------------------------------------------------------===//
// Those that round
//===----------------------------------------------------------------------===//

void DqRounding::emitRounds(const DqRoundingLayout &layout, Value group) {
  Pipeline pipeline(b, layout.pipeline);
  // When all have met, the tile before has been stored.
  auto meet = [&] {
    b.inWarp(0, [&] { spattn_gpu::StoreWaitOp::create(b); });
    spattn_gpu::NamedBarrierSyncOp::create(b, 1, b.asIndex(group), kThreads);
  };
  auto receive = [&](Value count) -> llvm::SmallVector<Value> {
    PipelineState state = layout.state(b, group, count);
    pipeline.consumerWait(state);
    llvm::SmallVector<Type> types(2, b.getI32Type());
    auto read = spattn_gpu::ReadWordsOp::create(
        b, types, layout.words.memory(b), b.asIndex(state.stage),
        DqRoundingLayout::kWordStride, /*uniform=*/true);
    return {count, read.getResult(0), read.getResult(1)};
  };
  Value blocks = QueryRows::ofHead(b, config, sequence);
  int64_t chunks = config.headDim / kRowsOfGroup;
  b.emitWhile(
      receive(b.i32(0)),
      [&](ValueRange carried) {
        return b.compare(arith::CmpIPredicate::ne, carried[2], b.i32(End));
      },
      [&](ValueRange carried) {
        Value count = carried[0], number = carried[1];
        locateHead(arith::DivUIOp::create(b, number, blocks));
        rows.locateBlock(arith::RemUIOp::create(b, number, blocks));
        Value any = areAdded(
            b.compare(arith::CmpIPredicate::eq, carried[2], b.i32(Sums)));
        Value stage = layout.state(b, group, count).stage;
        Value own = PipelineState(b, count, layout.tilesOfGroup).stage;
        Value tile = b.add(b.mul(group, b.i32(layout.tilesOfGroup)), own);
        if (layout.tilesOfGroup == 1)
          meet();
        writeRounded(layout.tiles, tile, [&](int64_t chunk) {
          Value sum = spattn_gpu::ReadFragmentOp::create(
              b, b.accType(kRowsOfGroup), layout.sums.memory(b),
              b.asIndex(stage), 4 * chunks * kSumsWords,
              4 * chunk * kSumsWords);
          return b.map(sum, sum.getType(), [&](ValueRange x) -> Value {
            return arith::SelectOp::create(b, any, x[0], b.f32(0));
          });
        });
        pipeline.consumerReleaseAfterReads(stage);
        meet();
        b.inWarp(0, [&] { emitStore(layout.tiles, tile); });
        return receive(b.add(count, b.i32(1)));
      });
  b.inWarp(0, [&] { spattn_gpu::StoreWaitOp::create(b); });
}

void DqRounding::emitItems(const DqRoundingLayout &layout) {
  initBarriers(b, {layout.pipeline.full, layout.pipeline.empty},
               config.threads());
  Value group = arith::IndexCastOp::create(
      b, b.getI32Type(), spattn_gpu::WarpgroupOp::create(b, b.getIndexType()));
  // Warpgroups work as the CTAs of the postprocess kernel do.
  Value inGroup = arith::RemUIOp::create(b, b.thread, b.i32(kThreads));
  llvm::SaveAndRestore<Value> ofGroup(b.thread, inGroup);
  b.when(
      b.compare(arith::CmpIPredicate::eq, group, b.i32(0)),
      [&] { b.inWarp(0, [&] { emitLoads(layout); }); },
      [&] { emitRounds(layout, b.sub(group, b.i32(1))); });
}
