//===- ForwardKernel.cpp - The forward kernel in tile form ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A persistent grid. In each block one warpgroup schedules, loads and stores,
// and the others compute, 64 queries each; they meet at barriers, a full and an
// empty one for each stage of keys and of values. Where products are
// asynchronous, those of a step overlap the softmax of it: while one step's
// probabilities multiply the values, the next step's scores are on their way.
// Elsewhere one product follows the other.
//
//===----------------------------------------------------------------------===//

#include "ForwardKernel.h"

#include "ForwardItems.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

namespace {

class ForwardKernel : ForwardItems {
public:
  ForwardKernel(OpBuilder &builder, AttentionOp op, StringRef name,
                const ForwardShape &shape)
      : ForwardItems(builder, op, name, shape) {}

  LLVM::LLVMFuncOp build() {
    emitSetup();
    emitRoles({launchedRegisters(shape.threads(), shape.blocks),
               shape.producerRegisters(),
               shape.consumerRegisters(),
               {[&] { emitScheduler(); }, [&] { emitLoads(/*ofValue=*/false); },
                [&] { emitLoads(/*ofValue=*/true); }, [&] { emitStores(); }},
               [&](Value group) {
                 // The first turn is the first warpgroup's.
                 if (takesTurns())
                   when(compare(arith::CmpIPredicate::eq, group,
                                index(shape.consumers - 1)),
                        [&] { passTurn(group); });
                 emitConsumer(group);
               }});
    LLVM::ReturnOp::create(b, ValueRange());
    return function;
  }

private:
  //===--------------------------------------------------------------------===//
  // The function
  //===--------------------------------------------------------------------===//

  void emitSetup() {
    when(compare(arith::CmpIPredicate::eq, thread, index(0)), [&] {
      int64_t arrivals = 4 * shape.consumers;
      for (int64_t s = 0; s < shape.queryStages; ++s) {
        spattn_gpu::BarrierInitOp::create(b, fullQuery(index(s)), 1,
                                          /*loads=*/true);
        spattn_gpu::BarrierInitOp::create(b, emptyQuery(index(s)), 1);
        spattn_gpu::BarrierInitOp::create(b, fullOutput(index(s)), arrivals);
      }
      for (int64_t s = 0; s < queue.stages; ++s) {
        spattn_gpu::BarrierInitOp::create(b, barrier(queue.full, index(s)), 1);
        // Readers: two warps that load, one that stores, those that compute.
        spattn_gpu::BarrierInitOp::create(b, barrier(queue.empty, index(s)),
                                          arrivals + 3);
      }
      for (int64_t s = 0; s < shape.stages; ++s)
        for (bool ofValue : {false, true}) {
          spattn_gpu::BarrierInitOp::create(b, full(ofValue, index(s)), 1,
                                            /*loads=*/true);
          spattn_gpu::BarrierInitOp::create(b, empty(ofValue, index(s)),
                                            arrivals);
        }
      spattn_gpu::BarrierFenceOp::create(b);
    });
    spattn_gpu::NamedBarrierSyncOp::create(b, 0, Value(), shape.threads());
  }

  //===--------------------------------------------------------------------===//
  // Shared memory and barriers
  //===--------------------------------------------------------------------===//

  Value fullQuery(Value stage) { return barrier(0, stage); }
  Value emptyQuery(Value stage) { return barrier(shape.queryStages, stage); }
  Value fullOutput(Value stage) {
    return barrier(2 * shape.queryStages, stage);
  }
  Value full(bool ofValue, Value stage) {
    return barrier(3 * shape.queryStages + (ofValue ? 2 : 0) * shape.stages,
                   stage);
  }
  Value empty(bool ofValue, Value stage) {
    return barrier(3 * shape.queryStages + (ofValue ? 3 : 1) * shape.stages,
                   stage);
  }

