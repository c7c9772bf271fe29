//===- WorkTileLayout.cpp - How work tiles are posted ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WorkTileLayout.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"
#include "spattn/Structure/Algebra.h"
#include "spattn/Structure/FormNumbers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

/// Intervals of distances that readers hold in registers at most: with more,
/// kernels that have none to spare would spill.
static constexpr int64_t kIntervalsInRegisters = 2;

/// What a work tile's words are is known once they have been emitted; so that
/// is done, and thrown away.
static WorkTileLayout layoutOfTiles(AttentionOpInterface op, int64_t own,
                                    int64_t other, bool ofRows,
                                    bool fromFirstKey = false) {
  Block scratch;
  Location loc = op.getLoc();
  OpBuilder builder(op.getContext());
  builder.setInsertionPointToStart(&scratch);
  ImplicitLocOpBuilder b(loc, builder);
  IndexOps ops(b, b.getI32Type());
  auto unknown = [&] {
    return ops.wrap(scratch.addArgument(b.getI32Type(), loc));
  };
  IndexOps::Value head = unknown(), first = unknown();
  Lengths<IndexOps::Value> lengths{unknown(), unknown()};
  if (op.hasSequences() && op.getBoundLength() == BoundLength::Pack)
    lengths.pack = unknown();
  auto form =
      normalForm(ops, op.getHeadStructures(), head, lengths, op.getAlignment());
  IndexOps::Value end = ops.add(first, ops.constant(own));
  IndexOps::Value origin =
      fromFirstKey ? firstKey(ops, form, first, end) : ops.constant(0);
  auto ranges = ofRows ? keyTiles(ops, form, first, end, other, origin)
                       : queryTiles(ops, form, first, end, other);
  int64_t pieces = maskedSequence(ops, ranges).pieces.size() +
                   fullSequence(ops, ranges).pieces.size();
  int64_t intervals = countIntervals(form);
  WorkTileLayout layout;
  if (op.hasSequences())
    layout.numbersBesideTables += WorkTileLayout::kNumbersOfSequence;
  if (op.hasTileLists()) {
    // How many tiles there are of which kind, and what masks listed ones.
    constexpr int64_t kinds = 3, ofForm = 5;
    auto mask = normalForm(ops, op.getTileListMasks(), head, lengths,
                           op.getAlignment());
    layout.numbersBesideTables +=
        llvm::alignTo(kinds + ofForm + countNumbers(mask), 4);
  }
  int64_t numbers =
      layout.numbersBesideTables + 2 * pieces + countNumbers(form);
  if (intervals > kIntervalsInRegisters || numbers > WorkTileLayout::kNumbers) {
    layout.pieces = pieces;
    layout.intervals = intervals;
    layout.intervalWords = llvm::alignTo(countNumbersOfBox(form), 4);
  } else {
    layout.numbers = llvm::alignTo(numbers, 4);
  }
  return layout;
}

WorkTileLayout spattn::layoutOfRowTiles(AttentionOpInterface op, int64_t own,
                                        int64_t other, bool fromFirstKey) {
  return layoutOfTiles(op, own, other, /*ofRows=*/true, fromFirstKey);
}

WorkTileLayout spattn::layoutOfColumnTiles(AttentionOpInterface op, int64_t own,
                                           int64_t other) {
  return layoutOfTiles(op, own, other, /*ofRows=*/false);
}
