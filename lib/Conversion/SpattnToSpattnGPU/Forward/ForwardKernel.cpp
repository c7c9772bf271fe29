//===- ForwardKernel.cpp - The forward kernel -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A persistent grid, warp-specialized: in each CTA one warpgroup schedules,
// loads and stores, and the others compute, 64 queries each. Keys and values
// have a pipeline each, as they are free at other times.
//
//===----------------------------------------------------------------------===//

#include "ForwardKernel.h"

#include "../Parts/KeyPages.h"
#include "../Parts/RaggedLoads.h"
#include "../Parts/WarpRoles.h"
#include "../Parts/WorkScheduler.h"
#include "ForwardEpilogue.h"
#include "ForwardMainloop.h"

using namespace mlir;
using namespace spattn;

ForwardLayout::ForwardLayout(const ForwardConfig &config) {
  queryTiles = shared.tiles(config.queryStages, config.tileRows(),
                            std::max(config.headDim, config.valueDim));
  keyTiles = shared.tiles(config.stages, config.keyTile, config.headDim);
  valueTiles = shared.tiles(config.stages, config.keyTile, config.valueDim);
  zeroTile = ZeroFill::allocate(shared, config.zeroRows);
  int64_t mmaWarps = 4 * config.mmaWarpgroups;
  queries = PipelineLayout(shared, config.queryStages, 1, /*loads=*/true, 1);
  outputs = shared.barriers(config.queryStages, mmaWarps);
  keys = PipelineLayout(shared, config.stages, 1, /*loads=*/true, mmaWarps);
  values = PipelineLayout(shared, config.stages, 1, /*loads=*/true, mmaWarps);
  ragged = shared.barriers(config.hasSequences ? 1 : 0, 1, /*loads=*/true);
  // Readers: two warps that load, one that stores, those that compute.
  workTiles =
      WorkTileQueueLayout(shared, config.item, config.itemStages, mmaWarps + 3);
}

/// Work tiles are query tiles of a head, or of packed ones, of a batch entry,
/// or parts of their walks.
static KernelProgram::FormulaAttr countWorkTiles(KernelProgram &program,
                                                 AttentionOp op,
                                                 const ForwardConfig &config) {
  return program.perTile(op.getNumQueryHeads() / config.rows.heads *
                             config.parts.most,
                         "queryLength", config.queryTile());
}

namespace {

struct ForwardArguments {
  ForwardArguments(KernelSignature &signature, AttentionOp op,
                   const ForwardConfig &config)
      : queryMap(signature.tensorMap("q", config.tileRows(), config.rows)),
        keyMap(signature.tensorMap("k", getKeyBox(op, config.keyTile))),
        valueMap(signature.tensorMap("v", getKeyBox(op, config.keyTile))) {
    bool areCut = config.parts.areCut();
    if (storesThroughShared(op, config))
      outMap = signature.tensorMap("o", config.tileRows(), config.rows);
    if (config.zeroRows == config.tileRows())
      zeroMap = outMap;
    else if (config.zeroRows)
      zeroMap = signature.tensorMap("o", config.zeroRows);
    out.pointer =
        areCut ? signature.scratch(kPartialOut) : signature.buffer("o");
    lse.pointer =
        areCut ? signature.scratch(kPartialLse) : signature.buffer("lse");
    sequence.emplace(signature, op);
    if (op.hasTileLists())
      lists.emplace(signature, op);
    if (op.hasPages())
      pages.emplace(signature);
    scores.emplace(signature, op);
    positions.emplace(signature, op);
    if (!areCut) {
      out.strides = signature.strides("o");
      lse.strides = signature.strides("lse");
    }
    positions->addStrides(signature);
    if (config.dynamicScheduler)
      counter = signature.scratch("counter");
    if (op.getSinkLogits())
      sinks.emplace(signature, "sink");
  }

  KernelSignature::Argument queryMap, keyMap, valueMap;
  KernelSignature::Strided out, lse;
  std::optional<SequenceArguments> sequence;
  std::optional<TileListArguments> lists;
  std::optional<KeyPageArguments> pages;
  std::optional<ScoreArguments> scores;
  std::optional<PositionArguments> positions;
  /// Only of kernels that have them.
  std::optional<KernelSignature::Argument> outMap, zeroMap, counter;
  std::optional<HeadNumbers> sinks;
};

class ForwardKernel {
public:
  ForwardKernel(OpBuilder &builder, AttentionOp op, const ForwardConfig &config,
                KernelProgram &program)
      : b(builder, op.getLoc(),
          cast<ShapedType>(op.getQuery().getType()).getElementType()),
        op(op), config(config), layout(config), program(program),
        signature(program), arguments(signature, op, config) {}

