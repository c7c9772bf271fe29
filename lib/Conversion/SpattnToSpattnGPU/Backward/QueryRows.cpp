//===- QueryRows.cpp - 64 queries of a gradient kernel --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QueryRows.h"

#include "DqAccumulator.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace spattn;

using Index = KernelBuilder::Index;

void spattn::startCounter(KernelBuilder &b, Value counter) {
  Value zero = b.i32(0);
  b.when(b.compare(arith::CmpIPredicate::eq, b.add(b.cta, b.thread), zero),
         [&] { LLVM::StoreOp::create(b, b.i32(0), counter); });
}

LseArguments::LseArguments(KernelSignature &signature, AttentionBackwardOp op) {
  lse.pointer = signature.buffer("lse");
  if (op.getDlse())
    dlse.emplace().pointer = signature.buffer("dlse");
}

void LseArguments::addStrides(KernelSignature &signature) {
  lse.strides = signature.strides("lse");
  if (dlse)
    dlse->strides = signature.strides("dlse");
}

LseArrays LseArguments::get(KernelBuilder &b,
                            const KernelSignature &signature) const {
  LseArrays arrays{signature.get(b, lse), std::nullopt};
  if (dlse)
    arrays.dlse = signature.get(b, *dlse);
  return arrays;
}

//===----------------------------------------------------------------------===//
// Where rows are
//===----------------------------------------------------------------------===//

Value QueryRows::ofHead(KernelBuilder &b, const BackwardConfig &config,
                        const SequenceInfo &sequence) {
  Value tiles = sequence.queryTiles(b, config.queryTile);
  return b.mul(tiles, b.i32(config.queryTile / kRowsOfGroup));
}

Value QueryRows::countHeads() {
  return b.mul(sequence.batches, b.i32(op.getNumQueryHeads()));
}

Value QueryRows::hasCta() {
  Value rows = ofHead(b, config, sequence);
  Value count = b.mul(rows, countHeads());
  return b.compare(arith::CmpIPredicate::slt, b.cta, count);
}

/// With pairs, the key kernel takes heads from both ends, so that it ends in
/// the middle.
Value QueryRows::headFromLast(Value rank, Value rowHeads) {
  Value one = b.i32(1);
  if (!config.inPairs)
    return b.sub(b.sub(rowHeads, one), rank);
  Value middle = arith::ShRUIOp::create(b, rowHeads, one);
  Value steps = arith::ShRUIOp::create(b, rank, one);
  Value odd = arith::AndIOp::create(b, rank, one), zero = b.i32(0);
  Value isOdd = b.compare(arith::CmpIPredicate::ne, odd, zero);
  Value below = b.sub(b.sub(middle, one), steps);
  return arith::SelectOp::create(b, isOdd, below, b.add(middle, steps));
}

void QueryRows::locateCta() {
  Value rows = ofHead(b, config, sequence);
  Value number = arith::RemUIOp::create(b, b.cta, rows);
  locateHead(arith::DivUIOp::create(b, b.cta, rows));
  locateBlock(number);
}

void QueryRows::locateHead(Value rank) {
  Value rest = headFromLast(rank, countHeads());
  head = arith::DivUIOp::create(b, rest, sequence.batches);
  batch = arith::RemUIOp::create(b, rest, sequence.batches);
}

void QueryRows::locateBlock(Value number) {
  if (sequence.sequences)
    return locateSlot(number);
  first = b.mul(number, b.i32(kRowsOfGroup));
  rowsLeft = b.sub(sequence.queryLength, first);
  locateScratch(first);
}

void QueryRows::locateSlot(Value number) {
  Value parts = b.i32(config.queryTile / kRowsOfGroup);
  Value slot = arith::DivUIOp::create(b, number, parts);
  Value part = arith::RemUIOp::create(b, number, parts);
  place = sequence.sequences->locate(Sequences::Side::Queries, batch, slot,
                                     config.queryTile);
  Value before = b.mul(part, b.i32(kRowsOfGroup));
  Index start = b.ops.add(place->queriesBefore, place->first);
  first = b.add(b.ops.materialize(start), before);
  rowsLeft = b.sub(b.ops.materialize(place->rowsLeft), before);
  locateScratch(b.add(b.ops.materialize(place->scratchRow), before));
}

void QueryRows::locate(const WorkTile &tile) {
  if (!tile.place)
    return locate(tile.batch, tile.head, b.ops.materialize(tile.first));
  batch = tile.batch;
  head = tile.head;
  first = tile.queryRow(b, tile.first);
  rowsLeft = b.ops.materialize(tile.place->rowsLeft);
  locateScratch(b.ops.materialize(tile.place->scratchRow));
}

void QueryRows::locate(Value batch, Value head, Value first) {
  this->batch = batch;
  this->head = head;
  this->first = first;
  rowsLeft = b.sub(sequence.queryLength, first);
  if (!sequence.sequences)
    return locateScratch(first);
  auto [slot, inSlot] = sequence.sequences->slotOf(
      Sequences::Side::Queries, batch, first, config.queryTile);
  Index ofSlot = b.ops.mul(slot, b.ops.constant(config.queryTile));
  locateScratch(b.ops.materialize(b.ops.add(ofSlot, inSlot)));
}

void QueryRows::locateScratch(Value row) {
  Value padded = sequence.paddedQueries(b, config.queryTile);
  Value inBatchEntry = b.asIndex(head);
  Value heads = b.asIndex(b.i32(op.getNumQueryHeads()));
  Value headNumber = b.add(b.mul(b.asIndex(batch), heads), inBatchEntry);
  Value inHead = b.asIndex(row);
  scratchRow = b.add(b.mul(headNumber, b.asIndex(padded)), inHead);
}