  Value queryTile(Value stage) { return queryTile(stage, shape.headDim); }
  /// An item's output takes the place of its queries.
  Value outputTile(Value stage) { return queryTile(stage, shape.valueDim); }
  Value queryTile(Value stage, int64_t columns) {
    int64_t bytes =
        shape.queryTile() * std::max(shape.headDim, shape.valueDim) * 2;
    int64_t own = shape.queryTile() * columns * 2;
    // Stages are as far apart as the larger of both.
    Value number = bytes == own ? stage : mul(stage, index(bytes / own));
    return sharedTile(shape.queryTile(), columns, number, layout.query);
  }
  Value stageTile(bool ofValue, Value stage) {
    return sharedTile(shape.keyTile, ofValue ? shape.valueDim : shape.headDim,
                      stage, ofValue ? layout.value : layout.key);
  }

  /// The stage of the block's `count`-th tile of keys, and of values.
  std::pair<Value, Value> stageOfKey(Value count) {
    return stageOf(count, shape.stages);
  }
  /// The stage of the queries of its `count`-th item.
  std::pair<Value, Value> stageOfQuery(Value count) {
    return stageOf(count, shape.queryStages);
  }

  /// The first key of an item's n-th tile.
  Index firstKey(const WorkItem &item, Value n) {
    return firstOf(item, n, shape.keyTile);
  }

  //===--------------------------------------------------------------------===//
  // Loading
  //===--------------------------------------------------------------------===//

  /// Loads queries and keys, or values, which are free at other times: neither
  /// waits for the other.
  void emitLoads(bool ofValue) {
    forPosted([&](WorkItem &item, Value tilesBefore, Value itemsBefore) {
      if (!ofValue) {
        auto [stage, phase] = stageOfQuery(itemsBefore);
        await(emptyQuery(stage), flip(phase));
        load(args[MapQuery], ops.materialize(item.first), item.head, item.batch,
             queryTile(stage), fullQuery(stage));
      }
      auto loop = scf::ForOp::create(b, index(0), item.visited, index(1));
      in(loop.getBody(), [&] {
        Value n = loop.getInductionVar();
        Value key = ops.materialize(firstKey(item, n));
        auto [stage, phase] = stageOfKey(add(tilesBefore, n));
        await(empty(ofValue, stage), flip(phase));
        load(args[ofValue ? MapValue : MapKey], key, item.keyHead, item.batch,
             stageTile(ofValue, stage), full(ofValue, stage));
      });
    });
  }

  //===--------------------------------------------------------------------===//
  // Storing
  //===--------------------------------------------------------------------===//

  /// Stores outputs from shared memory, and then lets queries in.
  void emitStores() {
    forPosted([&](WorkItem &item, Value, Value itemsBefore) {
      auto [stage, phase] = stageOfQuery(itemsBefore);
      await(fullOutput(stage), phase);
      if (storesThroughShared(op)) {
        spattn_gpu::StoreTileOp::create(b, outputTile(stage), args[MapOut],
                                        asIndex(ops.materialize(item.first)),
                                        asIndex(item.head),
                                        asIndex(item.batch));
        spattn_gpu::StoreWaitOp::create(b);
      }
      arrive(emptyQuery(stage));
    });
  }

  //===--------------------------------------------------------------------===//
  // Computing
  //===--------------------------------------------------------------------===//

  bool takesTurns() {
    return shape.overlap && shape.takeTurns && shape.consumers > 1;
  }
  void awaitTurn(Value group) {
    if (takesTurns())
      spattn_gpu::NamedBarrierSyncOp::create(b, 1, asIndex(group),
                                             2 * spattn_gpu::kWarpgroupThreads);
  }
  void passTurn(Value group) {
    if (!takesTurns())
      return;
    Value next =
        arith::RemUIOp::create(b, add(group, index(1)), index(shape.consumers));
    spattn_gpu::NamedBarrierArriveOp::create(b, 1, asIndex(next),
                                             2 * spattn_gpu::kWarpgroupThreads);
  }

