//===- BackwardKernel.cpp - The main gradient kernel in tile form ---------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block takes a key tile of a key head at a time, and goes through the query
// tiles that see it, of all heads of the group. Scores are transposed, a row
// for each key: then probabilities and their gradients are left operands of the
// gradients of values and keys, which stay in registers until the item ends.
// Only the gradients of queries are products of all warpgroups' scores; those
// go through shared memory, and the results are added up in scratch.
//
//===----------------------------------------------------------------------===//

#include "BackwardItems.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

namespace {
class BackwardKernel : BackwardItems {
public:
  BackwardKernel(OpBuilder &builder, AttentionBackwardOp op, StringRef name,
                 const BackwardShape &shape)
      : BackwardItems(builder, op, name, shape) {}

  LLVM::LLVMFuncOp build() {
    emitSetup();
    emitRoles({launchedRegisters(shape.threads(), shape.blocks),
               shape.producerRegisters(),
               shape.consumerRegisters(),
               {[&] { emitScheduler(); }, [&] { emitLoads(/*ofDout=*/false); },
                [&] { emitLoads(/*ofDout=*/true); }, [&] { emitStores(); }},
               [&](Value group) { emitConsumer(group); }});
    LLVM::ReturnOp::create(b, ValueRange());
    return function;
  }

private:
  void emitSetup() {
    when(compare(arith::CmpIPredicate::eq, thread, index(0)), [&] {
      int64_t arrivals = 4 * shape.consumers;
      initBarriers(numbers.fullKey, shape.keyStages, 1, true);
      initBarriers(numbers.fullValue, shape.valueStages, 1, true);
      initBarriers(numbers.emptyValue, shape.valueStages, 1, false);
      initBarriers(numbers.fullOutput, shape.keyStages, arrivals, false);
      initBarriers(numbers.emptyKey, shape.keyStages, 1, false);
      // A tile, and a number for each of its rows.
      initBarriers(numbers.fullQuery, shape.queryStages, 2, true);
      initBarriers(numbers.fullDout, shape.queryStages, 2, true);
      initBarriers(numbers.emptyQuery, shape.queryStages, arrivals, false);
      initBarriers(numbers.emptyDout, shape.queryStages, arrivals, false);
      initBarriers(numbers.fullItem, shape.itemStages, 1, false);
      // Readers: two warps that load, one that stores, those that compute.
      initBarriers(numbers.emptyItem, shape.itemStages, arrivals + 3, false);
      if (shape.sumsAreStaged()) {
        initBarriers(numbers.fullScores, kScoreBuffers, arrivals, false);
        initBarriers(numbers.emptyScores, kScoreBuffers, arrivals, false);
        initBarriers(numbers.fullSums, shape.consumers, 4, false);
        initBarriers(numbers.emptySums, shape.consumers, 1, false);
      }
      spattn_gpu::BarrierFenceOp::create(b);
    });
    spattn_gpu::NamedBarrierSyncOp::create(b, 0, Value(), shape.threads());
  }

  //===--------------------------------------------------------------------===//
  // Loading and storing
  //===--------------------------------------------------------------------===//

  /// The number of a query among all that scratch has room for.
  Value scratchRow(const WorkItem &item, Value query) {
    Value head =
        add(mul(asIndex(item.batch), asIndex(index(op.getNumQueryHeads()))),
            asIndex(item.head));
    return add(mul(head, asIndex(paddedRows)), asIndex(query));
  }

