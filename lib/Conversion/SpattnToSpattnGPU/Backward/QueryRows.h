//===- QueryRows.h - 64 queries of a gradient kernel ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_QUERYROWS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_QUERYROWS_H

#include "../Parts/ScoreModifier.h"
#include "BackwardKernels.h"

namespace spattn {

/// 64 queries of a head, as the kernels before, after and beside the key kernel
/// take them: where they are in arrays of the caller and in scratch.
class QueryRows {
public:
  using Value = mlir::Value;

  QueryRows(KernelBuilder &b, AttentionBackwardOp op,
            const BackwardConfig &config, const SequenceInfo &sequence)
      : b(b), op(op), config(config), sequence(sequence) {}

  /// How many times 64 queries a head has, in whole query tiles of the key
  /// kernel, which reads what is left in scratch for them.
  static mlir::Value ofHead(KernelBuilder &b, const BackwardConfig &config,
                            const SequenceInfo &sequence);
  /// Query heads of all batch entries.
  Value countHeads();
  /// Whether there are rows for this CTA. The grid of `startingCtas` has one
  /// without.
  mlir::Value hasCta();
  /// The rows of this CTA, if it has any: 64 queries, head by head. The heads
  /// that the key kernel takes last come first: after it, their sums are likely
  /// to be in the L2 cache; before it, the output gradients of those that it
  /// takes first.
  void locateCta();
  /// The head of that rank, in that order, and its `number`-th rows.
  void locateHead(Value rank);
  void locateBlock(Value number);
  /// The rows of a work tile.
  void locate(const WorkTile &tile);
  /// The rows from `first` on of a head of a batch entry.
  void locate(Value batch, Value head, Value first);
  /// Whether the query tile of this CTA's rows sees a key.
  Value seesKeys();

  /// The address of the first of the rows.
  Value row(const StridedArray &array, mlir::Type type) {
    return array.row(b, batch, head, first, type);
  }
  /// The address of a number of each row, in scratch.
  Value scratch(Value base) {
    return b.pointer(base, scratchRow, b.getF32Type());
  }
  /// The semaphore of the rows' query tile.
  Value semaphore(Value counter);
  /// Where the rows' dQ is added up.
  Value sums(Value base);

  /// Stores a tile of dQ by `storeAll`, or, where the sequence ends within it,
  /// the rows that there are. By one warp.
  void storeTile(Value tile, const StridedArray &dq,
                 llvm::function_ref<void()> storeAll);
  /// Writes zeros to the rows of dQ, each of `warps` warps its share.
  void emitEmptyRows(const StridedArray &dq, int64_t warps);
  /// Leaves a number of each row in scratch.
  void storeStart(Value base, Value rows);
  /// `-lse` of each row, from the log-sum-exp of the caller; -inf for a row
  /// without keys, which has no probability above 0.
  Value negatedLse(const StridedArray &lse);
  /// `-delta` of each row, by tiles of O and dO and, if there is one, the
  /// gradient by the log-sum-exp, which counts where `negatedLse` is above
  /// -inf.
  Value deltaStart(Value outTile, Value doTile,
                   const std::optional<StridedArray> &dlse, Value negatedLse);

  /// The thread's warp.
  Value warp() { return mlir::arith::DivUIOp::create(b, b.thread, b.i32(32)); }

  Value batch, head, first;
  /// How many rows of the sequence there are from `first` on.
  Value rowsLeft;

private:
  /// The head of a batch entry, of all `rowHeads`, that is the `rank`-th in
  /// that order.
  Value headFromLast(Value rank, Value rowHeads);
  /// Finds `number`-th rows of a head, where there are sequences.
  void locateSlot(Value number);
  /// Finds scratch by the rows that there are ahead in a head's.
  void locateScratch(Value inHead);
  /// The number that an array has for each row, `past` for those past the end.
  Value loadRows(const StridedArray &array, float past);

  KernelBuilder &b;
  AttentionBackwardOp op;
  const BackwardConfig &config;
  SequenceInfo sequence;
  Value scratchRow;
  /// The sequence of a CTA's rows, and their query tile.
  std::optional<SequenceTile> place;
};

/// The log-sum-exp of the caller and, if there is one, the gradient by it.
struct LseArrays {
  StridedArray lse;
  std::optional<StridedArray> dlse;
};

/// The arguments that these arrays are. Strides come after other addresses.
class LseArguments {
public:
  LseArguments(KernelSignature &signature, AttentionBackwardOp op);
  void addStrides(KernelSignature &signature);
  LseArrays get(KernelBuilder &b, const KernelSignature &signature) const;

private:
  KernelSignature::Strided lse;
  std::optional<KernelSignature::Strided> dlse;
};

/// One thread of the grid sets the ticket counter of the key kernel to 0.
void startCounter(KernelBuilder &b, mlir::Value counter);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_QUERYROWS_H
