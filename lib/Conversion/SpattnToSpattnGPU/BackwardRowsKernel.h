//===- BackwardRowsKernel.h - Kernels for rows of queries ------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDROWSKERNEL_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDROWSKERNEL_H

#include "BackwardKernel.h"
#include "KernelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace spattn {

/// What the kernels beside the main one share: 64 queries for each block.
class RowsKernel : protected KernelBuilder {
protected:
  RowsKernel(mlir::OpBuilder &builder, AttentionBackwardOp op,
             const BackwardShape &shape)
      : KernelBuilder(builder, op.getLoc(),
                      mlir::cast<mlir::ShapedType>(op.getQuery().getType())
                          .getElementType()),
        op(op), shape(shape), heads(op.getHeadStructures()) {}

  /// Finds the block's rows: the next 64 queries of all heads of all batch
  /// elements, then those after them.
  void findRows(Value batches, Value queryLength, Value keyLength) {
    queries = queryLength;
    Value rowHeads = mul(batches, index(op.getNumQueryHeads()));
    Value number = mlir::arith::DivUIOp::create(b, block, rowHeads);
    Value rest = mlir::arith::RemUIOp::create(b, block, rowHeads);
    head = mlir::arith::DivUIOp::create(b, rest, batches);
    batch = mlir::arith::RemUIOp::create(b, rest, batches);
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
    any = compare(mlir::arith::CmpIPredicate::sgt, ops.materialize(visited),
                  index(0));
    findScratchRow();
  }

  /// Where scratch has the numbers of `first` and the queries after it.
  void findScratchRow() {
    Index padded = ops.mul(ops.ceilDiv(ops.wrap(queries), shape.queryTile),
                           ops.constant(shape.queryTile));
    Value headNumber =
        add(mul(asIndex(batch), asIndex(index(op.getNumQueryHeads()))),
            asIndex(head));
    scratchRow =
        add(mul(headNumber, asIndex(ops.materialize(padded))), asIndex(first));
  }

  /// The number that says whether the sums of the block's query tile are there.
  Value sumsFlag(int counter) {
    Value tile = mlir::arith::DivUIOp::create(b, scratchRow,
                                              asIndex(index(shape.queryTile)));
    return KernelBuilder::sumsFlag(
        args[counter],
        mlir::arith::IndexCastOp::create(b, b.getI32Type(), tile));
  }

  /// The block's rows of an array of the caller, of which the strides are
  /// arguments from `stride` on.
  Value rowPointer(int buffer, int stride, Type type) {
    return KernelBuilder::rowPointer(buffer, stride, batch, head, first, type);
  }

  /// The block's rows where gradients are added up.
  Value sums(int argument) {
    return pointer(args[argument],
                   mul(scratchRow, asIndex(index(shape.headDim))),
                   b.getF32Type());
  }

  Value warp() { return mlir::arith::DivUIOp::create(b, thread, index(32)); }
  void sync() {
    spattn_gpu::NamedBarrierSyncOp::create(b, 0, Value(),
                                           spattn_gpu::kWarpgroupThreads);
  }

  /// Writes zeros to the block's rows of an array of the caller, each of
  /// `warps` its share.
  void emitEmptyRows(int buffer, int stride, int64_t warps = 4) {
    Value share = index(kRowsOfGroup / warps);
    Value before = warps == 1 ? index(0) : mul(warp(), share);
    Value left =
        mlir::arith::MaxSIOp::create(b, sub(rowsLeft, before), index(0));
    Value count = mlir::arith::MinSIOp::create(b, left, share);
    Value rowStride = asIndex(args[stride + 2]);
    Value start = pointer(rowPointer(buffer, stride, element),
                          mul(asIndex(before), rowStride), element);
    Value zero =
        mlir::arith::ConstantOp::create(b, b.getFloatAttr(element, 0.0));
    spattn_gpu::StoreFillOp::create(b, zero, start, rowStride, asIndex(count),
                                    op.getHeadDim());
  }

  /// One thread of the grid starts the counter of key tiles.
  void startCounter(int argument) {
    when(compare(mlir::arith::CmpIPredicate::eq, add(block, thread), index(0)),
         [&] { mlir::LLVM::StoreOp::create(b, index(0), args[argument]); });
  }

  Type rowsType() { return spattn_gpu::RowsType::get(b.getContext()); }
  Value fillRows(float value) {
    return spattn_gpu::FillOp::create(b, rowsType(), f32(value));
  }
  /// Leaves numbers for each of the block's queries in scratch.
  void storeStart(int argument, Value rows) {
    spattn_gpu::StoreRowsOp::create(
        b, rows, pointer(args[argument], scratchRow, b.getF32Type()),
        asIndex(index(1)), asIndex(index(kRowsOfGroup)));
  }
  /// For queries that see no key: no probability is above 0.
  void storeNoStart(int lse, int delta) {
    storeStart(lse, fillRows(kNegInf));
    storeStart(delta, fillRows(0));
  }
  /// What probabilities are divided by, from the log-sum-exp of the caller.
  Value negatedLse(int buffer, int stride) {
    Value lse = spattn_gpu::LoadRowsOp::create(
        b, rowPointer(buffer, stride, b.getF32Type()),
        asIndex(args[stride + 2]), asIndex(rowsLeft), f32(kNegInf));
    return map(lse, rowsType(), [&](ValueRange x) -> Value {
      // A row without keys has no probability above 0.
      Value none = mlir::arith::CmpFOp::create(
          b, mlir::arith::CmpFPredicate::OEQ, x[0], f32(kNegInf));
      Value negated = mlir::arith::NegFOp::create(b, x[0]);
      return mlir::arith::SelectOp::create(b, none, f32(kNegInf), negated);
    });
  }
  /// What the gradients of probabilities start from, by tiles of the output and
  /// of its gradient.
  Value deltaStart(Value outTile, Value doutTile) {
    Value partial = spattn_gpu::RowProductsOp::create(
        b, rowsType(), outTile, doutTile, asIndex(index(0)));
    Value delta = spattn_gpu::QuadReduceOp::create(
        b, rowsType(), spattn_gpu::ReductionKind::Add, partial);
    return map(delta, rowsType(), [&](ValueRange x) -> Value {
      return mlir::arith::NegFOp::create(b, x[0]);
    });
  }

  AttentionBackwardOp op;
  BackwardShape shape;
  HeadStructures heads;
  Value queries, batch, head, first, rowsLeft, any, scratchRow;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARDROWSKERNEL_H