  /// Loads keys and queries with their log-sum-exp, or values and output
  /// gradients with `delta`.
  void emitLoads(bool ofDout) {
    forPosted([&](WorkItem &item, Value tilesBefore, Value) {
      Value isFirst = isEnd(item, First);
      when(isFirst, [&] {
        auto [stage, phase] = ofDout ? stageOfValue(item) : stageOfKey(item);
        await(barrier(ofDout ? numbers.emptyValue : numbers.emptyKey, stage),
              flip(phase));
        Value first = ops.materialize(item.first);
        if (ofDout)
          load(args[MapValue], first, item.keyHead, item.batch,
               valueTile(stage), barrier(numbers.fullValue, stage));
        else
          load(args[MapKey], first, item.keyHead, item.batch, keyTile(stage),
               barrier(numbers.fullKey, stage));
      });
      auto loop = scf::ForOp::create(b, index(0), item.visited, index(1));
      in(loop.getBody(), [&] {
        Value n = loop.getInductionVar();
        Value query = ops.materialize(firstOf(item, n, shape.queryTile));
        auto [stage, phase] = stageOfQuery(add(tilesBefore, n));
        await(barrier(ofDout ? numbers.emptyDout : numbers.emptyQuery, stage),
              flip(phase));
        Value full =
            barrier(ofDout ? numbers.fullDout : numbers.fullQuery, stage);
        Value numbersOf = pointer(args[ofDout ? Delta : Lse],
                                  scratchRow(item, query), b.getF32Type());
        spattn_gpu::LoadWordsOp::create(
            b, shape.queryTile, numbersOf,
            place(ofDout ? layout.delta : layout.lse).first, asIndex(stage),
            4 * shape.queryTile, full);
        load(args[ofDout ? MapDout : MapQuery], query, item.head, item.batch,
             ofDout ? doutTile(stage) : queryTile(stage), full);
      });
    });
  }

  /// Adds the sums of each query tile, stores gradients from where keys and
  /// values were, and then lets new ones in.
  void emitStores() {
    forPosted([&](WorkItem &item, Value tilesBefore, Value) {
      if (shape.sumsAreStaged()) {
        auto loop = scf::ForOp::create(b, index(0), item.visited, index(1));
        in(loop.getBody(), [&] {
          Value n = loop.getInductionVar();
          Value count = add(tilesBefore, n), tile = tileNumber(item, n);
          if (!shape.claimsSums)
            return emitSums(count, dqueryStart(tile));
          Value isFirst = claimSums(tile);
          auto ifFirst = scf::IfOp::create(b, isFirst, /*withElseRegion=*/true);
          in(ifFirst.thenBlock(),
             [&] { emitSums(count, dqueryStart(tile), flagOfSums(tile)); });
          in(ifFirst.elseBlock(), [&] { emitSums(count, dqueryStart(tile)); });
        });
      }
      when(isEnd(item, Last), [&] {
        auto [stage, phase] = stageOfKey(item);
        await(barrier(numbers.fullOutput, stage), phase);
        Value first = asIndex(ops.materialize(item.first));
        Value head = asIndex(item.keyHead), batch = asIndex(item.batch);
        spattn_gpu::StoreTileOp::create(b, keyTile(stage), args[MapDkey], first,
                                        head, batch);
        Value valueStage = stageOfValue(item).first;
        spattn_gpu::StoreTileOp::create(b, valueTile(valueStage),
                                        args[MapDvalue], first, head, batch);
        spattn_gpu::StoreWaitOp::create(b);
        arrive(barrier(numbers.emptyKey, stage));
        arrive(barrier(numbers.emptyValue, valueStage));
      });
    });
  }

  /// The number of an item's n-th query tile among all that scratch has rows
  /// for.
  Value tileNumber(const WorkItem &item, Value n) {
    Value head = add(mul(item.batch, index(op.getNumQueryHeads())), item.head);
    Value ofHead = arith::DivUIOp::create(
        b, ops.materialize(firstOf(item, n, shape.queryTile)),
        index(shape.queryTile));
    Value tiles = arith::DivUIOp::create(b, paddedRows, index(shape.queryTile));
    return add(mul(head, tiles), ofHead);
  }
  /// Where the gradients of a tile's queries are added up.
  Value dqueryStart(Value tile) {
    return pointer(
        args[Dquery],
        mul(asIndex(tile), asIndex(index(shape.queryTile * shape.headDim))),
        b.getF32Type());
  }
  Value flagOfSums(Value tile) { return sumsFlag(args[Counter], tile); }
  Value fragmentPointer(Value start, Value fragment) {
    return pointer(start, mul(fragment, index(kSumsWords)), b.getF32Type());
  }