  LLVM::LLVMFuncOp build(StringRef name);

private:
  void emitScheduler(RowTiles &rows, Value count, WorkTileQueue &workTiles,
                     ForwardEpilogue &epilogue);
  void emitLoads(WorkTileQueue &workTiles, bool ofValue);
  void emitStores(WorkTileQueue &workTiles, ForwardEpilogue &epilogue);
  Value get(KernelSignature::Argument argument) {
    return signature.get(argument);
  }

  KernelBuilder b;
  AttentionOp op;
  const ForwardConfig &config;
  ForwardLayout layout;
  KernelProgram &program;
  KernelSignature signature;
  ForwardArguments arguments;
  SequenceInfo sequence;
};

} // namespace

LLVM::LLVMFuncOp ForwardKernel::build(StringRef name) {
  LLVM::LLVMFuncOp function =
      signature.begin(b, name, {config.threads(), config.ctasPerSM});
  layout.shared.allocate(b);
  sequence = arguments.sequence->get(b, signature);
  ScoreModifier modifier(b, *arguments.scores, signature, sequence,
                         config.rows);
  Positions positions(b, *arguments.positions, signature, sequence,
                      config.rows);
  Softmax softmax(b, modifier);
  std::optional<KeyParts> parts;
  if (config.parts.areCut())
    parts.emplace(b, config.parts, sequence, op.getNumQueryHeads());
  auto result = [&](const KernelSignature::Strided &array, int64_t width) {
    return parts ? parts->array(b, get(array.pointer), width)
                 : signature.get(b, array);
  };
  StridedArray out = result(arguments.out, config.valueDim);
  StridedArray lse = result(arguments.lse, 1);
  ForwardEpilogue epilogue(
      b, op, config, layout, softmax, modifier, sequence, out, lse,
      arguments.sinks ? &*arguments.sinks : nullptr, parts ? &*parts : nullptr);
  RowTiles rows(b, op, sequence, sequence.queryTiles(b, config.queryTile()),
                {config.queryTile(), config.keyTile, config.queryTile(),
                 config.rows, config.fromFirstKey()});
  rows.setParts(parts ? &*parts : nullptr);
  Value count = rows.count();
  WorkTileQueue workTiles(b, layout.workTiles);
  std::optional<TileLists> lists = getKeyLists(
      b, op, arguments.lists, signature, config.keyTile, sequence.keyLength);
  workTiles.setLists(lists);
  rows.setLists(workTiles.getLists());
  ForwardMainloop mainloop(b, config, layout, workTiles, modifier, positions,
                           softmax, epilogue);
  initBarriers(b,
               {layout.queries.full, layout.queries.empty, layout.outputs,
                layout.workTiles.barriers.full, layout.workTiles.barriers.empty,
                layout.keys.full, layout.keys.empty, layout.values.full,
                layout.values.empty, layout.ragged},
               config.threads());
  emitWarpRoles(b, {config.launchedRegisters(),
                    config.producerRegisters,
                    config.consumerRegisters(),
                    {[&] { emitScheduler(rows, count, workTiles, epilogue); },
                     [&] { emitLoads(workTiles, /*ofValue=*/false); },
                     [&] { emitLoads(workTiles, /*ofValue=*/true); },
                     [&] { emitStores(workTiles, epilogue); }},
                    [&](Value group) { mainloop.emit(group); }});
  signature.end(b, layout.shared.total(), /*persistent=*/config.ctasPerSM,
                countWorkTiles(program, op, config),
                config.consumerRegisters());
  return function;
}

void ForwardKernel::emitScheduler(RowTiles &rows, Value count,
                                  WorkTileQueue &workTiles,
                                  ForwardEpilogue &epilogue) {
  if (config.sectionBytes > 0)
    rows.groupHeads(config.sectionBytes);
  Value zeroMap = arguments.zeroMap ? get(*arguments.zeroMap) : Value();
  ZeroFill zeroFill(b, layout.zeroTile);
  zeroFill.begin();
  ScheduledWork work{count, [&](Value number) { return rows.decode(number); },
                     [&](const WorkTile &tile) {
                       epilogue.emitEmptyRows(tile, zeroFill, zeroMap);
                     }};
  WorkScheduler scheduler(b, workTiles);
  if (!arguments.counter)
    scheduler.emitStatic(work);
  else if (config.inPairs)
    scheduler.emitDynamicPairs(work, get(*arguments.counter));
  else
    scheduler.emitDynamic(work, get(*arguments.counter));
  zeroFill.end();
}

