//===- KeyKernel.cpp - The kernel of dK and dV ----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Parts/RaggedLoads.h"
#include "../Parts/WarpRoles.h"
#include "DqRounding.h"
#include "KeyMainloop.h"
#include "QueryLists.h"
#include "SplitKeyMainloop.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace spattn;

KeyKernelLayout::KeyKernelLayout(const BackwardConfig &config, KeyPart part)
    : part(part), headDim(config.headDim), valueDim(config.valueDim) {
  bool isStaged = config.sumsAreStaged();
  bool isSplit = config.isSplitByWarpgroup();
  bool ofValues = part == KeyPart::Values;
  bool sharesScores = isSplit || (!config.deterministic && !ofValues);
  keyTiles = shared.tiles(config.keyStages, config.keyTile(),
                          ofValues ? std::max(headDim, valueDim) : headDim);
  valueTiles = shared.tiles(ofValues ? 0 : config.valueStages, config.keyTile(),
                            valueDim);
  queryTiles = shared.tiles(config.queryStages, config.queryTile, headDim);
  doTiles = shared.tiles(config.doStages, config.queryTile, valueDim);
  dsTiles = shared.tiles(sharesScores ? kScoreBuffers : 0, config.keyTile(),
                         config.queryTile);
  zeroTile = ZeroFill::allocate(shared, config.zeroRows);
  sums = shared.take(isStaged ? config.partStages() * config.partBytes() : 0);
  lse = shared.words(config.queryStages, config.queryTile);
  delta = shared.words(ofValues ? 0 : config.doStages, config.queryTile);
  int64_t mmaWarps = 4 * config.mmaWarpgroups;
  keys = PipelineLayout(shared, config.keyStages, 1, /*loads=*/true, 1);
  // Where a warpgroup has dK and another one dV, each writes its own.
  int64_t outputWarps = isSplit ? 4 : mmaWarps;
  outputs = shared.barriers(config.keyStages, outputWarps);
  valueOutputs =
      shared.barriers(ofValues ? 0 : config.valueStages, outputWarps);
  values = PipelineLayout(shared, config.valueStages, 1, /*loads=*/true, 1);
  // A tile, and a number for each of its rows.
  queries =
      PipelineLayout(shared, config.queryStages, 2, /*loads=*/true, mmaWarps);
  dos = PipelineLayout(shared, config.doStages, ofValues ? 1 : 2,
                       /*loads=*/true, mmaWarps);
  // Where one warpgroup has dK, it alone has dS, and all multiply them for dQ,
  // unless they take turns.
  scores = PipelineLayout(shared, isStaged || isSplit ? kScoreBuffers : 0,
                          isSplit ? 4 : mmaWarps, /*loads=*/false,
                          isStaged && !config.rotatesParts() ? mmaWarps : 4);
  sumParts = PipelineLayout(shared, isStaged ? config.partStages() : 0, 4,
                            /*loads=*/false, 1);
  ragged = shared.barriers(config.hasSequences ? 2 : 0, 1, /*loads=*/true);
  // Readers: two warps that load, one that stores, those that compute.
  workTiles =
      WorkTileQueueLayout(shared, config.item, config.itemStages, mmaWarps + 3);
  probabilities = shared.barriers(isSplit ? kScoreBuffers : 0, 4);
}