  /// The columns of a key tile that each row sees.
  Value seenKeys(const WorkItem &item, Value group, Index firstKey) {
    return allowedColumns(
        withMask(item), shape.keyTile, firstKey,
        [&](const NormalForm<Index> &form, Index row) {
          Index inTile =
              ops.add(row, ops.mul(ops.wrap(group),
                                   ops.constant(spattn_gpu::kFragmentRows)));
          return keysOfQuery(ops, form, ops.add(item.first, inTile));
        });
  }

  Value startScores(Value query, Value group, Value stage) {
    return mma(query, group, stageTile(false, stage), Value(),
               /*transposed=*/true, shape.keyTile);
  }
  Value startOutput(Value probabilities, Value stage, Value acc) {
    return mma(probabilities, Value(), stageTile(true, stage), acc,
               /*transposed=*/false, shape.valueDim);
  }
  struct Softmax {
    Value probabilities, max, sum, correction;
    /// Whether there is anything to correct.
    Value grew;
  };

  /// Probabilities of a tile's scores, and the rows' state after it. What is
  /// subtracted need not be the maximum, but only not much less: it changes if
  /// some score of the warp's is more than a factor of 2^8 above it, which is
  /// rare after an item's first tile. Otherwise threads need not even tell each
  /// other their maxima.
  Softmax softmax(Value scores, Value oldMax, Value oldSum) {
    constexpr float slack = 8;
    Type rows = spattn_gpu::RowsType::get(b.getContext());
    Softmax result;
    Value partial = spattn_gpu::ReduceOp::create(
        b, rows, spattn_gpu::ReductionKind::Max, scores,
        spattn_gpu::FillOp::create(b, rows, f32(kNegInf)));
    auto base2 = [&](float above, Value max) {
      return map(max, rows, [&](ValueRange x) -> Value {
        return fma(x[0], args[Scale], f32(above));
      });
    };
    result.grew = spattn_gpu::AnyGreaterOp::create(
        b, b.getI1Type(), base2(0, partial), base2(slack, oldMax));
    // A row that has seen no key has no maximum to subtract.
    auto shiftOf = [&](Value max) {
      return map(max, rows, [&](ValueRange x) -> Value {
        Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[0],
                                           f32(kNegInf));
        Value scaled = arith::MulFOp::create(b, x[0], args[Scale]);
        return arith::SelectOp::create(b, none, f32(0), scaled);
      });
    };
    auto exponential = [&](ValueRange x) -> Value {
      Value negated = arith::NegFOp::create(b, x[1]);
      return math::Exp2Op::create(b, fma(x[0], args[Scale], negated));
    };
    auto ifGrew = scf::IfOp::create(b, TypeRange{rows, rows, rows}, result.grew,
                                    /*withElseRegion=*/true);
    in(ifGrew.thenBlock(), [&] {
      Value larger = map({partial, oldMax}, rows, [&](ValueRange x) -> Value {
        return arith::MaxNumFOp::create(b, x[0], x[1]);
      });
      Value max = spattn_gpu::QuadReduceOp::create(
          b, rows, spattn_gpu::ReductionKind::Max, larger);
      Value correction = map({oldMax, shiftOf(max)}, rows, exponential);
      Value sum = map({oldSum, correction}, rows, [&](ValueRange x) -> Value {
        return arith::MulFOp::create(b, x[0], x[1]);
      });
      scf::YieldOp::create(b, ValueRange{max, sum, correction});
    });
    in(ifGrew.elseBlock(), [&] {
      Value none = spattn_gpu::FillOp::create(b, rows, f32(1));
      scf::YieldOp::create(b, ValueRange{oldMax, oldSum, none});
    });
    result.max = ifGrew.getResult(0);
    result.correction = ifGrew.getResult(2);
    result.probabilities =
        map({scores, shiftOf(result.max)}, scores.getType(), exponential);
    result.sum =
        spattn_gpu::ReduceOp::create(b, rows, spattn_gpu::ReductionKind::Add,
                                     result.probabilities, ifGrew.getResult(1));
    return result;
  }

