//===- Positions.cpp - Positions that decide on pairs ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Positions.h"

using namespace mlir;
using namespace spattn;

PositionArguments::PositionArguments(KernelSignature &signature,
                                     AttentionOpInterface op)
    : isCausal(op.getCausalPositions()) {
  if (FloatAttr score = op.getSelfScoreAttr())
    selfScore = score.getValueAsDouble();
  if (!op.hasPositions())
    return;
  sides.emplace();
  sides->queries.pointer = signature.buffer("qpos");
  sides->keys.pointer = signature.buffer("kpos");
}

void PositionArguments::addStrides(KernelSignature &signature) {
  if (!sides)
    return;
  sides->queries.strides = signature.strides("qpos");
  sides->keys.strides = signature.strides("kpos");
}

Positions::Positions(KernelBuilder &b, const PositionArguments &arguments,
                     const KernelSignature &signature,
                     const SequenceInfo &sequence, RowLayout rows)
    : b(b), isCausal(arguments.isCausal), selfScore(arguments.selfScore),
      layout(rows) {
  if (!arguments.sides)
    return;
  queries = {signature.get(b, arguments.sides->queries), sequence.queryLength};
  keys = {signature.get(b, arguments.sides->keys), sequence.keyLength};
}

Positions::Fragment Positions::load(const WorkTile &tile,
                                    KernelBuilder::Index firstColumn,
                                    Value rowsBefore,
                                    Mask::Orientation orientation,
                                    int64_t columns) {
  if (!queries)
    return {};
  bool rowsAreKeys = orientation == Mask::Orientation::KeysByQueries;
  KernelBuilder::Index firstRow = tile.first;
  if (rowsBefore)
    firstRow = b.ops.add(firstRow, layout.queryOf(b, b.ops.wrap(rowsBefore)));
  struct Numbers {
    Value address, stride, left;
  };
  auto numbers = [&](bool ofKeys, KernelBuilder::Index first) -> Numbers {
    const Side &side = ofKeys ? *keys : *queries;
    Value row = ofKeys ? tile.keyRow(b, first) : tile.queryRow(b, first);
    Value address = side.array.row(
        b, tile.batch, ofKeys ? tile.keyHead : tile.head, row, b.getF32Type());
    return {address, b.asIndex(side.array.rowStride),
            b.asIndex(b.sub(side.length, row))};
  };
  Numbers rows = numbers(rowsAreKeys, firstRow);
  Fragment result;
  Value missing = b.f32(0);
  if (layout.isPacked()) {
    Value apart = layout.headStride(b, queries->array);
    Value left = b.asIndex(layout.rowsOf(b, rows.left));
    result.rows = spattn_gpu::LoadRowsOp::create(b, b.rowsType(), rows.address,
                                                 rows.stride, left, missing,
                                                 apart, layout.heads);
  } else {
    result.rows = spattn_gpu::LoadRowsOp::create(b, rows.address, rows.stride,
                                                 rows.left, missing);
  }
  Numbers others = numbers(!rowsAreKeys, firstColumn);
  result.columns = spattn_gpu::LoadColumnsOp::create(
      b, spattn_gpu::ColumnsType::get(b.getContext(), columns), others.address,
      others.stride, others.left);
  return result;
}

static Value compare(KernelBuilder &b, arith::CmpIPredicate predicate,
                     Value row, Value column) {
  Value ofRow = arith::BitcastOp::create(b, b.getI32Type(), row);
  Value ofColumn = arith::BitcastOp::create(b, b.getI32Type(), column);
  return arith::CmpIOp::create(b, predicate, ofRow, ofColumn);
}

Value Positions::apply(Value scores, const Fragment &fragment,
                       Mask::Orientation orientation) {
  if (!fragment.rows)
    return scores;
  bool rowsAreKeys = orientation == Mask::Orientation::KeysByQueries;
  return b.map(
      {scores, fragment.rows, fragment.columns}, scores.getType(),
      [&](ValueRange x) -> Value {
        Value score = x[0];
        if (selfScore) {
          Value isSelf = compare(b, arith::CmpIPredicate::eq, x[1], x[2]);
          Value logit = b.f32(*selfScore * kLog2E);
          score = arith::SelectOp::create(b, isSelf, logit, score);
        }
        if (!isCausal)
          return score;
        Value isSeen = compare(b,
                               rowsAreKeys ? arith::CmpIPredicate::sle
                                           : arith::CmpIPredicate::sge,
                               x[1], x[2]);
        return arith::SelectOp::create(b, isSeen, score, b.f32(kNegInf));
      });
}

Value Positions::clearSelf(Value values, const Fragment &fragment) {
  return b.map({values, fragment.rows, fragment.columns}, values.getType(),
               [&](ValueRange x) -> Value {
                 Value isSelf =
                     compare(b, arith::CmpIPredicate::eq, x[1], x[2]);
                 return arith::SelectOp::create(b, isSelf, b.f32(0), x[0]);
               });
}
