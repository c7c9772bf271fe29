//===- ForwardItems.cpp - Which items a forward kernel does ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForwardItems.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

bool spattn::storesThroughShared(AttentionOp op) {
  auto element = [](Value value) {
    return cast<ShapedType>(value.getType()).getElementType();
  };
  return element(op.getOut()) == element(op.getQuery());
}

ForwardLayout::ForwardLayout(const ForwardShape &shape) {
  query = 0;
  key = query + shape.queryStages * shape.queryTile() *
                    std::max(shape.headDim, shape.valueDim) * 2;
  value = key + shape.stages * shape.keyTile * shape.headDim * 2;
  barriers = value + shape.stages * shape.keyTile * shape.valueDim * 2;
  items =
      llvm::alignTo(barriers + 8 * (3 * shape.queryStages + 4 * shape.stages +
                                    2 * shape.itemStages()),
                    16);
  total = items + shape.itemStages() * shape.item.bytes();
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

ForwardItems::ForwardItems(OpBuilder &builder, AttentionOp op, StringRef name,
                           const ForwardShape &shape)
    : KernelBuilder(builder, op.getLoc(),
                    cast<ShapedType>(op.getQuery().getType()).getElementType()),
      op(op), shape(shape), layout(shape), heads(op.getHeadStructures()),
      outElement(cast<ShapedType>(op.getOut().getType()).getElementType()) {
  barrierOffset = layout.barriers;
  int64_t own = 3 * shape.queryStages + 4 * shape.stages;
  int64_t stages = shape.itemStages();
  queue = {stages, layout.items, own, own + stages, shape.item};
  declare(name);
  readArguments();
}

void ForwardItems::declare(StringRef name) {
  llvm::SmallVector<Type> types =
      argumentTypes(/*pointers=*/Batch, NumArguments);
  types[Counter] = types.front();
  if (!shape.fetch)
    types.resize(Counter);
  begin(name, types, /*maps=*/4, shape.threads(), shape.blocks);
  allocate(
      {layout.query, layout.key, layout.value, layout.barriers, layout.items},
      /*words=*/layout.barriers, layout.total);
}

void ForwardItems::readArguments() {
  auto toIndex = [&](int i) -> Value {
    return arith::IndexCastOp::create(b, b.getIndexType(), args[i]);
  };
  for (int i : {OutBatchStride, OutHeadStride, OutRowStride, LseBatchStride,
                LseHeadStride, LseRowStride})
    args[i] = toIndex(i);
  // Base-2 logits.
  args[Scale] = arith::MulFOp::create(b, args[Scale], f32(kLog2E));
  tileRows = ops.materialize(
      ops.ceilDiv(ops.wrap(args[QueryLength]), shape.queryTile()));
  rowHeads = mul(args[Batch], index(op.getNumQueryHeads()));
  items = mul(tileRows, rowHeads);
}

//===----------------------------------------------------------------------===//
// Finding items
//===----------------------------------------------------------------------===//

void ForwardItems::emitScheduler() {
  rows = {tileRows, rowHeads, rowHeads, shape.queryTile(), shape.keyTile};
  if (shape.sectionBytes() > 0)
    rows.section =
        emitSection(op, rowHeads, args[KeyLength], shape.sectionBytes());
  if (shape.fetch)
    emitFetched();
  else
    dealItems(
        items, [&](Value number) { return decode(number); },
        [&](const WorkItem &item) { emitEmptyRows(item); });
}

/// Items are numbered so that later rows, which have the most keys, come last,
/// and are taken from the last one on. A block's first is as far from there as
/// the block's number; the others are fetched when there is room for them, as
/// some take much longer than others. Each is asked for an item ahead, since
/// that takes its time.
void ForwardItems::emitFetched() {
  Value ticket = spattn_gpu::AtomicIncOp::create(b, args[Counter]);
  Value first = sub(sub(items, index(1)), block);
  Value rest = sub(sub(items, index(1)), blocks);
  SmallVector<Value> end = emitWhile(
      {index(0), first, ticket},
      [&](ValueRange carried) {
        return compare(arith::CmpIPredicate::sge, carried[1], index(0));
      },
      [&](ValueRange carried, Block *body) -> SmallVector<Value> {
        Value count = carried[0];
        awaitRoom(count);
        setPosted(decode(carried[1]), body, count);
        Value any = isVisited(posted);
        auto isAny = scf::IfOp::create(b, any, /*withElseRegion=*/true);
        in(isAny.thenBlock(), [&] { post(count, words.getArrayRef()); });
        in(isAny.elseBlock(), [&] { emitEmptyRows(posted); });
        Value number =
            sub(rest, spattn_gpu::WarpBroadcastOp::create(b, carried[2]));
        Value next = spattn_gpu::AtomicIncOp::create(b, args[Counter]);
        return {add(count, asNumber(any)), number, next};
      });
  postEnd(end[0]);
}

WorkItem ForwardItems::decode(Value number) {
  return decodeRows(op, heads, rows, number, args[Batch],
                    {ops.wrap(args[QueryLength]), ops.wrap(args[KeyLength])});
}

/// Writes rows that see no key at all, beside everything else.
void ForwardItems::emitEmptyRows(const WorkItem &item) {
  Value first = ops.materialize(item.first);
  Value rest = arith::SubIOp::create(b, args[QueryLength], first);
  Value count =
      asIndex(arith::MinSIOp::create(b, rest, index(shape.queryTile())));
  Value zero = arith::ConstantOp::create(b, b.getFloatAttr(outElement, 0.0));
  spattn_gpu::StoreFillOp::create(
      b, zero, rowPointer(Out, item.batch, item.head, first, outElement),
      args[OutRowStride], count, op.getValueDim());
  if (op.getLse())
    spattn_gpu::StoreFillOp::create(
        b, f32(kNegInf),
        rowPointer(Lse, item.batch, item.head, first, b.getF32Type()),
        args[LseRowStride], count, 1);
}

Value ForwardItems::rowPointer(Argument output, Value batch, Value head,
                               Value row, Type type) {
  int stride = output == Out ? OutBatchStride : LseBatchStride;
  return KernelBuilder::rowPointer(output, stride, batch, head, row, type);
}