  /// The output of the tiles before, in terms of the rows' new state.
  Value correct(Value output, const Softmax &next) {
    auto ifGrew = scf::IfOp::create(b, TypeRange{output.getType()}, next.grew,
                                    /*withElseRegion=*/true);
    in(ifGrew.thenBlock(), [&] {
      scf::YieldOp::create(b, ValueRange{scaleRows(output, next.correction)});
    });
    in(ifGrew.elseBlock(),
       [&] { scf::YieldOp::create(b, ValueRange{output}); });
    return ifGrew.getResult(0);
  }

  /// The scores of an item's n-th tile, the block's `count`-th, and the output
  /// of the tile before it. State: output, maximum, sum, probabilities.
  SmallVector<Value> step(const WorkItem &item, Value group, Value query,
                          Value count, Value n, bool masked, ValueRange state) {
    Value output = state[0], operand = state[3];
    auto [stage, phase] = stageOfKey(count);
    auto [before, phaseBefore] =
        stageOfKey(arith::SubIOp::create(b, count, index(1)));
    await(full(false, stage), phase);
    // Beside the wait for a turn.
    Value seen;
    if (masked)
      seen = seenKeys(item, group, firstKey(item, n));
    awaitTurn(group);
    fence();
    Value scores = startScores(query, group, stage);
    commit();
    await(full(true, before), phaseBefore);
    output = startOutput(operand, before, output);
    commit();
    passTurn(group);
    scores = wait(1, scores).front();
    arrive(empty(false, stage));
    if (masked)
      scores = mask(scores, seen);
    Softmax next = softmax(scores, state[1], state[2]);
    // The operand stays alive until the product that reads it has ended.
    output = wait(0, {output, operand}, next.sum).front();
    arrive(empty(true, before));
    output = correct(output, next);
    return {output, next.max, next.sum, toOperand(next.probabilities)};
  }

  /// What is left to do for an item whose last tile's probabilities are known:
  /// their product with the values, then the output.
  struct Pending {
    Value output, max, sum, operand;
    /// Of its first row, if something is stored from registers.
    Value batch, head, row;

    Pending() = default;
    explicit Pending(ValueRange values)
        : output(values[0]), max(values[1]), sum(values[2]),
          operand(values[3]) {
      if (values.size() > 4) {
        batch = values[4];
        head = values[5];
        row = values[6];
      }
    }
  };

  bool needsRow() { return op.getLse() || !storesThroughShared(op); }

  SmallVector<Value> noPending() {
    Type rows = spattn_gpu::RowsType::get(b.getContext());
    Value zero = f32(0);
    SmallVector<Value> values{
        spattn_gpu::FillOp::create(b, accType(shape.valueDim), zero),
        spattn_gpu::FillOp::create(b, rows, f32(kNegInf)),
        spattn_gpu::FillOp::create(b, rows, zero),
        toOperand(spattn_gpu::FillOp::create(b, accType(shape.keyTile), zero))};
    if (needsRow())
      values.append(3, index(0));
    return values;
  }