  /// Whether a tile's sums have yet to be written, which the caller has to do
  /// then. Else they are there. Nobody waits who has something to write, so
  /// that nobody waits forever.
  Value claimSums(Value tile) {
    Value flag = flagOfSums(tile);
    Value before = spattn_gpu::WarpBroadcastOp::create(
        b, spattn_gpu::SemaphoreArriveOp::create(b, flag));
    Value isFirst = compare(arith::CmpIPredicate::eq, before, index(0));
    Value isThere =
        compare(arith::CmpIPredicate::uge, before, index(kPublished));
    auto ifKnown =
        scf::IfOp::create(b, arith::OrIOp::create(b, isFirst, isThere),
                          /*withElseRegion=*/true);
    in(ifKnown.elseBlock(),
       [&] { spattn_gpu::SemaphoreWaitOp::create(b, kPublished, flag); });
    return isFirst;
  }

  /// Adds what the warpgroups have for the block's `count`-th query tile to
  /// what starts there, or writes it, and sets the flag, if there is one.
  void emitSums(Value count, Value start, Value flag = Value()) {
    int64_t uses = shape.fragments() / shape.consumers;
    for (int64_t own = 0; own < uses; ++own) {
      Value use = add(mul(count, index(uses)), index(own));
      Value phase = parity(use);
      for (int64_t group = 0; group < shape.consumers; ++group) {
        await(barrier(numbers.fullSums, index(group)), phase);
        Value fragment = index(own * shape.consumers + group);
        spattn_gpu::AddWordsOp::create(b, kSumsWords, place(layout.sums).first,
                                       asIndex(index(group)), kSumsBytes,
                                       fragmentPointer(start, fragment),
                                       /*overwriting=*/bool(flag));
      }
      if (flag && own + 1 == uses)
        spattn_gpu::SemaphoreReleaseOp::create(b, kPublished, flag);
      else
        spattn_gpu::StoreWaitOp::create(b);
      for (int64_t group = 0; group < shape.consumers; ++group)
        arrive(barrier(numbers.emptySums, index(group)));
    }
  }

  //===--------------------------------------------------------------------===//
  // Computing
  //===--------------------------------------------------------------------===//

  /// All warpgroups that compute meet.
  void meet() {
    spattn_gpu::NamedBarrierSyncOp::create(b, 1, Value(),
                                           128 * shape.consumers);
  }
  /// A number for each query of a stage.
  Value readColumns(int64_t offset, Value stage) {
    auto type = spattn_gpu::ColumnsType::get(b.getContext(), shape.queryTile);
    return spattn_gpu::ReadColumnsOp::create(
        b, type, place(offset).first, asIndex(stage), 4 * shape.queryTile);
  }

  /// Masks the scores of an item's n-th tile if it is a partial one.
  Value maskScores(const WorkItem &item, Value group, Value scores, Value n,
                   Masked masked) {
    return maskIfPartial(item, n, masked, scores, [&]() -> Value {
      WorkItem again = withMask(item);
      Index firstQuery = firstOf(again, n, shape.queryTile);
      return mask(
          again, scores, firstQuery,
          [&](const NormalForm<Index> &form, Index row) {
            Index inTile = ops.add(
                row, ops.mul(ops.wrap(group), ops.constant(kRowsOfGroup)));
            return queriesOfKey(ops, form, ops.add(again.first, inTile));
          });
    });
  }

  /// Waits for the block's `count`-th query tile, and reads its numbers.
  Value awaitQuery(Value count) {
    auto [stage, phase] = stageOfQuery(count);
    await(barrier(numbers.fullQuery, stage), phase);
    return readColumns(layout.lse, stage);
  }