namespace {

struct KeyKernelArguments {
  KeyKernelArguments(KernelSignature &signature, AttentionBackwardOp op,
                     const BackwardConfig &config, KeyPart part) {
    bool hasDk = part != KeyPart::Values, hasDv = part != KeyPart::Keys;
    queryMap = signature.tensorMap("q", config.queryTile);
    keyMap = signature.tensorMap("k", config.keyTile());
    if (hasDk)
      valueMap = signature.tensorMap("v", config.keyTile());
    doMap = signature.tensorMap("do", config.queryTile);
    if (hasDk)
      dkMap = signature.tensorMap("dk", config.keyTile());
    if (hasDv)
      dvMap = signature.tensorMap("dv", config.keyTile());
    if (config.zeroRows && hasDk)
      dkZeros = signature.tensorMap("dk", config.zeroRows);
    if (config.zeroRows && hasDv)
      dvZeros = signature.tensorMap("dv", config.zeroRows);
    if (hasDk)
      dk.emplace().pointer = signature.buffer("dk");
    if (hasDv)
      dv.emplace().pointer = signature.buffer("dv");
    lse = signature.scratch("lse_start");
    if (hasDk)
      delta = signature.scratch("delta_start");
    if (hasDk && !config.deterministic)
      sums = signature.scratch("dq_sums");
    counter = signature.scratch(hasDk ? "counter" : "values_counter");
    if (sums && config.roundsDq)
      rounding.emplace(signature, config, *sums, counter);
    sequence.emplace(signature, op);
    if (op.hasTileLists())
      lists = signature.scratch(QueryLists::kName);
    scores.emplace(signature, op);
    positions.emplace(signature, op);
    positions->addStrides(signature);
    if (hasDk)
      dk->strides = signature.strides("dk");
    if (hasDv)
      dv->strides = signature.strides("dv");
    if (rounding)
      rounding->addStrides(signature);
  }

  KernelSignature::Argument queryMap, keyMap, doMap, lse, counter;
  /// Only of kernels that have them.
  std::optional<KernelSignature::Argument> valueMap, dkMap, dvMap, delta, sums,
      lists, dkZeros, dvZeros;
  std::optional<KernelSignature::Strided> dk, dv;
  std::optional<SequenceArguments> sequence;
  std::optional<ScoreArguments> scores;
  std::optional<PositionArguments> positions;
  std::optional<DqRoundingArguments> rounding;
};

class KeyKernel {
public:
  KeyKernel(OpBuilder &builder, AttentionBackwardOp op,
            const BackwardConfig &config, KernelProgram &program, KeyPart part)
      : b(builder, op.getLoc(),
          cast<ShapedType>(op.getQuery().getType()).getElementType()),
        op(op), config(config), layout(config, part), program(program),
        signature(program), arguments(signature, op, config, part) {}

  void build(StringRef name);

private:
  void emitLoads(WorkTileQueue &workTiles, bool ofDo);
  void emitStores(WorkTileQueue &workTiles, DqAccumulator &accumulator);
  /// Waits until a key tile's gradient is `written` in the place of what was
  /// loaded, stores it if there is one, and lets the next come there.
  void emitStore(const WorkTile &tile, const TileRing &tiles,
                 const PipelineLayout &stages, const BarrierArray &written,
                 bool ofDv);
  /// Stores a gradient, or its rows where a sequence ends within the key tile.
  void emitStoreOf(const WorkTile &tile, Value source, bool ofDv);
  void emitEmptyKeys(const WorkTile &tile, ZeroFill &zeroFill);
  Value scratchRow(const WorkTile &tile, Value query);
  /// The semaphore of a work tile's head, where the kernel rounds dQ.
  Value headDone(const WorkTile &tile) {
    return DqRounding::semaphore(b, op, get(*arguments.rounding->headsDone),
                                 tile.batch, tile.keyHead);
  }
  Value get(KernelSignature::Argument argument) {
    return signature.get(argument);
  }

  KernelBuilder b;
  AttentionBackwardOp op;
  const BackwardConfig &config;
  KeyKernelLayout layout;
  KernelProgram &program;
  KernelSignature signature;
  KeyKernelArguments arguments;
  SequenceInfo sequence;
  std::optional<StridedArray> dk, dv;
  /// Queries of a head that scratch has room for.
  Value paddedRows;
};

} // namespace

