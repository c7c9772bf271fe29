//===- DqRounding.h - Rounds dQ ---------------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_DQROUNDING_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_DQROUNDING_H

#include "QueryRows.h"

namespace spattn {

/// The arguments of a kernel that rounds dQ, besides numbers.
struct DqRoundingArguments {
  /// `sums` and `counter` are arguments of the kernel.
  DqRoundingArguments(KernelSignature &signature, const BackwardConfig &config,
                      KernelSignature::Argument sums,
                      KernelSignature::Argument counter);
  /// Strides come after other addresses.
  void addStrides(KernelSignature &signature);

  KernelSignature::Argument dqMap, sums, counter;
  KernelSignature::Strided dq;
  /// Scratch that only the key kernel has: a counter of items, and behind it a
  /// semaphore for each key head of a batch entry.
  std::optional<KernelSignature::Argument> headsDone;
};

/// Scales and rounds dQ, 64 rows of a head at a time: in the postprocess
/// kernel, or in the key kernel. There, CTAs round when there are no more key
/// tiles, so that none is idle while others finish. They take items of a head's
/// rows from a counter, in the order in which heads were taken, and wait until
/// the head's key tiles are done.
class DqRounding {
public:
  using Value = mlir::Value;

  DqRounding(KernelBuilder &b, AttentionBackwardOp op,
             const BackwardConfig &config, const KernelSignature &signature,
             const DqRoundingArguments &arguments, const SequenceInfo &sequence,
             ScoreModifier &modifier)
      : b(b), op(op), config(config), signature(signature),
        arguments(arguments), sequence(sequence), modifier(modifier),
        rows(b, op, config, sequence) {}

  /// The postprocess kernel: the rows of a CTA.
  void emitCta(const TileRing &tile);

  /// The key kernel, once all threads of a CTA have met and have the registers
  /// of the launch: one warp loads sums, and MMA warpgroups round them in turn.
  void emitItems(const DqRoundingLayout &layout);
  /// How many items there are: work for as many CTAs.
  static spattn_gpu::FormulaAttr items(KernelProgram &program,
                                       AttentionBackwardOp op,
                                       const BackwardConfig &config);

  /// Starts the counter of items and the semaphores of heads, in the kernel
  /// ahead of the key kernel.
  static void emitStart(KernelBuilder &b, AttentionBackwardOp op,
                        const BackwardConfig &config,
                        const SequenceInfo &sequence, Value headsDone);
  /// The semaphore of a key head, which gets to kPublished with the last of its
  /// key tiles.
  static Value semaphore(KernelBuilder &b, AttentionBackwardOp op,
                         Value headsDone, Value batch, Value keyHead);

private:
  /// Whether anything has been added to the rows' sums, which see a key if
  /// `any`.
  Value areAdded(Value any);
  /// Rounds sums of the rows, 64 columns each, into a tile.
  void writeRounded(const TileRing &tiles, Value stage,
                    llvm::function_ref<Value(int64_t chunk)> sums);
  /// Starts to store the tile, in one warp, once the warpgroup has met.
  void emitStore(const TileRing &tiles, Value stage);

  Value itemsOfHead();
  Value takeItem();
  /// The head at a position of the order in which the key kernel takes them.
  void locateHead(Value position);

  /// What is posted with the sums of rows: which rows they are, and what there
  /// is of them.
  enum Posted { Sums, Nothing, End };
  void post(const DqRoundingLayout &layout, Value stage, Value number,
            Value posted);
  void emitLoads(const DqRoundingLayout &layout);
  /// Loads an item's sums. Returns how many rows have been posted then.
  Value emitItem(const DqRoundingLayout &layout, Value item, Value posted);
  void emitRounds(const DqRoundingLayout &layout, Value group);

  KernelBuilder &b;
  AttentionBackwardOp op;
  const BackwardConfig &config;
  const KernelSignature &signature;
  const DqRoundingArguments &arguments;
  SequenceInfo sequence;
  ScoreModifier &modifier;
  QueryRows rows;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_BACKWARD_DQROUNDING_H
