//===- ForwardEpilogue.cpp - Output and log-sum-exp -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForwardEpilogue.h"

using namespace mlir;
using namespace spattn;

static Type elementType(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

bool spattn::storesThroughShared(AttentionOp op, const ForwardConfig &config) {
  return !config.parts.areCut() &&
         elementType(op.getOut()) == elementType(op.getQuery());
}

//===----------------------------------------------------------------------===//
// Pending outputs
//===----------------------------------------------------------------------===//

PendingOutput::PendingOutput(ValueRange values)
    : output(values[0]), max(values[1]), sum(values[2]), operand(values[3]) {
  if (values.size() > 4) {
    batch = values[4];
    head = values[5];
    row = values[6];
  }
  if (values.size() > 7)
    end = values[7];
}

llvm::SmallVector<Value> PendingOutput::carried() const {
  llvm::SmallVector<Value> values{output, max, sum, operand};
  if (row)
    values.append({batch, head, row});
  if (end)
    values.push_back(end);
  return values;
}

bool ForwardEpilogue::needsRow() {
  return storesLse() || sinks || !storesThroughShared(op, config);
}

Value ForwardEpilogue::entryOf(const WorkTile &tile) {
  return tile.part ? parts->entry(b, tile.batch, tile.part->number)
                   : tile.batch;
}

PendingOutput ForwardEpilogue::nothingPending() {
  PendingOutput none;
  none.output = b.fillAcc(config.valueDim, 0);
  none.max = b.fillRows(kNegInf);
  none.sum = b.fillRows(0);
  none.operand = b.toOperand(b.fillAcc(config.keyTile, 0));
  if (needsRow())
    none.batch = none.head = none.row = b.i32(0);
  if (needsRow() && config.hasSequences)
    none.end = none.row;
  return none;
}

//===----------------------------------------------------------------------===//
// The epilogue
//===----------------------------------------------------------------------===//

ForwardEpilogue::ForwardEpilogue(
    KernelBuilder &b, AttentionOp op, const ForwardConfig &config,
    const ForwardLayout &layout, Softmax &softmax, ScoreModifier &modifier,
    const SequenceInfo &sequence, const StridedArray &out,
    const StridedArray &lse, const HeadNumbers *sinks, const KeyParts *parts)
    : b(b), op(op), config(config), layout(layout), softmax(softmax),
      modifier(modifier), sequence(sequence), out(out), lse(lse), sinks(sinks),
      parts(parts),
      outElement(parts ? b.getF32Type() : elementType(op.getOut())) {}

Value ForwardEpilogue::loadSinks(const PendingOutput &pending) {
  Value loaded = sinks->load(b, pending.head, config.rows);
  if (!parts)
    return loaded;
  Value isFirst = parts->isFirst(b, pending.batch);
  auto ofPart = [&](Value sink) -> Value {
    return arith::SelectOp::create(b, isFirst, sink, b.f32(kNegInf));
  };
  if (!config.rows.isPacked())
    return ofPart(loaded);
  return b.map(loaded, loaded.getType(),
               [&](ValueRange x) { return ofPart(x[0]); });
}

void ForwardEpilogue::emitOutput(const PendingOutput &pending, Value group,
                                 Value count) {
  Value sum = softmax.total(pending.sum);
  Value output, logSumExp;
  if (sinks) {
    Softmax::SinkState state =
        softmax.addSink(pending.max, sum, loadSinks(pending));
    output = softmax.normalize(pending.output, state.total, state.correction);
    logSumExp = state.logSumExp;
  } else {
    output = softmax.normalize(pending.output, sum);
  }
  PipelineState state(b, b.sub(count, b.i32(1)), config.queryStages);
  Value rowsLeft;
  if (needsRow())
    rowsLeft = b.asIndex(config.rows.rowsOf(
        b,
        b.sub(pending.end ? pending.end : sequence.queryLength, pending.row)));
  if (storesThroughShared(op, config)) {
    Value rowBlock = b.asIndex(group);
    spattn_gpu::WriteOp::create(b, output, outputTile(state.stage), rowBlock);
    spattn_gpu::AsyncProxyFenceOp::create(b);
  } else {
    Value address =
        out.row(b, pending.batch, pending.head, pending.row, outElement);
    spattn_gpu::StoreOp::create(b, output, address, out.rowStride, rowsLeft,
                                outElement, config.rows.headStride(b, out),
                                config.rows.heads);
  }
  b.arrive(layout.outputs.at(b, state.stage));
  if (storesLse()) {
    Value start =
        lse.row(b, pending.batch, pending.head, pending.row, b.getF32Type());
    if (!sinks)
      logSumExp = modifier.logSumExp(pending.max, sum);
    spattn_gpu::StoreRowsOp::create(b, logSumExp, start, lse.rowStride,
                                    rowsLeft, config.rows.headStride(b, lse),
                                    config.rows.heads);
  }
}

void ForwardEpilogue::storeOutput(const WorkTile &tile, Value stage,
                                  Value map) {
  if (!storesThroughShared(op, config))
    return;
  Value batch = b.asIndex(tile.batch);
  Value head = b.asIndex(tile.head);
  Value row = tile.queryRow(b, tile.first);
  Value first = b.asIndex(row);
  auto storeAll = [&] {
    config.rows.store(b, outputTile(stage), map, first, head, batch);
    spattn_gpu::StoreWaitOp::create(b);
  };
  if (!tile.place)
    return storeAll();
  Value rowsLeft = b.ops.materialize(tile.place->rowsLeft);
  Value rows = b.i32(config.queryTile());
  b.when(b.compare(arith::CmpIPredicate::sge, rowsLeft, rows), storeAll, [&] {
    Value source = outputTile(stage);
    Value start = out.row(b, tile.batch, tile.head, row, outElement);
    Value count = b.asIndex(config.rows.rowsOf(b, rowsLeft));
    spattn_gpu::StoreTileRowsOp::create(
        b, source, start, out.rowStride, count, op.getValueDim(),
        config.rows.headStride(b, out), config.rows.heads);
  });
}

void ForwardEpilogue::emitEmptyRows(const WorkTile &tile, ZeroFill &zeroFill,
                                    Value map) {
  Value first = tile.queryRow(b, tile.first);
  Value rest = tile.place ? b.ops.materialize(tile.place->rowsLeft)
                          : b.sub(sequence.queryLength, first);
  Value count =
      b.asIndex(arith::MinSIOp::create(b, rest, b.i32(config.queryTile())));
  Value zero = arith::ConstantOp::create(b, b.getFloatAttr(outElement, 0.0));
  Value entry = entryOf(tile);
  Value isFirst = parts ? parts->isFirst(b, entry) : Value();
  config.rows.forEachHead(b, tile.head, [&](Value head) {
    auto fillOutput = [&] {
      if (zeroFill.isUsed())
        return zeroFill.fill(map, first, head, tile.batch, config.tileRows(),
                             config.valueDim);
      spattn_gpu::StoreFillOp::create(
          b, zero, out.row(b, entry, head, first, outElement), out.rowStride,
          count, op.getValueDim());
    };
    // What other parts that are empty have for an output is not read.
    if (isFirst)
      b.when(isFirst, fillOutput);
    else
      fillOutput();
    if (!storesLse())
      return;
    Value start = lse.row(b, entry, head, first, b.getF32Type());
    Value none = sinks ? sinks->load(b, head) : b.f32(kNegInf);
    auto onlyIf = [&](Value condition) {
      none = arith::SelectOp::create(b, condition, none, b.f32(kNegInf));
    };
    if (sinks && tile.place)
      onlyIf(b.ops.materialize(tile.place->isSequence));
    if (sinks && isFirst)
      onlyIf(isFirst);
    spattn_gpu::StoreFillOp::create(b, none, start, lse.rowStride, count, 1);
  });
}
