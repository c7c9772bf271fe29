//===- BackwardRows.cpp - Before and after the main gradient kernel -------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Blocks of one warpgroup for 64 queries each, as many as there are: they wait
// for memory only, and a multiprocessor holds several. Query tiles that see no
// key are read by nobody, and so are neither loaded nor cleared.
//
//===----------------------------------------------------------------------===//

#include "BackwardKernel.h"

#include "KernelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kWarps = tile::kWarpgroupThreads / 32;

PrepareLayout::PrepareLayout(const BackwardShape &shape) {
  out = 0;
  dout = out + kRowsOfGroup * shape.valueDim * 2;
  barrier = dout + kRowsOfGroup * shape.valueDim * 2;
  total = barrier + 16;
}

FinishLayout::FinishLayout(const BackwardShape &shape)
    : total(kRowsOfGroup * shape.headDim * 2) {}

namespace {

/// What both kernels share: the block's rows.
class RowsKernel : protected KernelBuilder {
protected:
  RowsKernel(OpBuilder &builder, AttentionBackwardOp op,
             const BackwardShape &shape)
      : KernelBuilder(
            builder, op.getLoc(),
            cast<ShapedType>(op.getQuery().getType()).getElementType()),
        op(op), shape(shape), heads(op.getHeadStructures()) {}

  /// Finds the block's rows: the next 64 queries of all heads of all batch
  /// elements, then those after them.
  void findRows(Value batches, Value queryLength, Value keyLength) {
    queries = queryLength;
    Value rowHeads = mul(batches, index(op.getNumQueryHeads()));
    Value number = arith::DivUIOp::create(b, block, rowHeads);
    Value rest = arith::RemUIOp::create(b, block, rowHeads);
    head = arith::DivUIOp::create(b, rest, batches);
    batch = arith::RemUIOp::create(b, rest, batches);
    first = mul(number, index(kRowsOfGroup));
    rowsLeft = sub(queryLength, first);
    // Whether the query tile sees a key.
    Index tile = ops.mul(ops.floorDiv(ops.wrap(first), shape.queryTile),
                         ops.constant(shape.queryTile));
    Lengths<Index> lengths{ops.wrap(queryLength), ops.wrap(keyLength)};
    NormalForm<Index> form = normalForm(ops, heads, ops.wrap(head), lengths,
                                        op.getAlgebraAlignment());
    auto ranges =
        keyTiles(ops, form, tile, ops.add(tile, ops.constant(shape.queryTile)),
                 shape.keyTile());
    Index visited = ops.add(maskedSequence(ops, ranges).count,
                            fullSequence(ops, ranges).count);
    any =
        compare(arith::CmpIPredicate::sgt, ops.materialize(visited), index(0));
    Index padded = ops.mul(ops.ceilDiv(ops.wrap(queryLength), shape.queryTile),
                           ops.constant(shape.queryTile));
    Value headNumber =
        add(mul(asIndex(batch), asIndex(index(op.getNumQueryHeads()))),
            asIndex(head));
    scratchRow =
        add(mul(headNumber, asIndex(ops.materialize(padded))), asIndex(first));
  }

  /// The block's rows of an array of the caller, of which the strides are
  /// arguments from `stride` on.
  Value rowPointer(int buffer, int stride, Type type) {
    Value position = add(add(mul(asIndex(batch), asIndex(args[stride])),
                             mul(asIndex(head), asIndex(args[stride + 1]))),
                         mul(asIndex(first), asIndex(args[stride + 2])));
    return pointer(args[buffer], position, type);
  }

  /// The block's rows where gradients are added up.
  Value sums(int argument) {
    return pointer(args[argument],
                   mul(scratchRow, asIndex(index(shape.headDim))),
                   b.getF32Type());
  }

  Value warp() { return arith::DivUIOp::create(b, thread, index(32)); }
  void sync() { tile::SyncOp::create(b, 0, Value(), tile::kWarpgroupThreads); }

