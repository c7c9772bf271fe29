//===- ForwardEpilogue.h - Output and log-sum-exp ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDEPILOGUE_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDEPILOGUE_H

#include "../Parts/KeyParts.h"
#include "../Parts/Softmax.h"
#include "ForwardKernel.h"

namespace spattn {

/// What is left to do for a work tile whose last tile's probabilities are
/// known: their MMA with the values, then the output.
struct PendingOutput {
  PendingOutput() = default;
  /// As the loop over work tiles carries it; see `carried`.
  explicit PendingOutput(mlir::ValueRange values);
  llvm::SmallVector<mlir::Value> carried() const;

  mlir::Value output, max, sum, operand;
  /// Of its first row, the query and head, if something is stored from
  /// registers.
  mlir::Value batch, head, row;
  /// The row behind the sequence's last one, where there are sequences.
  mlir::Value end;
};

/// Writes the output and the log-sum-exp of work tiles: through shared memory
/// and TMA where the output has the element type of the queries, else from
/// registers. Where work tiles are parts of walks, those are the results of
/// parts, in f32.
class ForwardEpilogue {
public:
  using Value = mlir::Value;

  ForwardEpilogue(KernelBuilder &b, AttentionOp op, const ForwardConfig &config,
                  const ForwardLayout &layout, Softmax &softmax,
                  ScoreModifier &modifier, const SequenceInfo &sequence,
                  const StridedArray &out, const StridedArray &lse,
                  const HeadNumbers *sinks, const KeyParts *parts = nullptr);

  /// What a loop over work tiles starts with.
  PendingOutput nothingPending();
  /// Whether a pending output has to know its row: something is stored from
  /// registers, or the head has a sink.
  bool needsRow();
  /// The batch entry of the arrays in which a work tile's results are.
  Value entryOf(const WorkTile &tile);
  /// Writes the output of the work tile before the `count`-th.
  void emitOutput(const PendingOutput &pending, Value group, Value count);
  /// Stores a work tile's output from shared memory, by the warp that stores.
  void storeOutput(const WorkTile &tile, Value stage, Value map);
  /// Zero-fills the rows of a work tile that see no key. Their log-sum-exp is
  /// the head's sink, or -inf. `map` is what `zeroFill` takes, if it is used.
  void emitEmptyRows(const WorkTile &tile, ZeroFill &zeroFill, Value map);

private:
  Value outputTile(Value stage) {
    return layout.queryTiles.narrowed(b, stage, config.valueDim);
  }
  bool storesLse() { return op.getLse() || parts; }
  /// The sinks of the rows of a pending output. A walk has them once: with its
  /// first part.
  Value loadSinks(const PendingOutput &pending);

  KernelBuilder &b;
  AttentionOp op;
  const ForwardConfig &config;
  const ForwardLayout &layout;
  Softmax &softmax;
  ScoreModifier &modifier;
  SequenceInfo sequence;
  StridedArray out, lse;
  /// Null for an attention without sinks.
  const HeadNumbers *sinks;
  /// Null if walks are whole.
  const KeyParts *parts;
  mlir::Type outElement;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDEPILOGUE_H
