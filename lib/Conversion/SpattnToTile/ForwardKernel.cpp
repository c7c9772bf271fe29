//===- ForwardKernel.cpp - The forward kernel in tile form ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A persistent grid. In each block the last warpgroup loads and the others
// compute, 64 queries each; they meet at barriers, a full and an empty one for
// each stage of keys and of values. The products of a step overlap the softmax
// of it: while one step's probabilities multiply the values, the next step's
// scores are on their way.
//
//===----------------------------------------------------------------------===//

#include "ForwardKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"
#include "spattn/Dialect/Tile/IR/Tile.h"

#include <limits>

using namespace mlir;
using namespace spattn;

static constexpr float kNegInf = -std::numeric_limits<float>::infinity();

ForwardLayout::ForwardLayout(const ForwardShape &shape) {
  query = 0;
  key = query + shape.queryStages * shape.queryTile() * shape.headDim * 2;
  value = key + shape.stages * shape.keyTile * shape.headDim * 2;
  barriers = value + shape.stages * shape.keyTile * shape.valueDim * 2;
  total = barriers + 8 * (2 * shape.queryStages + 4 * shape.stages);
}

namespace {

/// Arguments of the kernel, in order.
enum Argument {
  MapQuery,
  MapKey,
  MapValue,
  Out,
  Lse,
  Batch,
  QueryLength,
  KeyLength,
  Scale,
  OutBatchStride,
  OutHeadStride,
  OutRowStride,
  LseBatchStride,
  LseHeadStride,
  LseRowStride,
  NumArguments
};

class ForwardKernel {
public:
  ForwardKernel(OpBuilder &builder, AttentionOp op, StringRef name,
                const ForwardShape &shape)
      : b(op.getLoc(), builder), ops(b, b.getI32Type()), op(op), shape(shape),
        layout(shape), heads(op.getHeadStructures()),
        element(cast<ShapedType>(op.getQuery().getType()).getElementType()),
        outElement(cast<ShapedType>(op.getOut().getType()).getElementType()) {
    declare(name);
  }

  LLVM::LLVMFuncOp build() {
    Block *entry = function.addEntryBlock(b);
    b.setInsertionPointToStart(entry);
    readArguments(entry);
    emitSetup();
    Value group = arith::IndexCastOp::create(
        b, b.getI32Type(), tile::WarpgroupOp::create(b, b.getIndexType()));
    Value isProducer =
        compare(arith::CmpIPredicate::eq, group, index(shape.consumers));
    auto role = scf::IfOp::create(b, isProducer, /*withElseRegion=*/true);
    in(role.thenBlock(), [&] {
      if (shape.sharesRegisters())
        tile::SetRegistersOp::create(b, shape.producerRegisters(), false);
      // The first warp loads, and the others have nothing to do.
      Value end = index(tile::kWarpgroupThreads * shape.consumers + 32);
      when(compare(arith::CmpIPredicate::ult, thread, end),
           [&] { emitProducer(); });
    });
    in(role.elseBlock(), [&] {
      if (shape.sharesRegisters())
        tile::SetRegistersOp::create(b, shape.consumerRegisters(), true);
      // The first turn is the first warpgroup's.
      if (takesTurns())
        when(compare(arith::CmpIPredicate::eq, group, index(1)),
             [&] { passTurn(group); });
      emitConsumer(group);
    });
    LLVM::ReturnOp::create(b, ValueRange());
    return function;
  }

private:
  using Index = IndexOps::Value;

  /// An item of work: a query tile of a head of a batch element.
  struct Item {
    Value batch, head, keyHead;
    Index firstQuery;
    NormalForm<Index> form;
    TileSequence<Index> masked, full;
    Value visited, maskedCount;
  };

  //===--------------------------------------------------------------------===//
  // Small helpers
  //===--------------------------------------------------------------------===//

  /// Positions, counts and numbers of threads are i32; only offsets in global
  /// memory are wider.
  Value index(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  /// As an operand of a tile operation.
  Value asIndex(Value value) {
    return arith::IndexCastOp::create(b, b.getIndexType(), value);
  }
  Value f32(float value) {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
  }
  Value compare(arith::CmpIPredicate predicate, Value lhs, Value rhs) {
    return arith::CmpIOp::create(b, predicate, lhs, rhs);
  }
  Value add(Value lhs, Value rhs) { return arith::AddIOp::create(b, lhs, rhs); }
  Value mul(Value lhs, Value rhs) { return arith::MulIOp::create(b, lhs, rhs); }
  template <class Body>
  void in(Block *block, Body body) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(block);
    body();
  }
  template <class Body>
  void when(Value condition, Body body) {
    auto ifOp = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
    in(ifOp.thenBlock(), body);
  }