void KeyKernel::build(StringRef name) {
  signature.begin(b, name, {config.threads(), config.ctasPerSM});
  layout.shared.allocate(b);
  std::optional<DqRoundingLayout> roundingLayout;
  llvm::SmallVector<Value> roundingMemory;
  if (arguments.rounding) {
    roundingLayout.emplace(config);
    llvm::SaveAndRestore<llvm::SmallVector<Value>> ofKernel(b.allocations);
    roundingLayout->shared.allocate(b, /*overlaid=*/true);
    roundingMemory = b.allocations;
  }
  sequence = arguments.sequence->get(b, signature);
  if (arguments.dk)
    dk = signature.get(b, *arguments.dk);
  if (arguments.dv)
    dv = signature.get(b, *arguments.dv);
  ScoreModifier modifier(b, *arguments.scores, signature, sequence);
  Positions positions(b, *arguments.positions, signature, sequence);
  paddedRows = sequence.paddedQueries(b, config.queryTile);
  WorkTileQueue workTiles(b, layout.workTiles);
  std::optional<TileLists> lists;
  if (arguments.lists)
    lists.emplace(QueryLists(b, op, sequence, get(*arguments.lists))
                      .getLists(config.queryTile));
  workTiles.setLists(lists);
  SkippedTiles skipped(b, config);
  Value counter = get(arguments.counter);
  DqAccumulator accumulator(b, op, config, layout, workTiles,
                            arguments.sums ? get(*arguments.sums) : Value(),
                            counter, paddedRows);
  KeyMainloop mainloop(b, config, layout, workTiles, modifier, positions,
                       skipped, accumulator);
  SplitKeyMainloop splitMainloop(b, config, layout, workTiles, modifier,
                                 positions, accumulator);
  ZeroFill zeroFill(b, layout.zeroTile);
  KeyTileScheduler scheduler(
      b, op, config, sequence, workTiles, skipped, counter,
      [&](const WorkTile &tile) { emitEmptyKeys(tile, zeroFill); });
  initBarriers(b,
               {layout.keys.full, layout.values.full, layout.values.empty,
                layout.outputs, layout.valueOutputs, layout.keys.empty,
                layout.queries.full, layout.dos.full, layout.queries.empty,
                layout.dos.empty, layout.workTiles.barriers.full,
                layout.workTiles.barriers.empty, layout.scores.full,
                layout.scores.empty, layout.sumParts.full,
                layout.sumParts.empty, layout.probabilities, layout.ragged},
               config.threads());
  emitWarpRoles(b, {config.launchedRegisters(),
                    config.producerRegisters,
                    config.consumerRegisters(),
                    {[&] {
                       zeroFill.begin();
                       scheduler.emit();
                       zeroFill.end();
                     },
                     [&] { emitLoads(workTiles, /*ofDo=*/false); },
                     [&] { emitLoads(workTiles, /*ofDo=*/true); },
                     [&] { emitStores(workTiles, accumulator); }},
                    [&](Value group) {
                      if (config.isSplitByWarpgroup())
                        splitMainloop.emit(group);
                      else
                        mainloop.emit(group);
                    },
                    /*meetingThreads=*/roundingLayout ? config.threads() : 0});
  if (roundingLayout) {
    // All have met, so that nothing of the shared memory is in use.
    llvm::SaveAndRestore<llvm::SmallVector<Value>> ofKernel(b.allocations,
                                                            roundingMemory);
    // What is known of lengths is computed anew rather than kept.
    SequenceInfo again = sequence;
    again.queryLength =
        spattn_gpu::WarpBroadcastOp::create(b, sequence.queryLength);
    DqRounding(b, op, config, signature, *arguments.rounding, again, modifier)
        .emitItems(*roundingLayout);
  }
  // Work tiles are key tiles of a key head of a batch entry, and items of rows.
  spattn_gpu::FormulaAttr work =
      program.perTile(op.getNumKeyHeads(), "keyLength", config.keyTile());
  if (roundingLayout)
    work = program.sum(work, DqRounding::items(program, op, config));
  signature.end(b, layout.shared.total(), config.ctasPerSM, work,
                config.consumerRegisters());
}

/// The number of a query among all that scratch has room for.
Value KeyKernel::scratchRow(const WorkTile &tile, Value query) {
  Value inBatchEntry = b.asIndex(tile.head);
  Value heads = b.asIndex(b.i32(op.getNumQueryHeads()));
  Value head = b.add(b.mul(b.asIndex(tile.batch), heads), inBatchEntry);
  Value inHead = b.asIndex(
      tile.place ? b.add(b.ops.materialize(tile.place->scratchRow), query)
                 : query);
  return b.add(b.mul(head, b.asIndex(paddedRows)), inHead);
}

