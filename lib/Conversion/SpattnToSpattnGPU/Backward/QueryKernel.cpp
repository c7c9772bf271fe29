//===- QueryKernel.cpp - The kernel of dQ alone ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Parts/RaggedLoads.h"
#include "../Parts/WarpRoles.h"
#include "../Parts/WorkScheduler.h"
#include "QueryMainloop.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kItemStages = 2;
static constexpr int64_t kKeyTile = QueryKernelLayout::kKeyTile;

QueryKernelLayout::QueryKernelLayout(const BackwardConfig &config) {
  queryTile = shared.tiles(1, kRowsOfGroup, config.headDim);
  doTile = shared.tiles(1, kRowsOfGroup, config.valueDim);
  keyTiles = shared.tiles(config.queryKeyStages, kKeyTile, config.headDim);
  valueTiles = shared.tiles(config.queryValueStages, kKeyTile, config.valueDim);
  gradientTile = shared.tiles(1, kRowsOfGroup, config.headDim);
  query = PipelineLayout(shared, 1, 1, /*loads=*/true, 4);
  dO = PipelineLayout(shared, 1, 1, /*loads=*/true, 4);
  gradient = PipelineLayout(shared, 1, 4, /*loads=*/false, 1);
  keys = PipelineLayout(shared, config.queryKeyStages, 1, /*loads=*/true, 4);
  values =
      PipelineLayout(shared, config.queryValueStages, 1, /*loads=*/true, 4);
  ragged = shared.barriers(config.hasSequences ? 2 : 0, 1, /*loads=*/true);
  // Readers: two warps that load, one that stores, those that compute.
  workTiles = WorkTileQueueLayout(shared, config.queryItem, kItemStages, 4 + 3);
}

namespace {

struct QueryKernelArguments {
  QueryKernelArguments(KernelSignature &signature, AttentionBackwardOp op)
      : queryMap(signature.tensorMap("q", kRowsOfGroup)),
        keyMap(signature.tensorMap("k", kKeyTile)),
        valueMap(signature.tensorMap("v", kKeyTile)),
        outMap(signature.tensorMap("o", kRowsOfGroup)),
        doMap(signature.tensorMap("do", kRowsOfGroup)),
        dqMap(signature.tensorMap("dq", kRowsOfGroup)) {
    dq.pointer = signature.buffer("dq");
    callerLse.emplace(signature, op);
    lse = signature.scratch("lse_start");
    delta = signature.scratch("delta_start");
    counter = signature.scratch("counter");
    sequence.emplace(signature, op);
    if (op.hasTileLists()) {
      lists.emplace(signature, op);
      tickets = signature.scratch("queries_counter");
    }
    scores.emplace(signature, op);
    positions.emplace(signature, op);
    positions->addStrides(signature);
    dq.strides = signature.strides("dq");
    callerLse->addStrides(signature);
    biases.emplace(signature, op);
  }

  KernelSignature::Argument queryMap, keyMap, valueMap, outMap, doMap, dqMap;
  KernelSignature::Argument lse, delta, counter;
  KernelSignature::Strided dq;
  std::optional<LseArguments> callerLse;
  std::optional<SequenceArguments> sequence;
  std::optional<TileListArguments> lists;
  /// Of the dynamic scheduler.
  std::optional<KernelSignature::Argument> tickets;
  std::optional<ScoreArguments> scores;
  std::optional<PositionArguments> positions;
  std::optional<BiasScratch> biases;
};

class QueryKernel {
public:
  QueryKernel(OpBuilder &builder, AttentionBackwardOp op,
              const BackwardConfig &config, KernelProgram &program)
      : b(builder, op.getLoc(),
          cast<ShapedType>(op.getQuery().getType()).getElementType()),
        op(op), config(config), layout(config), program(program),
        signature(program), arguments(signature, op),
        workTiles(b, layout.workTiles), walk(b, workTiles, kKeyTile),
        query(b, layout.query), dO(b, layout.dO), gradient(b, layout.gradient),
        keys(b, layout.keys), values(b, layout.values) {}