  tile::AccumulatorType accType(int64_t columns) {
    return tile::AccumulatorType::get(b.getContext(), 64, columns,
                                      b.getF32Type());
  }
  tile::SharedType sharedType(int64_t rows, int64_t columns) {
    return tile::SharedType::get(b.getContext(), rows, columns, element);
  }

  //===--------------------------------------------------------------------===//
  // The function
  //===--------------------------------------------------------------------===//

  void declare(StringRef name) {
    auto pointer = LLVM::LLVMPointerType::get(b.getContext());
    SmallVector<Type> types(NumArguments, b.getI64Type());
    for (int i : {MapQuery, MapKey, MapValue, Out, Lse})
      types[i] = pointer;
    for (int i : {Batch, QueryLength, KeyLength})
      types[i] = b.getI32Type();
    types[Scale] = b.getF32Type();
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(b.getContext()), types);
    function = LLVM::LLVMFuncOp::create(b, name, type);
    for (int i : {MapQuery, MapKey, MapValue}) {
      function.setArgAttr(
          i, LLVM::LLVMDialect::getByValAttrName(),
          TypeAttr::get(LLVM::LLVMArrayType::get(b.getI64Type(), 16)));
      function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                          b.getI64IntegerAttr(64));
      function.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(),
                          b.getUnitAttr());
    }
    function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                      b.getUnitAttr());
    function->setAttr(
        NVVM::NVVMDialect::getMaxntidAttrName(),
        b.getDenseI32ArrayAttr({static_cast<int32_t>(shape.threads()), 1, 1}));
    function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                      b.getI32IntegerAttr(shape.blocks));
    // exp2 is one instruction where denormals may be flushed.
    function.setPassthroughAttr(b.getArrayAttr({b.getStrArrayAttr(
        {"denormal-fp-math-f32", "preserve-sign,preserve-sign"})}));
  }

  void readArguments(Block *entry) {
    auto toIndex = [&](int i) -> Value {
      return arith::IndexCastOp::create(b, b.getIndexType(),
                                        entry->getArgument(i));
    };
    args.assign(entry->args_begin(), entry->args_end());
    for (int i : {OutBatchStride, OutHeadStride, OutRowStride, LseBatchStride,
                  LseHeadStride, LseRowStride})
      args[i] = toIndex(i);
    // Base-2 logits.
    args[Scale] = arith::MulFOp::create(b, args[Scale], f32(1.44269504f));
    auto i32 = b.getI32Type();
    thread = NVVM::ThreadIdXOp::create(b, i32);
    block = NVVM::BlockIdXOp::create(b, i32);
    blocks = NVVM::GridDimXOp::create(b, i32);
    tileRows = ops.materialize(
        ops.ceilDiv(ops.wrap(args[QueryLength]), shape.queryTile()));
    rowHeads = mul(args[Batch], index(op.getNumQueryHeads()));
    items = mul(tileRows, rowHeads);
  }

  void emitSetup() {
    when(compare(arith::CmpIPredicate::eq, thread, index(0)), [&] {
      int64_t arrivals = 4 * shape.consumers;
      for (int64_t s = 0; s < shape.queryStages; ++s) {
        tile::BarrierInitOp::create(b, fullQuery(index(s)), 1,
                                    /*loads=*/true);
        tile::BarrierInitOp::create(b, emptyQuery(index(s)), arrivals);
      }
      for (int64_t s = 0; s < shape.stages; ++s)
        for (bool ofValue : {false, true}) {
          tile::BarrierInitOp::create(b, full(ofValue, index(s)), 1,
                                      /*loads=*/true);
          tile::BarrierInitOp::create(b, empty(ofValue, index(s)), arrivals);
        }
      tile::BarrierFenceOp::create(b);
    });
    tile::SyncOp::create(b, 0, Value(), shape.threads());
  }

  //===--------------------------------------------------------------------===//
  // Shared memory and barriers
  //===--------------------------------------------------------------------===//

  Value barrier(int64_t number, Value stage) {
    return tile::BarrierOp::create(b, tile::BarrierType::get(b.getContext()),
                                   stage ? asIndex(stage) : Value(),
                                   layout.barriers + 8 * number);
  }
  Value fullQuery(Value stage) { return barrier(0, stage); }
  Value emptyQuery(Value stage) { return barrier(shape.queryStages, stage); }
  Value full(bool ofValue, Value stage) {
    return barrier(2 * shape.queryStages + (ofValue ? 2 : 0) * shape.stages,
                   stage);
  }
  Value empty(bool ofValue, Value stage) {
    return barrier(2 * shape.queryStages + (ofValue ? 3 : 1) * shape.stages,
                   stage);
  }

  Value queryTile(Value stage) {
    return tile::SharedOp::create(b,
                                  sharedType(shape.queryTile(), shape.headDim),
                                  asIndex(stage), layout.query);
  }
  Value stageTile(bool ofValue, Value stage) {
    return tile::SharedOp::create(
        b, sharedType(shape.keyTile, ofValue ? shape.valueDim : shape.headDim),
        asIndex(stage), ofValue ? layout.value : layout.key);
  }

  /// The stage of the `count`-th tile, and the parity of its phase.
  std::pair<Value, Value> stageOf(Value count) {
    return stageOf(count, shape.stages);
  }
  std::pair<Value, Value> stageOf(Value count, int64_t numStages) {
    Value stages = index(numStages);
    Value stage = arith::RemUIOp::create(b, count, stages);
    Value round = arith::DivUIOp::create(b, count, stages);
    return {stage, parity(round)};
  }
  Value parity(Value round) {
    return arith::AndIOp::create(b, round, index(1));
  }
  Value flip(Value parity) {
    return arith::XOrIOp::create(b, parity, index(1));
  }

  //===--------------------------------------------------------------------===//
  // Work
  //===--------------------------------------------------------------------===//

  /// Runs `body` for the block's items. It gets the tiles that the block has
  /// visited before, and the items with tiles before.
  void forItems(
      function_ref<void(Item &, Value tilesBefore, Value itemsBefore)> body) {
    auto loop = scf::ForOp::create(b, block, items, blocks,
                                   ValueRange{index(0), index(0)});
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Item item = decode(loop.getInductionVar());
    Value tiles = loop.getRegionIterArg(0), count = loop.getRegionIterArg(1);
    body(item, tiles, count);
    Value any = compare(arith::CmpIPredicate::sgt, item.visited, index(0));
    Value one = arith::SelectOp::create(b, any, index(1), index(0));
    scf::YieldOp::create(b,
                         ValueRange{add(tiles, item.visited), add(count, one)});
  }

  /// Later rows first: they have the most keys.
  Item decode(Value number) {
    Item item;
    Value row = arith::DivUIOp::create(b, number, rowHeads);
    Value rest = arith::RemUIOp::create(b, number, rowHeads);
    Value last = arith::SubIOp::create(b, tileRows, index(1));
    Value tile = arith::SubIOp::create(b, last, row);
    item.head = arith::DivUIOp::create(b, rest, args[Batch]);
    item.batch = arith::RemUIOp::create(b, rest, args[Batch]);
    item.keyHead = item.head;
    if (op.getGroupSize() > 1)
      item.keyHead =
          arith::DivUIOp::create(b, item.head, index(op.getGroupSize()));
    Lengths<Index> lengths{ops.wrap(args[QueryLength]),
                           ops.wrap(args[KeyLength])};
    item.form = normalForm(ops, heads, ops.wrap(item.head), lengths,
                           op.getAlgebraAlignment());
    item.firstQuery = ops.mul(ops.wrap(tile), ops.constant(shape.queryTile()));
    auto ranges =
        keyTiles(ops, item.form, item.firstQuery,
                 ops.add(item.firstQuery, ops.constant(shape.queryTile())),
                 shape.keyTile);
    item.masked = maskedSequence(ops, ranges);
    item.full = fullSequence(ops, ranges);
    item.maskedCount = ops.materialize(item.masked.count);
    item.visited = ops.materialize(ops.add(item.masked.count, item.full.count));
    return item;
  }

  /// The first key of an item's n-th tile: masked ones come first.
  Index firstKey(const Item &item, Value n) {
    Index number = ops.wrap(n);
    Index masked = item.masked.nth(ops, number);
    Index full = item.full.nth(ops, ops.sub(number, item.masked.count));
    Index tile = ops.select(ops.lt(number, item.masked.count), masked, full);
    return ops.mul(tile, ops.constant(shape.keyTile));
  }

  //===--------------------------------------------------------------------===//
  // Loading
  //===--------------------------------------------------------------------===//

  void load(int map, Value row, Value head, Value batch, Value tile,
            Value barrier) {
    tile::LoadOp::create(b, args[map], asIndex(row), asIndex(head),
                         asIndex(batch), tile, barrier);
  }

  void emitProducer() {
    forItems([&](Item &item, Value tilesBefore, Value itemsBefore) {
      Value any = compare(arith::CmpIPredicate::sgt, item.visited, index(0));
      when(any, [&] {
        auto [stage, phase] = stageOf(itemsBefore, shape.queryStages);
        tile::BarrierWaitOp::create(b, emptyQuery(stage), flip(phase));
        load(MapQuery, ops.materialize(item.firstQuery), item.head, item.batch,
             queryTile(stage), fullQuery(stage));
        auto loop = scf::ForOp::create(b, index(0), item.visited, index(1));
        in(loop.getBody(), [&] {
          Value n = loop.getInductionVar();
          Value key = ops.materialize(firstKey(item, n));
          auto [stage, phase] = stageOf(add(tilesBefore, n));
          for (bool ofValue : {false, true}) {
            tile::BarrierWaitOp::create(b, empty(ofValue, stage), flip(phase));
            load(ofValue ? MapValue : MapKey, key, item.keyHead, item.batch,
                 stageTile(ofValue, stage), full(ofValue, stage));
          }
        });
      });
    });
  }

  //===--------------------------------------------------------------------===//
  // Computing
  //===--------------------------------------------------------------------===//

  bool takesTurns() { return shape.takeTurns && shape.consumers == 2; }
  void awaitTurn(Value group) {
    if (takesTurns())
      tile::SyncOp::create(b, 1, asIndex(group), 2 * tile::kWarpgroupThreads);
  }
  void passTurn(Value group) {
    if (!takesTurns())
      return;
    Value other = arith::XOrIOp::create(b, group, index(1));
    tile::ArriveOp::create(b, 1, asIndex(other), 2 * tile::kWarpgroupThreads);
  }

  /// A lane of each warp says that the warp is done with a tile.
  void arrive(Value barrier) {
    Value lane = arith::AndIOp::create(b, thread, index(31));
    when(compare(arith::CmpIPredicate::eq, lane, index(0)),
         [&] { tile::BarrierArriveOp::create(b, barrier); });
  }

  Value map(ValueRange operands, Type type,
            function_ref<Value(ValueRange)> body) {
    auto mapOp = tile::MapOp::create(b, type, operands);
    SmallVector<Type> types(operands.size(), b.getF32Type());
    SmallVector<Location> locs(operands.size(), b.getLoc());
    OpBuilder::InsertionGuard guard(b);
    Block *block = b.createBlock(&mapOp.getBody(), {}, types, locs);
    Value result = body(block->getArguments());
    tile::YieldOp::create(b, ValueRange{result});
    return mapOp.getResult();
  }

  Value fma(Value x, Value y, Value z) {
    return math::FmaOp::create(b, x, y, z);
  }

  /// The columns of its key tile that each row sees.
  Value mask(const Item &item, Value group, Value scores, Index firstKey) {
    auto maskOp = tile::MaskOp::create(b, scores.getType(), scores);
    OpBuilder::InsertionGuard guard(b);
    Block *block =
        b.createBlock(&maskOp.getBody(), {}, {b.getIndexType()}, {b.getLoc()});
    Index row =
        ops.add(ops.wrap(arith::IndexCastOp::create(b, b.getI32Type(),
                                                    block->getArgument(0))),
                ops.mul(ops.wrap(group), ops.constant(tile::kFragmentRows)));
    Index query = ops.add(item.firstQuery, row);
    SmallVector<Value> ends;
    for (const Span<Index> &span : keysOfQuery(ops, item.form, query))
      for (Index end : {span.lo, span.hi}) {
        Index column = ops.min(ops.max(ops.sub(end, firstKey), ops.constant(0)),
                               ops.constant(shape.keyTile));
        ends.push_back(ops.materialize(column));
      }
    tile::YieldOp::create(b, ends);
    return maskOp.getResult();
  }

  /// Masks the scores of the item's n-th tile if it is a partial one.
  Value maskIfPartial(const Item &item, Value group, Value scores, Value n) {
    Value isMasked = compare(arith::CmpIPredicate::slt, n, item.maskedCount);
    Index key = firstKey(item, n);
    auto ifMasked = scf::IfOp::create(b, scores.getType(), isMasked,
                                      /*withElseRegion=*/true);
    in(ifMasked.thenBlock(), [&] {
      scf::YieldOp::create(b, ValueRange{mask(item, group, scores, key)});
    });
    in(ifMasked.elseBlock(),
       [&] { scf::YieldOp::create(b, ValueRange{scores}); });
    return ifMasked.getResult(0);
  }

  Value startScores(Value query, Value group, Value stage) {
    return tile::MmaOp::create(b, accType(shape.keyTile), query, asIndex(group),
                               stageTile(false, stage), Value(),
                               /*transposed=*/true);
  }
  Value startOutput(Value probabilities, Value stage, Value acc) {
    return tile::MmaOp::create(b, accType(shape.valueDim), probabilities,
                               Value(), stageTile(true, stage), acc,
                               /*transposed=*/false);
  }
  ValueRange wait(int64_t pending, ValueRange values) {
    return tile::MmaWaitOp::create(b, values.getTypes(), pending, values)
        .getResults();
  }

  struct Softmax {
    Value probabilities, max, sum, correction;
  };

  /// Probabilities of a tile's scores, and the rows' state after it.
  Softmax softmax(Value scores, Value oldMax, Value oldSum) {
    Type rows = tile::RowsType::get(b.getContext());
    Softmax result;
    Value partial = tile::ReduceOp::create(b, rows, tile::ReductionKind::Max,
                                           scores, oldMax);
    result.max =
        tile::CombineOp::create(b, rows, tile::ReductionKind::Max, partial);
    // A row that has seen no key has no maximum to subtract.
    Value shift = map(result.max, rows, [&](ValueRange x) -> Value {
      Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[0],
                                         f32(kNegInf));
      Value scaled = arith::MulFOp::create(b, x[0], args[Scale]);
      return arith::SelectOp::create(b, none, f32(0), scaled);
    });
    auto exponential = [&](ValueRange x) -> Value {
      Value negated = arith::NegFOp::create(b, x[1]);
      return math::Exp2Op::create(b, fma(x[0], args[Scale], negated));
    };
    result.correction = map({oldMax, shift}, rows, exponential);
    result.probabilities = map({scores, shift}, scores.getType(), exponential);
    Value scaledSum =
        map({oldSum, result.correction}, rows, [&](ValueRange x) -> Value {
          return arith::MulFOp::create(b, x[0], x[1]);
        });
    result.sum = tile::ReduceOp::create(b, rows, tile::ReductionKind::Add,
                                        result.probabilities, scaledSum);
    return result;
  }

  Value scaleRows(Value acc, Value factors) {
    return map({acc, factors}, acc.getType(), [&](ValueRange x) -> Value {
      return arith::MulFOp::create(b, x[0], x[1]);
    });
  }

  Value toOperand(Value acc) {
    auto type = tile::OperandType::get(
        b.getContext(), 64,
        cast<tile::AccumulatorType>(acc.getType()).getColumns(), element);
    return tile::ToOperandOp::create(b, type, acc);
  }

  /// The rows of an item with tiles: accumulated output, maximum, sum.
  SmallVector<Value> emitRows(const Item &item, Value group, Value tilesBefore,
                              Value itemsBefore) {
    Type rows = tile::RowsType::get(b.getContext());
    auto [queryStage, queryPhase] = stageOf(itemsBefore, shape.queryStages);
    Value query = queryTile(queryStage);
    tile::BarrierWaitOp::create(b, fullQuery(queryStage), queryPhase);

    auto [firstStage, firstPhase] = stageOf(tilesBefore);
    tile::BarrierWaitOp::create(b, full(false, firstStage), firstPhase);
    tile::MmaFenceOp::create(b);
    Value scores = startScores(query, group, firstStage);
    tile::MmaCommitOp::create(b);
    scores = wait(0, scores).front();
    arrive(empty(false, firstStage));
    scores = maskIfPartial(item, group, scores, index(0));
    Value noMax = tile::FillOp::create(b, rows, f32(kNegInf));
    Value noSum = tile::FillOp::create(b, rows, f32(0));
    Softmax state = softmax(scores, noMax, noSum);
    Value output = tile::FillOp::create(b, accType(shape.valueDim), f32(0));

    auto loop = scf::ForOp::create(b, index(1), item.visited, index(1),
                                   ValueRange{output, state.max, state.sum,
                                              toOperand(state.probabilities)});
    in(loop.getBody(), [&] {
      Value n = loop.getInductionVar();
      Value output = loop.getRegionIterArg(0);
      Value max = loop.getRegionIterArg(1), sum = loop.getRegionIterArg(2);
      Value operand = loop.getRegionIterArg(3);
      Value count = add(tilesBefore, n);
      auto [stage, phase] = stageOf(count);
      auto [before, phaseBefore] =
          stageOf(arith::SubIOp::create(b, count, index(1)));
      tile::BarrierWaitOp::create(b, full(false, stage), phase);
      awaitTurn(group);
      tile::MmaFenceOp::create(b);
      Value scores = startScores(query, group, stage);
      tile::MmaCommitOp::create(b);
      tile::BarrierWaitOp::create(b, full(true, before), phaseBefore);
      output = startOutput(operand, before, output);
      tile::MmaCommitOp::create(b);
      passTurn(group);
      scores = wait(1, scores).front();
      arrive(empty(false, stage));
      scores = maskIfPartial(item, group, scores, n);
      Softmax next = softmax(scores, max, sum);
      // The operand stays alive until the product that reads it has ended.
      output = wait(0, {output, operand}).front();
      arrive(empty(true, before));
      output = scaleRows(output, next.correction);
      scf::YieldOp::create(b, ValueRange{output, next.max, next.sum,
                                         toOperand(next.probabilities)});
    });

    Value count = add(tilesBefore, item.visited);
    auto [last, lastPhase] = stageOf(arith::SubIOp::create(b, count, index(1)));
    arrive(emptyQuery(queryStage));
    tile::BarrierWaitOp::create(b, full(true, last), lastPhase);
    tile::MmaFenceOp::create(b);
    output = startOutput(loop.getResult(3), last, loop.getResult(0));
    tile::MmaCommitOp::create(b);
    output = wait(0, {output, loop.getResult(3)}).front();
    arrive(empty(true, last));
    return {output, loop.getResult(1), loop.getResult(2)};
  }

  /// The same with one product at a time: for targets whose products end before
  /// the next instruction, and need registers for one tile only.
  SmallVector<Value> emitRowsInOrder(const Item &item, Value group,
                                     Value tilesBefore, Value itemsBefore) {
    Type rows = tile::RowsType::get(b.getContext());
    auto [queryStage, queryPhase] = stageOf(itemsBefore, shape.queryStages);
    Value query = queryTile(queryStage);
    tile::BarrierWaitOp::create(b, fullQuery(queryStage), queryPhase);
    Value noOutput = tile::FillOp::create(b, accType(shape.valueDim), f32(0));
    Value noMax = tile::FillOp::create(b, rows, f32(kNegInf));
    Value noSum = tile::FillOp::create(b, rows, f32(0));
    auto loop = scf::ForOp::create(b, index(0), item.visited, index(1),
                                   ValueRange{noOutput, noMax, noSum});
    in(loop.getBody(), [&] {
      Value n = loop.getInductionVar();
      auto [stage, phase] = stageOf(add(tilesBefore, n));
      tile::BarrierWaitOp::create(b, full(false, stage), phase);
      tile::MmaFenceOp::create(b);
      Value scores = startScores(query, group, stage);
      tile::MmaCommitOp::create(b);
      scores = wait(0, scores).front();
      arrive(empty(false, stage));
      scores = maskIfPartial(item, group, scores, n);
      Softmax next =
          softmax(scores, loop.getRegionIterArg(1), loop.getRegionIterArg(2));
      Value output = scaleRows(loop.getRegionIterArg(0), next.correction);
      Value operand = toOperand(next.probabilities);
      tile::BarrierWaitOp::create(b, full(true, stage), phase);
      tile::MmaFenceOp::create(b);
      output = startOutput(operand, stage, output);
      tile::MmaCommitOp::create(b);
      output = wait(0, {output, operand}).front();
      arrive(empty(true, stage));
      scf::YieldOp::create(b, ValueRange{output, next.max, next.sum});
    });
    arrive(emptyQuery(queryStage));
    return llvm::to_vector_of<Value>(loop.getResults());
  }

  void emitConsumer(Value group) {
    Type rows = tile::RowsType::get(b.getContext());
    forItems([&](Item &item, Value tilesBefore, Value itemsBefore) {
      Value any = compare(arith::CmpIPredicate::sgt, item.visited, index(0));
      SmallVector<Type> types{accType(shape.valueDim), rows, rows};
      auto ifAny = scf::IfOp::create(b, types, any, /*withElseRegion=*/true);
      in(ifAny.thenBlock(), [&] {
        scf::YieldOp::create(
            b, shape.overlap
                   ? emitRows(item, group, tilesBefore, itemsBefore)
                   : emitRowsInOrder(item, group, tilesBefore, itemsBefore));
      });
      in(ifAny.elseBlock(), [&] {
        Value zero = tile::FillOp::create(b, types[0], f32(0));
        Value noMax = tile::FillOp::create(b, rows, f32(kNegInf));
        Value noSum = tile::FillOp::create(b, rows, f32(0));
        scf::YieldOp::create(b, ValueRange{zero, noMax, noSum});
      });
      emitStore(item, group, ifAny.getResults());
    });
  }

  void emitStore(const Item &item, Value group, ValueRange state) {
    Type rows = tile::RowsType::get(b.getContext());
    Value sum =
        tile::CombineOp::create(b, rows, tile::ReductionKind::Add, state[2]);
    Value inverse = map(sum, rows, [&](ValueRange x) -> Value {
      Value none =
          arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[0], f32(0));
      Value safe = arith::SelectOp::create(b, none, f32(1), x[0]);
      return arith::DivFOp::create(b, f32(1), safe);
    });
    Value output = scaleRows(state[0], inverse);
    Value firstRow = add(ops.materialize(item.firstQuery),
                         mul(group, index(tile::kFragmentRows)));
    Value count =
        asIndex(arith::SubIOp::create(b, args[QueryLength], firstRow));
    Value first = asIndex(firstRow), batch = asIndex(item.batch),
          head = asIndex(item.head);
    Value start = add(
        add(mul(batch, args[OutBatchStride]), mul(head, args[OutHeadStride])),
        mul(first, args[OutRowStride]));
    tile::StoreOp::create(b, output, pointer(args[Out], start, outElement),
                          args[OutRowStride], count, outElement);
    if (!op.getLse())
      return;
    Value lse = map({state[1], sum}, rows, [&](ValueRange x) -> Value {
      // log(sum) + max * scale, from base 2.
      Value log = math::Log2Op::create(b, x[1]);
      Value base2 = fma(x[0], args[Scale], log);
      Value natural = arith::MulFOp::create(b, base2, f32(0.693147181f));
      Value none =
          arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[1], f32(0));
      return arith::SelectOp::create(b, none, f32(kNegInf), natural);
    });
    Value lseStart = add(
        add(mul(batch, args[LseBatchStride]), mul(head, args[LseHeadStride])),
        mul(first, args[LseRowStride]));
    tile::StoreRowsOp::create(b, lse,
                              pointer(args[Lse], lseStart, b.getF32Type()),
                              args[LseRowStride], count);
  }

  Value pointer(Value base, Value elements, Type type) {
    Value position = arith::IndexCastOp::create(b, b.getI64Type(), elements);
    return LLVM::GEPOp::create(b, base.getType(), type, base,
                               ArrayRef<LLVM::GEPArg>{position});
  }

  ImplicitLocOpBuilder b;
  IndexOps ops;
  AttentionOp op;
  ForwardShape shape;
  ForwardLayout layout;
  HeadStructures heads;
  Type element, outElement;
  LLVM::LLVMFuncOp function;
  SmallVector<Value> args;
  Value thread, block, blocks, tileRows, rowHeads, items;
};
} // namespace

LLVM::LLVMFuncOp spattn::buildForwardKernel(OpBuilder &builder, AttentionOp op,
                                            StringRef name,
                                            const ForwardShape &shape) {
  return ForwardKernel(builder, op, name, shape).build();
}