/// Loads keys and queries with their log-sum-exp, or values and dO with
/// `delta`. Nobody loads the same keys and values again, but other key tiles
/// the same queries.
void KeyKernel::emitLoads(WorkTileQueue &workTiles, bool ofDo) {
  Pipeline keyPipeline(b, ofDo ? layout.values : layout.keys);
  Pipeline queryPipeline(b, ofDo ? layout.dos : layout.queries);
  const TileRing &keyRing = ofDo ? layout.valueTiles : layout.keyTiles;
  const TileRing &queryRing = ofDo ? layout.doTiles : layout.queryTiles;
  const WordRing &wordRing = ofDo ? layout.delta : layout.lse;
  std::optional<KernelSignature::Argument> map = arguments.keyMap,
                                           words = arguments.lse;
  if (ofDo) {
    map = arguments.valueMap;
    words = arguments.delta;
  }
  TileWalk walk(b, workTiles, config.queryTile);
  RaggedLoads loads(b, layout.ragged, ofDo ? 1 : 0);
  using Carried = llvm::SmallVector<Value>;
  workTiles.forEach(
      loads.initial(),
      [&](WorkTile &tile, Value tilesBefore, ValueRange before) -> Carried {
        Carried carried(before);
        if (map) {
          Value isFirst = KeyTileExtra::isEnd(b, tile, KeyTileExtra::First);
          carried = loads.when(isFirst, before, [&](ValueRange carried) {
            PipelineState state =
                keyPipeline.state(KeyTileExtra::keyNumber(tile));
            keyPipeline.producerAcquire(state);
            Value full = keyPipeline.full(state.stage);
            Value target =
                ofDo ? keyRing.at(b, state.stage) : layout.key(b, state.stage);
            Value rowsLeft;
            if (tile.place)
              rowsLeft = b.ops.materialize(tile.place->rowsLeft);
            return loads.load(get(*map), tile.keyRow(b, tile.first),
                              tile.keyHead, tile.batch, target, full, rowsLeft,
                              carried, spattn_gpu::Eviction::First);
          });
        }
        auto loop = b.forLoop(0, tile.visited, carried);
        b.in(loop.getBody(), [&] {
          Value n = loop.getInductionVar();
          KernelBuilder::Index first = walk.first(tile, n);
          Value query = b.ops.materialize(first);
          PipelineState state = queryPipeline.state(b.add(tilesBefore, n));
          queryPipeline.producerAcquire(state);
          Value full = queryPipeline.full(state.stage);
          if (words) {
            Value source =
                b.pointer(get(*words), scratchRow(tile, query), b.getF32Type());
            wordRing.load(b, source, state.stage, full);
          }
          Value row = tile.place ? tile.queryRow(b, first) : query;
          Value target = queryRing.at(b, state.stage), rowsLeft;
          if (tile.place)
            rowsLeft = b.ops.materialize(
                b.ops.sub(tile.place->lengths.queries, first));
          loads.yield(
              loads.load(get(ofDo ? arguments.doMap : arguments.queryMap), row,
                         tile.head, tile.batch, target, full, rowsLeft,
                         loop.getRegionIterArgs(), spattn_gpu::Eviction::Last));
        });
        return Carried(loop.getResults());
      });
}

void KeyKernel::emitStores(WorkTileQueue &workTiles,
                           DqAccumulator &accumulator) {
  bool hasParts = arguments.sums && config.sumsAreStaged();
  // dV is there before the last part of dQ is.
  bool isEarly = hasParts && config.storesValuesEarly();
  auto storeFromValues = [&](const WorkTile &tile) {
    emitStore(tile, layout.valueTiles, layout.values, layout.valueOutputs,
              /*ofDv=*/true);
  };
  workTiles.forEachUnreleased([&](WorkTile &tile, Value tilesBefore) {
    if (hasParts) {
      auto loop = b.forLoop(0, tile.visited);
      b.in(loop.getBody(), [&] {
        Value n = loop.getInductionVar();
        if (isEarly) {
          Value last = b.sub(tile.visited, b.i32(1));
          b.when(b.compare(arith::CmpIPredicate::eq, n, last),
                 [&] { storeFromValues(tile); });
        }
        accumulator.emitReduction(tile, n, tilesBefore);
      });
    }
    workTiles.release(tile);
    b.when(KeyTileExtra::isEnd(b, tile, KeyTileExtra::Last), [&] {
      if (arguments.valueMap && !isEarly)
        storeFromValues(tile);
      emitStore(tile, layout.keyTiles, layout.keys, layout.outputs,
                /*ofDv=*/!dk);
      if (arguments.rounding)
        spattn_gpu::SemaphoreReleaseOp::create(b, 1, headDone(tile));
    });
  });
}