  void build(StringRef name);

private:
  void emitScheduler();
  void emitLoads(bool ofValue);
  void emitStores();
  Value get(KernelSignature::Argument argument) {
    return signature.get(argument);
  }

  KernelBuilder b;
  AttentionBackwardOp op;
  const BackwardConfig &config;
  QueryKernelLayout layout;
  KernelProgram &program;
  KernelSignature signature;
  QueryKernelArguments arguments;
  WorkTileQueue workTiles;
  TileWalk walk;
  Pipeline query, dO, gradient, keys, values;
  SequenceInfo sequence;
};

} // namespace

void QueryKernel::build(StringRef name) {
  constexpr int64_t kThreads = QueryKernelLayout::kThreads;
  signature.begin(b, name, {kThreads, config.queryCtasPerSM});
  layout.shared.allocate(b);
  startCounter(b, get(arguments.counter));
  sequence = arguments.sequence->get(b, signature);
  std::optional<TileLists> lists = getKeyLists(
      b, op, arguments.lists, signature, kKeyTile, sequence.keyLength);
  workTiles.setLists(lists);
  ScoreModifier modifier(b, *arguments.scores, signature, sequence);
  Positions positions(b, *arguments.positions, signature, sequence);
  BiasSums sums(b, modifier, signature, *arguments.biases);
  QueryMainloop mainloop(b, op, config, layout, workTiles, modifier, positions,
                         sequence,
                         {arguments.callerLse->get(b, signature),
                          get(arguments.lse), get(arguments.delta)},
                         config.sumsBiases ? &sums : nullptr);
  initBarriers(b,
               {layout.query.full, layout.dO.full, layout.query.empty,
                layout.dO.empty, layout.gradient.full, layout.gradient.empty,
                layout.keys.full, layout.values.full, layout.keys.empty,
                layout.values.empty, layout.workTiles.barriers.full,
                layout.workTiles.barriers.empty, layout.ragged},
               kThreads);
  emitWarpRoles(
      b, {launchedRegisters(config.target, kThreads, config.queryCtasPerSM),
          config.queryProducerRegisters,
          config.queryConsumerRegisters(),
          {[&] { emitScheduler(); }, [&] { emitLoads(/*ofValue=*/false); },
           [&] { emitLoads(/*ofValue=*/true); }, [&] { emitStores(); }},
          [&](Value) { mainloop.emit(); }});
  signature.end(b, layout.shared.total(), config.queryCtasPerSM,
                startingCtas(program, op, config),
                config.queryConsumerRegisters());
}

//===----------------------------------------------------------------------===//
// Scheduling, loading and storing
//===----------------------------------------------------------------------===//

void QueryKernel::emitScheduler() {
  Value tileRows = QueryRows::ofHead(b, config, sequence);
  RowTiles tiles(b, op, sequence, tileRows,
                 {kRowsOfGroup, kKeyTile, config.queryTile, RowLayout()});
  tiles.groupHeads(config.querySectionBytes);
  tiles.setLists(workTiles.getLists());
  ScheduledWork work{
      tiles.count(), [&](Value number) { return tiles.decode(number); },
      [&](const WorkTile &tile) {
        QueryRows rows(b, op, config, sequence);
        rows.locate(tile);
        rows.emitEmptyRows(signature.get(b, arguments.dq), /*warps=*/1);
        // No probability is above 0.
        for (auto [base, value] :
             {std::pair(arguments.lse, kNegInf), {arguments.delta, 0}}) {
          Value count = b.asIndex(b.i32(1));
          Value stride = b.asIndex(b.i32(kRowsOfGroup));
          Value start = rows.scratch(get(base));
          spattn_gpu::StoreFillOp::create(b, b.f32(value), start, stride, count,
                                          kRowsOfGroup);
        }
      }};
  WorkScheduler scheduler(b, workTiles);
  if (arguments.tickets)
    scheduler.emitDynamic(work, get(*arguments.tickets));
  else
    scheduler.emitStatic(work);
}