  /// Starts the scores of the block's `count`-th query tile, from `-lse /
  /// scale`. The division is left to this place: ptxas would make accumulators
  /// of numbers alone as soon as they are read, and run out of registers.
  Value startScores(Value group, Value keyStage, Value count, Value lse) {
    Value stage = stageOfQuery(count).first;
    Value start =
        map(lse, accType(shape.queryTile), [&](ValueRange x) -> Value {
          return arith::MulFOp::create(b, x[0], inverseScale);
        });
    fence();
    Value scores = mma(keyTile(keyStage), group, queryTile(stage), start,
                       /*transposed=*/true, shape.queryTile);
    commit();
    return scores;
  }

  /// Starts the gradients of a tile's probabilities, from `-delta`.
  Value startDprobs(const WorkItem &item, Value group, Value stage) {
    Value delta =
        map(readColumns(layout.delta, stage), accType(shape.queryTile),
            [](ValueRange x) { return x[0]; });
    fence();
    Value dprobs =
        mma(valueTile(stageOfValue(item).first), group, doutTile(stage), delta,
            /*transposed=*/true, shape.queryTile);
    commit();
    return dprobs;
  }

  /// An item's n-th query tile, whose scores have been started; starts those of
  /// the tile `next`, if there is one, beside the last product. State: the
  /// gradients of values and of keys, and the scores.
  SmallVector<Value> step(const WorkItem &item, Value group, Value keyStage,
                          Value tilesBefore, Value n, Masked masked, Value next,
                          ValueRange state) {
    Value count = add(tilesBefore, n);
    Value dvalue = state[0], dkey = state[1], scores = state[2];
    auto [stage, phase] = stageOfQuery(count);
    // Masks need registers: before the next product has its own.
    scores = maskScores(item, group, scores, n, masked);
    await(barrier(numbers.fullDout, stage), phase);
    // Beside the exponentials, or where it takes the fewest registers.
    Value dprobs = shape.overlap ? startDprobs(item, group, stage) : Value();
    Value probs = map(scores, scores.getType(), [&](ValueRange x) -> Value {
      return math::Exp2Op::create(b, arith::MulFOp::create(b, x[0], scale2));
    });
    Value probsOperand = toOperand(probs);
    fence();
    dvalue = mma(probsOperand, Value(), doutTile(stage), dvalue,
                 /*transposed=*/false, shape.valueDim);
    commit();
    if (!shape.overlap)
      dprobs = startDprobs(item, group, stage);
    dprobs = wait(shape.overlap ? 1 : 0, dprobs).front();
    Value dscores =
        map({probs, dprobs}, probs.getType(), [&](ValueRange x) -> Value {
          return arith::MulFOp::create(b, x[0], x[1]);
        });
    Value dscoresOperand = toOperand(dscores);
    fence();
    dkey = mma(dscoresOperand, Value(), queryTile(stage), dkey,
               /*transposed=*/false, shape.headDim);
    commit();
    if (shape.sumsAreStaged())
      writeDscores(group, count, dscoresOperand);
    else if (!shape.deterministic)
      addDquery(item, group, keyStage, count, n, dscoresOperand);

    // Registers and tiles that the first product does not need any more.
    ValueRange first = wait(1, {dvalue, probsOperand});
    arriveAfterReads(barrier(numbers.emptyDout, stage));
    Value nextCount, lse;
    if (next) {
      nextCount = add(tilesBefore, next);
      if (shape.skipsTiles())
        skipTiles(add(count, index(1)), nextCount);
      // Ahead of where they are needed: products keep shared memory busy.
      lse = awaitQuery(nextCount);
    }
    Value dquery;
    if (shape.sumsAreStaged()) {
      awaitDscores(count);
      dquery = startDquery(keyStage, bufferOf(count), group);
    }
    // In the order in which they were started.
    auto awaitKey = [&](int64_t behind) {
      ValueRange second = wait(behind, {dkey, dscoresOperand});
      dkey = second[0];
      arriveAfterReads(barrier(numbers.emptyQuery, stage));
    };
    auto startNext = [&]() -> Value {
      return next ? startScores(group, keyStage, nextCount, lse) : Value();
    };
    // No product is under way where loops begin again: ptxas would serialise
    // all.
    if (shape.sumsAreStaged()) {
      // Two products behind it would take too many registers.
      awaitKey(/*behind=*/1);
      Value started = startNext();
      started = stageDquery(group, keyStage, count, dquery, started);
      return {first[0], dkey, next ? started : scores};
    }
    Value started = startNext();
    awaitKey(/*behind=*/next ? 1 : 0);
    if (next)
      scores = wait(0, started).front();
    return {first[0], dkey, scores};
  }

