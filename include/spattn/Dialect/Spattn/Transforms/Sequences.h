//===- Sequences.h - Sequences of batch entries ----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Documents of a pack, and padding: the rows of a batch entry as sequences that
// start and end where operands say.
//
// Rows before the first sequence, between two, and after the last are padding.
// With it, S sequences are 2 S + 1 spans of rows, which follow one another
// without a gap: span 0 is padding, span 1 the first sequence, and so on. Each
// has tiles of its own. Which tile a number means, `slot`, is found without a
// sum over spans: span `u`, from row `r` on, has the slots from `r floordiv T +
// u` on. They are enough, since
//
//   ceil(n / T) <= (r + n) floordiv T - r floordiv T + 1
//
// for `n` rows, and so no more than `ceil(N / T) + 2 S + 1` are needed for N
// rows. Those that no tile takes have no rows. Scratch memory of rows is laid
// out by slots, too, so that no two sequences share a tile of it.
//
// What operands say is trusted as far as results go, but no row outside of the
// arrays is ever meant: starts and ends are clamped.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_TRANSFORMS_SEQUENCES_H
#define SPATTN_DIALECT_SPATTN_TRANSFORMS_SEQUENCES_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"
#include "spattn/Structure/NormalForm.h"

#include <functional>

namespace spattn {

/// A tile of rows of a batch entry, and the sequence that they are of.
struct SequenceTile {
  using Index = IndexOps::Value;

  /// Rows of the operands ahead of the sequence.
  Index queriesBefore, keysBefore;
  /// Of the sequence. Padding has no rows on the other side.
  Lengths<Index> lengths;
  IndexOps::Bool isSequence;
  /// Its number in the batch entry; 0 for padding.
  Index sequence;
  /// The tile's first row, from the start of the sequence, and how many rows
  /// follow from it on: none, or less, for a slot that no tile takes.
  Index first, rowsLeft;
  /// The first row of its slot, of all slots of the batch entry: where scratch
  /// has what belongs to it.
  Index scratchRow;
};

/// Emits where sequences are. All values are of the type of `ops`.
class Sequences {
public:
  using Value = mlir::Value;
  using Index = IndexOps::Value;
  /// Emits the load of number `s` of batch entry `element` from an operand that
  /// says where sequences start or end.
  using Load = std::function<Value(OperandKind, Value element, Value s)>;

  /// Which rows tiles are made of.
  enum class Side { Queries, Keys };

  /// `queries` and `keys` are the lengths of operands, which each have `count`
  /// sequences a batch entry.
  Sequences(mlir::ImplicitLocOpBuilder &b, IndexOps &ops,
            AttentionOpInterface op, Index queries, Index keys, Index count,
            Load load)
      : b(b), ops(ops), op(op), queries(queries), keys(keys), count(count),
        load(std::move(load)) {}

  /// The slots of a batch entry's tiles of `tile` rows.
  Index slots(Side side, int64_t tile);
  SequenceTile locate(Side side, Value element, Value slot, int64_t tile);
  /// The slot of the first tile of a sequence. `first` is its first row.
  Index firstSlot(Index first, Index sequence, int64_t tile);
  /// The slot and the row in its tile of a row of a batch entry.
  std::pair<Index, Index> slotOf(Side side, Value element, Value row,
                                 int64_t tile);

private:
  struct Span {
    /// Its number, and where it begins and ends.
    Index number, begin, end;
  };

  SequenceEnds endsOf(Side side) {
    return side == Side::Queries ? kQuerySequences : kKeySequences;
  }
  Index lengthOf(Side side) { return side == Side::Queries ? queries : keys; }
  /// The last span for which `reached(number, begin)` holds. It does for the
  /// first, and for those before one for which it does.
  Span findSpan(Side side, Value element,
                llvm::function_ref<IndexOps::Bool(Index, Index)> reached);
  /// An end of a span other than the first and the last, from `least` to
  /// `most`.
  Value loadEnd(OperandKind kind, Value element, Index s, Index least,
                Index most);
  /// The rows of a sequence.
  std::pair<Index, Index> loadRows(Side side, Value element, Index s);
  IndexOps::Bool isOdd(Index number);
  Index half(Index number) { return ops.floorDiv(number, 2); }

  mlir::ImplicitLocOpBuilder &b;
  IndexOps &ops;
  AttentionOpInterface op;
  Index queries, keys, count;
  Load load;
};

} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_TRANSFORMS_SEQUENCES_H
