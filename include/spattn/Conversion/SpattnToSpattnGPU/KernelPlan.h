//===- KernelPlan.h - What tools may know of a kernel -----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_SPATTNTOSPATTNGPU_KERNELPLAN_H
#define SPATTN_CONVERSION_SPATTNTOSPATTNGPU_KERNELPLAN_H

#include "spattn/Conversion/SpattnToSpattnGPU/GpuOptions.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Structure/Host.h"

namespace spattn {

/// The choices that convert-spattn-to-spattn-gpu makes for an attention, or for
/// the main kernel of its gradients. They change nothing: a copy to show.
struct KernelPlan {
  /// Whose measurements it was chosen by.
  std::string card;
  std::string chip;
  /// Queries of a head, by keys.
  TileShape tile;
  /// Query heads that share a work tile.
  int64_t packedHeads = 1;
  int64_t mmaWarpgroups = 0, ctasPerSM = 0;
  /// Tiles of keys, and of queries, under way.
  int64_t keyStages = 0, queryStages = 0;
  bool isDynamic = false;
  /// Whether CTAs do work tiles in pairs, as the static scheduler always does.
  bool inPairs = false;
  /// Whether key tiles are counted from the first key that a work tile sees.
  bool fromFirstKey = false;
  /// Bytes of keys and values of the heads that are worked on together; 0: all
  /// heads are. Of attention only.
  int64_t sectionBytes = 0;
  /// Of gradients: key heads whose key tiles are under way at once.
  int64_t headsTogether = 0;
  /// Clocks of an SM for a work tile and for a key tile of it; 0 where they
  /// were not measured.
  int64_t workTileClocks = 0, keyTileClocks = 0;
  /// Whether the kernel was chosen for lengths that are known or expected.
  bool areLengthsKnown = true;
};

/// Bytes of a key of a head and its value, of 16-bit elements.
inline int64_t getKeyBytes(AttentionOpInterface op) {
  return 2 * (op.getHeadDim() + op.getValueDim());
}

/// Chooses as the conversion does for a normalized operation. Errors have been
/// reported.
mlir::FailureOr<KernelPlan> planKernel(AttentionOpInterface op,
                                       const GpuOptions &options);

} // namespace spattn

#endif // SPATTN_CONVERSION_SPATTNTOSPATTNGPU_KERNELPLAN_H