  //===--------------------------------------------------------------------===//
  // Gradients of queries
  //===--------------------------------------------------------------------===//

  Value bufferOf(Value count) { return stageOf(count, kScoreBuffers).first; }

  /// Writes a warpgroup's gradients of the scores of the `count`-th tile.
  void writeDscores(Value group, Value count, Value dscores) {
    auto [buffer, phase] = stageOf(count, kScoreBuffers);
    await(barrier(numbers.emptyScores, buffer), flip(phase));
    spattn_gpu::WriteOp::create(b, dscores, dscoresTile(buffer),
                                asIndex(group));
    spattn_gpu::AsyncProxyFenceOp::create(b);
    arrive(barrier(numbers.fullScores, buffer));
  }
  void awaitDscores(Value count) {
    auto [buffer, phase] = stageOf(count, kScoreBuffers);
    await(barrier(numbers.fullScores, buffer), phase);
  }

  /// Stages a warpgroup's fragments of the gradients of the `count`-th tile's
  /// queries. The first has been started, and the next scores behind it, if
  /// there are any; they are returned when they are there, ahead of the fence,
  /// which waits until everything is written.
  Value stageDquery(Value group, Value keyStage, Value count, Value dquery,
                    Value scores) {
    int64_t uses = shape.fragments() / shape.consumers;
    for (int64_t own = 0; own < uses; ++own) {
      if (own > 0)
        dquery = startDquery(keyStage, bufferOf(count),
                             add(group, index(own * shape.consumers)));
      dquery = wait(own == 0 && scores ? 1 : 0, dquery).front();
      bool isLast = own + 1 == uses;
      if (isLast)
        arrive(barrier(numbers.emptyScores, bufferOf(count)));
      Value use = add(mul(count, index(uses)), index(own));
      await(barrier(numbers.emptySums, group), flip(parity(use)));
      spattn_gpu::WriteFragmentOp::create(b, dquery, place(layout.sums).first,
                                          asIndex(group), kSumsBytes);
      if (isLast && scores)
        scores = wait(0, scores).front();
      spattn_gpu::AsyncProxyFenceOp::create(b);
      arrive(barrier(numbers.fullSums, group));
    }
    return scores;
  }

  /// Computes and adds the gradients of the n-th tile's queries at once.
  void addDquery(const WorkItem &item, Value group, Value keyStage, Value count,
                 Value n, Value dscores) {
    Value buffer = bufferOf(count);
    spattn_gpu::WriteOp::create(b, dscores, dscoresTile(buffer),
                                asIndex(group));
    spattn_gpu::AsyncProxyFenceOp::create(b);
    meet();
    // Read again, as for masks: registers are dear.
    Value start = dqueryStart(tileNumber(withMask(item), n));
    for (int64_t own = 0; own < shape.fragments(); own += shape.consumers) {
      Value fragment = add(group, index(own));
      Value dquery = startDquery(keyStage, buffer, fragment);
      dquery = wait(0, dquery).front();
      spattn_gpu::AddFragmentOp::create(b, dquery,
                                        fragmentPointer(start, fragment));
    }
  }

