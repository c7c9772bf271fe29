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

void Mask::emitBody(Region &body, OfRow ofRow) {
  OpBuilder::InsertionGuard guard(b);
  Block *block = b.createBlock(&body, {}, {b.getIndexType()}, {b.getLoc()});
  IndexOps &ops = b.ops;
  Index row = ops.wrap(
      arith::IndexCastOp::create(b, b.getI32Type(), block->getArgument(0)));
  SmallVector<Value> yielded;
  for (Index number : ofRow(row))
    yielded.push_back(ops.materialize(number));
  spattn_gpu::YieldOp::create(b, yielded);
}

Mask::Index Mask::positionOf(const Place &place, Index row) {
  Index inTile =
      place.rowsBefore ? b.ops.add(row, b.ops.wrap(place.rowsBefore)) : row;
  return b.ops.add(place.firstOfTile, rows.queryOf(b, inTile));
}

/// Clips spans to the fragment's columns, which are numbered from `first`.
Value Mask::spans(Index first, Value others,
                  function_ref<std::vector<Span<Index>>(Index row)> ofRow) {
  IndexOps &ops = b.ops;
  auto mask = spattn_gpu::ColumnMaskOp::create(
      b, spattn_gpu::ColumnMaskType::get(b.getContext(), columns), others);
  emitBody(mask.getBody(), [&](Index row) {
    SmallVector<Index> ends;
    for (const Span<Index> &span : ofRow(row))
      for (Index end : {span.lo, span.hi})
        ends.push_back(ops.min(ops.max(ops.sub(end, first), ops.constant(0)),
                               ops.constant(columns)));
    return ends;
  });
  return mask.getResult();
}

/// Where a condition is of columns, residues of places are residues of columns:
/// of a row's place and a column `c`, a distance that grows with `c` starts
/// where the condition does, one that shrinks where it ends.
Value Mask::withResidues(const Form &form, ArrayRef<Condition> conditions,
                         const Place &place, Value allowed, Value others) {
  IndexOps &ops = b.ops;
  auto mask =
      spattn_gpu::ResidueMaskOp::create(b, allowed.getType(), allowed, others);
  bool rowsAreKeys = orientation == Orientation::KeysByQueries;
  emitBody(mask.getBody(), [&](Index row) {
    Index position = positionOf(place, row);
    SmallVector<Index> triples;
    for (const Condition &condition : conditions) {
      Index start = condition.lo;
      if (rowsAreKeys)
        start = ops.sub(start, form.offset);
      if (condition.of == Residues::Of::Distances && rowsAreKeys) {
        start = ops.add(start, position);
      } else if (condition.of == Residues::Of::Distances) {
        Index last = ops.sub(ops.add(start, condition.width), ops.constant(1));
        start = ops.sub(ops.add(position, form.offset), last);
      }
      start = ops.sub(start, place.firstColumn);
      triples.append({condition.modulus, start, condition.width});
    }
    return triples;
  });
  return mask.getResult();
}

Value Mask::columnsOf(const Form &form, const Place &place, Value others) {
  IndexOps &ops = b.ops;
  bool rowsAreKeys = orientation == Orientation::KeysByQueries;
  Residues::Of rows = rowsAreKeys ? Residues::Of::Keys : Residues::Of::Queries;
  for (const Layer<Index> &layer : layersOf(form)) {
    Form own = withSegments(form, layer.segments);
    SmallVector<Condition> ofRows, ofColumns;
    for (const Condition &condition : layer.conditions)
      (condition.of == rows ? ofRows : ofColumns).push_back(condition);
    Value ownOthers = ofColumns.empty() ? others : Value();
    Value allowed = spans(place.firstColumn, ownOthers, [&](Index row) {
      Index position = positionOf(place, row);
      std::vector<Span<Index>> spans = rowsAreKeys
                                           ? queriesOfKey(ops, own, position)
                                           : keysOfQuery(ops, own, position);
      for (const Condition &condition : ofRows) {
        Index at = rowsAreKeys ? position : ops.add(position, form.offset);
        IndexOps::Bool isMet = meets(ops, at, condition);
        for (Span<Index> &span : spans)
          span.hi = ops.select(isMet, span.hi, span.lo);
      }
      return spans;
    });
    others = ofColumns.empty()
                 ? allowed
                 : withResidues(form, ofColumns, place, allowed, others);
  }
  return others;
}