  AttentionBackwardOp op;
  BackwardShape shape;
  HeadStructures heads;
  Value queries, batch, head, first, rowsLeft, any, scratchRow;
};

class PrepareKernel : RowsKernel {
  enum Argument {
    MapOut,
    MapDout,
    UserLse,
    Lse,
    Delta,
    Dquery,
    Counter,
    Batch,
    QueryLength,
    KeyLength,
    LseBatchStride,
    LseHeadStride,
    LseRowStride,
    NumArguments
  };

public:
  PrepareKernel(OpBuilder &builder, AttentionBackwardOp op, StringRef name,
                const BackwardShape &shape)
      : RowsKernel(builder, op, shape), layout(shape) {
    barrierOffset = layout.barrier;
    auto pointer = LLVM::LLVMPointerType::get(b.getContext());
    llvm::SmallVector<Type> types(NumArguments, b.getI64Type());
    for (int i = MapOut; i <= Counter; ++i)
      types[i] = pointer;
    for (int i : {Batch, QueryLength, KeyLength})
      types[i] = b.getI32Type();
    begin(name, types, /*maps=*/UserLse, tile::kWarpgroupThreads,
          /*blocks=*/4);
  }

  LLVM::LLVMFuncOp build() {
    // The counter of key tiles.
    Value first = add(block, thread);
    when(compare(arith::CmpIPredicate::eq, first, index(0)),
         [&] { LLVM::StoreOp::create(b, index(0), args[Counter]); });
    findRows(args[Batch], args[QueryLength], args[KeyLength]);
    auto ifAny = scf::IfOp::create(b, any, /*withElseRegion=*/true);
    in(ifAny.thenBlock(), [&] { emitRows(); });
    in(ifAny.elseBlock(), [&] {
      // No probability is above 0.
      store(Lse, fill(-kNegInf));
      store(Delta, fill(0));
    });
    LLVM::ReturnOp::create(b, ValueRange());
    return function;
  }

private:
  Type rowsType() { return tile::RowsType::get(b.getContext()); }
  Value fill(float value) {
    return tile::FillOp::create(b, rowsType(), f32(value));
  }
  void store(int argument, Value rows) {
    tile::StoreRowsOp::create(
        b, rows, pointer(args[argument], scratchRow, b.getF32Type()),
        asIndex(index(1)), asIndex(index(kRowsOfGroup)));
  }

  void emitRows() {
    Value ready = barrier(0, Value());
    when(compare(arith::CmpIPredicate::eq, thread, index(0)), [&] {
      tile::BarrierInitOp::create(b, ready, /*count=*/2, /*loads=*/true);
      tile::BarrierFenceOp::create(b);
    });
    sync();
    Value outTile =
        sharedTile(kRowsOfGroup, shape.valueDim, Value(), layout.out);
    Value doutTile =
        sharedTile(kRowsOfGroup, shape.valueDim, Value(), layout.dout);
    inWarp(0, [&] {
      load(args[MapOut], first, head, batch, outTile, ready);
      load(args[MapDout], first, head, batch, doutTile, ready);
    });
    clearSums();
    Value lse = tile::LoadRowsOp::create(
        b, rowPointer(UserLse, LseBatchStride, b.getF32Type()),
        asIndex(args[LseRowStride]), asIndex(rowsLeft), f32(kNegInf));
    // A row without keys has no probability above 0.
    store(Lse, map(lse, rowsType(), [&](ValueRange x) -> Value {
            Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                               x[0], f32(kNegInf));
            Value base2 = arith::MulFOp::create(b, x[0], f32(kLog2E));
            return arith::SelectOp::create(b, none, f32(-kNegInf), base2);
          }));
    await(ready, index(0));
    auto type = accType(shape.valueDim);
    Value zero = asIndex(index(0));
    Value out = tile::ReadOp::create(b, type, outTile, zero);
    Value dout = tile::ReadOp::create(b, type, doutTile, zero);
    Value products = map({out, dout}, type, [&](ValueRange x) -> Value {
      return arith::MulFOp::create(b, x[0], x[1]);
    });
    Value partial = tile::ReduceOp::create(
        b, rowsType(), tile::ReductionKind::Add, products, fill(0));
    store(Delta, tile::CombineOp::create(b, rowsType(),
                                         tile::ReductionKind::Add, partial));
  }

