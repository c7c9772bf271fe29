//===- RaggedLoads.h - Tiles that end with their sequence -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_RAGGEDLOADS_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_RAGGEDLOADS_H

#include "SharedMemory.h"

namespace spattn {

/// The loads of a warp of tiles whose last rows may be those of another
/// sequence, which consumers must not see: a probability of 0 does not keep
/// their NaN out of a sum. Such a tile is loaded ahead of its consumers'
/// barrier; the warp waits for it, sets those rows to zero, and tells the
/// consumers then. That happens once for a sequence and its reader; the other
/// loads are as usual.
class RaggedLoads {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;

  /// `loaded` are barriers, of which this warp uses number `warp`. They are
  /// none where batch entries have no sequences; all tiles are whole then, and
  /// nothing is carried.
  RaggedLoads(KernelBuilder &b, const BarrierArray &loaded, int64_t warp = 0)
      : b(b), loaded(loaded), warp(warp) {}

  /// What loops around loads carry at first: how many were ragged.
  llvm::SmallVector<Value> initial() {
    if (loaded.stages == 0)
      return {};
    return {b.i32(0)};
  }
  /// Starts a load of `tile`, of which `rowsLeft` rows are the sequence's.
  /// Returns what is carried next.
  llvm::SmallVector<Value> load(Value map, Value row, Value head, Value batch,
                                Value tile, Value full, Value rowsLeft,
                                ValueRange carried,
                                KernelBuilder::Eviction eviction = {});
  /// The same where `start` starts a load, which arrives at the barrier that it
  /// gets.
  llvm::SmallVector<Value> load(llvm::function_ref<void(Value barrier)> start,
                                Value tile, Value full, Value rowsLeft,
                                ValueRange carried);

  /// Runs `then` if `condition` holds, else `otherwise`, which may be null.
  /// Both get and return what is carried.
  using Body = llvm::function_ref<llvm::SmallVector<Value>(ValueRange)>;
  llvm::SmallVector<Value> when(Value condition, ValueRange carried, Body then,
                                Body otherwise = nullptr);
  /// Ends a loop's body with what is carried next.
  void yield(ValueRange next);

private:
  KernelBuilder &b;
  BarrierArray loaded;
  int64_t warp;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_RAGGEDLOADS_H