  /// Starts 64 queries and columns of a query tile's gradient.
  Value startDquery(Value keyStage, Value buffer, Value fragment) {
    Value chunks = index(shape.headDim / kRowsOfGroup);
    Value rowBlock = arith::DivUIOp::create(b, fragment, chunks);
    Value chunk = arith::RemUIOp::create(b, fragment, chunks);
    fence();
    Value dquery = mma(dscoresTile(buffer), rowBlock, keyChunk(keyStage, chunk),
                       Value(), /*transposed=*/false, kRowsOfGroup,
                       /*lhsTransposed=*/true);
    commit();
    return dquery;
  }

  /// Scales and writes an item's gradients to where its keys and values were.
  void emitOutput(const WorkItem &item, Value group, Value dvalue, Value dkey) {
    Value keyStage = stageOfKey(item).first;
    // Others may still be reading keys, unless each only reads its own.
    if (!shape.deterministic)
      meet();
    spattn_gpu::WriteOp::create(b, dvalue, valueTile(stageOfValue(item).first),
                                asIndex(group));
    Value scaled = map(dkey, dkey.getType(), [&](ValueRange x) -> Value {
      return arith::MulFOp::create(b, x[0], args[Scale]);
    });
    spattn_gpu::WriteOp::create(b, scaled, keyTile(keyStage), asIndex(group));
    spattn_gpu::AsyncProxyFenceOp::create(b);
    arrive(barrier(numbers.fullOutput, keyStage));
  }

  SmallVector<Value> noGradients() {
    Value zero = f32(0);
    return {spattn_gpu::FillOp::create(b, accType(shape.valueDim), zero),
            spattn_gpu::FillOp::create(b, accType(shape.headDim), zero)};
  }

  /// The gradients that an item starts with: those of the heads before it.
  SmallVector<Value> startingWith(const WorkItem &item, ValueRange before) {
    if (before.empty())
      return noGradients();
    Value isFirst = isEnd(item, First);
    auto ifFirst = scf::IfOp::create(b, before.getTypes(), isFirst,
                                     /*withElseRegion=*/true);
    in(ifFirst.thenBlock(), [&] { scf::YieldOp::create(b, noGradients()); });
    in(ifFirst.elseBlock(), [&] { scf::YieldOp::create(b, before); });
    return SmallVector<Value>(ifFirst.getResults());
  }

  //===--------------------------------------------------------------------===//
  // The query tiles of an item
  //===--------------------------------------------------------------------===//

  /// Masked ones first; the last one, which starts no other, for itself. Where
  /// a warpgroup leaves out tiles that see none of its keys, it may be ahead of
  /// the others: of a narrow band, the first keys miss the last tile, and the
  /// last keys the first.
  SmallVector<Value> emitTiles(const WorkItem &item, Value group,
                               Value keyStage, Value tilesBefore,
                               ValueRange before) {
    if (!shape.overlap)
      return emitTilesInOrder(item, group, keyStage, tilesBefore, before);
    SeenTiles seen = seenTiles(item, group);
    auto skip = [&](Value begin, Value end) {
      if (shape.skipsTiles())
        skipTiles(add(tilesBefore, begin), add(tilesBefore, end));
    };
    skip(index(0), seen.first);
    SmallVector<Value> carried{seen.first};
    llvm::append_range(carried, before);
    carried.push_back(
        firstScores(group, keyStage, add(tilesBefore, seen.first)));
    auto stepOf = [&](Value n, Masked masked, Value next, ValueRange state) {
      return step(item, group, keyStage, tilesBefore, n, masked, next, state);
    };
    carried = emitWhile(
        carried,
        [&](ValueRange state) {
          return compare(arith::CmpIPredicate::slt, state[0], seen.firstFull);
        },
        [&](ValueRange state, Block *) -> SmallVector<Value> {
          SmallVector<Value> result{nextSeen(seen, state[0])};
          llvm::append_range(result, stepOf(state[0], Masked::Yes, result[0],
                                            state.drop_front()));
          return result;
        });
    auto loop = scf::ForOp::create(b, carried[0], seen.last, index(1),
                                   ValueRange(carried).drop_front());
    in(loop.getBody(), [&] {
      Value n = loop.getInductionVar();
      scf::YieldOp::create(
          b, stepOf(n, Masked::No, add(n, index(1)), loop.getRegionIterArgs()));
    });
    carried =
        stepOf(seen.last, Masked::Perhaps, /*next=*/Value(), loop.getResults());
    carried.pop_back();
    skip(add(seen.last, index(1)), item.visited);
    return carried;
  }