  /// The tiles of an item, up to its last probabilities. Ends the item before
  /// meanwhile: its last product runs beside the first scores and the softmax
  /// of this one.
  SmallVector<Value> emitRows(const WorkItem &item, Value group,
                              Value tilesBefore, Value itemsBefore,
                              ValueRange before) {
    Type rows = spattn_gpu::RowsType::get(b.getContext());
    Pending pending(before);
    Value isPending = compare(arith::CmpIPredicate::sgt, itemsBefore, index(0));
    auto [queryStage, queryPhase] = stageOfQuery(itemsBefore);
    Value query = queryTile(queryStage);
    await(fullQuery(queryStage), queryPhase);

    auto [stage, phase] = stageOfKey(tilesBefore);
    // Ahead of the first item there is nothing; then the product is of zeros
    // and of what is there, and thrown away.
    auto [last, lastPhase] =
        stageOfKey(arith::SubIOp::create(b, tilesBefore, index(1)));
    await(full(false, stage), phase);
    // As if it were a partial one, which it is nearly always.
    Value seen = seenKeys(item, group, firstKey(item, index(0)));
    awaitTurn(group);
    fence();
    Value scores = startScores(query, group, stage);
    commit();
    when(isPending, [&, last = last, lastPhase = lastPhase] {
      await(full(true, last), lastPhase);
    });
    Value ended = startOutput(pending.operand, last, pending.output);
    commit();
    passTurn(group);
    scores = wait(1, scores).front();
    arrive(empty(false, stage));
    scores = mask(scores, seen);
    Value noMax = spattn_gpu::FillOp::create(b, rows, f32(kNegInf));
    Value noSum = spattn_gpu::FillOp::create(b, rows, f32(0));
    Softmax state = softmax(scores, noMax, noSum);
    pending.output = wait(0, {ended, pending.operand}, state.sum).front();
    when(isPending, [&, last = last] {
      arrive(empty(true, last));
      emitOutput(pending, group, itemsBefore);
    });

    Value output =
        spattn_gpu::FillOp::create(b, accType(shape.valueDim), f32(0));
    SmallVector<Value> carried{output, state.max, state.sum,
                               toOperand(state.probabilities)};
    // Masked tiles, then full ones; the first tile has been started.
    Value one = index(1);
    Value firstFull = arith::MaxSIOp::create(b, item.maskedCount, one);
    for (bool masked : {true, false}) {
      auto loop =
          scf::ForOp::create(b, masked ? one : firstFull,
                             masked ? firstFull : item.visited, one, carried);
      in(loop.getBody(), [&] {
        Value n = loop.getInductionVar();
        scf::YieldOp::create(b, step(item, group, query, add(tilesBefore, n), n,
                                     masked, loop.getRegionIterArgs()));
      });
      carried.assign(loop.result_begin(), loop.result_end());
    }
    if (needsRow())
      carried.append({item.batch, item.head, firstRow(item, group)});
    return carried;
  }

  /// The first of a warpgroup's rows.
  Value firstRow(const WorkItem &item, Value group) {
    return add(ops.materialize(item.first),
               mul(group, index(spattn_gpu::kFragmentRows)));
  }

  /// An item with one product at a time: for targets whose products end before
  /// the next instruction, and need registers for one tile only.
  void emitRowsInOrder(const WorkItem &item, Value group, Value tilesBefore,
                       Value itemsBefore) {
    Type rows = spattn_gpu::RowsType::get(b.getContext());
    auto [queryStage, queryPhase] = stageOfQuery(itemsBefore);
    Value query = queryTile(queryStage);
    await(fullQuery(queryStage), queryPhase);
    Value noOutput =
        spattn_gpu::FillOp::create(b, accType(shape.valueDim), f32(0));
    Value noMax = spattn_gpu::FillOp::create(b, rows, f32(kNegInf));
    Value noSum = spattn_gpu::FillOp::create(b, rows, f32(0));
    auto loop = scf::ForOp::create(b, index(0), item.visited, index(1),
                                   ValueRange{noOutput, noMax, noSum});
    in(loop.getBody(), [&] {
      Value n = loop.getInductionVar();
      auto [stage, phase] = stageOfKey(add(tilesBefore, n));
      await(full(false, stage), phase);
      fence();
      Value scores = startScores(query, group, stage);
      commit();
      scores = wait(0, scores).front();
      arrive(empty(false, stage));
      scores = maskIfPartial(item, n, Masked::Perhaps, scores, [&]() -> Value {
        // Here registers are fewest, and what says where the tile is is read
        // again, too.
        WorkItem again = withMask(item);
        return mask(scores, seenKeys(again, group, firstKey(again, n)));
      });
      Softmax next =
          softmax(scores, loop.getRegionIterArg(1), loop.getRegionIterArg(2));
      Value output = correct(loop.getRegionIterArg(0), next);
      Value operand = toOperand(next.probabilities);
      await(full(true, stage), phase);
      fence();
      output = startOutput(operand, stage, output);
      commit();
      output = wait(0, {output, operand}).front();
      arrive(empty(true, stage));
      scf::YieldOp::create(b, ValueRange{output, next.max, next.sum});
    });
    Pending pending;
    pending.output = loop.getResult(0);
    pending.max = loop.getResult(1);
    pending.sum = loop.getResult(2);
    pending.batch = item.batch;
    pending.head = item.head;
    if (needsRow())
      pending.row = firstRow(item, group);
    emitOutput(pending, group, add(itemsBefore, index(1)));
  }

