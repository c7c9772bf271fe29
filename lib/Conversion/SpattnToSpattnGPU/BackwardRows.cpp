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

#include "BackwardRowsKernel.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kWarps = spattn_gpu::kWarpgroupThreads / 32;

PrepareLayout::PrepareLayout(const BackwardShape &shape) {
  out = 0;
  dout = out + kRowsOfGroup * shape.valueDim * 2;
  barrier = dout + kRowsOfGroup * shape.valueDim * 2;
  total = barrier + 16;
}

FinishLayout::FinishLayout(const BackwardShape &shape)
    : total(kRowsOfGroup * shape.headDim * 2) {}

namespace {

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
    Scale,
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
    begin(name, argumentTypes(/*pointers=*/Batch, NumArguments),
          /*maps=*/UserLse, spattn_gpu::kWarpgroupThreads,
          /*blocks=*/4);
    allocate({layout.out, layout.dout, layout.barrier},
             /*words=*/layout.barrier, layout.total);
  }

  LLVM::LLVMFuncOp build() {
    startCounter(Counter);
    findRows(args[Batch], args[QueryLength], args[KeyLength]);
    if (shape.claimsSums)
      when(compare(arith::CmpIPredicate::eq, thread, index(0)),
           [&] { LLVM::StoreOp::create(b, index(0), sumsFlag(Counter)); });
    auto ifAny = scf::IfOp::create(b, any, /*withElseRegion=*/true);
    in(ifAny.thenBlock(), [&] { emitRows(); });
    in(ifAny.elseBlock(), [&] { storeNoStart(Lse, Delta); });
    LLVM::ReturnOp::create(b, ValueRange());
    return function;
  }

private:
  void emitRows() {
    Value ready = barrier(0, Value());
    when(compare(arith::CmpIPredicate::eq, thread, index(0)), [&] {
      spattn_gpu::BarrierInitOp::create(b, ready, /*count=*/2, /*loads=*/true);
      spattn_gpu::BarrierFenceOp::create(b);
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
    if (!shape.claimsSums)
      clearSums();
    storeStart(Lse, negatedLse(UserLse, LseBatchStride));
    await(ready, index(0));
    storeStart(Delta, deltaStart(outTile, doutTile));
  }

  /// Each warp clears its share.
  void clearSums() {
    int64_t share = kRowsOfGroup * shape.headDim / kWarps, rows = 2;
    Value start =
        pointer(sums(Dquery), mul(warp(), index(share)), b.getF32Type());
    spattn_gpu::StoreFillOp::create(b, f32(0), start,
                                    asIndex(index(share / rows)),
                                    asIndex(index(rows)), share / rows);
  }

  PrepareLayout layout;
};

class FinishKernel : RowsKernel {
  enum Argument {
    MapDquery,
    Dquery,
    Sums,
    Counter,
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
    begin(name, argumentTypes(/*pointers=*/Batch, NumArguments),
          /*maps=*/Dquery, spattn_gpu::kWarpgroupThreads,
          /*blocks=*/4);
    int64_t bytes = FinishLayout(shape).total;
    allocate(/*begins=*/{0}, /*words=*/bytes, bytes);
  }

  LLVM::LLVMFuncOp build() {
    findRows(args[Batch], args[QueryLength], args[KeyLength]);
    // What nobody has added to is not there.
    if (shape.claimsSums) {
      Value count = LLVM::LoadOp::create(b, b.getI32Type(), sumsFlag(Counter));
      any = arith::AndIOp::create(
          b, any, compare(arith::CmpIPredicate::ne, count, index(0)));
    }
    auto ifAny = scf::IfOp::create(b, any, /*withElseRegion=*/true);
    in(ifAny.thenBlock(), [&] { emitRows(); });
    in(ifAny.elseBlock(), [&] { emitEmptyRows(Dquery, DqueryBatchStride); });
    LLVM::ReturnOp::create(b, ValueRange());
    return function;
  }

private:
  void emitRows() {
    Value zero = asIndex(index(0));
    for (int64_t chunk = 0; chunk < shape.headDim / kRowsOfGroup; ++chunk) {
      Value elements = index(chunk * kRowsOfGroup * kRowsOfGroup);
      Value sum = spattn_gpu::LoadFragmentOp::create(
          b, accType(kRowsOfGroup),
          pointer(sums(Sums), elements, b.getF32Type()));
      Value scaled = map(sum, sum.getType(), [&](ValueRange x) -> Value {
        return arith::MulFOp::create(b, x[0], args[Scale]);
      });
      spattn_gpu::WriteOp::create(
          b, scaled,
          sharedTile(kRowsOfGroup, kRowsOfGroup, index(chunk), /*offset=*/0),
          zero);
    }
    spattn_gpu::AsyncProxyFenceOp::create(b);
    sync();
    inWarp(0, [&] {
      spattn_gpu::StoreTileOp::create(
          b, sharedTile(kRowsOfGroup, shape.headDim, Value(), /*offset=*/0),
          args[MapDquery], asIndex(first), asIndex(head), asIndex(batch));
      spattn_gpu::StoreWaitOp::create(b);
    });
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