  /// Each warp clears its share.
  void clearSums() {
    int64_t share = kRowsOfGroup * shape.headDim / kWarps, rows = 2;
    Value start =
        pointer(sums(Dquery), mul(warp(), index(share)), b.getF32Type());
    tile::StoreFillOp::create(b, f32(0), start, asIndex(index(share / rows)),
                              asIndex(index(rows)), share / rows);
  }

  PrepareLayout layout;
};

class FinishKernel : RowsKernel {
  enum Argument {
    MapDquery,
    Dquery,
    Sums,
    Batch,
    QueryLength,
    KeyLength,
    Scale,
    DqueryBatchStride,
    DqueryHeadStride,
    DqueryRowStride,
    NumArguments
  };

public:
  FinishKernel(OpBuilder &builder, AttentionBackwardOp op, StringRef name,
               const BackwardShape &shape)
      : RowsKernel(builder, op, shape) {
    auto pointer = LLVM::LLVMPointerType::get(b.getContext());
    llvm::SmallVector<Type> types(NumArguments, b.getI64Type());
    for (int i = MapDquery; i <= Sums; ++i)
      types[i] = pointer;
    for (int i : {Batch, QueryLength, KeyLength})
      types[i] = b.getI32Type();
    types[Scale] = b.getF32Type();
    begin(name, types, /*maps=*/Dquery, tile::kWarpgroupThreads,
          /*blocks=*/4);
  }

  LLVM::LLVMFuncOp build() {
    findRows(args[Batch], args[QueryLength], args[KeyLength]);
    auto ifAny = scf::IfOp::create(b, any, /*withElseRegion=*/true);
    in(ifAny.thenBlock(), [&] { emitRows(); });
    in(ifAny.elseBlock(), [&] { emitEmptyRows(); });
    LLVM::ReturnOp::create(b, ValueRange());
    return function;
  }

private:
  void emitRows() {
    Value zero = asIndex(index(0));
    for (int64_t chunk = 0; chunk < shape.headDim / kRowsOfGroup; ++chunk) {
      Value elements = index(chunk * kRowsOfGroup * kRowsOfGroup);
      Value sum = tile::LoadFragmentOp::create(
          b, accType(kRowsOfGroup),
          pointer(sums(Sums), elements, b.getF32Type()));
      Value scaled = map(sum, sum.getType(), [&](ValueRange x) -> Value {
        return arith::MulFOp::create(b, x[0], args[Scale]);
      });
      tile::WriteOp::create(
          b, scaled,
          sharedTile(kRowsOfGroup, kRowsOfGroup, index(chunk), /*offset=*/0),
          zero);
    }
    tile::CopyFenceOp::create(b);
    sync();
    inWarp(0, [&] {
      tile::StoreTileOp::create(
          b, sharedTile(kRowsOfGroup, shape.headDim, Value(), /*offset=*/0),
          args[MapDquery], asIndex(first), asIndex(head), asIndex(batch));
      tile::StoreWaitOp::create(b);
    });
  }

  /// Each warp has its share of the rows.
  void emitEmptyRows() {
    Value share = index(kRowsOfGroup / kWarps);
    Value before = mul(warp(), share);
    Value left = arith::MaxSIOp::create(b, sub(rowsLeft, before), index(0));
    Value count = arith::MinSIOp::create(b, left, share);
    Value stride = asIndex(args[DqueryRowStride]);
    Value start = pointer(rowPointer(Dquery, DqueryBatchStride, element),
                          mul(asIndex(before), stride), element);
    Value zero = arith::ConstantOp::create(b, b.getFloatAttr(element, 0.0));
    tile::StoreFillOp::create(b, zero, start, stride, asIndex(count),
                              op.getHeadDim());
  }
};
} // namespace

LLVM::LLVMFuncOp spattn::buildPrepareKernel(OpBuilder &builder,
                                            AttentionBackwardOp op,
                                            StringRef name,
                                            const BackwardShape &shape) {
  return PrepareKernel(builder, op, name, shape).build();
}

LLVM::LLVMFuncOp spattn::buildFinishKernel(OpBuilder &builder,
                                           AttentionBackwardOp op,
                                           StringRef name,
                                           const BackwardShape &shape) {
  return FinishKernel(builder, op, name, shape).build();
}