void KeyKernel::emitStore(const WorkTile &tile, const TileRing &tiles,
                          const PipelineLayout &stages,
                          const BarrierArray &written, bool ofDv) {
  Pipeline pipeline(b, stages);
  PipelineState state = pipeline.state(KeyTileExtra::keyNumber(tile));
  b.await(written.at(b, state.stage), state.phase);
  int64_t columns = ofDv ? config.valueDim : config.headDim;
  if (ofDv ? dv : dk)
    emitStoreOf(tile, tiles.narrowed(b, state.stage, columns), ofDv);
  pipeline.consumerRelease(state.stage);
}

void KeyKernel::emitStoreOf(const WorkTile &tile, Value source, bool ofDv) {
  const StridedArray &array = ofDv ? *dv : *dk;
  Value row = tile.keyRow(b, tile.first);
  auto storeAll = [&] {
    Value head = b.asIndex(tile.keyHead), batch = b.asIndex(tile.batch);
    Value map = get(ofDv ? *arguments.dvMap : *arguments.dkMap);
    spattn_gpu::StoreTileOp::create(b, source, map, b.asIndex(row), head,
                                    batch);
    spattn_gpu::StoreWaitOp::create(b);
  };
  if (!tile.place)
    return storeAll();
  Value rowsLeft = b.ops.materialize(tile.place->rowsLeft);
  Value rows = b.i32(config.keyTile());
  b.when(b.compare(arith::CmpIPredicate::sge, rowsLeft, rows), storeAll, [&] {
    Value start = array.row(b, tile.batch, tile.keyHead, row, b.element);
    spattn_gpu::StoreTileRowsOp::create(
        b, source, start, array.rowStride, b.asIndex(rowsLeft),
        ofDv ? op.getValueDim() : op.getHeadDim());
  });
}

/// Zero-fills dK and dV of keys that no query sees.
void KeyKernel::emitEmptyKeys(const WorkTile &tile, ZeroFill &zeroFill) {
  Value first = tile.keyRow(b, tile.first);
  if (arguments.rounding)
    spattn_gpu::SemaphoreArriveOp::create(b, headDone(tile));
  if (zeroFill.isUsed()) {
    for (const auto &[map, columns] :
         {std::pair(arguments.dkZeros, config.headDim),
          {arguments.dvZeros, config.valueDim}})
      if (map)
        zeroFill.fill(get(*map), first, tile.keyHead, tile.batch,
                      config.keyTile(), columns);
    return;
  }
  Value rest = tile.place ? b.ops.materialize(tile.place->rowsLeft)
                          : b.sub(sequence.keyLength, first);
  Value count =
      b.asIndex(arith::MinSIOp::create(b, rest, b.i32(config.keyTile())));
  Value zero = arith::ConstantOp::create(b, b.getFloatAttr(b.element, 0.0));
  for (const auto &[array, columns] :
       {std::pair(dk, op.getHeadDim()), {dv, op.getValueDim()}})
    if (array)
      spattn_gpu::StoreFillOp::create(
          b, zero, array->row(b, tile.batch, tile.keyHead, first, b.element),
          array->rowStride, count, columns);
}

void spattn::buildKeyKernel(OpBuilder &builder, AttentionBackwardOp op,
                            StringRef name, const BackwardConfig &config,
                            KernelProgram &program, KeyPart part) {
  KeyKernel(builder, op, config, program, part).build(name);
}