  void emitConsumer(Value group) {
    if (!shape.overlap) {
      forPosted([&](WorkItem &item, Value tilesBefore, Value itemsBefore) {
        emitRowsInOrder(item, group, tilesBefore, itemsBefore);
      });
      return;
    }
    SmallVector<Value> results = forPosted(
        noPending(),
        [&](WorkItem &item, Value tilesBefore, Value itemsBefore,
            ValueRange before) -> SmallVector<Value> {
          return emitRows(item, group, tilesBefore, itemsBefore, before);
        });
    // The last item.
    Value count = results[1];
    when(compare(arith::CmpIPredicate::sgt, count, index(0)), [&] {
      Pending pending(ArrayRef<Value>(results).drop_front(2));
      auto [last, phase] =
          stageOfKey(arith::SubIOp::create(b, results[0], index(1)));
      await(full(true, last), phase);
      fence();
      Value ended = startOutput(pending.operand, last, pending.output);
      commit();
      pending.output = wait(0, {ended, pending.operand}).front();
      emitOutput(pending, group, count);
    });
  }

  /// The output of the item that is the `count`-th with tiles.
  void emitOutput(const Pending &pending, Value group, Value count) {
    Type rows = spattn_gpu::RowsType::get(b.getContext());
    Value sum = spattn_gpu::QuadReduceOp::create(
        b, rows, spattn_gpu::ReductionKind::Add, pending.sum);
    Value inverse = map(sum, rows, [&](ValueRange x) -> Value {
      Value none =
          arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[0], f32(0));
      Value safe = arith::SelectOp::create(b, none, f32(1), x[0]);
      return arith::DivFOp::create(b, f32(1), safe);
    });
    auto [stage, phase] =
        stageOfQuery(arith::SubIOp::create(b, count, index(1)));
    Value output = scaleRows(pending.output, inverse);
    Value rowsLeft;
    if (needsRow())
      rowsLeft =
          asIndex(arith::SubIOp::create(b, args[QueryLength], pending.row));
    if (storesThroughShared(op)) {
      spattn_gpu::WriteOp::create(b, output, outputTile(stage), asIndex(group));
      spattn_gpu::AsyncProxyFenceOp::create(b);
    } else {
      spattn_gpu::StoreOp::create(
          b, output,
          rowPointer(Out, pending.batch, pending.head, pending.row, outElement),
          args[OutRowStride], rowsLeft, outElement);
    }
    arrive(fullOutput(stage));
    if (!op.getLse())
      return;
    Value lse = map({pending.max, sum}, rows, [&](ValueRange x) -> Value {
      // log(sum) + max * scale, from base 2.
      Value log = math::Log2Op::create(b, x[1]);
      Value base2 = fma(x[0], args[Scale], log);
      Value natural = arith::MulFOp::create(b, base2, f32(kLn2));
      Value none =
          arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[1], f32(0));
      return arith::SelectOp::create(b, none, f32(kNegInf), natural);
    });
    spattn_gpu::StoreRowsOp::create(b, lse,
                                    rowPointer(Lse, pending.batch, pending.head,
                                               pending.row, b.getF32Type()),
                                    args[LseRowStride], rowsLeft);
  }
};
} // namespace

LLVM::LLVMFuncOp spattn::buildForwardKernel(OpBuilder &builder, AttentionOp op,
                                            StringRef name,
                                            const ForwardShape &shape) {
  return ForwardKernel(builder, op, name, shape).build();
}