  Value firstScores(Value group, Value keyStage, Value count) {
    Value scores = startScores(group, keyStage, count, awaitQuery(count));
    return wait(0, scores).front();
  }

  /// Lets new tiles into the stages of the block's tiles [begin, end), which
  /// this warpgroup does not need.
  void skipTiles(Value begin, Value end) {
    auto loop = scf::ForOp::create(b, begin, end, index(1));
    in(loop.getBody(), [&] {
      auto [stage, phase] = stageOfQuery(loop.getInductionVar());
      // The tile's own phase has to have begun.
      await(barrier(numbers.fullQuery, stage), phase);
      arriveAfterReads(barrier(numbers.emptyQuery, stage));
      await(barrier(numbers.fullDout, stage), phase);
      arriveAfterReads(barrier(numbers.emptyDout, stage));
    });
  }

  /// One product after the other, where they end before the next instruction:
  /// registers for one tile only.
  SmallVector<Value> emitTilesInOrder(const WorkItem &item, Value group,
                                      Value keyStage, Value tilesBefore,
                                      ValueRange before) {
    SmallVector<Value> carried(before);
    for (bool masked : {true, false}) {
      auto loop = scf::ForOp::create(b, masked ? index(0) : item.maskedCount,
                                     masked ? item.maskedCount : item.visited,
                                     index(1), carried);
      in(loop.getBody(), [&] {
        Value n = loop.getInductionVar(), count = add(tilesBefore, n);
        SmallVector<Value> state(loop.getRegionIterArgs());
        state.push_back(firstScores(group, keyStage, count));
        SmallVector<Value> result = step(item, group, keyStage, tilesBefore, n,
                                         masked ? Masked::Yes : Masked::No,
                                         /*next=*/Value(), state);
        result.pop_back();
        scf::YieldOp::create(b, result);
      });
      carried.assign(loop.result_begin(), loop.result_end());
    }
    return carried;
  }

  void emitConsumer(Value group) {
    // Heads of a group add to the same gradients.
    bool carries = shape.grouped;
    SmallVector<Value> initial;
    if (carries)
      initial = noGradients();
    forPosted(initial,
              [&](WorkItem &item, Value tilesBefore, Value,
                  ValueRange before) -> SmallVector<Value> {
                SmallVector<Value> carried = startingWith(item, before);
                auto [keyStage, keyPhase] = stageOfKey(item);
                await(barrier(numbers.fullKey, keyStage), keyPhase);
                auto [valueStage, valuePhase] = stageOfValue(item);
                await(barrier(numbers.fullValue, valueStage), valuePhase);
                carried =
                    emitTiles(item, group, keyStage, tilesBefore, carried);
                Value isLast = isEnd(item, Last);
                when(isLast,
                     [&] { emitOutput(item, group, carried[0], carried[1]); });
                return carries ? carried : SmallVector<Value>();
              });
  }
};
} // namespace

LLVM::LLVMFuncOp spattn::buildBackwardKernel(OpBuilder &builder,
                                             AttentionBackwardOp op,
                                             StringRef name,
                                             const BackwardShape &shape) {
  return BackwardKernel(builder, op, name, shape).build();
}