Value QueryRows::seesKeys() {
  IndexOps &ops = b.ops;
  Index tile = place ? place->first
                     : ops.mul(ops.floorDiv(ops.wrap(first), config.queryTile),
                               ops.constant(config.queryTile));
  NormalForm<Index> form = normalForm(
      ops, op.getHeadStructures(), ops.wrap(head),
      place ? place->lengths : sequence.lengths(b), op.getAlignment());
  auto ranges =
      keyTiles(ops, form, tile, ops.add(tile, ops.constant(config.queryTile)),
               config.keyTile());
  Index full = fullSequence(ops, ranges).count;
  Index visited = ops.add(maskedSequence(ops, ranges).count, full);
  Value zero = b.i32(0);
  return b.compare(arith::CmpIPredicate::sgt, ops.materialize(visited), zero);
}

Value QueryRows::semaphore(Value counter) {
  Value tile =
      arith::DivUIOp::create(b, scratchRow, b.asIndex(b.i32(config.queryTile)));
  return getSemaphore(b, counter,
                      arith::IndexCastOp::create(b, b.getI32Type(), tile));
}

Value QueryRows::sums(Value base) {
  return b.pointer(base, b.mul(scratchRow, b.asIndex(b.i32(config.headDim))),
                   b.getF32Type());
}

//===----------------------------------------------------------------------===//
// What rows hold
//===----------------------------------------------------------------------===//

void QueryRows::emitEmptyRows(const StridedArray &dq, int64_t warps) {
  Value share = b.i32(kRowsOfGroup / warps);
  Value before = warps == 1 ? b.i32(0) : b.mul(warp(), share);
  Value none = b.i32(0);
  Value left = arith::MaxSIOp::create(b, b.sub(rowsLeft, before), none);
  Value count = arith::MinSIOp::create(b, left, share);
  Value rowStride = b.asIndex(dq.rowStride);
  Value elements = b.mul(b.asIndex(before), rowStride);
  Value start = b.pointer(row(dq, b.element), elements, b.element);
  Value zero = arith::ConstantOp::create(b, b.getFloatAttr(b.element, 0.0));
  spattn_gpu::StoreFillOp::create(b, zero, start, rowStride, b.asIndex(count),
                                  op.getHeadDim());
}

void QueryRows::storeTile(Value tile, const StridedArray &dq,
                          function_ref<void()> storeAll) {
  if (!sequence.sequences)
    return storeAll();
  Value rows = b.i32(kRowsOfGroup);
  b.when(b.compare(arith::CmpIPredicate::sge, rowsLeft, rows), storeAll, [&] {
    Value rowStride = b.asIndex(dq.rowStride);
    Value start = row(dq, b.element);
    Value count = arith::MaxSIOp::create(b, rowsLeft, b.i32(0));
    spattn_gpu::StoreTileRowsOp::create(b, tile, start, rowStride,
                                        b.asIndex(count), op.getHeadDim());
  });
}

void QueryRows::storeStart(Value base, Value rows) {
  Value count = b.asIndex(b.i32(kRowsOfGroup));
  Value stride = b.asIndex(b.i32(1));
  spattn_gpu::StoreRowsOp::create(b, rows, scratch(base), stride, count);
}

Value QueryRows::loadRows(const StridedArray &array, float past) {
  Value missing = b.f32(past);
  Value count = b.asIndex(rowsLeft);
  Value stride = b.asIndex(array.rowStride);
  return spattn_gpu::LoadRowsOp::create(b, row(array, b.getF32Type()), stride,
                                        count, missing);
}

Value QueryRows::negatedLse(const StridedArray &array) {
  Value lse = loadRows(array, kNegInf);
  return b.map(lse, b.rowsType(), [&](ValueRange x) -> Value {
    Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x[0],
                                       b.f32(kNegInf));
    Value negated = arith::NegFOp::create(b, x[0]);
    return arith::SelectOp::create(b, none, b.f32(kNegInf), negated);
  });
}

Value QueryRows::deltaStart(Value outTile, Value doTile,
                            const std::optional<StridedArray> &dlse,
                            Value negatedLse) {
  Value partial = spattn_gpu::RowProductsOp::create(
      b, b.rowsType(), outTile, doTile, b.asIndex(b.i32(0)));
  Value delta = spattn_gpu::QuadReduceOp::create(
      b, b.rowsType(), spattn_gpu::ReductionKind::Add, partial);
  if (sequence.sequences)
    delta =
        b.map({delta, negatedLse}, b.rowsType(), [&](ValueRange x) -> Value {
          // Rows past the end are those of others.
          Value counts = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT,
                                               x[1], b.f32(kNegInf));
          return arith::SelectOp::create(b, counts, x[0], b.f32(0));
        });
  if (!dlse)
    return b.map(delta, b.rowsType(), [&](ValueRange x) -> Value {
      return arith::NegFOp::create(b, x[0]);
    });
  Value gradient = loadRows(*dlse, 0);
  return b.map({delta, gradient, negatedLse}, b.rowsType(),
               [&](ValueRange x) -> Value {
                 Value counts = arith::CmpFOp::create(
                     b, arith::CmpFPredicate::OGT, x[2], b.f32(kNegInf));
                 Value own = arith::SelectOp::create(b, counts, x[1], b.f32(0));
                 return arith::SubFOp::create(b, own, x[0]);
               });
}