/// Loads queries and keys, or values: neither waits for the other.
void ForwardKernel::emitLoads(WorkTileQueue &workTiles, bool ofValue) {
  Pipeline queries(b, layout.queries);
  Pipeline pipeline(b, ofValue ? layout.values : layout.keys);
  const TileRing &ring = ofValue ? layout.valueTiles : layout.keyTiles;
  TileWalk walk(b, workTiles, config.keyTile);
  Value map = get(ofValue ? arguments.valueMap : arguments.keyMap);
  std::optional<KeyPages> pages;
  if (arguments.pages)
    pages.emplace(b, *arguments.pages, signature, op, config.keyTile,
                  sequence.keyLength);
  // Keys of others are masked; their values would be multiplied by 0.
  RaggedLoads loads(b, ofValue ? layout.ragged : BarrierArray());
  // Other work tiles load the same keys and values, but not the same queries;
  // with walks that are cut, it is the other way round.
  KernelBuilder::Eviction ofKeys, ofQueries;
  if (!config.parts.areCut()) {
    ofKeys = spattn_gpu::Eviction::Last;
    ofQueries = spattn_gpu::Eviction::First;
  }
  workTiles.forEach(
      loads.initial(),
      [&](WorkTile &tile, Value tilesBefore,
          ValueRange carried) -> llvm::SmallVector<Value> {
        if (!ofValue) {
          PipelineState state = queries.state(tile.number);
          queries.producerAcquire(state);
          Value full = queries.full(state.stage);
          Value target =
              layout.queryTiles.narrowed(b, state.stage, config.headDim);
          config.rows.load(b, get(arguments.queryMap),
                           tile.queryRow(b, tile.first), tile.head, tile.batch,
                           target, full, ofQueries);
        }
        auto loop = b.forLoop(0, tile.visited, carried);
        b.in(loop.getBody(), [&] {
          Value n = loop.getInductionVar();
          KernelBuilder::Index first = walk.first(tile, n);
          Value key = tile.keyRow(b, first);
          // Looked up while the stage is in use.
          llvm::SmallVector<Value> ofPages;
          if (pages)
            ofPages = pages->find(tile, key);
          PipelineState state = pipeline.state(b.add(tilesBefore, n));
          pipeline.producerAcquire(state);
          Value full = pipeline.full(state.stage);
          Value target = ring.at(b, state.stage), left;
          if (!carried.empty())
            left =
                b.ops.materialize(b.ops.sub(tile.place->lengths.keys, first));
          auto start = [&](Value barrier) {
            if (pages)
              pages->load(map, ofPages, key, tile.keyHead, target, barrier);
            else
              b.load(map, key, tile.keyHead, tile.batch, target, barrier,
                     ofKeys);
          };
          loads.yield(
              loads.load(start, target, full, left, loop.getRegionIterArgs()));
        });
        return llvm::SmallVector<Value>(loop.getResults());
      });
}

/// Stores outputs from shared memory, and then lets queries in. The work tile's
/// slot is free before: the next one comes no later than its queries may.
void ForwardKernel::emitStores(WorkTileQueue &workTiles,
                               ForwardEpilogue &epilogue) {
  Pipeline queries(b, layout.queries);
  workTiles.forEachUnreleased([&](WorkTile &tile, Value) {
    PipelineState state = queries.state(tile.number);
    b.await(layout.outputs.at(b, state.stage), state.phase);
    workTiles.release(tile);
    if (arguments.outMap)
      epilogue.storeOutput(tile, state.stage, get(*arguments.outMap));
    queries.consumerRelease(state.stage);
  });
}

/// A row of output and a log-sum-exp for each query of each part.
static void addPartialResults(KernelProgram &program, AttentionOp op,
                              const ForwardConfig &config) {
  constexpr int64_t bytes = 4, alignment = 128;
  int64_t heads = op.getNumQueryHeads();
  program.addScratch(
      kPartialOut,
      program.perPart(bytes * heads * config.valueDim, config.parts),
      alignment);
  program.addScratch(kPartialLse, program.perPart(bytes * heads, config.parts),
                     alignment);
}

LLVM::LLVMFuncOp spattn::buildForwardKernel(OpBuilder &builder, AttentionOp op,
                                            StringRef name,
                                            const ForwardConfig &config,
                                            KernelProgram &program) {
  if (config.dynamicScheduler)
    program.addScratch("counter", program.constant(4), /*alignment=*/4,
                       /*zeroed=*/true);
  program.limitTiles(countWorkTiles(program, op, config));
  if (config.parts.areCut())
    addPartialResults(program, op, config);
  return ForwardKernel(builder, op, config, program).build(name);
}
