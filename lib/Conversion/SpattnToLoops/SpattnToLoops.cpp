//===- SpattnToLoops.cpp - Attention to loops over its tiles --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/Passes.h"

#include "WorkOrder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"
#include "spattn/Dialect/Spattn/Transforms/Schedule.h"

#include <cmath>

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNTOLOOPS
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {

/// Buffers of one work item: the state of its softmax, and scratch.
struct ItemBuffers {
  Value query, acc, max, sum, scores, correction, stagedKey, stagedValue;
};

/// Lowers one attention on buffers.
class AttentionToLoops {
public:
  AttentionToLoops(AttentionOp op, ScheduleAttr schedule)
      : op(op), b(op.getLoc(), op), ops(b), queryTile(schedule.getQueryTile()),
        keyTile(schedule.getKeyTile()), heads(op.getHeadStructures()) {}

  void run() {
    batch = sizeOf(op.getQuery(), 'b');
    queries = sizeOf(op.getQuery(), 'n');
    keys = sizeOf(op.getKey(), 'n');
    scale = emitScale();
    tileRows = ops.materialize(ops.ceilDiv(ops.wrap(queries), queryTile));
    Value rows =
        arith::MulIOp::create(b, tileRows, index(op.getNumQueryHeads()));
    Value maxCost = ops.materialize(ops.ceilDiv(ops.wrap(keys), keyTile));
    Value order = emitWorkOrder(b, rows, maxCost, [&](Value row) {
      auto [head, tile] = decode(row);
      return ops.materialize(visitedTiles(ops, emitRanges(head, tile).ranges));
    });

    Value items = arith::MulIOp::create(b, rows, batch);
    auto forall =
        scf::ForallOp::create(b, SmallVector<OpFoldResult>{b.getIndexAttr(0)},
                              SmallVector<OpFoldResult>{items},
                              SmallVector<OpFoldResult>{b.getIndexAttr(1)},
                              ValueRange(), std::nullopt);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(forall.getBody());
      // The same row of all batch elements, then the next cheaper one.
      Value item = forall.getInductionVar(0);
      Value position = arith::DivUIOp::create(b, item, batch);
      Value element = arith::RemUIOp::create(b, item, batch);
      Value row = memref::LoadOp::create(b, order, ValueRange{position});
      auto scope = memref::AllocaScopeOp::create(b, TypeRange());
      b.createBlock(&scope.getBodyRegion());
      emitItem(element, row);
      memref::AllocaScopeReturnOp::create(b, ValueRange());
    }
    memref::DeallocOp::create(b, order);
    op.erase();
  }

private:
  /// The tiles of a row, and the normal form they come from.
  struct RowTiles {
    NormalForm<IndexOps::Value> form;
    std::vector<TileRange<IndexOps::Value>> ranges;
    IndexOps::Value firstQuery;
  };

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }

  Value sizeOf(Value buffer, char name) {
    unsigned dim = op.getDim(name);
    int64_t size = cast<MemRefType>(buffer.getType()).getDimSize(dim);
    if (!ShapedType::isDynamic(size))
      return index(size);
    return memref::DimOp::create(b, buffer, dim);
  }

  /// The factor of base-2 logits: scale * log2(e).
  Value emitScale() {
    constexpr double log2e = 1.4426950408889634;
    if (!op.getScale())
      return arith::ConstantOp::create(
          b, b.getF32FloatAttr(log2e / std::sqrt(double(op.getHeadDim()))));
    Value factor = arith::ConstantOp::create(b, b.getF32FloatAttr(log2e));
    return arith::MulFOp::create(b, op.getScale(), factor);
  }

  /// The head and the query tile of a row.
  std::pair<Value, Value> decode(Value row) {
    Value head = arith::DivUIOp::create(b, row, tileRows);
    Value tile = arith::RemUIOp::create(b, row, tileRows);
    return {head, tile};
  }

  RowTiles emitRanges(Value head, Value tile) {
    RowTiles result;
    Lengths<IndexOps::Value> lengths{ops.wrap(queries), ops.wrap(keys)};
    result.form = normalForm(ops, heads, ops.wrap(head), lengths,
                             op.getAlgebraAlignment());
    result.firstQuery = ops.mul(ops.wrap(tile), ops.constant(queryTile));
    IndexOps::Value end = ops.add(result.firstQuery, ops.constant(queryTile));
    result.ranges = keyTiles(ops, result.form, result.firstQuery, end, keyTile);
    return result;
  }

  /// Where rows of one head of one batch element begin, and how they lie.
  struct RowView {
    Value base, offset;
    SmallVector<OpFoldResult> strides;
  };

  /// Views are built from strides rather than as rank-reducing subviews: which
  /// of several dimensions of size 1 such a subview drops is not said.
  RowView viewRows(Value buffer, function_ref<unsigned(char)> dimOf,
                   Value element, Value head, Value first) {
    auto metadata = memref::ExtractStridedMetadataOp::create(b, buffer);
    RowView view{metadata.getBaseBuffer(), metadata.getOffset(),
                 metadata.getConstifiedMixedStrides()};
    for (auto [name, position] : {std::pair('b', element), std::pair('h', head),
                                  std::pair('n', first)}) {
      Value stride = metadata.getStrides()[dimOf(name)];
      Value distance = arith::MulIOp::create(b, position, stride);
      view.offset = arith::AddIOp::create(b, view.offset, distance);
    }
    return view;
  }

  /// Rows [first, first + count) of one head of an operand, as a matrix.
  Value sliceRows(Value buffer, Value element, Value head, Value first,
                  OpFoldResult count) {
    auto dimOf = [&](char name) { return op.getDim(name); };
    RowView view = viewRows(buffer, dimOf, element, head, first);
    auto type = cast<MemRefType>(buffer.getType());
    return castRows(view, type,
                    {count, b.getIndexAttr(type.getDimSize(dimOf('d')))},
                    {view.strides[dimOf('n')], view.strides[dimOf('d')]});
  }

  Value sliceLse(Value element, Value head, Value first, OpFoldResult count) {
    auto dimOf = [&](char name) { return op.getLseDim(name); };
    RowView view = viewRows(op.getLse(), dimOf, element, head, first);
    return castRows(view, cast<MemRefType>(op.getLse().getType()), {count},
                    {view.strides[dimOf('n')]});
  }

  Value castRows(const RowView &view, MemRefType type,
                 ArrayRef<OpFoldResult> sizes, ArrayRef<OpFoldResult> strides) {
    SmallVector<int64_t> staticSizes, staticStrides;
    for (OpFoldResult size : sizes)
      staticSizes.push_back(
          getConstantIntValue(size).value_or(ShapedType::kDynamic));
    for (OpFoldResult stride : strides)
      staticStrides.push_back(
          getConstantIntValue(stride).value_or(ShapedType::kDynamic));
    auto layout = StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic,
                                         staticStrides);
    auto viewType = MemRefType::get(staticSizes, type.getElementType(), layout,
                                    type.getMemorySpace());
    return memref::ReinterpretCastOp::create(
        b, viewType, view.base, OpFoldResult(view.offset), sizes, strides);
  }

  Value allocate(ArrayRef<int64_t> shape) {
    auto type = MemRefType::get(shape, b.getF32Type());
    return memref::AllocaOp::create(b, type, b.getI64IntegerAttr(64));
  }

  /// Keys and values are used in place if they are f32 with unit stride.
  bool needsStaging(Value buffer) {
    auto type = cast<MemRefType>(buffer.getType());
    auto [strides, offset] = type.getStridesAndOffset();
    return !type.getElementType().isF32() || strides[op.getDim('d')] != 1;
  }

  ItemBuffers allocateBuffers() {
    ItemBuffers buffers;
    int64_t headDim = op.getHeadDim(), valueDim = op.getValueDim();
    buffers.query = allocate({headDim, queryTile});
    buffers.acc = allocate({queryTile, valueDim});
    buffers.max = allocate({queryTile});
    buffers.sum = allocate({queryTile});
    buffers.scores = allocate({keyTile, queryTile});
    buffers.correction = allocate({queryTile});
    if (needsStaging(op.getKey()))
      buffers.stagedKey = allocate({keyTile, headDim});
    if (needsStaging(op.getValue()))
      buffers.stagedValue = allocate({keyTile, valueDim});
    return buffers;
  }

  /// One query tile of one head of one batch element.
  void emitItem(Value element, Value row) {
    auto [head, tile] = decode(row);
    Value keyHead = head;
    if (op.getGroupSize() > 1)
      keyHead = arith::DivUIOp::create(b, head, index(op.getGroupSize()));
    RowTiles tiles = emitRanges(head, tile);
    ItemBuffers buffers = allocateBuffers();

    Value first = ops.materialize(tiles.firstQuery);
    Value rowCount = ops.materialize(ops.min(
        ops.constant(queryTile), ops.sub(ops.wrap(queries), tiles.firstQuery)));
    OpFoldResult count = getAsOpFoldResult(rowCount);
    spattn::OnlineInitOp::create(b, buffers.acc, buffers.max, buffers.sum);

    // A row without keys costs only its output.
    IndexOps::Value visited = visitedTiles(ops, tiles.ranges);
    Value any = ops.materialize(ops.lt(ops.constant(0), visited));
    auto ifAny = scf::IfOp::create(b, any, /*withElseRegion=*/false);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(ifAny.thenBlock());
      LoadQueryOp::create(b,
                          sliceRows(op.getQuery(), element, head, first, count),
                          scale, buffers.query);
      emitLoop(fullSequence(ops, tiles.ranges), [&](IndexOps::Value keyTile) {
        emitStep(tiles, buffers, element, keyHead, keyTile, /*masked=*/false);
      });
      emitLoop(maskedSequence(ops, tiles.ranges), [&](IndexOps::Value keyTile) {
        emitStep(tiles, buffers, element, keyHead, keyTile, /*masked=*/true);
      });
    }
    Value lse = op.getLse() ? sliceLse(element, head, first, count) : Value();
    OnlineFinishOp::create(b, buffers.acc, buffers.max, buffers.sum,
                           sliceRows(op.getOut(), element, head, first, count),
                           lse);
  }

  /// One loop over all tiles of a sequence, whatever ranges they lie in.
  void emitLoop(const TileSequence<IndexOps::Value> &tiles,
                function_ref<void(IndexOps::Value)> body) {
    if (ops.knownValue(tiles.count) == std::optional<int64_t>(0))
      return;
    auto loop =
        scf::ForOp::create(b, index(0), ops.materialize(tiles.count), index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(tiles.nth(ops, ops.wrap(loop.getInductionVar())));
  }

  /// One key tile. Full tiles lie within the keys; masked ones may end early.
  void emitStep(const RowTiles &tiles, const ItemBuffers &buffers,
                Value element, Value keyHead, IndexOps::Value tile,
                bool masked) {
    IndexOps::Value firstKey = ops.mul(tile, ops.constant(keyTile));
    Value first = ops.materialize(firstKey);
    OpFoldResult count = b.getIndexAttr(keyTile);
    if (masked)
      count = getAsOpFoldResult(ops.materialize(
          ops.min(ops.constant(keyTile), ops.sub(ops.wrap(keys), firstKey))));
    Value key = stage(sliceRows(op.getKey(), element, keyHead, first, count),
                      buffers.stagedKey, count);
    Value value =
        stage(sliceRows(op.getValue(), element, keyHead, first, count),
              buffers.stagedValue, count);
    auto step = OnlineStepOp::create(b, buffers.query, key, value, buffers.acc,
                                     buffers.max, buffers.sum, buffers.scores,
                                     buffers.correction);
    if (masked)
      emitMask(step, tiles, firstKey);
  }

  /// Copies a tile to its f32 buffer, if it has one.
  Value stage(Value tile, Value buffer, OpFoldResult count) {
    if (!buffer)
      return tile;
    StageOp::create(b, tile, buffer);
    auto type = cast<MemRefType>(buffer.getType());
    if (getConstantIntValue(count) == type.getDimSize(0))
      return buffer;
    SmallVector<OpFoldResult> offsets(2, b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(2, b.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes{count, b.getIndexAttr(type.getDimSize(1))};
    return memref::SubViewOp::create(b, buffer, offsets, sizes, strides);
  }

  void emitMask(OnlineStepOp step, const RowTiles &tiles,
                IndexOps::Value firstKey) {
    OpBuilder::InsertionGuard guard(b);
    Block *block =
        b.createBlock(&step.getMask(), {}, {b.getIndexType(), b.getIndexType()},
                      {b.getLoc(), b.getLoc()});
    IndexOps::Value query =
        ops.add(tiles.firstQuery, ops.wrap(block->getArgument(0)));
    IndexOps::Value key = ops.add(firstKey, ops.wrap(block->getArgument(1)));
    Value result = ops.materialize(allowed(ops, tiles.form, query, key));
    spattn::YieldOp::create(b, result);
  }

  AttentionOp op;
  ImplicitLocOpBuilder b;
  IndexOps ops;
  int64_t queryTile, keyTile;
  HeadStructures heads;
  Value batch, queries, keys, scale, tileRows;
};

struct ConvertSpattnToLoopsPass
    : public spattn::impl::ConvertSpattnToLoopsBase<ConvertSpattnToLoopsPass> {
  using ConvertSpattnToLoopsBase::ConvertSpattnToLoopsBase;

  void runOnOperation() override {
    SmallVector<AttentionOp> attentions;
    getOperation()->walk([&](AttentionOp op) { attentions.push_back(op); });
    for (AttentionOp op : attentions) {
      if (isa<RankedTensorType>(op.getQuery().getType())) {
        op.emitOpError("expected operands in buffers; run 'spattn-bufferize' "
                       "before 'convert-spattn-to-loops'");
        return signalPassFailure();
      }
      ++numKernels;
      report(op);
      AttentionToLoops(op, getSchedule(op)).run();
    }
  }

  /// Statistics and remarks, where the lengths are known. Counting visits every
  /// tile row, so it is done only on demand.
  void report(AttentionOp op) {
    if (!remarks)
      return;
    int64_t queryLength = op.getStaticQueryLength();
    int64_t keyLength = op.getStaticKeyLength();
    if (ShapedType::isDynamic(queryLength) || ShapedType::isDynamic(keyLength))
      return;
    TileCounts counts = getAlgebra(op, queryLength, keyLength)
                            .tiles(getTileShape(getSchedule(op)));
    numVisited += counts.visited;
    numMasked += counts.masked;
    numSkipped += counts.skipped;
    op.emitRemark("tiles of a batch element: ")
        << counts.visited << " visited, " << counts.full << " full, "
        << counts.masked << " masked, " << counts.skipped << " skipped";
  }
};

} // namespace