/// Loads queries and keys, or dO, the output and values.
void QueryKernel::emitLoads(bool ofValue) {
  Pipeline &rows = ofValue ? dO : query;
  Pipeline &pipeline = ofValue ? values : keys;
  const TileRing &ring = ofValue ? layout.valueTiles : layout.keyTiles;
  RaggedLoads loads(b, layout.ragged, ofValue ? 1 : 0);
  using Carried = llvm::SmallVector<Value>;
  workTiles.forEach(
      loads.initial(),
      [&](WorkTile &tile, Value tilesBefore, ValueRange before) -> Carried {
        Value first = tile.queryRow(b, tile.first);
        PipelineState own = rows.state(tile.number);
        rows.producerAcquire(own);
        Value rowsFull = rows.full(own.stage);
        // The key kernel loads all but the output again.
        constexpr auto keep = spattn_gpu::Eviction::Last;
        b.load(get(ofValue ? arguments.doMap : arguments.queryMap), first,
               tile.head, tile.batch,
               (ofValue ? layout.doTile : layout.queryTile).at(b), rowsFull,
               keep);
        auto loop = b.forLoop(ofValue ? -1 : 0, tile.visited, before);
        b.in(loop.getBody(), [&] {
          Value n = loop.getInductionVar();
          PipelineState state =
              ofValue
                  ? QueryMainloop::stateOfValue(b, values, tile, tilesBefore, n)
                  : keys.state(b.add(tilesBefore, n));
          pipeline.producerAcquire(state);
          Value full = pipeline.full(state.stage);
          auto loadTile = [&](ValueRange carried) {
            Value target = ring.at(b, state.stage), rowsLeft;
            KernelBuilder::Index key = walk.first(tile, n);
            Value row = tile.keyRow(b, key);
            if (tile.place)
              rowsLeft =
                  b.ops.materialize(b.ops.sub(tile.place->lengths.keys, key));
            return loads.load(
                get(ofValue ? arguments.valueMap : arguments.keyMap), row,
                tile.keyHead, tile.batch, target, full, rowsLeft, carried,
                keep);
          };
          ValueRange carried = loop.getRegionIterArgs();
          if (!ofValue)
            return loads.yield(loadTile(carried));
          auto loadOut = [&](ValueRange carried) {
            b.load(get(arguments.outMap), first, tile.head, tile.batch,
                   ring.at(b, state.stage), full, spattn_gpu::Eviction::First);
            return Carried(carried);
          };
          Value isOut = b.compare(arith::CmpIPredicate::slt, n, b.i32(0));
          loads.yield(loads.when(isOut, carried, loadOut, loadTile));
        });
        return Carried(loop.getResults());
      });
}

void QueryKernel::emitStores() {
  workTiles.forEach([&](WorkTile &tile, Value) {
    PipelineState state = gradient.state(tile.number);
    gradient.consumerWait(state);
    Value batch = b.asIndex(tile.batch);
    Value head = b.asIndex(tile.head);
    Value first = b.asIndex(tile.queryRow(b, tile.first));
    auto storeAll = [&] {
      spattn_gpu::StoreTileOp::create(b, layout.gradientTile.at(b),
                                      get(arguments.dqMap), first, head, batch);
      spattn_gpu::StoreWaitOp::create(b);
    };
    if (tile.place) {
      QueryRows rows(b, op, config, sequence);
      rows.locate(tile);
      Value source = layout.gradientTile.at(b);
      rows.storeTile(source, signature.get(b, arguments.dq), storeAll);
    } else {
      storeAll();
    }
    gradient.consumerRelease(state.stage);
  });
}

void spattn::buildQueryKernel(OpBuilder &builder, AttentionBackwardOp op,
                              StringRef name, const BackwardConfig &config,
                              KernelProgram &program) {
  QueryKernel(builder, op, config, program).build(name);
}