Value Mask::allowedColumns(const WorkTile &tile, const WorkTile &withMask,
                           Value n, Index first, Value rowsBefore) {
  Place place{first, tile.first, rowsBefore};
  auto ofStructure = [&]() -> Value {
    if (!queue.hasTables())
      return columnsOf(withMask.form, place, /*others=*/Value());
    Value none = spans(first, /*others=*/Value(),
                       [](Index) { return std::vector<Span<Index>>(); });
    return queue.forEachInterval(withMask, none,
                                 [&](const Form &form, Value others) {
                                   return columnsOf(form, place, others);
                                 });
  };
  if (!withMask.listed)
    return ofStructure();
  auto ofList = [&] {
    return columnsOf(withMask.listed->form, place, /*others=*/Value());
  };
  if (countIntervals(withMask.form) == 0)
    return ofList();
  Value own = ofStructure();
  Value condition = b.ops.materialize(walk.isListed(withMask, n));
  auto ifListed = scf::IfOp::create(b, own.getType(), condition,
                                    /*withElseRegion=*/true);
  // What the structure allows has been counted.
  b.in(ifListed.thenBlock(), [&] {
    Value rest = spattn_gpu::ColumnMaskDifferenceOp::create(b, ofList(), own);
    scf::YieldOp::create(b, ValueRange{rest});
  });
  b.in(ifListed.elseBlock(), [&] { scf::YieldOp::create(b, ValueRange{own}); });
  return ifListed.getResult(0);
}

Value Mask::apply(Value scores, Value allowed) {
  return spattn_gpu::MaskOp::create(b, scores.getType(), scores, allowed);
}

Value Mask::apply(const WorkTile &tile, Value n, When when, Value rowsBefore,
                  Value scores, Value isPartial) {
  auto masked = [&] {
    WorkTile again = queue.withMask(tile);
    return apply(scores, allowedColumns(again, again, n, walk.first(again, n),
                                        rowsBefore));
  };
  if (when == When::Never)
    return scores;
  if (when == When::Always)
    return masked();
  if (!isPartial)
    isPartial = walk.isMasked(tile, n);
  auto ifMasked = scf::IfOp::create(b, scores.getType(), isPartial,
                                    /*withElseRegion=*/true);
  b.in(ifMasked.thenBlock(),
       [&] { scf::YieldOp::create(b, ValueRange{masked()}); });
  b.in(ifMasked.elseBlock(),
       [&] { scf::YieldOp::create(b, ValueRange{scores}); });
  return ifMasked.getResult(0);
}

/// The query, or key, of the first row of a fragment.
Mask::Index Mask::firstOf(const WorkTile &tile, Value rowsBefore) {
  if (!rowsBefore)
    return tile.first;
  return b.ops.add(tile.first, rows.queryOf(b, b.ops.wrap(rowsBefore)));
}

Value Mask::distances(const WorkTile &tile, Value n, Value rowsBefore,
                      Index offset) {
  IndexOps &ops = b.ops;
  Index row = firstOf(tile, rowsBefore);
  Index column = walk.first(tile, n);
  bool rowsAreKeys = orientation == Orientation::KeysByQueries;
  Index query = rowsAreKeys ? column : row, key = rowsAreKeys ? row : column;
  Value first = ops.materialize(ops.sub(ops.add(query, offset), key));
  if (!rowsAreKeys)
    return rows.distances(b, b.accType(columns), first);
  return spattn_gpu::DistancesOp::create(b, b.accType(columns), first,
                                         /*transposed=*/true);
}

PairNumbers Mask::numbers(const WorkTile &tile, Value n, Value rowsBefore) {
  IndexOps &ops = b.ops;
  Value firstRow = ops.materialize(firstOf(tile, rowsBefore));
  Value ofRows = rows.queryNumbers(b, firstRow);
  Value firstColumn = ops.materialize(walk.first(tile, n));
  Value others = spattn_gpu::PositionsOp::create(
      b, spattn_gpu::ColumnsType::get(b.getContext(), columns), firstColumn);
  if (orientation == Orientation::KeysByQueries)
    return {others, ofRows, Value()};
  Value heads;
  if (rows.isPacked())
    heads = rows.headNumbers(b, tile.head);
  return {ofRows, others, heads};
}
