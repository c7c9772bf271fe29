//===- Mask.cpp - Masks of partial tiles ----------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mask.h"

using namespace mlir;
using namespace spattn;

/// Clips spans to the fragment's columns, which are numbered from `first`.
Value Mask::spans(Index first, Value others,
                  function_ref<std::vector<Span<Index>>(Index row)> body) {
  auto mask = spattn_gpu::ColumnMaskOp::create(
      b, spattn_gpu::ColumnMaskType::get(b.getContext(), columns), others);
  OpBuilder::InsertionGuard guard(b);
  Block *block =
      b.createBlock(&mask.getBody(), {}, {b.getIndexType()}, {b.getLoc()});
  IndexOps &ops = b.ops;
  Index row = ops.wrap(
      arith::IndexCastOp::create(b, b.getI32Type(), block->getArgument(0)));
  SmallVector<Value> ends;
  for (const Span<Index> &span : body(row))
    for (Index end : {span.lo, span.hi})
      ends.push_back(
          ops.materialize(ops.min(ops.max(ops.sub(end, first), ops.constant(0)),
                                  ops.constant(columns))));
  spattn_gpu::YieldOp::create(b, ends);
  return mask.getResult();
}

Value Mask::allowedColumns(const WorkTile &tile, const WorkTile &withMask,
                           Index first, Value rowsBefore) {
  IndexOps &ops = b.ops;
  auto ofForm = [&](const NormalForm<Index> &form) {
    return [&](Index row) {
      Index inTile = rowsBefore ? ops.add(row, ops.wrap(rowsBefore)) : row;
      Index position = ops.add(tile.first, inTile);
      return orientation == Orientation::QueriesByKeys
                 ? keysOfQuery(ops, form, position)
                 : queriesOfKey(ops, form, position);
    };
  };
  if (!queue.hasTables())
    return spans(first, /*others=*/Value(), ofForm(withMask.form));
  Value none = spans(first, /*others=*/Value(),
                     [](Index) { return std::vector<Span<Index>>(); });
  return queue.forEachInterval(
      withMask, none, [&](const NormalForm<Index> &form, Value others) {
        return spans(first, others, ofForm(form));
      });
}

Value Mask::apply(Value scores, Value allowed) {
  return spattn_gpu::MaskOp::create(b, scores.getType(), scores, allowed);
}

Value Mask::apply(const WorkTile &tile, Value n, When when, Value rowsBefore,
                  Value scores) {
  auto masked = [&] {
    WorkTile again = queue.withMask(tile);
    return apply(
        scores, allowedColumns(again, again, walk.first(again, n), rowsBefore));
  };
  if (when == When::Never)
    return scores;
  if (when == When::Always)
    return masked();
  auto ifMasked = scf::IfOp::create(b, scores.getType(), walk.isMasked(tile, n),
                                    /*withElseRegion=*/true);
  b.in(ifMasked.thenBlock(),
       [&] { scf::YieldOp::create(b, ValueRange{masked()}); });
  b.in(ifMasked.elseBlock(),
       [&] { scf::YieldOp::create(b, ValueRange{scores}); });
  return ifMasked.getResult(0);
}

Value Mask::distances(const WorkTile &tile, Value n, Value rowsBefore,
                      Index offset) {
  IndexOps &ops = b.ops;
  Index row =
      rowsBefore ? ops.add(tile.first, ops.wrap(rowsBefore)) : tile.first;
  Index column = walk.first(tile, n);
  bool rowsAreKeys = orientation == Orientation::KeysByQueries;
  Index query = rowsAreKeys ? column : row, key = rowsAreKeys ? row : column;
  Value first = ops.materialize(ops.sub(ops.add(query, offset), key));
  return spattn_gpu::DistancesOp::create(b, b.accType(columns), first,
                                         /*transposed=*/rowsAreKeys);
}
